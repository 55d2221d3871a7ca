"""What a killed run left is finished: by its journal, as the people of that run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.words import counted
from pytest_launchready.flows.journal import Journal, Story, claim, journals
from pytest_launchready.flows.keys import Key
from pytest_launchready.flows.made import Made, Undone
from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.flows.run import Run
from pytest_launchready.mapping.records import Map

if TYPE_CHECKING:
    from pytest_launchready.flows.company import Company
    from pytest_launchready.wire.engine import Engine

FAR = 1_000_000
"""Where a sweep begins to number what it makes for itself, so that it never meets a name of the run it finishes."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of one journal."""

    run: str
    undone: Undone = field(default_factory=Undone)
    trouble: str | None = None
    """Why nothing was tried."""

    @property
    def clean(self) -> bool:
        """Whether nothing remains that could be removed."""
        return self.trouble is None and not self.undone.failed

    def lines(self) -> list[str]:
        """What people read of it."""
        if self.trouble is not None:
            return [f"run {self.run}: {self.trouble}"]
        lines = [f"run {self.run}: {counted(self.undone.undone, 'object')} undone"]
        lines += [f"run {self.run}: left behind {kind} {name}: the map has no undo" for kind, name in self.undone.left]
        lines += [f"run {self.run}: {kind} {name} may exist: no list shows it" for kind, name in self.undone.doubtful]
        lines += [f"run {self.run}: could not undo {kind} {name}: {why}" for kind, name, why in self.undone.failed]
        return lines


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The journal of a run that is gone."""

    journal: Journal
    story: Story

    @property
    def run(self) -> str:
        """The id of the run."""
        return str(self.story.head.get("run"))


def unfinished(folder: Path, mapped: Map, *, older_than: float = 0.0, run: str | None = None) -> Iterator[Unfinished]:
    """The journals on this target whose processes are gone, each locked until it is closed.

    `older_than` is seconds since the last line; `run` takes the journals of one run only.
    """
    target = mapped.target
    for path in journals(folder):
        if run is not None and path.name.split(".")[0] != run:
            continue
        claimed = claim(path)
        if claimed is None:
            continue
        file, story = claimed
        found = Unfinished(Journal.claimed(path, file, story), story)
        same = (story.head.get("target"), story.head.get("api")) == (target.name, target.api)
        if same and time.time() - path.stat().st_mtime >= older_than:
            yield found
        else:
            found.journal.leave()


def sweep(
    found: Unfinished, mapped: Map, key: Key, engine: Engine, open_market: Callable[[Run], Marketplace] | None = None
) -> tuple[Swept, Marketplace | None]:
    """Undoes what a journal still has; the marketplace that did it, for what it sent, unless nothing was tried."""
    try:
        if found.story.head.get("key") not in {None, key.mark("key")}:
            found.journal.leave()
            return Swept(found.run, trouble=_another_key(found)), None
        market = take_over(found, mapped, key, engine, open_market)
        return Swept(found.run, market.leave()), market
    except (LaunchreadyError, StepFailure) as error:
        found.journal.leave()
        return Swept(found.run, trouble=f"could not be finished: {error}"), None


def take_over(
    found: Unfinished, mapped: Map, key: Key, engine: Engine, open_market: Callable[[Run], Marketplace] | None = None
) -> Marketplace:
    """A marketplace with the people of a run that is gone, and with what it had made: `leave` undoes that."""
    head = found.story.head
    run = Run(found.run, 0, str(head.get("worker") or ""), key, found.journal, count(FAR))
    market = open_market(run) if open_market is not None else Marketplace(engine, mapped, run)
    engine.run(lambda: _remember(market.company, found.story))
    return market


async def _remember(company: Company, story: Story) -> None:
    people = {name: await company.revive(name, told) for name, told in story.people.items()}
    for entry in story.open:
        person = people.get(entry.person) or await company.find("anonymous")
        made = Made(
            entry.kind,
            entry.id or entry.label,
            person,
            entry.undo,
            entry.names,
            entry.step,
            doubtful=entry.id is None,
            entry=entry.number,
            words=entry.words,
            begun=entry.begun,
        )
        company.stage.register.made.append(made)
    for entry in story.entries.values():
        if entry.how in {"undone", "gone"} and entry.kind == "account" and entry.person in people:
            # Whose account is gone takes along what is still noted as theirs.
            known = people[entry.person]
            gone = Made(entry.kind, entry.id or entry.label, known, (), {}, entry.step, gone=True)
            company.stage.register.made.append(gone)


def _another_key(found: Unfinished) -> str:
    return (
        "the passwords of its people derive from another key (.launchready/key was replaced, or LAUNCHREADY_KEY "
        f"differs): give that key, or use --by-tag and delete {found.journal.path.name}"
    )
