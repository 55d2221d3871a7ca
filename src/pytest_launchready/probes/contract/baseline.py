"""The shapes that a team has agreed to, in a file that stands in its repository: one table a target, sorted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_launchready.contracts.shapes import flat
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.words import counted
from pytest_launchready.flows.home import make_folder

NAME: Final = "launchready-contract.json"
VERSION: Final = 1
"""Raised whenever older files can no longer be read."""
SHOWN: Final = 40
"""Lines of a difference that are told."""
Shapes = Mapping[str, Any]
"""A step's shapes: request → JSON Schema."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One target's shapes in the file."""

    path: Path
    target: str
    lock: Path
    """A file by which the processes of a run take turns."""
    update: bool = False
    """Whether this run writes it."""

    @property
    def command(self) -> str:
        """What makes it."""
        return (
            f"pytest --launchready-target={self.target} --launchready-checks='contract.drift.*' "
            "--launchready-update-baseline"
        )

    def read(self) -> dict[str, Shapes]:
        """Step → its shapes, empty where there is no file; raises UseError for one that cannot be read."""
        steps = self._document()["targets"].get(self.target, {})
        if not isinstance(steps, dict):
            raise UseError(f"{self.path}: targets.{self.target} is no table. Make it anew: {self.command}")
        return steps

    def write(self, step: str, shapes: Shapes) -> list[str]:
        """Puts a step's shapes into the file; gives the lines that have changed."""
        from filelock import FileLock

        make_folder(self.lock.parent)
        with FileLock(self.lock):
            document = self._document()
            steps = document["targets"].setdefault(self.target, {})
            before = steps.get(step)
            steps[step] = dict(shapes)
            text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
            beside = self.path.with_name(f"{self.path.name}.part")
            beside.write_text(text, "utf-8")
            beside.replace(self.path)
        return _difference(step, before, shapes)

    def _document(self) -> dict[str, Any]:
        try:
            document = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {"version": VERSION, "targets": {}}
        except (OSError, ValueError) as error:
            raise UseError(f"{self.path} cannot be read: {error}. Make it anew: {self.command}") from None
        if not isinstance(document, dict) or not isinstance(document.get("targets"), dict):
            raise UseError(f"{self.path} is no baseline. Make it anew: {self.command}")
        if document.get("version") != VERSION:
            raise UseError(f"{self.path} has version {document.get('version')!r}, allowed: {VERSION}")
        return document


def _difference(step: str, before: Shapes | None, now: Shapes) -> list[str]:
    """The changed lines, taken away and added; none where nothing changed."""
    if before is None:
        return [f"{step}: new in the baseline, {counted(len(_lines(now)), 'line')}"]
    old, new = _lines(before), _lines(now)
    found = [f"- {step}: {line}" for line in old if line not in new]
    found += [f"+ {step}: {line}" for line in new if line not in old]
    more = [f"{step}: and {len(found) - SHOWN} more changes"] if len(found) > SHOWN else []
    return [*found[:SHOWN], *more]


def _lines(shapes: Shapes) -> list[str]:
    return [f"{name}: {line}" for name, one in sorted(shapes.items()) for line in flat(one)]
