"""Input that breaks the program: one value at a time, each compared with a request that works."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.people import draft_listing, draft_text
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.mapping.template import compile_target
from pytest_launchready.probes.access.hygiene.bodies import crashed, graphql_errors, worked
from pytest_launchready.probes.access.hygiene.hostile import NEGATIVE, WORD, Try, tries
from pytest_launchready.probes.access.hygiene.reading import a_listing
from pytest_launchready.probes.access.hygiene.variants import Spot, play_varied, spots, varied
from pytest_launchready.probes.access.ids import never
from pytest_launchready.probes.access.traces import trace_in
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import actor_of, why_untried
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused
from pytest_launchready.wire.patience import expecting_limits

CARRIERS: Final = {"search": 6, "get_listing": 3, "create_listing": 8, "add_to_cart": 3, "send_message": 3, "login": 2}
"""Steps that carry input in, each with how many values are tried there."""
MOST_CRASHES: Final = 4
"""Crashes after which no more are provoked: a run stops itself where half of its requests fail."""
GRACE: Final = (0.2, 0.8, 2.0)
"""Seconds between looks whether a server that gave no answer has come back."""
PAGE: Final = Spot("query", ("page",), "size", typed=False)


@dataclass(slots=True)
class Carrier:
    """A step through which input comes in, and the request of it that is changed."""

    step: Step
    request: Request
    person: Person
    scope: Mapping[str, Any]
    control: Exchange | None = None

    @property
    def reads(self) -> bool:
        """Whether it is sent by itself: it makes nothing that would have to be undone."""
        return self.request.safe or self.step.name == "login"


@dataclass(frozen=True, slots=True)
class Crash:
    """An input that breaks the program each time."""

    said: str
    how: str
    exchange: Exchange
    control: Exchange | None


@dataclass(slots=True)
class Findings:
    """What came of all tries."""

    crashes: list[Crash] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    dead: bool = False


def carriers_of(mapped: Map) -> list[Step]:
    """The steps that take input and can be tried."""
    steps = (mapped.steps.get(name) for name in CARRIERS)
    return [step for step in steps if step and why_untried(mapped, step) is None and _carrying(step) is not None]


async def crash(context: Context) -> Verdict:
    """Sends what nobody should, one value at a time, after the same request as it should be."""
    found = Findings()
    with expecting_limits():
        for step in carriers_of(context.marketplace.map):
            await _try_step(context, step, found)
            if found.dead or len(found.crashes) >= MOST_CRASHES:
                break
    if found.crashes:
        return _failed(found)
    if not found.tried:
        if found.notes and all(note.endswith("no consent") for note in found.notes):
            raise NotCovered(f"not covered: access.input.crash: {'; '.join(found.notes)}")
        why = f": {'; '.join(found.notes)}" if found.notes else ""
        return inconclusive("control", f"no request with good input worked, so bad input proves nothing{why}")
    said = (f"{name}: {counted(number, 'bad value')}, no crash" for name, number in found.tried.items())
    return passed(*said, notes=found.notes)


async def _try_step(context: Context, step: Step, found: Findings) -> None:
    try:
        carrier = await _carrier(context, step)
        carrier.control, did = await _sent(context, carrier, carrier.request)
        if not did:
            outcome = carrier.control.outcome if carrier.control else "no answer"
            found.notes.append(f"{step.name} is not judged: good input came to {outcome}")
            return
        for spot, one in await _plan(context, carrier):
            await _try(context, carrier, spot, one, found)
            if found.dead or len(found.crashes) >= MOST_CRASHES:
                return
    except WriteRefused:
        found.notes.append(f"{step.name}: no consent")
    except StepFailure as error:
        found.notes.append(f"{step.name} is not judged: {error.failure.title}")
    except (NotCovered, UseError) as error:
        found.notes.append(f"{step.name} is not judged: {error}")


async def _try(context: Context, carrier: Carrier, spot: Spot, one: Try, found: Findings) -> None:
    """One value; what looks like a crash is sent again after a request that works."""
    request = varied(carrier.request, spot, one.value)
    exchange = await _send(context, carrier, request)
    if exchange is None or (exchange.answer is not None and exchange.answer.status == 429):
        return
    found.tried[carrier.step.name] = found.tried.get(carrier.step.name, 0) + 1
    how = _broken(exchange)
    if how is None:
        return
    said = f"{one.what} in {spot.name} of {carrier.step.name}"
    if not await _alive(context, carrier):
        found.dead = True
        found.crashes.insert(0, Crash(said, "and does not answer any more, to anybody", exchange, carrier.control))
        return
    again = await _send(context, carrier, request)
    how = _broken(again) if again is not None else None
    if how is not None and again is not None:
        found.crashes.append(Crash(said, how, again, carrier.control))
    else:
        found.notes.append(f"{said}: {exchange.outcome}, but not a second time")


def _failed(found: Findings) -> Verdict:
    first = found.crashes[0]
    return failed(
        Failure(
            title=f"the program breaks on {first.said}",
            expected="a refusal, such as 400 or 422, with the field's name",
            got=f"{first.exchange.outcome}: {first.how}",
            change="check every value where it comes in, and answer 400 or 422",
            exchange=first.exchange,
            control=first.control,
        ),
        *(f"{one.said}: {one.exchange.outcome}: {one.how}" for one in found.crashes),
        code="died" if found.dead else "crash",
        notes=found.notes,
    )


def _broken(exchange: Exchange) -> str | None:
    """How an answer shows that the program broke; None where it does not."""
    answer = exchange.answer
    if answer is None:
        return "the connection was lost" if exchange.layer in {"transport", "protocol", "connect"} else None
    if answer.status == 501:
        return None
    if crashed(answer):
        return "an internal error"
    trace = trace_in(answer) if answer.status >= 400 or graphql_errors(answer) else None
    return trace and f"the answer shows {trace[0]}"


async def _alive(context: Context, carrier: Carrier) -> bool:
    """Whether the server still answers somebody else's good request."""
    for seconds in (0, *GRACE):
        await asyncio.sleep(seconds)
        exchange = await _send(context, carrier, carrier.request) if carrier.reads else await _greeting(context)
        if exchange is not None and exchange.answer is not None and not crashed(exchange.answer):
            return True
    return False


async def _greeting(context: Context) -> Exchange | None:
    """A request that changes nothing and that anybody may send."""
    stage = context.marketplace.company.stage
    step = stage.map.steps.get("search") or stage.map.steps.get("me")
    part = step.parts[0] if step is not None and step.parts else None
    request = part if isinstance(part, Request) and part.safe else Request("GET", compile_target("/"), safe=True)
    buyer = await stage.person("buyer")
    return await ask(stage, "alive", request, Caller("buyer", buyer), {"search": {"text": ""}})


async def _carrier(context: Context, step: Step) -> Carrier:
    stage = context.marketplace.company.stage
    request = _carrying(step)
    assert request is not None
    listing = await a_listing(context) if step.needs or step.name == "get_listing" else None
    scope: dict[str, Any] = {"search": {"text": "lamp"}, "quantity": 1}
    if listing is not None:
        scope |= {"listing": listing}
    if step.name == "login":
        person = await stage.person("anonymous")
    else:
        person = await stage.person(actor_of(stage.map, step))
    if step.makes == "listing":
        scope["listing"] = draft_listing(stage.run, {})
    if step.makes == "message":
        scope["message"] = {"text": draft_text(stage.run)}
    return Carrier(step, request, person, scope)


async def _send(context: Context, carrier: Carrier, request: Request) -> Exchange | None:
    return (await _sent(context, carrier, request))[0]


async def _sent(context: Context, carrier: Carrier, request: Request) -> tuple[Exchange | None, bool]:
    """What came of a request, and whether it did what good input should do."""
    stage = context.marketplace.company.stage
    if not carrier.reads:
        exchange, thing = await play_varied(
            stage, carrier.step, carrier.request, request, carrier.person, carrier.scope
        )
        return exchange, thing is not None
    caller = Caller(carrier.person.name, carrier.person)
    unique = stage.run.unique()
    nobody = {"email": f"{unique}@example.com", "username": unique, "password": f"Wrong-{unique}"}
    instead = nobody if carrier.step.name == "login" else None
    exchange = await ask(stage, carrier.step.name, request, caller, carrier.scope, instead=instead)
    # To a log-in as nobody a refusal is what should come.
    refused = instead is not None and exchange.answer is not None and not crashed(exchange.answer)
    return exchange, refused or worked(exchange)


async def _plan(context: Context, carrier: Carrier) -> list[tuple[Spot, Try]]:
    """What is tried where: every spot in turn, the most telling values first."""
    places = [spot for spot in spots(carrier.request) if spot.kind != "size"]
    places += [spot for spot in spots(carrier.request) if spot.kind == "size"]
    if carrier.step.name == "get_listing" and not await _absent_is_refused(context, carrier):
        places = [spot for spot in places if spot.kind != "id"]
    rows = deque((spot, deque(tries(spot))) for spot in places)
    extra = carrier.step.name == "search" and carrier.request.body is None and _takes_more(carrier.request)
    if extra:
        rows.append((PAGE, deque((NEGATIVE, WORD))))
    return list(_in_turn(rows))[: CARRIERS[carrier.step.name]]


def _in_turn(rows: deque[tuple[Spot, deque[Try]]]) -> Iterator[tuple[Spot, Try]]:
    while rows:
        spot, left = rows.popleft()
        yield spot, left.popleft()
        if left:
            rows.append((spot, left))


async def _absent_is_refused(context: Context, carrier: Carrier) -> bool:
    """Whether an id that never existed is refused in order: where it is an error already, a bad id proves nothing."""
    listing = carrier.scope["listing"]
    absent = {**listing.known(), "id": never(listing.known().get("id"))}
    exchange = await _send(context, replace(carrier, scope={**carrier.scope, "listing": absent}), carrier.request)
    return exchange is not None and exchange.answer is not None and not crashed(exchange.answer)


def _takes_more(request: Request) -> bool:
    return request.query is None or (isinstance(request.query.source, Mapping) and "page" not in request.query.source)


def _carrying(step: Step) -> Request | None:
    """The request of a step that carries most values."""
    requests = [part for part in step.parts if isinstance(part, Request)]
    best = max(requests, key=lambda one: len(list(spots(one))), default=None)
    return best if best is not None and next(spots(best), None) is not None else None
