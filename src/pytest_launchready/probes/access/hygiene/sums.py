"""A quantity below zero, which would turn a sum round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.objects import Thing
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.hygiene.bodies import worked
from pytest_launchready.probes.access.hygiene.reading import a_listing, last_good
from pytest_launchready.probes.access.hygiene.variants import (
    PRICES,
    QUANTITIES,
    first_spot,
    play_varied,
    typed,
    value_at,
    varied,
)
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

QUANTITY: Final = -3
_AMOUNTS: Final = re.compile(
    rf"total|{PRICES.pattern}|{QUANTITIES.pattern}|amount|price|(?<!dis)count(?!ry|er)|charged"
)
"""What the names of amounts have in them."""
CART_READERS: Final = ("get_cart", "view_cart", "show_cart", "read_cart", "list_cart", "cart")


def takes_quantity(mapped: Map) -> bool:
    """Whether a step of the map sends how many."""
    return _carrier(mapped) is not None


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
    control = last_good(context, step.name)
    before = {where for where, _ in _below_zero(control.answer)} if control and control.answer else set()
    request, spot = first_spot(step, "quantity")
    if spot is None or request is None:
        raise NotCovered("not covered: access.input.quantity: no step of the map sends a quantity")
    filled = re.search(r"\{\{\s*quantity\b", str(value_at(request, spot))) is not None
    given = {"listing": listing, "quantity": QUANTITY}
    new = request if filled else varied(request, spot, typed(spot, QUANTITY))
    exchange, thing = await play_varied(stage, step, request, new, buyer, given)
    if exchange is None or exchange.answer is None:
        return inconclusive("no-answer", f"{step.name} with a quantity of {QUANTITY} got no answer")
    if thing is None:
        return passed(f"{step.name} with a quantity of {QUANTITY}: refused, {exchange.outcome}")
    seen = [exchange, *await _cart(context, listing)]
    total = _negative_total(thing)
    readable = "total" in thing.known()
    for one in seen:
        assert one.answer is not None
        readable = readable or any(True for _ in amounts(one.answer.json))
        found = next((entry for entry in _below_zero(one.answer) if entry[0] not in before), None) or total
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
        if step is not None and why_not_covered(mapped, name) is None and first_spot(step, "quantity")[1] is not None:
            return step
    return None


def _negative_total(thing: Thing) -> tuple[str, str] | None:
    total = thing.known().get("total")
    return ("total", str(total)) if isinstance(total, Decimal) and total < 0 else None


def _below_zero(answer: Answer | None) -> Iterator[tuple[str, str]]:
    """Amounts below zero in an answer: where, and what."""
    yield from ((where, str(value)) for where, value in amounts(answer.json if answer else None) if value < 0)


def amounts(document: Any, where: str = "", key: str = "") -> Iterator[tuple[str, Decimal]]:
    """Every amount of money or of things in a document, by its name: where, and how much."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from amounts(value, f"{where}.{name}" if where else str(name), str(name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from amounts(value, f"{where}[{number}]", key)
    elif not isinstance(document, bool) and _AMOUNTS.search(re.sub(r"[\W_]+", "", key).lower()):
        text = str(document).strip()
        if re.fullmatch(r"-?\d+(?:\.\d+)?", text):
            yield where, Decimal(text)
