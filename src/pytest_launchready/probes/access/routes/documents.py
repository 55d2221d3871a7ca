"""Where routes come from beside the map: the OpenAPI document and the GraphQL schema, each asked for once a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pytest_launchready.contracts.openapi import read_openapi
from pytest_launchready.contracts.operations import Document
from pytest_launchready.contracts.texts import Unreadable
from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Request
from pytest_launchready.mapping.template import compile_target
from pytest_launchready.probes.access.routes.graph import (
    INTROSPECTION,
    SHALLOW,
    SHORTEST,
    Graph,
    read_graph,
    tells_schema,
)
from pytest_launchready.probes.access.routes.graph_routes import graphql_request
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.subject import Context

OPENAPI: Final = "openapi"
INTROSPECT: Final = "graphql.introspection"


@dataclass(frozen=True, slots=True)
class Described:
    """What describes the API, as far as it could be had."""

    document: Document | None = None
    graph: Graph | None = None
    notes: tuple[str, ...] = ()


async def described(context: Context) -> Described:
    """The document and the schema that the map names; what could not be had is a note."""

    async def find_out() -> Described:
        document, said = await _document(context)
        graph, also = await _graph(context)
        return Described(document, graph, tuple(note for note in (said, also) if note))

    return await context.notebook.once(("access", "described"), find_out)


async def visitor(context: Context) -> Person:
    """Somebody without an account whom nobody else uses, so that no earlier session can have stuck to them."""

    async def new() -> Person:
        return await context.marketplace.company.add("anonymous")

    return await context.notebook.once(("access", "visitor"), new)


async def introspected(context: Context) -> Exchange:
    """The answer to introspection without credentials; asked once."""

    async def find_out() -> Exchange:
        return await _introspect(context, await visitor(context), "anonymous")

    return await context.notebook.once(("access", INTROSPECT), find_out)


async def _document(context: Context) -> tuple[Document | None, str]:
    where = context.marketplace.map.contract.openapi
    if where is None:
        return None, ""
    text = _file(where)
    if text is not None:
        try:
            return read_openapi(text), ""
        except Unreadable as error:
            return None, f"{where} could not be used: {error}"
    why = ""
    for who in ("anonymous", "buyer", "admin"):
        try:
            person = await (visitor(context) if who == "anonymous" else context.marketplace.company.find(who))
            request = Request("GET", compile_target(where), safe=True)
            exchange = await ask(context.marketplace.company.stage, OPENAPI, request, Caller(who, person), {})
        except (LaunchreadyError, StepFailure) as error:
            why = why or str(error).partition("\n")[0]
            continue
        if exchange.answer is None or exchange.answer.status >= 400:
            why = exchange.outcome
            continue
        try:
            return read_openapi(exchange.answer.text), ""
        except Unreadable as error:
            why = str(error)
    return None, f"{urlsplit(where).path or where} could not be used: {why}"


def _file(where: str) -> str | None:
    """What a file says; None for an address, which the map may also write as a path."""
    path = Path(where)
    try:
        return None if "://" in where or not path.is_file() else path.read_text("utf-8", "replace")
    except OSError:
        return None


async def _graph(context: Context) -> tuple[Graph | None, str]:
    if context.marketplace.map.contract.graphql is None:
        return None, ""
    exchange = await introspected(context)
    graph = read_graph(exchange.answer.json if exchange.answer else None)
    if graph is not None:
        return graph, ""
    try:
        person = await context.marketplace.company.find("buyer")
        exchange = await _introspect(context, person, "buyer")
    except (LaunchreadyError, StepFailure):
        return None, "introspection is off for visitors, and nobody else could ask"
    graph = read_graph(exchange.answer.json if exchange.answer else None)
    return graph, "" if graph else f"introspection gives no schema ({exchange.outcome}): only mapped steps were tried"


async def _introspect(context: Context, person: Person, who: str) -> Exchange:
    """The answer to the longest question that the endpoint takes."""
    exchange = None
    for text in (INTROSPECTION, SHALLOW, SHORTEST):
        request = graphql_request(context.marketplace.map, text)
        exchange = await ask(context.marketplace.company.stage, INTROSPECT, request, Caller(who, person), {})
        if exchange.answer is None or tells_schema(exchange.answer.json):
            break
    assert exchange is not None
    return exchange
