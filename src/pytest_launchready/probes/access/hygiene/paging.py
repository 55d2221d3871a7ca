"""Pages without bounds: a list that gives as much at once as is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.mapping.template import compile_template
from pytest_launchready.probes.access.hygiene.bodies import worked
from pytest_launchready.probes.access.hygiene.reading import a_listing, last_good
from pytest_launchready.probes.access.hygiene.secretnames import squeezed
from pytest_launchready.probes.access.hygiene.variants import LEFT_OUT, SIZES, Spot, spots, varied
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import actor_of, why_untried
from pytest_launchready.probes.subject import Context

WANTED: Final = 100_000
SANE: Final = 250
"""Items that one answer may hold: more than any page of people's, and what the largest caps in use allow."""
USUAL: Final = ("limit", "per_page", "page_size", "pageSize", "size")
"""Names under which a page size usually travels; a server ignores those that it does not know."""
_TOTAL: Final = re.compile(
    r"(?:total|count|totalcount|totalitems|totalelements|totalresults|totalrecords|nbhits|numfound)"
)
MOST_LISTS: Final = 2


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer says of itself."""

    exchange: Exchange
    items: int
    size: int | None
    """The page size that it names."""
    total: int | None


def list_steps(mapped: Map) -> list[Step]:
    """Steps that give a list in one safe request, search first."""
    steps = [
        step
        for step in mapped.steps.values()
        if len(step.parts) == 1
        and isinstance(step.parts[0], Request)
        and step.parts[0].items is not None
        and step.parts[0].safe
        and not step.needs
        and why_not_covered(mapped, step.name) is None
    ]
    return sorted(steps, key=lambda step: step.name != "search")[:MOST_LISTS]


async def page(context: Context) -> Verdict:
    """Asks lists for a hundred thousand items at once."""
    with suppress(StepFailure, LaunchreadyError):
        await a_listing(context)  # of an empty list nothing can be said
    said = []
    for step in list_steps(context.marketplace.map):
        if why_untried(context.marketplace.map, step) is None:
            verdict = await _judged(context, step)
            if isinstance(verdict, Verdict):
                return verdict
            said.append(verdict)
    readable = [line for line in said if line is not None]
    if not readable:
        return inconclusive("control", "no list of the map could be read, so nothing is known of its pages")
    return passed(*readable)


async def _judged(context: Context, step: Step) -> Verdict | str | None:
    """The verdict of a list that failed; else what was seen; None where it could not be read."""
    request = step.parts[0]
    assert isinstance(request, Request)
    sizes = [spot for spot in spots(request) if spot.kind == "size"]
    # A server may demand a size, as GraphQL does with `$first: Int!`.
    huge = await _page(context, step, _with(request, sizes))
    if huge is None:
        read = last_good(context, step.name) is not None or await _page(context, step, request) is not None
        return f"{step.name}: a page of {WANTED:,} is refused" if read else None
    # A server may demand a size, as GraphQL does with `$first: Int!`.
    plain = await _page(context, step, _without(request, sizes)) or await _page(context, step, request)
    if plain is None:
        return None
    why = _unbounded(plain, huge)
    if why is None and huge.size == WANTED and (huge.total is None or huge.total <= huge.items):
        return inconclusive(
            "too-few",
            f"{step.name} says that its pages hold {WANTED:,} items, and has only {huge.items} to show: "
            "whether there is a bound can be seen where there is more than one page of them",
        )
    if why is None:
        return (
            f"{step.name}: asked for {WANTED:,} items, it gave {huge.items}{_bound(huge)}; "
            f"where there are fewer than {SANE} this does not prove a bound"
        )
    return failed(
        Failure(
            title=f"{step.name} gives as many items at once as are asked for",
            expected=f"a bound, such as 100 items, whatever is asked for; more than {SANE} is none",
            got=why,
            change="cap the page size on the server",
            exchange=huge.exchange,
            control=plain.exchange,
        ),
        code="unbounded",
    )


def _unbounded(plain: Page, huge: Page) -> str | None:
    """What proves that a page has no bound; None where nothing does."""
    if huge.size is not None and huge.size < WANTED:
        return None  # it says where its bound is
    if huge.total is not None and huge.total > huge.items:
        return None  # there is more, and it did not come
    if huge.items > SANE:
        return f"{huge.items} items in one answer"
    if huge.size is not None and huge.items > plain.items:
        return f"{huge.items} items in place of {plain.items}, and the answer says that its pages hold {huge.size}"
    return None


def _bound(huge: Page) -> str:
    return f" and says that its pages hold {huge.size}" if huge.size is not None else ""


async def _page(context: Context, step: Step, request: Request) -> Page | None:
    stage = context.marketplace.company.stage
    person = await stage.person(actor_of(stage.map, step))
    scope: dict[str, Any] = {"search": {"text": ""}}
    try:
        exchange = await ask(stage, step.name, request, Caller(person.name, person), scope)
    except LaunchreadyError:
        return None
    if not worked(exchange) or exchange.answer is None or request.items is None:
        return None
    items = request.items.find(exchange.answer, scope)
    if not isinstance(items, list):
        return None
    said = dict(_numbers(exchange.answer))
    size = next((value for name, value in said.items() if SIZES.fullmatch(name)), None)
    total = next((value for name, value in said.items() if _TOTAL.fullmatch(name)), None)
    return Page(exchange, len(items), size, total)


def _without(request: Request, sizes: list[Spot]) -> Request:
    """The request as it is sent without a wish for a size; of a GraphQL document nothing can be left out."""
    for spot in sizes:
        if spot.path != ("query",):
            request = varied(request, spot, LEFT_OUT)
    return request


def _with(request: Request, sizes: list[Spot]) -> Request:
    for spot in sizes:
        request = varied(request, spot, WANTED if spot.typed else str(WANTED))
    if sizes or (request.body is not None and request.body.kind == "graphql"):
        return request
    known = request.query.source if request.query is not None else {}
    if not isinstance(known, Mapping):
        return request
    return replace(request, query=compile_template({**dict.fromkeys(USUAL, str(WANTED)), **known}))


def _numbers(answer: Answer) -> Iterator[tuple[str, int]]:
    """Whole numbers that an answer holds beside its items, by squeezed name."""
    waiting: list[Any] = [answer.json]
    while waiting:
        document = waiting.pop(0)
        if isinstance(document, Mapping):
            for name, value in document.items():
                if isinstance(value, int) and not isinstance(value, bool):
                    yield squeezed(str(name)), value
                elif isinstance(value, Mapping):
                    waiting.append(value)
    for name in ("x-total-count", "x-total", "total-count"):
        value = answer.header(name)
        if value and value.isdigit():
            yield "total", int(value)
