"""A person whom the checks of conduct may wear out: shared by them, and used by nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.entrance import has_login, log_in, sign_up
from pytest_launchready.flows.person import Person
from pytest_launchready.probes.order import role_that_signs_up
from pytest_launchready.probes.subject import Context

if TYPE_CHECKING:
    from typing import ParamSpec

    P = ParamSpec("P")

SPARE = "access.spare"
FRESH = 40.0
"""Seconds after which a session may have ended by itself: the shortest that were seen live for a minute."""


@dataclass(slots=True)
class Shared:
    """The spare person, and when they logged in."""

    person: Person
    since: float
    signup: list[Exchange]
    """The exchanges of their sign-up; none where nobody signs up."""


async def spare(context: Context) -> Person:
    """Somebody of an ordinary role who is logged in, not long ago; the buyer where nobody signs up."""
    shared = await _shared(context)
    stage = context.marketplace.company.stage
    late = _clock() - shared.since > FRESH and has_login(stage, shared.person)
    if not shared.person.live or late:
        await log_in(stage, shared.person)
        shared.since = _clock()
    return shared.person


async def spare_signup(context: Context) -> list[Exchange]:
    """The exchanges of the spare person's sign-up; none where nobody signs up."""
    return (await _shared(context)).signup


async def _shared(context: Context) -> Shared:
    async def new() -> Shared:
        company = context.marketplace.company
        role = role_that_signs_up(company.stage.map)
        if role is None:
            return Shared(await company.find("buyer"), _clock(), [])
        person = await company.another(role)
        played = await sign_up(company.stage, person)
        person.has_account = True
        return Shared(await company.find(person.name), _clock(), played.exchanges)

    return await context.notebook.once(SPARE, new)


def _clock() -> float:
    return asyncio.get_running_loop().time()
