"""Many tries in one request: GraphQL's aliases, and lists of operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.records import Request
from pytest_launchready.probes.limits.climb import SURE, Climb
from pytest_launchready.probes.limits.recognise import shape
from pytest_launchready.probes.limits.trying import Trier

MOST: Final = 60
"""Tries in one request at most."""
_ALIAS: Final = re.compile(r"^\s*(?:\w+\s*:\s*)?(\w+)")


@dataclass(frozen=True, slots=True)
class Batched:
    """What came of a batch."""

    name: str
    opened: bool
    exchange: Exchange
    count: int


async def batch(found: Climb, other: Trier) -> Batched | None:
    """More tries in one request than the limit allows, on an account that is not limited; None where it cannot be.

    Open is a batch of which every try is answered like a plain one.
    """
    plan, body = found.trier.plan, found.trier.plan.tried.body
    if body is None or body.kind != "graphql" or plan.makes or found.through + SURE > MOST:
        return None
    first = await other.attempt()
    if first.answer is None or found.baseline.read(first).means != "plain":
        return None  # limited with the other account: by address, perhaps
    count = found.through + SURE
    result = None
    for name, bend, read in (
        ("many aliases in one request", _aliased(count), _plain_aliases),
        ("a list of operations in one request", lambda content: [content] * count, _plain_items),
    ):
        bent = _bent(plan.tried, bend)
        exchange = await other.attempt(bent)
        if exchange.answer is not None:
            let = read(exchange.answer, first.answer)
            result = Batched(name, let >= count, exchange, count)
            if result.opened:
                return result
    return result


def aliased(document: str, count: int) -> str | None:
    """The document with its one root field so many times, each by another name; None where it has not one."""
    start = _outside_brackets(document, "{")
    if start is None:
        return None
    inner = document[start + 1 : document.rstrip().rfind("}")].strip()
    found = _ALIAS.match(inner)
    if found is None or _field_end(inner, found.end()) != len(inner):
        return None
    field = found[1] + inner[found.end() :]
    return f"{document[:start]}{{ {' '.join(f'lr{number}: {field}' for number in range(count))} }}"


def _aliased(count: int) -> Callable[[Any], Any]:
    def bend(content: Any) -> Any:
        document = aliased(str(content["query"]), count)
        return content if document is None else {**content, "query": document}

    return bend


def _bent(request: Request, bend: Callable[[Any], Any]) -> Request:
    assert request.body is not None
    inner = request.body.content
    content = replace(inner, _render=lambda scope: bend(inner.render(scope)))
    return replace(request, body=replace(request.body, content=content))


def _outside_brackets(text: str, wanted: str) -> int | None:
    depth = 0
    for place, char in enumerate(text):
        if char == wanted and depth == 0:
            return place
        depth += (char == "(") - (char == ")")
    return None


def _field_end(text: str, start: int) -> int:
    """Where a field ends whose name ends at `start`: after its arguments and its selection."""
    place, depth = start, 0
    while place < len(text) and (depth or not (text[place].isalnum() or text[place] in "_@.")):
        depth += (text[place] in "({[") - (text[place] in ")}]")
        place += 1
    return place


def _plain_aliases(answer: Answer, plain: Answer) -> int:
    """How many aliases were answered as the one field of a plain answer was."""
    document, usual = answer.json, plain.json
    if not isinstance(document, Mapping) or not isinstance(usual, Mapping):
        return 0
    if usual.get("errors"):
        wanted = _complaint(usual["errors"][0])
        return sum(_complaint(one) == wanted for one in document.get("errors") or ())
    data = document.get("data")
    return (
        0 if document.get("errors") or not isinstance(data, Mapping) else sum(one is not None for one in data.values())
    )


def _plain_items(answer: Answer, plain: Answer) -> int:
    items = answer.json if isinstance(answer.json, list) else []
    usual = plain.json.get("errors") if isinstance(plain.json, Mapping) else None
    if usual:
        wanted = _complaint(usual[0])
        return sum(
            isinstance(one, Mapping) and bool(one.get("errors")) and _complaint(one["errors"][0]) == wanted
            for one in items
        )
    return sum(isinstance(one, Mapping) and not one.get("errors") and bool(one.get("data")) for one in items)


def _complaint(error: Any) -> tuple[int, str]:
    message = str(error.get("message", "")) if isinstance(error, Mapping) else str(error)
    return shape(Answer(0, (), message))
