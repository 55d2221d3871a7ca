"""Contracts: a description of 1 MB, an answer of 10,000 rows, and what judging every small exchange costs.

Run by hand: `python benchmarks/contract.py`. CPU time, so that neighbours do not count; the reading and the first
judging as they come, small exchanges as the best of some rounds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.openapi import read_openapi
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange

ROWS = 10_000
CALLS = 2000
SIZE = 1_000_000
"""Bytes of the description."""
FIELDS = {
    "id": {"type": "integer"},
    "title": {"type": "string", "maxLength": 120},
    "price": {"type": "number", "minimum": 0},
    "currency": {"type": "string", "enum": ["EUR", "USD"]},
    "stock": {"type": "integer", "nullable": True},
    "seller": {"$ref": "#/components/schemas/Seller"},
    "made": {"type": "string", "format": "date-time"},
    "tags": {"type": "array", "items": {"type": "string"}},
}
ROW = {
    "id": 1,
    "title": "Lamp",
    "price": 12.5,
    "currency": "EUR",
    "stock": None,
    "seller": {"id": "a", "name": "b"},
    "made": "2026-11-24T10:00:00Z",
    "tags": ["old", "brass"],
}


def description() -> str:
    """An OpenAPI document of that size: one list of listings among many operations."""
    listing = {"type": "object", "required": [*FIELDS], "properties": FIELDS}
    seller = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
    }
    schemas: dict[str, Any] = {"Listing": listing, "Seller": seller}
    paths: dict[str, Any] = {}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "large", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    size = 0
    while size < SIZE:
        number = len(paths)
        schemas[f"Thing{number}"] = {**listing, "description": "x" * 200}
        whole = {"type": "array", "items": {"$ref": f"#/components/schemas/Thing{number}"}}
        answer = {"200": {"description": "ok", "content": {"application/json": {"schema": whole}}}}
        name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[f"/things{number}/{{id}}"] = {"get": {"parameters": [name], "responses": answer}}
        size += len(json.dumps(schemas[f"Thing{number}"])) + len(json.dumps(paths[f"/things{number}/{{id}}"]))
    return json.dumps(document)


def exchange(rows: int) -> Exchange:
    """A list of so many rows, as it comes from the wire."""
    body = json.dumps([ROW] * rows)
    return Exchange(
        "GET", "https://x.example/things7/1", (), b"", 0.0, Answer(200, (("content-type", "application/json"),), body)
    )


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds of CPU."""
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1000


def main() -> None:
    """The table."""
    text = description()
    print(f"a description of {len(text) / 1e6:.2f} MB, an answer of {ROWS:,} rows")
    read = timed(lambda: read_openapi(text))
    document = read_openapi(text)
    for engine in ("jsonschema-rs", "jsonschema"):
        large = exchange(ROWS)
        parse = timed(lambda large=large: large.answer and large.answer.json)
        described = Described(document, engine=engine)  # type: ignore[arg-type]
        first = timed(lambda large=large, described=described: described.judge(large))
        assert described.judge(large) == []
        small = exchange(1)
        assert small.answer is not None
        _ = small.answer.json
        each = min(timed(lambda d=described, s=small: [d.judge(s) for _ in range(CALLS)]) / CALLS for _ in range(5))
        print(
            f"{engine:14} document read {read:7.1f} ms · answer read {parse:6.1f} ms · first judged {first:8.1f} ms "
            f"· each small exchange {each:.4f} ms"
        )


if __name__ == "__main__":
    main()
