"""Where promises are written: the OpenAPI document, the GraphQL schema, JSON Schemas by step; read once a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.graph import Graph, introspection_query, schema_of
from pytest_launchready.contracts.openapi import read_openapi
from pytest_launchready.contracts.operations import Document
from pytest_launchready.contracts.references import ENDINGS, schemas_by_id
from pytest_launchready.contracts.texts import Unreadable
from pytest_launchready.core.errors import LaunchreadyError, NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.flows.raw import send_raw
from pytest_launchready.mapping.records import Contract, Map
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.transport import exchange_of

if TYPE_CHECKING:
    from graphql import GraphQLSchema

READERS: Final = ("anonymous", "buyer", "admin")
"""Who asks for a description, one after the other until somebody gets it."""
SDL: Final = (".graphql", ".graphqls", ".gql")


class Unobtainable(Exception):  # noqa: N818 - a verdict on a description, in the words of messages
    """A description that could not be had or read; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.title}: {failure.got}")
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Source:
    """The document, and the exchange that it came by, if it was not a file."""

    document: Document
    where: str
    exchange: Exchange | None = None


async def source(context: Context) -> Source:
    """The OpenAPI document of the map; raises Unobtainable, NotCovered where the map names none."""
    return await context.notebook.once("contract.source", lambda: _source(context))


async def described(context: Context) -> Described:
    """The same, ready to judge answers."""

    async def make() -> Described:
        found = await source(context)
        return Described(found.document, base=urlsplit(context.marketplace.map.target.api).path)

    return await context.notebook.once("contract.described", make)


async def schema(context: Context) -> GraphQLSchema:
    """The GraphQL schema: a file of `schemas`, else by introspection; raises Unobtainable or NotCovered."""
    return await context.notebook.once("contract.schema", lambda: _schema(context))


async def graph(context: Context) -> Graph:
    """The same, ready to judge answers."""

    async def make() -> Graph:
        return Graph(await schema(context))

    return await context.notebook.once("contract.graph", make)


def file_of(contract: Contract, step: str) -> Path | None:
    """The JSON Schema of a step, if the team has written one."""
    folder = Path(contract.schemas) if contract.schemas else None
    paths = (folder / f"{step}{ending}" for ending in ENDINGS) if folder else ()
    return next((path for path in paths if path.is_file()), None)


async def registry(context: Context) -> dict[str, Any]:
    """The schemas of the team's folder that others may refer to by their ids."""

    async def find_out() -> dict[str, Any]:
        folder = context.marketplace.map.contract.schemas
        return schemas_by_id(Path(folder) if folder else None)

    return await context.notebook.once("contract.registry", find_out)


async def _source(context: Context) -> Source:
    where = context.marketplace.map.contract.openapi
    if where is None:
        raise NotCovered(
            f"not covered: {context.marketplace.map.source} names no OpenAPI document ([contract] openapi)"
        )
    text = _written_down(where)
    if text is not None:
        return Source(_read(text, where, None), where)
    exchange = await _fetched(context, where)
    assert exchange.answer is not None
    return Source(_read(exchange.answer.text, where, exchange), where, exchange)


def _written_down(where: str) -> str | None:
    """What a file says; None for an address, which the map may also write as a path."""
    path = Path(where)
    try:
        return path.read_text("utf-8", "replace") if "://" not in where and path.is_file() else None
    except OSError:
        return None


def _read(text: str, where: str, exchange: Exchange | None) -> Document:
    try:
        return read_openapi(text)
    except Unreadable as error:
        raise Unobtainable(
            Failure(
                title=f"the API description {where} cannot be read",
                expected="an OpenAPI document of JSON or YAML",
                got=str(error),
                change="correct the document, or [contract] openapi",
                exchange=exchange,
            )
        ) from None


async def _fetched(context: Context, where: str) -> Exchange:
    """The good answer to a request for a description, by whoever gets one."""
    first: Failure | None = None
    for who in READERS:
        try:
            person = await context.marketplace.company.find(who)
            exchange = exchange_of(await send_raw(context.marketplace.company.stage, person, "GET", where, {}))
        except StepFailure as error:
            first = first or error.failure
            continue
        except UseError as error:
            raise NotCovered(f"not covered: [contract] openapi: {error}") from None
        except LaunchreadyError:
            continue
        if exchange.answer is not None and exchange.answer.status < 300:
            return exchange
        first = first or _refused(where, exchange)
        if exchange.answer is None or exchange.answer.status not in {401, 403, 404}:
            break
    assert first is not None
    raise Unobtainable(first)


def _refused(where: str, exchange: Exchange) -> Failure:
    return Failure(
        title=f"the API description {where} is not served",
        expected="status 200",
        got=exchange.outcome,
        change="serve the document there, or correct [contract] openapi: a URL, a path, or a file",
        exchange=exchange,
    )


async def _schema(context: Context) -> GraphQLSchema:
    mapped = context.marketplace.map
    if mapped.contract.graphql is None:
        raise NotCovered(f"not covered: {mapped.source} names no GraphQL endpoint ([contract] graphql)")
    files = sorted(_written(mapped))
    if files:
        try:
            return schema_of("\n".join(path.read_text("utf-8") for path in files))
        except (OSError, UnicodeDecodeError, UseError) as error:
            names = ", ".join(path.name for path in files)
            raise Unobtainable(
                Failure(f"{names} is no GraphQL schema", "a schema", str(error), "correct the file")
            ) from None
    return schema_of(await _introspected(context, mapped.contract.graphql))


def _written(mapped: Map) -> Iterator[Path]:
    if mapped.contract.schemas:
        yield from (path for path in Path(mapped.contract.schemas).iterdir() if path.suffix in SDL)


async def _introspected(context: Context, endpoint: str) -> Any:
    said = ""
    for who in READERS:
        try:
            person = await context.marketplace.company.find(who)
            sent = {"json": {"query": introspection_query()}}
            exchange = exchange_of(await send_raw(context.marketplace.company.stage, person, "POST", endpoint, sent))
        except (StepFailure, LaunchreadyError) as error:
            said = said or str(error).partition("\n")[0]
            continue
        body = exchange.answer.json if exchange.answer else None
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, dict) and data.get("__schema"):
            return data
        said = said or exchange.outcome
    raise NotCovered(
        f"not covered: introspection gives no schema ({said}): put it into the folder of [contract] schemas, "
        "as schema.graphql"
    )
