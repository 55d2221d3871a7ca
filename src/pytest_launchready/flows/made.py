"""What a run made on the target, and how it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.person import Person

GONE = frozenset({404, 405, 410})
"""Statuses of an undo that mean: nothing is left to undo."""


class OwnerGone(LaunchreadyError):  # noqa: N818 - a finding, not an error
    """Whoever has to undo something can no longer log in."""


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
    entry: int | None = None
    """Its number in the journal."""
    words: tuple[str, ...] = ()
    """Words with the run's tag that it carries."""
    begun: bool = False
    """Whether its undo had begun when its process was killed."""

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


class Undoes(Protocol):
    """Who carries an undo out."""

    async def undo_with(self, name: str, made: Made) -> None:
        """Performs an undo step; raises StepFailure, or OwnerGone where its person can no longer log in."""

    async def find(self, made: Made) -> bool | None:
        """Whether a doubtful object exists, now with its id; None where nothing can tell."""

    async def still_there(self, made: Made) -> tuple[bool | None, str]:
        """Whether an object is still shown, with the exchange; None where nothing can tell."""

    async def went_with_owner(self, made: Made) -> bool:
        """Whether an object went with the account of its owner, or is that account, and nobody is shown it any more."""

    def begin(self, made: Made) -> None:
        """Notes that the undo of an object begins."""

    def over(self, made: Made, how: str) -> None:
        """Notes that nothing more is to be done for an object."""


async def undo_all(made: list[Made], acting_for_others: frozenset[str], cast: Undoes) -> Undone:
    """Undoes everything: objects before accounts, newest first, the accounts that other undos act as last."""
    undone, left, failed, doubtful = 0, [], [], []
    newest_first = made[::-1]
    for thing in sorted(newest_first, key=lambda thing: _rank(thing, acting_for_others)):
        if thing.gone:
            cast.over(thing, "gone")
            continue
        if thing.doubtful and await cast.find(thing) is False:
            cast.over(thing, "nothing")
            continue
        reason = await _undo(thing, cast) if thing.undo else "the map has no undo"
        if reason is None:
            thing.gone = True
            undone += 1
            cast.over(thing, "undone")
        elif thing.doubtful:
            doubtful.append((thing.kind, thing.id))
            cast.over(thing, "left")
        elif not thing.undo:
            left.append((thing.kind, thing.id))
            cast.over(thing, "left")
        else:
            failed.append((thing.kind, thing.id, reason))
    return Undone(undone, tuple(left), tuple(failed), tuple(doubtful))


def _rank(thing: Made, acting_for_others: frozenset[str]) -> int:
    if thing.kind != "account":
        return 0
    return 2 if thing.person.name in acting_for_others else 1


async def _undo(thing: Made, cast: Undoes) -> str | None:
    """Why the object could not be undone, or None where it is proven or taken for gone."""
    for step in thing.undo:
        try:
            cast.begin(thing)
            await cast.undo_with(step, thing)
        except StepFailure as error:
            exchange = error.failure.exchange
            answer: Answer | None = exchange.answer if exchange else None
            if answer is None or answer.status not in GONE:
                why = f"{step}: {exchange.line if exchange else error.failure.got}"
                # Over GraphQL, and in some shops, "there is no such thing" has another status.
                gone = answer is not None and answer.status < 500 and (await cast.still_there(thing))[0] is False
                return None if gone else why
        except OwnerGone as error:
            return None if await cast.went_with_owner(thing) else f"{step}: {error}"
        except LaunchreadyError as error:
            return f"{step}: {error}"
    there, line = await cast.still_there(thing)
    return f"it is still there: {line}" if there else None
