"""What an answer is held against: for a step a JSON Schema of its own, the GraphQL schema, or the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pytest_launchready.contracts.bodies import body_of
from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.deviations import Deviation, deviation_of
from pytest_launchready.contracts.engines import compile_schema
from pytest_launchready.contracts.graph import Graph, asked
from pytest_launchready.contracts.references import read_schema
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.sending import graphql_path
from pytest_launchready.mapping.records import Map, Step
from pytest_launchready.probes.contract import sources
from pytest_launchready.probes.subject import Context


@dataclass(frozen=True, slots=True)
class Promise:
    """What judges the answers of a step."""

    said: str
    """What it is, in words."""
    judge: Callable[[Exchange], list[Deviation]] = field(repr=False)
    covers: Callable[[Exchange], bool] = field(repr=False)
    """Whether anything is described of the answer that it could break."""


def why_unpromised(mapped: Map, step: Step) -> str | None:
    """Why nothing is promised of a step's answers; None where something is."""
    contract = mapped.contract
    if contract.openapi or contract.graphql or sources.file_of(contract, step.name):
        return None
    return f"{mapped.source} names no description of the API ([contract] openapi, graphql or schemas)"


async def promise_of(context: Context, step: Step) -> Promise:
    """What judges a step's answers; raises NotCovered or Unobtainable."""
    mapped = context.marketplace.map
    path = sources.file_of(mapped.contract, step.name)
    if path is not None:
        compiled = compile_schema(read_schema(path), home=path, known=await sources.registry(context))

        def judge(exchange: Exchange) -> list[Deviation]:
            faults = compiled.faults(body_of(exchange.answer)[0]) if exchange.answer else []
            return [deviation_of(faults)] if faults else []

        return Promise(path.name, judge, lambda _: True)
    if any(part.body is not None and part.body.kind == "graphql" for part in step.parts if hasattr(part, "body")):
        found = await sources.graph(context)
        return Promise("the GraphQL schema", found.judge, lambda exchange: asked(exchange) is not None)
    if mapped.contract.openapi is None:
        raise NotCovered(f"not covered: {step.name}: {mapped.source} names no OpenAPI document ([contract] openapi)")
    document = await sources.described(context)
    return Promise("the OpenAPI document", document.judge, document.covers)


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges any exchange of a run, whoever sent it."""

    described: Described | None
    graph: Graph | None
    endpoint: str | None
    """The path of the GraphQL endpoint."""

    def judge(self, exchange: Exchange) -> list[Deviation]:
        """How its answer differs from what is promised; nothing where nothing is."""
        if self.endpoint is not None and urlsplit(exchange.url).path == self.endpoint:
            return self.graph.judge(exchange) if self.graph else []
        return self.described.judge(exchange) if self.described else []


async def judges(context: Context) -> Judges:
    """What judges the exchanges of this run; raises Unobtainable or NotCovered where a description cannot be had."""
    contract = context.marketplace.map.contract
    return Judges(
        await sources.described(context) if contract.openapi else None,
        await sources.graph(context) if contract.graphql else None,
        graphql_path(context.marketplace.map),
    )
