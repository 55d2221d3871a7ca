"""`[steps.NAME]` → a `Step`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from pytest_launchready.mapping.records import Part, ReadMail, RunStep, Step
from pytest_launchready.mapping.tables import PartTable, RequestTable, StepTable, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.mapping.problems import Key
    from pytest_launchready.mapping.requests import Requests

_DEFAULTS: Final = ("request", "actor", "headers", "ok", "basic")
_OTHERS: Final = tuple(name for name in RequestTable.__struct_fields__ if name not in _DEFAULTS)
_MAIL: Final = frozenset({"mail", "wait", "capture"})
_MAIL_WAIT: Final = 30.0
"""Seconds; a mail that takes longer is late for a person too."""


@dataclass(frozen=True)
class Steps:
    """Compiles the steps of one map."""

    requests: Requests

    def compile(self, name: str, table: Any, key: Key) -> Step:
        """The step, without what it makes and needs."""
        leaves = self.requests.leaves
        leaves.name(name, key)
        step = read(StepTable, table, key, leaves.problems)
        undo = [step.undo] if isinstance(step.undo, str) else step.undo or []
        return Step(
            name,
            self._parts(step, key, table if isinstance(table, dict) else {}),
            actor=step.actor,
            undo=tuple(undo),
            skip=step.skip,
            found=leaves.maybe(step.found, (*key, "found")),
            public=bool(step.public),
        )

    def _parts(self, step: StepTable, key: Key, written: Mapping[str, Any]) -> tuple[Part, ...]:
        problems = self.requests.leaves.problems
        if step.requests is None:
            if step.request is not None or step.graphql is not None:
                return (self.requests.compile(step, key),)
            if step.skip is None and not {"request", "requests", "graphql"} & set(written):
                allowed = 'request = "METHOD target", [[steps.….requests]], graphql, or skip = "why not"'
                problems.add(key, "does nothing", allowed=allowed.replace("…", str(key[-1])))
            return ()
        for name in _OTHERS:
            if getattr(step, name) is not None:
                problems.add((*key, name), "belongs to one of the `requests`", allowed=f"{', '.join(_DEFAULTS)} here")
        parts = [self._part(step, table, (*key, "requests", place), key) for place, table in enumerate(step.requests)]
        own = [isinstance(table, dict) and ("request" in table or "graphql" in table) for table in step.requests]
        if step.request is not None and all(own):
            problems.add((*key, "request"), "stands beside `requests` that each have their own", allowed="one of them")
        return tuple(parts)

    def _part(self, step: StepTable, table: Any, key: Key, above: Key) -> Part:
        leaves = self.requests.leaves
        part = read(PartTable, table, key, leaves.problems)
        given = set(table) if isinstance(table, dict) else set()
        if part.step is not None:
            if given - {"step"}:
                leaves.problems.add(key, "", got=sorted(given), allowed="`step` alone")
            return RunStep(part.step)
        if part.mail is not None:
            if given - _MAIL:
                leaves.problems.add(key, "", got=sorted(given), allowed="mail, wait, capture")
            for name in part.capture or {}:
                leaves.name(name, (*key, "capture", name))
            return ReadMail(
                leaves.template(part.mail, (*key, "mail")),
                _MAIL_WAIT if part.wait is None else part.wait,
                {name: leaves.extractor(text, (*key, "capture", name)) for name, text in (part.capture or {}).items()},
            )
        changes: dict[str, Any] = {
            name: getattr(step, name) for name in ("request", "actor", "ok", "basic") if getattr(part, name) is None
        }
        written: dict[str, Key] = {}
        if step.headers is not None:
            changes["headers"] = {**step.headers, **(part.headers or {})}
            written = {name: (*above, "headers", name) for name in step.headers if name not in (part.headers or {})}
        return self.requests.compile(msgspec.structs.replace(part, **changes), key, headers=written)
