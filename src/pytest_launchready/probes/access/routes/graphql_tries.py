"""Documents of GraphQL that try an endpoint, and what their answers show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.records import Body, Request
from pytest_launchready.mapping.template import Given, compile_target, compile_template
from pytest_launchready.probes.access.routes.documents import visitor
from pytest_launchready.probes.access.routes.graph import Field, Graph
from pytest_launchready.probes.access.routes.graph_routes import graphql_request
from pytest_launchready.probes.access.texts import is_empty
from pytest_launchready.probes.access.traces import trace_in
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.subject import Context

DEPTH: Final = 15
"""Levels of one query; servers that have a limit set it to ten or so."""
NEVER: Final = "launchready-never-existed"
FREE_TEXTS: Final = frozenset({"q", "query", "search", "text", "term", "keyword", "filter", "name", "title", "slug"})
"""Arguments by which a list is made to hold nothing."""
SHOWN: Final = 40
"""Characters of a stack trace that a message shows."""
_TRACE_NAMES = frozenset({"stacktrace", "stack", "trace", "traceback", "backtrace"})


def nested(root: Field, way: tuple[Field, ...]) -> tuple[dict[str, Any], str, str]:
    """Variables, a flat query that ends at the first list, and a deep one that goes round; both for what never was."""
    values: dict[str, Any] = {name: NEVER for name, kind in root.required.items() if kind.name in {"ID", "String"}}
    values |= dict.fromkeys((name for name, kind in root.required.items() if kind.name in {"Int", "Float"}), 0)
    values |= {name: NEVER for name in FREE_TEXTS & root.arguments.keys() if root.arguments[name].name == "String"}
    types = [root.kind.name, *(one.kind.name for one in way)]
    back = types.index(types[-1])
    deep = list(way)
    while len(deep) < DEPTH:
        deep += way[back:]
    first = 0 if root.kind.many else next(place + 1 for place, one in enumerate(way) if one.kind.many)
    declared = ", ".join(f"${name}: {root.arguments[name].written}" for name in values)
    given = ", ".join(f"{name}: ${name}" for name in values)
    head = f"query ({declared})" if values else "query"
    call = f"{root.name}({given})" if values else root.name

    def query(fields: Iterable[Field]) -> str:
        inner = "{ __typename }"
        for one in reversed(list(fields)):
            inner = f"{{ {one.name} {inner} }}"
        return f"{head} {{ {call} {inner} }}"

    return values, query(way[:first]), query(deep[:DEPTH])


def ran(answer: Answer) -> bool:
    """Whether a query was run: its answer has data, or errors that say in which field they arose."""
    document = answer.json
    if answer.status >= 500 or not isinstance(document, dict):
        return False
    errors = document.get("errors") or []
    if not isinstance(errors, list):
        return False
    return "data" in document and all(isinstance(one, dict) and one.get("path") for one in errors)


def gives_nothing(answer: Answer) -> bool:
    """Whether the data of an answer is null or an empty list."""
    document = answer.json
    return isinstance(document, dict) and is_empty(document.get("data"))


def trace_shown(answer: Answer) -> str | None:
    """What shows a stack trace in an answer, or None."""
    if any(str(name).casefold() in _TRACE_NAMES and value for name, value in _members(answer.json)):
        return "a stack trace under a name of its own"
    found = trace_in(answer)
    return f"{found[0]} ({found[1][:SHOWN]}…)" if found else None


def _members(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield name, value
            yield from _members(value)
    elif isinstance(document, list):
        for value in document:
            yield from _members(value)


def harmless(graph: Graph | None) -> str:
    """A field that visitors may ask for and that costs little."""
    for name in ("version", "shop", "health", "ping", "status", "info", "config"):
        field = graph.queries.get(name) if graph is not None else None
        if graph is None or field is None or field.required:
            continue
        inner = graph.selection(field.kind.name, 1)
        return f"{name} {inner}".strip()
    return "__typename"


def answered_fields(exchange: Exchange) -> list[Any]:
    """The values of the fields that were asked for, those left out that are null."""
    document = exchange.answer.json if exchange.answer is not None else None
    data = document.get("data") if isinstance(document, dict) else None
    return [value for value in data.values() if value is not None] if isinstance(data, dict) else []


async def send(context: Context, text: str, variables: dict[str, Any] | None = None) -> Exchange:
    """The answer to one document, as a visitor."""
    request = graphql_request(context.marketplace.map, text, variables)
    person = await visitor(context)
    return await ask(context.marketplace.company.stage, "graphql", request, Caller("anonymous", person), {})


async def send_batch(context: Context, texts: list[str]) -> Exchange:
    """The answer to several documents in one request, as a visitor."""
    endpoint = context.marketplace.map.contract.graphql
    assert endpoint is not None
    content = [{"query": Given(text, "graphql")} for text in texts]
    request = Request("POST", compile_target(endpoint), body=Body("json", compile_template(content)), safe=True)
    person = await visitor(context)
    return await ask(context.marketplace.company.stage, "graphql", request, Caller("anonymous", person), {})
