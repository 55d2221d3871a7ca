"""Family `latency`: its checks, a module for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.probes.careful import all_careful
from pytest_launchready.probes.latency import caching, errors, growth, queries, roundtrips, steps
from pytest_launchready.probes.subject import Context, Subject

PARTS: Final[tuple[Callable[[Subject], Iterator[Check[Context]]], ...]] = (
    steps.checks,
    growth.checks,
    queries.checks,
    roundtrips.checks,
    caching.checks,
    errors.checks,
)
"""In the order in which they run."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Every check of every part; where what one needs does not work, it is undecided."""
    for part in PARTS:
        yield from all_careful(part(subject))


FAMILY: Final = Family("latency", "steps are quick enough for a phone", checks)
