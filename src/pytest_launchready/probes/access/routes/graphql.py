"""Part `access.graphql`: what an endpoint tells about itself, and how much one request may ask of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.probes.access.routes.documents import described, introspected
from pytest_launchready.probes.access.routes.gathering import answered, gathered
from pytest_launchready.probes.access.routes.graph import read_graph, tells_schema
from pytest_launchready.probes.access.routes.graphql_tries import (
    DEPTH,
    answered_fields,
    gives_nothing,
    harmless,
    nested,
    ran,
    send,
    send_batch,
    trace_shown,
)
from pytest_launchready.probes.access.routes.route import Route
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.subject import Context, Subject

ALIASES: Final = 100
"""Times that one request asks for the same field; a page of a shop asks for a dozen at most."""
BATCH: Final = 25
"""Operations in one array."""
MOST_ROOTS: Final = 4
"""Fields that are tried to find one that gives nothing, so that what stands below it costs nothing."""
_SUGGESTS = re.compile(r"did you mean", re.IGNORECASE)
SWITCH_OFF: Final = "switch introspection and suggestions off where the endpoint is deployed"
LIMIT: Final = "limit aliases, operations per request and depth, or price each query before it is run"
NO_DEBUG: Final = "switch debug mode off; send messages without stack traces"
PRICE: Final = "API4:2023, ASVS 5.0 4.3.1, WSTG-APIT-99"
INSIDE: Final = "API8:2023, ASVS 5.0 16.5.1, WSTG-ERRH-02"

Run = Callable[[Context], Awaitable[Verdict]]


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Four checks; not covered where the map names no endpoint."""

    def check(name: str, proves: str, remedy: str, reference: str, requests: int, run: Run) -> Check[Context]:
        absent = "access.graphql: the map names no GraphQL endpoint ([contract] graphql)"
        return Check(
            id=f"access.graphql.{name}",
            proves=proves,
            impact="trust-broken",
            remedy=remedy,
            run=careful(run),
            reference=reference,
            requests=requests,
            absent=None if subject.mapped.contract.graphql else absent,
        )

    schema, price, inside = "a visitor is not told the schema of a deployed endpoint", PRICE, INSIDE
    yield check("introspection", schema, SWITCH_OFF, "API8:2023, ASVS 5.0 4.3.2, WSTG-APIT-99", 2, _introspection)
    yield check("batching", "one request cannot ask for the same thing a hundred times", LIMIT, price, 3, _batching)
    yield check("depth", "one request cannot ask for lists inside lists without end", LIMIT, price, 2, _depth)
    yield check("errors", "errors tell no more than what was wrong with the request", NO_DEBUG, inside, 3, _errors)


async def _introspection(context: Context) -> Verdict:
    exchange = await introspected(context)
    if exchange.answer is None:
        return inconclusive("no-answer", f"introspection got {exchange.outcome}")
    graph = read_graph(exchange.answer.json)
    local = context.marketplace.map.target.kind == "local"
    if tells_schema(exchange.answer.json):
        fields = (
            f"{len(graph.queries)} queries and {len(graph.mutations)} mutations" if graph else "names of the schema"
        )
        said = f"introspection shows {fields} to visitors"
        if local:
            return passed(f"{said}: this target is local", notes=[f"{said}; switch it off where it is deployed"])
        return failed(
            _failure(SWITCH_OFF, "a visitor is told the whole schema", "introspection is refused", said, exchange)
        )
    wrong = await send(context, "{ lauchreadyy listingz uzer serch producs ordrs mee verzion }")
    if wrong.answer is not None and _SUGGESTS.search(wrong.answer.text):
        said = "introspection is off, but errors suggest the names of fields"
        if local:
            return passed(f"{said}: this target is local", notes=[said])
        return failed(
            _failure(SWITCH_OFF, "a visitor is told names of the schema", "errors without suggestions", said, wrong)
        )
    return passed(f"introspection is refused to visitors: {exchange.line}", "errors suggest no names")


async def _batching(context: Context) -> Verdict:
    found = await described(context)
    field = harmless(found.graph)
    control = await send(context, f"{{ a0: {field} }}")
    if len(answered_fields(control)) != 1:
        return inconclusive("control", f"a query for {field} does not work for visitors: {control.line}")
    aliases = " ".join(f"a{number}: {field}" for number in range(ALIASES))
    attack = await send(context, f"{{ {aliases} }}")
    if len(answered_fields(attack)) == ALIASES:
        said = f"{ALIASES} aliases of {field} in one request, and all were answered"
        return failed(_failure(LIMIT, "aliases are not limited", "a refusal", said, attack, control), code="aliases")
    batch = await send_batch(context, [f"{{ a{number}: {field} }}" for number in range(BATCH)])
    document = batch.answer.json if batch.answer is not None else None
    answered = (
        [one for one in document if isinstance(one, dict) and one.get("data")] if isinstance(document, list) else []
    )
    if len(answered) == BATCH:
        said = f"{BATCH} operations in one request, and all were answered"
        return failed(
            _failure(LIMIT, "arrays of operations are not limited", "a refusal", said, batch, control), code="batch"
        )
    return passed(f"{ALIASES} aliases are refused: {attack.line}", f"{BATCH} operations in an array: {batch.line}")


async def _depth(context: Context) -> Verdict:
    graph = (await described(context)).graph
    if graph is None:
        raise NotCovered(
            "not covered: access.graphql.depth: without introspection no field is known that can be nested"
        )
    seen = []
    for root, way in list(graph.circles())[:MOST_ROOTS]:
        values, flat, deep = nested(root, way)
        control = await send(context, flat, values)
        seen.append(control.line)
        if control.answer is None or not ran(control.answer) or not gives_nothing(control.answer):
            continue
        attack = await send(context, deep, values)
        if attack.answer is None or not ran(attack.answer):
            return passed(f"{DEPTH} levels of {root.name} are refused: {attack.line}", f"flat: {control.line}")
        said = f"{DEPTH} levels of {' → '.join([root.name, *(one.name for one in way)])} were run"
        return failed(
            _failure(LIMIT, "the depth of queries is not limited", "a refusal before it is run", said, attack, control)
        )
    if seen:
        raise NotCovered(
            "not covered: access.graphql.depth: every field that can be nested gives data or is refused, and a deep "
            "query of data may bring the target down"
        )
    return passed("no list of the schema leads back to the type it is in, so nothing nests without end")


async def _errors(context: Context) -> Verdict:
    field = harmless((await described(context)).graph)
    tries = {
        "a query that breaks off": ("{ ", None),
        "a field that does not exist": ("{ launchreadyNoSuchField }", None),
        "a variable of a wrong type": (f"query ($n: Int!) {{ {field} @include(if: $n) }}", {"n": "x"}),
    }
    seen = []
    for route in await _graphql_routes(context):
        answer = (await answered(context, route, "anonymous")).answer
        trace = trace_shown(answer) if answer is not None else None
        if trace is not None:
            exchange = await answered(context, route, "anonymous")
            said = f"{route.name} as a visitor is answered with {trace}"
            return failed(_failure(NO_DEBUG, "errors show stack traces", "a message only", said, exchange))
    for what, (text, variables) in tries.items():
        exchange = await send(context, text, variables)
        answer = exchange.answer
        if answer is None:
            continue
        seen.append(f"{what}: {exchange.line}")
        trace = trace_shown(answer)
        if trace is not None:
            return failed(
                _failure(
                    NO_DEBUG, "errors show stack traces", "a message only", f"{what} is answered with {trace}", exchange
                )
            )
    if not seen:
        return inconclusive("no-answer", "no broken query was answered")
    return passed(*seen)


async def _graphql_routes(context: Context) -> list[Route]:
    """A few that are run, and then refused to visitors."""
    routes = (await gathered(context)).routes
    return [one for one in routes if not one.open and one.request.body and one.request.body.kind == "graphql"][:3]


def _failure(
    change: str, title: str, expected: str, got: str, attack: Exchange, control: Exchange | None = None
) -> Failure:
    return Failure(title, expected, got, change, exchange=attack, control=control)
