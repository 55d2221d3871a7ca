"""Safe reads that the checks of exposure and debugging share: as members, and as somebody without an account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.finding import wait_until_found
from pytest_launchready.flows.objects import Listing, Thing
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.probes.access.hygiene.bodies import worked
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import ENTRANCE, actor_of, in_order, why_untried
from pytest_launchready.probes.subject import Context

MOST_STEPS, MOST_RESOURCES = 10, 3
INDEXED_WITHIN: Final = 3.0
"""Seconds that a search index gets; without the new listing the answer is judged all the same."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One public answer."""

    what: str
    """As messages say it: "search", "listing.read"."""
    about: str
    """Whose things it shows."""
    exchange: Exchange


async def read_as_members(context: Context) -> list[str]:
    """Plays every step that only reads, needs no more than a listing and was not read yet; what went wrong."""
    stage = context.marketplace.company.stage
    trouble = []
    listing = None
    for role in ("seller", "buyer"):
        await context.marketplace.company.find(role)
    try:
        listing = await a_listing(context)
    except (StepFailure, LaunchreadyError) as error:
        trouble.append(str(error).partition("\n")[0])
    read = {one.step for one in context.marketplace.trail.exchanges() if worked(one)}
    steps = [
        step
        for step in in_order(stage.map)
        if _only_reads(step) and step.name not in read and why_untried(stage.map, step) is None
    ]
    for step in steps[:MOST_STEPS]:
        if listing is None and step.needs:
            continue
        try:
            person = await stage.person(actor_of(stage.map, step))
            await stage.play(step.name, person, {} if listing is None else {"listing": listing})
        except (StepFailure, LaunchreadyError) as error:
            trouble.append(str(error).partition("\n")[0])
    return trouble


async def public_answers(context: Context) -> tuple[Shown, ...]:
    """What the public is shown of a listing of the seller's: search, the listing, and resources declared public."""

    async def find_out() -> tuple[Shown, ...]:
        return tuple([shown async for shown in _public_answers(context)])

    return await context.notebook.once("hygiene.public", find_out)


async def a_listing(context: Context) -> Thing:
    """A listing of the seller's that the checks of hygiene share; raises what making it raises."""
    company = context.marketplace.company

    async def make() -> Thing:
        return await company.stage.provide("listing", await company.find("seller"))

    return await context.notebook.once("hygiene.listing", make)


def last_good(context: Context, step: str) -> Exchange | None:
    """The last request of a step that worked."""
    kept = context.marketplace.trail.exchanges()
    return next((one for one in reversed(kept) if one.step == step and worked(one)), None)


async def _public_answers(context: Context) -> AsyncIterator[Shown]:
    stage = context.marketplace.company.stage
    try:
        listing = await a_listing(context)
    except (StepFailure, LaunchreadyError):
        return
    for name in ("search", "get_listing"):
        request = _one_request(stage.map.steps.get(name))
        if request is not None and why_not_covered(stage.map, name) is None:
            for exchange in await _ask(context, name, request, listing, {}):
                yield Shown(name, "the seller", exchange)
    for name, resource in list(stage.map.resources.items())[:MOST_RESOURCES]:
        for verb in sorted(resource.public & resource.verbs.keys() & {"read", "list"}):
            step = {"read": "get_listing", "list": "search"}[verb]
            asked = _one_request(stage.map.steps.get(step)) is not None and why_not_covered(stage.map, step) is None
            if name == "listing" and asked:
                continue
            thing = listing if name == "listing" else await _made(stage, name)
            if thing is not None:
                for exchange in await _ask(
                    context, f"{name}.{verb}", resource.verbs[verb].request, listing, thing.known()
                ):
                    yield Shown(f"{name}.{verb}", "the owner", exchange)


async def _ask(
    context: Context, what: str, request: Request, listing: Thing, more: Mapping[str, Any]
) -> list[Exchange]:
    """The answers to nobody in particular and to a member who has nothing to do with it, where they give anything."""
    company = context.marketplace.company
    scope = {**more, "listing": listing, "search": {"text": str(listing.known().get("title", ""))}}
    scope.setdefault("id", listing.known().get("id"))
    found, waited = [], False
    for role in ("anonymous", "stranger"):
        exchange = None
        try:
            caller = Caller(role, await company.find(role))
            exchange = await ask(company.stage, what, request, caller, scope)
            missing = what == "search" and worked(exchange) and not _shows(exchange, listing) and not waited
            if missing and isinstance(listing, Listing):
                waited = True
                await wait_until_found(company.stage, await company.find("buyer"), listing, None, INDEXED_WITHIN)
                exchange = await ask(company.stage, what, request, caller, scope)
        except StepFailure:
            pass  # the index is slow, or there is no stranger: what was shown instead is judged
        except LaunchreadyError:
            break
        if exchange is not None and worked(exchange):
            found.append(exchange)
    return found


async def _made(stage: Stage, kind: str) -> Thing | None:
    owner = stage.map.resources[kind].owner or "seller"
    try:
        return await stage.provide(kind, await stage.person(owner))
    except (StepFailure, LaunchreadyError):
        return None


def _shows(exchange: Exchange, listing: Thing) -> bool:
    return exchange.answer is not None and str(listing.known().get("title", "")) in exchange.answer.text


def _only_reads(step: Step) -> bool:
    safe = bool(step.parts) and all(isinstance(part, Request) and part.safe for part in step.parts)
    return safe and step.name not in {*ENTRANCE, "logout"} and step.needs <= {"listing"} and not step.leaves_something


def _one_request(step: Step | None) -> Request | None:
    parts = step.parts if step is not None else ()
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Request) and parts[0].safe else None
