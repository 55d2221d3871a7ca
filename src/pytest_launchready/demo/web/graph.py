"""Dialect three: GraphQL at POST /graphql, with the bearer tokens of `login`.

Refusals are errors with `extensions.code`, and the status is 200 as soon as the document was run.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
    validate,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_launchready.demo.faults.limits import OncePerRequest
from pytest_launchready.demo.market.problems import Problem
from pytest_launchready.demo.web.graph_limits import MOST_BATCHED, too_much
from pytest_launchready.demo.web.http import address_of, answer, market_of, read_object
from pytest_launchready.demo.web.resolvers import MUTATIONS, QUERIES, Caller, Resolver, listings_of
from pytest_launchready.demo.web.sessions import bearer_or_none

MOST_TOKENS = 2000
"""A document's length at most: enough for introspection, too little to make the server sweat."""
CODES = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND", 422: "BAD_USER_INPUT", 429: "RATE_LIMITED"}
DOCUMENTS = 256
"""Documents kept parsed and checked: clients send the same few again and again."""
logger = logging.getLogger(__name__)


def graph_routes() -> list[Route]:
    """The one route of the dialect."""
    schema = _schema()

    @lru_cache(maxsize=DOCUMENTS)
    def read_document(query: str) -> DocumentNode | Response:
        try:
            document = parse(query, max_tokens=MOST_TOKENS)
            errors = validate(schema, document)
        except RecursionError:
            return _failed("GRAPHQL_PARSE_FAILED", [GraphQLError("The document is nested too deeply.")])
        except GraphQLError as error:
            return _failed("GRAPHQL_PARSE_FAILED", [error])
        return _failed("GRAPHQL_VALIDATION_FAILED", errors) if errors else document

    async def endpoint(request: Request) -> Response:
        market = market_of(request)
        if market.broken("limit-by-request"):
            limiter: Any = OncePerRequest(market.limiter)
            market = replace(market, limiter=limiter)
        caller = Caller(market, await bearer_or_none(request), address_of(request))
        if market.broken("graphql-batching") and (await request.body()).lstrip()[:1] == b"[":
            documents = json.loads(await request.body())[:MOST_BATCHED]
            answers = [await _run(schema, read_document, caller, data) for data in documents]
            return answer([json.loads(bytes(one.body)) for one in answers])
        data = await read_object(request)
        return await _run(schema, read_document, caller, data)

    return [Route("/graphql", endpoint, methods=["POST"])]


async def _run(
    schema: GraphQLSchema, read_document: Callable[[str], DocumentNode | Response], caller: Caller, data: dict[str, Any]
) -> Response:
    query, variables, name = data.get("query"), data.get("variables") or {}, data.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict) or not isinstance(name, str | None):
        raise Problem(400, "bad_request", "Send query as text, variables as an object, operationName as text.")
    document = read_document(query)
    if not isinstance(document, DocumentNode):
        return _with_trace(document) if caller.market.broken("graphql-stack-traces") else document
    if (error := too_much(caller.market, document)) is not None:
        return _failed("GRAPHQL_TOO_COMPLEX", [error])
    result = execute(schema, document, context_value=caller, variable_values=variables, operation_name=name)
    return _answer(result if isinstance(result, ExecutionResult) else await result)


def _answer(result: ExecutionResult) -> Response:
    body: dict[str, object] = {"data": result.data}
    headers: dict[str, str] = {}
    if result.errors:
        body["errors"] = [_formatted(error) for error in result.errors]
        for error in result.errors:
            if isinstance(error.original_error, Problem):
                headers |= {
                    name: value for name, value in error.original_error.headers.items() if name == "Retry-After"
                }
    return answer(body, 200, headers)


def _failed(code: str, errors: list[GraphQLError]) -> Response:
    """What was wrong with a document that could not be run; a bounded number of complaints."""
    return answer({"errors": [{**error.formatted, "extensions": {"code": code}} for error in errors[:10]]}, 400)


def _with_trace(refused: Response) -> Response:
    """The refusal with where in the code it arose, as frameworks say it in debug mode."""
    body = json.loads(bytes(refused.body))
    frames = [f'File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in traceback.extract_stack()]
    for error in body["errors"]:
        error["extensions"]["exception"] = {"stacktrace": ["Traceback (most recent call last):", *frames[-3:]]}
    return answer(body, refused.status_code)


def _formatted(error: GraphQLError) -> dict[str, Any]:
    original = error.original_error
    if isinstance(original, Problem):
        extensions: dict[str, Any] = {
            "code": CODES.get(original.status, original.code.upper()),
            "reason": original.code,
        }
        extensions["status"] = original.status
        if original.fields:
            extensions["errors"] = [{"field": field, "message": message} for field, message in original.fields]
        if original.retry_after is not None:
            extensions["retryAfter"] = original.retry_after
        return {**error.formatted, "message": original.detail, "extensions": extensions}
    if original is None or isinstance(original, GraphQLError):
        return {**error.formatted, "extensions": {"code": "BAD_USER_INPUT"}}
    logger.error("a resolver failed", exc_info=original)
    return {**error.formatted, "message": "Internal server error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}


def _schema() -> GraphQLSchema:
    schema = build_schema(files(__package__).joinpath("schema.graphql").read_text("utf-8"))
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            for name, field in kind.fields.items():
                field.out_name = _snake(name)
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                field.resolve = _from_view
                for name, argument in field.args.items():
                    argument.out_name = _snake(name)
    seller = schema.type_map["PublicPerson"]
    assert isinstance(seller, GraphQLObjectType)
    seller.fields["listings"].resolve = listings_of
    for root, table in ((schema.query_type, QUERIES), (schema.mutation_type, MUTATIONS)):
        assert root is not None
        for name, resolver in table.items():
            root.fields[name].resolve = _resolve(resolver)
    return schema


def _resolve(resolver: Resolver) -> Any:
    async def resolve(_root: object, info: GraphQLResolveInfo[Any], **data: Any) -> object:
        made = await resolver(info.context, data)
        return True if made is None else made

    return resolve


def _from_view(view: dict[str, Any], info: GraphQLResolveInfo[Any], **_arguments: object) -> object:
    return view.get(_snake(info.field_name))


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
