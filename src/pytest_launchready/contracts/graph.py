"""Answers of a GraphQL endpoint against its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.contracts.bodies import body_of
from pytest_launchready.contracts.deviations import Deviation, deviation_of, unknown
from pytest_launchready.contracts.engines import Compiled, EngineName, compile_bundled
from pytest_launchready.contracts.media import is_json
from pytest_launchready.contracts.selections import selected
from pytest_launchready.contracts.unknown import Shape, shape_of, unknown_fields
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange

if TYPE_CHECKING:
    from graphql import GraphQLSchema

MOST: Final = 512
"""Documents that are kept compiled."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A GraphQL request."""

    query: str
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer has to look like, or why its document cannot be judged by."""

    compiled: Compiled | None
    shape: Shape
    wrong: str | None = None


def introspection_query() -> str:
    """The question for the whole schema."""
    from graphql import get_introspection_query

    return get_introspection_query(descriptions=False)


def schema_of(text_or_data: str | Mapping[str, Any]) -> GraphQLSchema:
    """A schema, from its own language or from the answer to `introspection_query`; raises UseError for neither."""
    from graphql import GraphQLError, build_client_schema, build_schema

    try:
        if isinstance(text_or_data, str):
            return build_schema(text_or_data, assume_valid_sdl=True)
        return build_client_schema(dict(text_or_data))  # type: ignore[arg-type]
    except (GraphQLError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise UseError(f"the GraphQL schema cannot be read: {error}") from None


def asked(exchange: Exchange) -> Asked | None:
    """The GraphQL request of an exchange; None where it is none."""
    try:
        body = json.loads(exchange.request_body)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return None
    name = body.get("operationName")
    return Asked(body["query"], name if isinstance(name, str) and name else None)


class Graph:
    """A schema that judges answers."""

    def __init__(self, schema: GraphQLSchema, *, engine: EngineName | None = None) -> None:
        self._schema = schema
        self._engine = engine
        self._known: dict[tuple[Asked, bool], Wanted] = {}

    def judge(self, exchange: Exchange) -> list[Deviation]:
        """How the answer of an exchange differs from the schema; nothing where it is no GraphQL request."""
        request = asked(exchange)
        return list(self.judge_answer(request, exchange.answer)) if request and exchange.answer else []

    def judge_answer(self, request: Asked, answer: Answer) -> Iterator[Deviation]:
        """The same, for a request that is known."""
        said = answer.header("content-type")
        if not said or not is_json(said):
            yield Deviation("content type", f"status {answer.status}", "JSON", said or "no Content-Type")
        value, flaw = body_of(answer)
        if value is None:
            if answer.status < 300:  # what else a gateway says is no answer of the endpoint's
                yield Deviation("no JSON", f"status {answer.status}", "a body of JSON", flaw or "no body")
            return
        yield from self.judge_value(request, value)

    def judge_value(self, request: Asked, value: Any) -> Iterator[Deviation]:
        """How a whole answer differs from what its document selects."""
        failed = isinstance(value, dict) and bool(value.get("errors"))
        wanted = self._wanted(request, failed=failed)
        if wanted.wrong is not None and not failed:
            yield Deviation("undocumented operation", "the query", "a query that the schema allows", wanted.wrong)
        faults = wanted.compiled.faults(value) if wanted.compiled else []
        if faults:
            yield deviation_of(faults)
        places = unknown_fields(wanted.shape, value)
        if places:
            yield unknown(places)

    def _wanted(self, request: Asked, *, failed: bool) -> Wanted:
        key = (request, failed)
        if key not in self._known:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = self._read(request, failed=failed)
        return self._known[key]

    def _read(self, request: Asked, *, failed: bool) -> Wanted:
        from graphql import GraphQLError, parse, validate

        try:
            document = parse(request.query)
            errors = validate(self._schema, document, max_errors=1)
        except (GraphQLError, RecursionError) as error:
            return Wanted(None, shape_of({}), str(error))
        schema = None if errors else selected(self._schema, document, request.operation, failed=failed)
        if schema is None:
            return Wanted(None, shape_of({}), errors[0].message if errors else "no operation of that name")
        return Wanted(compile_bundled(schema, engine=self._engine), shape_of(schema))
