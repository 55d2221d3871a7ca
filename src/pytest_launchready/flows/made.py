"""What a run made on the target, and how it is undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.person import Person

GONE = frozenset({404, 405, 410})
"""Statuses of an undo that mean: nothing is left to undo."""


@dataclass(slots=True)
class Made:
    """One object that a step has made."""

    kind: str
    id: str
    person: Person
    undo: tuple[str, ...]
    names: Mapping[str, Any] = field(repr=False)
    step: str
    """What made it."""
    gone: bool = False
    doubtful: bool = False
    """The step did not end well, so it is not known whether the object exists."""

    @property
    def label(self) -> str:
        """Kind and id."""
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Undone:
    """What the undo of a run came to; plain data, so that it travels between workers."""

    undone: int = 0
    left: tuple[tuple[str, str], ...] = ()
    """(kind, id) of what the map has no undo for."""
    failed: tuple[tuple[str, str, str], ...] = ()
    """(kind, id, reason) of what could not be undone."""
    doubtful: tuple[tuple[str, str], ...] = ()
    """(kind, title or address) of what may exist: the step that makes it did not end well."""


async def undo_all(
    made: list[Made], acting_for_others: frozenset[str], play: Callable[[str, Made], Awaitable[Any]]
) -> Undone:
    """Undoes everything: objects before accounts, newest first, the accounts that other undos act as last."""
    undone, left, failed, doubtful = 0, [], [], []
    newest_first = made[::-1]
    for thing in sorted(newest_first, key=lambda thing: _rank(thing, acting_for_others)):
        if thing.gone:
            continue
        reason = await _undo(thing, play) if thing.undo else "the map has no undo"
        if reason is None:
            thing.gone = True
            undone += 1
        elif thing.doubtful:
            doubtful.append((thing.kind, thing.id))
        elif not thing.undo:
            left.append((thing.kind, thing.id))
        else:
            failed.append((thing.kind, thing.id, reason))
    return Undone(undone, tuple(left), tuple(failed), tuple(doubtful))


def _rank(thing: Made, acting_for_others: frozenset[str]) -> int:
    if thing.kind != "account":
        return 0
    return 2 if thing.person.name in acting_for_others else 1


async def _undo(thing: Made, play: Callable[[str, Made], Awaitable[Any]]) -> str | None:
    """Why the object could not be undone, or None."""
    for step in thing.undo:
        try:
            await play(step, thing)
        except StepFailure as error:
            exchange = error.failure.exchange
            answer: Answer | None = exchange.answer if exchange else None
            if answer is None or answer.status not in GONE:
                return f"{step}: {exchange.line if exchange else error.failure.got}"
        except LaunchreadyError as error:
            return f"{step}: {error}"
    return None
