"""What a test holds against which promise: the many ways to name either, brought to one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from pytest_launchready.contracts.bodies import body_of
from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.deviations import Deviation, deviation_of
from pytest_launchready.contracts.engines import compile_schema
from pytest_launchready.contracts.graph import Asked, asked
from pytest_launchready.contracts.operations import Operation
from pytest_launchready.contracts.references import ENDINGS, read_schema
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.flows.objects import Thing
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.probes.contract import sources
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.transport import EXCHANGE, answer_of

_LINE: Final = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) +(\S+)")


Schema = Mapping[str, Any] | bool | str | Path
"""A JSON Schema, the path of one, a step's name, or an operation."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of holding one thing against a promise."""

    subject: str
    """What was judged, in words."""
    promised: str
    """What it was held against, in words."""
    deviations: list[Deviation] = field(repr=False)
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What is judged: a value, and the answer that it came in, if it is one."""

    value: Any = field(repr=False)
    """Of a response nothing: its body is read where it is judged."""
    said: str
    answer: Answer | None = None
    exchange: Exchange | None = None
    items: bool = False
    """Whether it is what a list step gave: the items, and not the answer."""


class Promises:
    """Finds what a test means."""

    def __init__(self, context: Context, root: Path) -> None:
        self._context = context
        self._map = context.marketplace.map
        self._root = root

    async def judge(self, given: Any, schema: Schema) -> Judged:
        """How a response, an object or a value differs from what a schema, a step or an operation promises."""
        subject = held(given)
        try:
            if isinstance(schema, str):
                return await self._named(subject, schema)
            path = self._found(schema) if isinstance(schema, Path) else None
            if path is not None:
                return await self._by_file(subject, path)
        except sources.Unobtainable as error:
            raise Inconclusive(f"{subject.said} could not be judged: {error}", code="no-description") from None
        if isinstance(schema, Path):
            raise UseError(f"there is no schema {schema}")
        return await self._by_schema(
            subject, dict(schema) if isinstance(schema, Mapping) else schema, None, "the schema"
        )

    async def _named(self, subject: Held, name: str) -> Judged:
        line = _LINE.fullmatch(name.strip())
        if line is not None:
            document = await sources.described(self._context)
            return self._by_operation(subject, document, _operation(document, line[1], line[2]))
        if name in self._map.steps:
            return await self._by_step(subject, self._context.marketplace.company.stage.step(name))
        path = self._found(Path(name))
        if path is not None:
            return await self._by_file(subject, path)
        raise UseError(
            f"{name!r} is no schema.{did_you_mean(name, self._map.steps)} Allowed: a table, a file, a step of "
            f'{self._map.source}, or an operation, as "GET /listings/{{id}}"'
        )

    async def _by_step(self, subject: Held, step: Step) -> Judged:
        path = sources.file_of(self._map.contract, step.name)
        if path is not None:
            return await self._by_file(subject, path)
        requests = [part for part in step.parts if isinstance(part, Request)]
        if not requests:
            raise UseError(f"step {step.name!r} sends no request of its own: name a schema")
        last = requests[-1]
        query = _query(last)
        if query is not None:
            graph = await sources.graph(self._context)
            if subject.answer is not None:
                own = asked(subject.exchange) if subject.exchange else None  # a test may ask for more than the step
                found = list(graph.judge_answer(own or query, subject.answer))
            elif subject.items:
                raise UseError(f"a list that {step.name} gave is no whole answer: give a response, or one object")
            else:
                found = list(graph.judge_value(query, subject.value))
            return Judged(subject.said, "the GraphQL schema", found, subject.exchange)
        document = await sources.described(self._context)
        target = re.sub(r"\{\{.*?\}\}", "x", str(last.target.source))
        return self._by_operation(subject, document, _operation(document, last.method, target), _items(last))

    def _by_operation(
        self, subject: Held, document: Described, operation: Operation, items: tuple[str, ...] | None = ()
    ) -> Judged:
        if subject.answer is not None:
            found = document.judge_answer(operation, subject.answer)
            if not found and subject.answer.text and not document.covers_answer(operation, subject.answer):
                raise _undescribed(operation)
        elif subject.items and items is None:
            raise UseError(f"where the items of {operation.line} stand is not plain: give a response")
        else:
            way = items if subject.items and items else ()
            judged = document.judge_value(operation, subject.value, *way)
            if judged is None:
                raise _undescribed(operation)
            found = judged
        return Judged(subject.said, f"{operation.line} of the OpenAPI document", found, subject.exchange)

    async def _by_file(self, subject: Held, path: Path) -> Judged:
        return await self._by_schema(subject, read_schema(path), path, path.name)

    async def _by_schema(self, subject: Held, schema: Any, home: Path | None, said: str) -> Judged:
        value, flaw = (subject.value, None) if subject.answer is None else body_of(subject.answer)
        if flaw is not None:
            found = [Deviation("no JSON", subject.said, "a body of JSON", flaw)]
        else:
            known = await sources.registry(self._context)
            faults = compile_schema(schema, home=home, known=known).faults(value)
            found = [deviation_of(faults)] if faults else []
        return Judged(subject.said, said, found, subject.exchange)

    def _found(self, path: Path) -> Path | None:
        """A schema's file: in the folder of schemas, below the root, or from here."""
        folders = [Path(self._map.contract.schemas)] if self._map.contract.schemas else []
        names = [path, *(path.with_name(f"{path.name}{ending}") for ending in ENDINGS)]
        ways = [base / name for base in (*folders, self._root, Path.cwd()) for name in names]
        return next((way for way in ways if way.is_file()), None)


def held(given: Any) -> Held:
    """What is judged of whatever a test gives; raises UseError for what is no data."""
    if isinstance(given, httpx.Response):
        exchange = given.extensions.get(EXCHANGE)
        answer = exchange.answer if exchange is not None and exchange.answer is not None else answer_of(given)
        said = (
            f"{given.request.method} {given.request.url.path}"
            if exchange is None
            else f"{exchange.method} {exchange.path}"
        )
        return Held(None, said, answer, exchange)
    if isinstance(given, Thing):
        return Held(given.raw, f"{given.kind} {given.known().get('id', '')}".rstrip())
    if isinstance(given, list) and all(isinstance(one, Thing) for one in given):
        return Held([one.raw for one in given], f"a list of {len(given)}", items=True)
    try:
        json.dumps(given)
    except (TypeError, ValueError):
        raise UseError(
            f"{type(given).__name__} is no answer: give a response, an object of the marketplace, or plain data"
        ) from None
    return Held(given, "the value")


def _undescribed(operation: Operation) -> NotCovered:
    return NotCovered(f"not covered: the document describes no body of {operation.line}")


def _operation(document: Described, method: str, target: str) -> Operation:
    """An operation by a line of the document or of the map; raises UseError with the nearest."""
    operations = document.document.operations
    for one in operations:
        if one.method == method and target in {one.path, *(prefix + one.path for prefix in one.prefixes)}:
            return one
    found = document.operation(method, target)
    if found is None:
        lines = [one.line for one in operations]
        raise UseError(f"the document has no {method} {target}.{did_you_mean(f'{method} {target}', lines)}")
    return found


def _items(request: Request) -> tuple[str, ...] | None:
    """The names that lead to the items of a list; None where they are more than names."""
    if request.items is None:
        return ()
    text = request.items.text.strip().removesuffix("[]")
    if text == "@":
        return ()
    return tuple(text.split(".")) if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text) else None


def _query(request: Request) -> Asked | None:
    if request.body is None or request.body.kind != "graphql":
        return None
    return Asked(str(request.body.content.source["query"]))
