"""The whole of `launchready sweep`: what remains of earlier runs, what became of it, and whether nothing is left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_launchready.core.errors import LaunchreadyError, UseError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.bytag import sweep_by_tag
from pytest_launchready.flows.journal import journals, living
from pytest_launchready.flows.keys import key_of
from pytest_launchready.flows.made import Undone
from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.flows.run import Run, new_run_id
from pytest_launchready.flows.sweep import Swept, Unfinished, sweep, unfinished
from pytest_launchready.mapping.records import Map
from pytest_launchready.wire.budget import undoing

if TYPE_CHECKING:
    from pytest_launchready.wire.engine import Engine

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(age: str) -> float:
    """An age such as 90s, 30m, 1h or 2d, in seconds; raises UseError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", age.strip())
    if found is None:
        raise UseError(f"--older-than: got {age!r}, allowed: a number and a unit, as in 90s, 30m, 1h or 2d")
    return float(found[1]) * UNITS[found[2]]


def tidy(
    mapped: Map, folder: Path, engine: Engine, *, older_than: float = 0.0, dry: bool = False, by_tag: bool = False
) -> tuple[list[str], bool]:
    """What people read of a sweep, and whether nothing remains that could be removed."""
    if by_tag:
        return _by_tag(mapped, folder, engine, dry=dry)
    key = key_of(folder)
    lines: list[str] = []
    clean = True
    for found in unfinished(folder, mapped, older_than=older_than):
        if dry:
            lines += _plan(found)
            clean = clean and not found.story.open
            found.journal.leave()
            continue
        done, market = sweep(found, mapped, key, engine)
        lines += [market.secrets.mask(line) for line in done.lines()] if market else done.lines()
        clean = clean and done.clean
    alive = [path for path in journals(folder) if living(path)]
    if alive:
        lines.append(f"left alone, their runs are alive: {', '.join(path.name for path in alive)}")
    return lines or [f"no killed run has left a journal for {mapped.target.name} in {folder}"], clean


def _plan(found: Unfinished) -> list[str]:
    lines = [f"run {found.run}: would undo {entry.kind} {entry.id or entry.label}" for entry in found.story.open]
    return lines or [f"run {found.run}: nothing is left"]


def _by_tag(mapped: Map, folder: Path, engine: Engine, *, dry: bool) -> tuple[list[str], bool]:
    alive = {path.name.split(".")[0] for path in journals(folder) if living(path)}
    market = Marketplace(engine, mapped, Run(new_run_id(), 0, key=key_of(folder)))
    undone, lines = Undone(), list[str]()
    trouble: str | None = None
    try:
        with undoing():
            undone, lines = engine.run(lambda: sweep_by_tag(market.company, spare=alive, dry=dry))
    except (LaunchreadyError, StepFailure) as error:
        trouble = f"could not look for leftovers: {error}"
    own = market.leave()
    done = Swept("by tag", undone, trouble)
    clean = done.clean and not own.failed and not any(line.startswith("no list") for line in lines)
    if dry and trouble is None:
        return lines or ["nothing carries the tag of a run"], not lines
    lines += [line.removeprefix("run ") for line in done.lines()]
    lines += [f"could not undo {kind} {name}: {why}" for kind, name, why in own.failed]
    return [market.secrets.mask(line) for line in lines], clean
