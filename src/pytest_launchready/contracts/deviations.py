"""How an answer differs from what was promised, in words: the one thing that tells most, and the rest by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pytest_launchready.contracts.faults import Fault, Place, grouped, jmespath_of, most_relevant

Rule = Literal[
    "undocumented operation", "undocumented status", "content type", "no JSON", "field missing", "wrong type",
    "wrong value", "unknown field", "document",
]  # fmt: skip
SHOWN: Final = 4
"""Further kinds of faults that are listed."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which an answer does not keep its contract. Its texts hold what the answer said: mask them."""

    rule: Rule
    about: str
    """What it is about: a path inside the answer, a status, a media type."""
    expected: str = field(repr=False)
    got: str = field(repr=False)
    also: tuple[str, ...] = field(default=(), repr=False)
    """Other faults of the same answer, each kind in a line."""
    judged: bool = True
    """False: worth knowing, and no failure."""

    @property
    def title(self) -> str:
        """What is wrong, in a few words, as in "wrong type: items[0].price"."""
        return f"{self.rule}: {self.about}"


def deviation_of(faults: Sequence[Fault]) -> Deviation:
    """What the faults of one answer come to: the most relevant, told whole, and all others by rule and place."""
    main = most_relevant(faults)
    groups = grouped(faults)
    mine = next((group for group in groups if group.first is main or _same(group.first, main)), None)
    got = main.got
    if mine is not None and mine.count > 1:
        got += f"; the same at {mine.count - 1} more places, {mine.place}"
    others = [
        f"{group.place}: {group.first.expected} expected, {_times(group.count)}"
        for group in groups
        if group is not mine and main not in _inside(group.first)
    ]
    more = [f"and {len(others) - SHOWN} more kinds of faults"] if len(others) > SHOWN else []
    return Deviation(_rule_of(main), main.subject, main.expected, got, (*others[:SHOWN], *more))


def unknown(places: Sequence[Place]) -> Deviation:
    """Fields that nobody has described."""
    names = list(
        dict.fromkeys(jmespath_of("[]" if isinstance(part, int) else part for part in place) for place in places)
    )
    names = [name.replace('."[]"', "[]").replace('"[]"', "[]") for name in names]
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return Deviation("unknown field", names[0], "only the fields that the document describes", f"{shown} as well")


def _rule_of(fault: Fault) -> Rule:
    if fault.rule == "required":
        return "field missing"
    return "wrong type" if fault.rule == "type" else "unknown field" if fault.names else "wrong value"


def _same(one: Fault, other: Fault) -> bool:
    return one.rule == other.rule and one.expected == other.expected and _shape(one) == _shape(other)


def _shape(fault: Fault) -> Place:
    return tuple("[]" if isinstance(part, int) else part for part in fault.place)


def _inside(fault: Fault) -> list[Fault]:
    """The faults of the branches of a choice: one of them is told in its place."""
    return [inner for branch in fault.branches for one in branch for inner in (one, *_inside(one))]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
