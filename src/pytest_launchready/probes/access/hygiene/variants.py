"""One value of a mapped request in place of another: where values are, of what kind, and the request that results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import quote

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.learning import tells
from pytest_launchready.flows import steps
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import Thing, make
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.mapping.template import Given, compile_target, compile_template
from pytest_launchready.probes.access.hygiene.secretnames import squeezed

Place = Literal["query", "body", "target"]
Kind = Literal["text", "number", "price", "quantity", "size", "id"]

PRICES: Final = re.compile(
    r"(?:unit|sale|base|list|item|start|starting|asking)?(?:price|amount|cost|preis|prix|precio|preco|prezzo|prijs|pris|"
    r"cena|kosten)(?:cents|amount|value|eur|usd)?"
)
QUANTITIES: Final = re.compile(
    r"(?:item)?(?:quantity|qty|quantities|units|pieces|menge|anzahl|cantidad|quantite|quantidade|quantita|aantal|antal|ilosc)"
)
SIZES: Final = re.compile(
    r"perpage|pagesize|limit|size|first|take|rows|maxresults|top|itemsperpage|resultsperpage|pagelimit"
)
IDS: Final = re.compile(r".*(?:id|uuid|slug|sku)")
_IN_DOCUMENT: Final = re.compile(r"\b(perPage|per_page|pageSize|page_size|limit|first|take)(\s*:\s*)\d+")
_EXPRESSION: Final = re.compile(r"\{\{(?!\s*target\.)[^}]*\}\}")
LEFT_OUT: Final = object()
"""In place of a value: its name is not sent at all."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One value of a request."""

    place: Place
    path: tuple[str | int, ...]
    kind: Kind
    typed: bool = True
    """Whether it travels as JSON, so that it may have another type."""

    @property
    def name(self) -> str:
        """As messages say it."""
        names = [str(part) for part in self.path if not isinstance(part, int)]
        return ".".join(names) if names else "the id in the path"


def spots(request: Request) -> Iterator[Spot]:
    """Every value that can be replaced; passwords, tokens and files are left alone."""
    if _EXPRESSION.search(str(request.target.source)):
        yield Spot("target", (), "id", typed=False)
    if request.query is not None:
        yield from _leaves(request.query.source, "query", (), typed=False)
    if request.body is not None and request.body.kind != "text":
        source = request.body.content.source
        typed = request.body.kind in {"json", "graphql"}
        if request.body.kind == "graphql":
            yield from _leaves(source["variables"], "body", ("variables",), typed=True)
            if _IN_DOCUMENT.search(str(source["query"])):
                yield Spot("body", ("query",), "size", typed=False)
        else:
            yield from _leaves(source, "body", (), typed=typed)


def varied(request: Request, spot: Spot, value: object) -> Request:
    """The request with another value there."""
    if spot.place == "target":
        found = _EXPRESSION.findall(str(request.target.source))[-1]
        written = quote(str(value), safe="").replace("{", "%7B")
        return replace(request, target=compile_target(str(request.target.source).replace(found, written)))
    if spot.place == "query":
        source = request.query.source if request.query is not None else {}
        return replace(request, query=compile_template(_with(source, spot.path, value)))
    assert request.body is not None
    source = request.body.content.source
    if spot.path == ("query",) and request.body.kind == "graphql":
        document = _IN_DOCUMENT.sub(rf"\g<1>\g<2>{value}", str(source["query"]))
        value = Given(document, "graphql")
    content = compile_template(_with(source, spot.path, value))
    return replace(request, body=replace(request.body, content=content))


def first_spot(step: Step, kind: str) -> tuple[Request | None, Spot | None]:
    """The first value of a kind that a step sends, and the request that carries it."""
    for part in step.parts:
        if isinstance(part, Request):
            for spot in spots(part):
                if spot.kind == kind:
                    return part, spot
    return None, None


def value_at(request: Request, spot: Spot) -> Any:
    """What the map says in that place."""
    holder = request.query if spot.place == "query" else request.body.content if request.body else None
    value: Any = holder.source if holder is not None else ""
    for part in spot.path:
        value = value[part]
    return value


def typed(spot: Spot, number: Decimal | int, was: object = None) -> object:
    """The number as the request carries it; in cents where the map has a whole number in its place."""
    number = int(number * 100) if isinstance(was, int) and isinstance(number, Decimal) else number
    return number if spot.typed and not isinstance(was, str) else str(number)


async def play_varied(
    stage: Stage, step: Step, old: Request, new: Request, person: Person, given: Mapping[str, Any]
) -> tuple[Exchange | None, Thing | None]:
    """What a step with another request comes to: the exchange that decided, and what it made, to be undone."""
    person = await person.self_or(step.actor, stage.person)
    changed = replace(step, parts=tuple(new if part is old else part for part in step.parts))
    names = {**given, **stage.names(step, given)}
    for kind in sorted(step.needs - names.keys()):
        names[kind] = await stage.provide(kind, person)
    names["account"] = person.account()
    try:
        played = await steps.perform(stage, changed, person, names)
    except StepFailure as error:
        return error.failure.exchange, None
    kind = step.makes or step.name
    thing = make(kind, {**known(names.get(kind)), **played.captures}, played.raw)
    if step.leaves_something:
        stage.register.record(step, person, {**names, **played.captures, kind: thing}, thing, played.entry)
    return played.exchanges[-1], thing


def _leaves(source: Any, place: Place, path: tuple[str | int, ...], *, typed: bool) -> Iterator[Spot]:
    if isinstance(source, Mapping):
        for name, value in source.items():
            yield from _leaves(value, place, (*path, str(name)), typed=typed)
    elif isinstance(source, list | tuple):
        for number, value in enumerate(source):
            yield from _leaves(value, place, (*path, number), typed=typed)
    else:
        kind = _kind(path, source)
        if kind is not None:
            yield Spot(place, path, kind, typed=typed)


def _kind(path: tuple[str | int, ...], source: Any) -> Kind | None:
    name = next((str(part) for part in reversed(path) if not isinstance(part, int)), "")
    short, text = squeezed(name), str(source)
    if isinstance(source, Given | bool) or source is None or tells(name) or "png" in text or "account.password" in text:
        return None
    kinds: tuple[tuple[Kind, bool], ...] = (
        ("price", "listing.price" in text or PRICES.fullmatch(short) is not None),
        ("quantity", re.search(r"\{\{\s*quantity\b", text) is not None or QUANTITIES.fullmatch(short) is not None),
        ("size", SIZES.fullmatch(short) is not None),
        ("id", re.search(r"\.(?:id|slug|sku)\b", text) is not None or IDS.fullmatch(short) is not None),
        ("number", isinstance(source, int | float)),
        ("text", isinstance(source, str)),
    )
    return next((kind for kind, holds in kinds if holds), None)


def _with(source: Any, path: tuple[str | int, ...], value: object) -> Any:
    """A copy of the source with another value at a path."""
    if not path:
        return value
    head, *rest = path
    if isinstance(source, Mapping):
        if value is LEFT_OUT and not rest:
            return {name: inner for name, inner in source.items() if name != head}
        return {**source, str(head): _with(source.get(head), tuple(rest), value)}
    return [
        _with(inner, tuple(rest), value) if number == head else inner
        for number, inner in enumerate(source)
        if not (number == head and not rest and value is LEFT_OUT)
    ]
