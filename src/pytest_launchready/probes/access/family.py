"""Family `access`: its checks, a module for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.probes.access.conduct import (
    double_submit,
    enumeration,
    mass_assignment,
    mass_updates,
    session,
    session_ends,
)
from pytest_launchready.probes.access.hygiene import debug, exposure, inputs
from pytest_launchready.probes.access.objects import trials
from pytest_launchready.probes.access.routes import anonymous, function, graphql
from pytest_launchready.probes.careful import all_careful
from pytest_launchready.probes.subject import Context, Subject

PARTS: Final[tuple[Callable[[Subject], Iterator[Check[Context]]], ...]] = (
    trials.checks,
    anonymous.checks,
    function.checks,
    graphql.checks,
    exposure.checks,
    debug.checks,
    inputs.checks,
    session.checks,
    mass_assignment.checks,
    mass_updates.checks,
    enumeration.checks,
    double_submit.checks,
    session_ends.checks,
)
"""Functions from a subject to checks, in the order in which they run."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Every check of every part; where what one needs does not work, it is undecided."""
    for part in PARTS:
        yield from all_careful(part(subject))


FAMILY: Final = Family("access", "nobody reaches what is not theirs", checks)
