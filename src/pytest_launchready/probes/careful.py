"""A measurement whose needs do not work is undecided: never a failure of what it measures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.failures import StepFailure, shorten
from pytest_launchready.core.verdicts import Verdict, inconclusive
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

if TYPE_CHECKING:
    from typing import Concatenate, ParamSpec

    P = ParamSpec("P")


def all_careful(checks: Iterable[Check[Context]]) -> Iterator[Check[Context]]:
    """The checks, each `careful`."""
    for check in checks:
        yield replace(check, run=careful(check.run))


def careful(
    run: Callable[Concatenate[Context, P], Awaitable[Verdict]],
) -> Callable[Concatenate[Context, P], Awaitable[Verdict]]:
    """The measurement, where a step that it needs and that does not work leaves it undecided.

    What is not consented to is not covered.
    """

    @wraps(run)
    async def guarded(context: Context, /, *args: P.args, **kwargs: P.kwargs) -> Verdict:
        try:
            return await run(context, *args, **kwargs)
        except StepFailure as error:
            failure = error.failure
            got = shorten(failure.got)
            return inconclusive("prerequisite", f"what it needs did not work: {failure.title}: got {got}")
        except WriteRefused as error:
            raise NotCovered(f"not covered: no consent: {error}") from None
        except Inconclusive as error:
            return inconclusive(error.code, str(error))
        except UseError as error:
            return inconclusive("map", str(error))

    return guarded
