"""A person whom the checks of conduct may wear out: shared by them, and used by nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING

from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.verdicts import Verdict, inconclusive
from pytest_launchready.flows import entrance
from pytest_launchready.flows.person import Person
from pytest_launchready.probes.order import role_that_signs_up
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

if TYPE_CHECKING:
    from typing import Concatenate, ParamSpec

    P = ParamSpec("P")

SPARE = "access.spare"


async def spare(context: Context) -> Person:
    """Somebody of an ordinary role who is logged in; the buyer where nobody signs up."""

    async def new() -> Person:
        company = context.marketplace.company
        role = role_that_signs_up(company.stage.map)
        return await (company.add(role) if role else company.find("buyer"))

    person = await context.notebook.once(SPARE, new)
    if not person.live:
        await entrance.log_in(context.marketplace.company.stage, person)
    return person


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
            return inconclusive("prerequisite", f"what it needs did not work: {error.failure.title}")
        except WriteRefused as error:
            raise NotCovered(f"not covered: no consent: {error}") from None
        except Inconclusive as error:
            return inconclusive(error.code, str(error))
        except UseError as error:
            return inconclusive("map", str(error))

    return guarded
