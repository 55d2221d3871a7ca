"""A price below zero: offered, and read back."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.flows.objects import Listing, Thing
from pytest_launchready.flows.people import draft_listing
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.hygiene.bodies import worked
from pytest_launchready.probes.access.hygiene.reading import a_listing, last_good
from pytest_launchready.probes.access.hygiene.sums import amounts
from pytest_launchready.probes.access.hygiene.variants import first_spot, play_varied, typed, value_at, varied
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import actor_of, owner_of, why_untried
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

PRICE: Final = Decimal("-13.37")
_PRICE_SHOWN: Final = re.compile(r"(?<!\w)(?:-|\u2212|&minus;|&#8722;)\s?(?:[$€£]\s?)?13[.,]?37(?!\d)")
"""That price as answers write it: in units or in cents, with a currency's sign."""
MOST_PRICED: Final = 2
"""Steps besides the making of a listing that are tried."""


async def price(context: Context) -> Verdict:
    """Offers something for less than nothing, then changes an offer so, and reads both back."""
    try:
        valid = await a_listing(context)
    except WriteRefused as error:
        raise NotCovered(f"not covered: access.input.price: no consent: {error}") from None
    except StepFailure as error:
        return inconclusive("control", f"a listing with a good price could not be made: {error.failure.title}")
    control = last_good(context, "create_listing")
    said: list[Evidence] = []
    attacks = [("a new listing", _create), ("a change of a listing", _update)]
    attacks += [(step.name, partial(_make, step)) for step in priced(context.marketplace.map)]
    for what, attack in attacks:
        try:
            tried = await attack(context, valid)
        except (WriteRefused, NotCovered):
            continue
        if tried is not None:
            verdict = await _judged(context, what, control, *tried)
            if verdict.outcome != "passed":
                return verdict
            said += verdict.evidence
    if not said:
        raise NotCovered("not covered: access.input.price: no step of the map sends a listing's price")
    return passed(*said)


async def _judged(
    context: Context, what: str, control: Exchange | None, exchange: Exchange | None, thing: Thing | None
) -> Verdict:
    """What came of one offer for less than nothing, by what the marketplace shows of it afterwards."""
    if exchange is None or exchange.answer is None:
        return inconclusive("no-answer", f"{what} with a price of {PRICE} got no answer")
    if thing is None:
        return passed(f"{what} with a price of {PRICE}: refused, {exchange.outcome}")
    read = await _read_back(context, context.marketplace.map, thing)
    if read is None:
        return inconclusive("unread", f"{what} with a price of {PRICE} was taken, and nothing in the map reads it back")
    shown = _shown_price(read.answer)
    if shown is None and not _shows_amounts(read.answer):
        return inconclusive(
            "unread",
            f"{what} with a price of {PRICE} was taken, and {read.method} {read.path} shows no price: "
            "let get_listing ask where it stands",
        )
    if shown is None:
        return passed(f"{what} with a price of {PRICE}: taken, but read back without it")
    return failed(
        Failure(
            title=f"{what} was taken with a price of {PRICE}",
            expected="a refusal, such as 422, and no listing with that price",
            got=f"read back, it costs {shown}",
            change="refuse prices below zero wherever they come in",
            exchange=exchange,
            control=control,
        ),
        f"read back by {read.line}",
        code="negative-price",
    )


async def _create(context: Context, _valid: Thing) -> tuple[Exchange | None, Thing | None] | None:
    stage = context.marketplace.company.stage
    step = stage.step("create_listing")
    request, spot = first_spot(step, "price")
    if request is None or spot is None:
        return None
    seller = await stage.person("seller")
    draft = draft_listing(stage.run, {"price": PRICE})
    new = request if "listing.price" in str(value_at(request, spot)) else varied(request, spot, typed(spot, PRICE))
    return await play_varied(stage, step, request, new, seller, {"listing": draft})


async def _make(step: Step, context: Context, valid: Thing) -> tuple[Exchange | None, Thing | None] | None:
    stage = context.marketplace.company.stage
    request, spot = first_spot(step, "price")
    assert request is not None
    assert spot is not None
    person = await stage.person(actor_of(stage.map, step))
    new = varied(request, spot, typed(spot, PRICE, value_at(request, spot)))
    return await play_varied(stage, step, request, new, person, {"listing": valid})


async def _update(context: Context, valid: Thing) -> tuple[Exchange | None, Thing | None] | None:
    stage = context.marketplace.company.stage
    step = stage.map.steps.get("update_listing")
    if step is None or step.skip is not None:
        return None
    request, spot = first_spot(step, "price")
    if request is None or spot is None:
        return None
    person = await stage.person(owner_of(stage.step("create_listing")))
    given = {"listing": Listing({**valid.known(), "price": PRICE})}
    new = request if "listing.price" in str(value_at(request, spot)) else varied(request, spot, typed(spot, PRICE))
    exchange, thing = await play_varied(stage, step, request, new, person, given)
    return exchange, None if thing is None else Listing({**valid.known(), "price": None})


async def _read_back(context: Context, mapped: Map, thing: Thing) -> Exchange | None:
    """What the marketplace shows of a thing to its owner."""
    stage = context.marketplace.company.stage
    maker = next((step for step in mapped.steps.values() if step.makes == thing.kind), None)
    person = await stage.person(actor_of(mapped, maker) if maker else "seller")
    ways: list[tuple[str, Request]] = []
    for name in (f"get_{thing.kind}", "search" if thing.kind == "listing" else f"list_{thing.kind}s"):
        step = mapped.steps.get(name)
        if step is not None and step.skip is None and len(step.parts) == 1 and isinstance(step.parts[0], Request):
            ways.append((name, step.parts[0]))
    resource = mapped.resources.get(thing.kind)
    verbs = resource.verbs if resource is not None else {}
    ways[1:1] = [(f"{thing.kind}.{name}", verbs[name].request) for name in ("read", "list") if name in verbs]
    owner = person.account()
    scope = {thing.kind: thing, "id": thing.known().get("id"), "owner": owner, "search": {"text": _title(thing)}}
    for name, request in ways:
        try:
            exchange = await ask(stage, name, request, Caller(person.name, person), scope)
        except LaunchreadyError:
            continue
        if worked(exchange) and (_shown_price(exchange.answer) or not _lists(name) or len(ways) == 1):
            return exchange
    return None


def _lists(name: str) -> bool:
    return name == "search" or name.startswith("list_") or name.endswith(".list")


def _title(thing: Thing) -> str:
    return str(thing.known().get("title", ""))


def priced(mapped: Map) -> list[Step]:
    """Further steps that make something for an amount of money which the request names: offers, bids, gifts."""
    apart = {"create_listing", "checkout", "add_to_cart", "signup"}
    steps = (step for step in mapped.steps.values() if step.leaves_something and step.name not in apart)
    return [step for step in steps if why_untried(mapped, step) is None and first_spot(step, "price")[1]][:MOST_PRICED]


def _shows_amounts(answer: Answer | None) -> bool:
    """Whether an answer shows prices at all, so that one that is missing tells something."""
    if answer is None:
        return False
    if answer.json is not None:
        return any(True for _ in amounts(answer.json))
    return re.search(r"\d[.,]\d\d\b", answer.text) is not None


def _shown_price(answer: Answer | None) -> str | None:
    """A price below zero in an answer: the one that was sent, or what a server has made of it."""
    if answer is None:
        return None
    found = _PRICE_SHOWN.search(answer.text)
    if found is not None:
        return found[0]
    rounded = (str(value) for _, value in amounts(answer.json) if value in {Decimal(-13), Decimal(-14)})
    return next(rounded, None)
