"""Amounts below zero: a price and a quantity that would turn a sum round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.flows.objects import Listing, Thing
from pytest_launchready.flows.people import draft_listing
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.bodies import worked
from pytest_launchready.probes.access.reading import a_listing
from pytest_launchready.probes.access.variants import PRICES, QUANTITIES, Spot, play_varied, spots, varied
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import owner_of
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

PRICE: Final = Decimal("-13.37")
_PRICE_SHOWN: Final = re.compile(r"(?:-|\u2212|&minus;|&#8722;)\s?(?:[$€£]\s?)?13(?:[.,]?37|[.,]4)?(?![\d])")
"""That price as answers write it: in units, in cents, rounded, with a currency's sign."""
QUANTITY: Final = -3
_AMOUNTS: Final = re.compile(
    rf"{PRICES.pattern}|{QUANTITIES.pattern}|(?:sub|grand|order|cart|line|item)*total(?:price|cents)?|sum|count"
)
CART_READERS: Final = ("get_cart", "view_cart", "show_cart", "read_cart", "list_cart", "cart")


def takes_quantity(mapped: Map) -> bool:
    """Whether a step of the map sends how many."""
    return _carrier(mapped) is not None


async def price(context: Context) -> Verdict:
    """Offers something for less than nothing, then changes an offer so, and reads both back."""
    try:
        valid = await a_listing(context)
    except WriteRefused as error:
        raise NotCovered(f"not covered: access.input.price: no consent: {error}") from None
    except StepFailure as error:
        return inconclusive("control", f"a listing with a good price could not be made: {error.failure.title}")
    control = _control(context, "create_listing")
    said: list[Evidence] = []
    for what, attack in (("a new listing", _create), ("a change of a listing", _update)):
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


async def quantity(context: Context) -> Verdict:
    """Puts less than none of a thing into a cart, and looks for what became negative."""
    stage = context.marketplace.company.stage
    step = _carrier(stage.map)
    assert step is not None
    try:
        listing = await a_listing(context)
        buyer = await stage.person(step.actor or "buyer")
        await stage.play(step.name, buyer, {"listing": listing, "quantity": 1})
    except WriteRefused as error:
        raise NotCovered(f"not covered: access.input.quantity: no consent: {error}") from None
    except StepFailure as error:
        return inconclusive("control", f"a good quantity was not taken: {error.failure.title}")
    control = _control(context, step.name)
    before = {where for where, _ in _below_zero(control.answer)} if control and control.answer else set()
    request, spot = _spot(step, "quantity")
    if spot is None or request is None:
        raise NotCovered("not covered: access.input.quantity: no step of the map sends a quantity")
    filled = re.search(r"\{\{\s*quantity\b", _source(request, spot)) is not None
    given = {"listing": listing, "quantity": QUANTITY}
    new = request if filled else varied(request, spot, _typed(spot, QUANTITY))
    exchange, thing = await play_varied(stage, step, request, new, buyer, given)
    if exchange is None or exchange.answer is None:
        return inconclusive("no-answer", f"{step.name} with a quantity of {QUANTITY} got no answer")
    if thing is None:
        return passed(f"{step.name} with a quantity of {QUANTITY}: refused, {exchange.outcome}")
    seen = [exchange, *await _cart(context, listing)]
    readable = False
    for one in seen:
        assert one.answer is not None
        readable = readable or any(True for _ in _amounts(one.answer.json))
        found = next((entry for entry in _below_zero(one.answer) if entry[0] not in before), None)
        if found is not None:
            return failed(
                Failure(
                    title=f"{step.name} took a quantity of {QUANTITY}",
                    expected="a refusal, such as 422, and a cart as it was",
                    got=f"the answer to {one.method} {one.path} has {found[0]} = {found[1]}",
                    change="refuse quantities below one, and compute totals on the server",
                    exchange=exchange,
                    control=control,
                ),
                code="negative-quantity",
            )
    if not readable:
        return inconclusive(
            "unread", f"{step.name} took a quantity of {QUANTITY}, and nothing in the map shows what became of it"
        )
    return passed(f"{step.name} with a quantity of {QUANTITY}: taken, but no amount below zero is shown")


async def _create(context: Context, _valid: Thing) -> tuple[Exchange | None, Thing | None] | None:
    stage = context.marketplace.company.stage
    step = stage.step("create_listing")
    request, spot = _spot(step, "price")
    if request is None or spot is None:
        return None
    seller = await stage.person("seller")
    draft = draft_listing(stage.run, {"price": PRICE})
    new = request if "listing.price" in _source(request, spot) else varied(request, spot, _typed(spot, PRICE))
    return await play_varied(stage, step, request, new, seller, {"listing": draft})


async def _update(context: Context, valid: Thing) -> tuple[Exchange | None, Thing | None] | None:
    stage = context.marketplace.company.stage
    step = stage.map.steps.get("update_listing")
    if step is None or step.skip is not None:
        return None
    request, spot = _spot(step, "price")
    if request is None or spot is None:
        return None
    person = await stage.person(owner_of(stage.step("create_listing")))
    given = {"listing": Listing({**valid.known(), "price": PRICE})}
    new = request if "listing.price" in _source(request, spot) else varied(request, spot, _typed(spot, PRICE))
    exchange, thing = await play_varied(stage, step, request, new, person, given)
    return exchange, None if thing is None else Listing({**valid.known(), "price": None})


async def _read_back(context: Context, mapped: Map, thing: Thing) -> Exchange | None:
    """What the marketplace shows of a listing to its owner."""
    stage = context.marketplace.company.stage
    person = await stage.person("seller")
    ways: list[tuple[str, Request]] = []
    for name in ("get_listing", "search"):
        step = mapped.steps.get(name)
        if step is not None and step.skip is None and len(step.parts) == 1 and isinstance(step.parts[0], Request):
            ways.append((name, step.parts[0]))
    resource = mapped.resources.get("listing")
    if resource is not None and "read" in resource.verbs:
        ways.insert(1, ("listing.read", resource.verbs["read"].request))
    scope = {"listing": thing, "id": thing.known().get("id"), "search": {"text": str(thing.known().get("title", ""))}}
    for name, request in ways:
        try:
            exchange = await ask(stage, name, request, Caller("seller", person), scope)
        except LaunchreadyError:
            continue
        if worked(exchange) and (_shown_price(exchange.answer) or name != "search" or len(ways) == 1):
            return exchange
    return None


async def _cart(context: Context, listing: Thing) -> list[Exchange]:
    """The buyer's cart as the map can read it."""
    stage = context.marketplace.company.stage
    buyer = await stage.person("buyer")
    cart = stage.map.resources.get("cart")
    requests = [part for name in CART_READERS if (step := stage.map.steps.get(name)) for part in step.parts[-1:]]
    requests += [verb.request for name, verb in (cart.verbs.items() if cart else ()) if name in {"read", "list"}]
    found = []
    for request in requests:
        if isinstance(request, Request) and request.safe:
            try:
                exchange = await ask(stage, "cart", request, Caller("buyer", buyer), {"listing": listing})
            except LaunchreadyError:
                continue
            if worked(exchange):
                found.append(exchange)
    return found


def _carrier(mapped: Map) -> Step | None:
    for name in ("add_to_cart", "checkout"):
        step = mapped.steps.get(name)
        if step is not None and why_not_covered(mapped, name) is None and _spot(step, "quantity")[1] is not None:
            return step
    return None


def _spot(step: Step, kind: str) -> tuple[Request | None, Spot | None]:
    """The first value of a kind that a step sends, and the request that carries it."""
    for part in step.parts:
        if isinstance(part, Request):
            for spot in spots(part):
                if spot.kind == kind:
                    return part, spot
    return None, None


def _source(request: Request, spot: Spot) -> str:
    holder = request.query if spot.place == "query" else request.body.content if request.body else None
    value: Any = holder.source if holder is not None else ""
    for part in spot.path:
        value = value[part]
    return str(value)


def _typed(spot: Spot, number: Decimal | int) -> object:
    return number if spot.typed else str(number)


def _control(context: Context, step: str) -> Exchange | None:
    """The last request of a step that worked."""
    kept = context.marketplace.trail.exchanges()
    return next((one for one in reversed(kept) if one.step == step and worked(one)), None)


def _shown_price(answer: Answer | None) -> str | None:
    found = _PRICE_SHOWN.search(answer.text) if answer is not None else None
    return found[0] if found else None


def _below_zero(answer: Answer | None) -> Iterator[tuple[str, str]]:
    """Amounts below zero in an answer: where, and what."""
    yield from ((where, str(value)) for where, value in _amounts(answer.json if answer else None) if value < 0)


def _amounts(document: Any, where: str = "", key: str = "") -> Iterator[tuple[str, Decimal]]:
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from _amounts(value, f"{where}.{name}" if where else str(name), str(name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _amounts(value, f"{where}[{number}]", key)
    elif not isinstance(document, bool) and _AMOUNTS.fullmatch(re.sub(r"[\W_]+", "", key).lower()):
        text = str(document).strip()
        if re.fullmatch(r"-?\d+(?:\.\d+)?", text):
            yield where, Decimal(text)
