"""What a step needs before it can be called again and again, made once and shared."""

from __future__ import annotations

from typing import Any

from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Step
from pytest_launchready.probes.latency.sampler import Call
from pytest_launchready.probes.order import actor_of
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused


async def call_of(context: Context, step: Step) -> Call:
    """A call of a step, by whoever calls it, with all that it needs; the same each time."""
    stage = context.marketplace.company.stage
    person = await stage.person(actor_of(stage.map, step))
    given = await given_to(context, step, person)
    return lambda: stage.act(step.name, person, given)


async def given_to(context: Context, step: Step, person: Person) -> dict[str, Any]:
    """What a step needs, by name."""
    given: dict[str, Any] = {kind: await prop(context, kind, person) for kind in sorted(step.needs)}
    if step.name == "search":
        given["search"] = {"text": await searched_for(context, person)}
    return given


async def prop(context: Context, kind: str, person: Person) -> Thing:
    """An object of a kind that a person owns, or, of a listing, may see."""
    stage = context.marketplace.company.stage
    return await context.notebook.once(("latency", kind, person.name), lambda: stage.provide(kind, person))


async def searched_for(context: Context, person: Person) -> str:
    """What a search looks for: the title of a listing, or nothing where none may be made."""
    try:
        listing = await prop(context, "listing", person)
    except (WriteRefused, NotCovered, Inconclusive, StepFailure):
        return ""
    return str(listing.known().get("title") or "")
