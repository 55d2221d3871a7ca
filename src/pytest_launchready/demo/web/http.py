"""What the dialects share: reading bodies, answering with JSON and with problems."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response

from pytest_launchready.demo.market.base import Market
from pytest_launchready.demo.market.problems import Problem

Handler = Callable[[Request], Awaitable[Response]]
LARGEST_JSON = 256 * 1024
"""Bytes."""
PRIVATE = {"Cache-Control": "no-store"}


def market_of(request: Request) -> Market:
    """The marketplace that this server runs."""
    market: Market = request.app.state.market
    return market


def address_of(request: Request) -> str:
    """The address that a request came from. Forwarding headers are not trusted: anybody can write them."""
    market = market_of(request)
    if market.broken("limit-forwarded") and "x-forwarded-for" in request.headers:
        return request.headers["x-forwarded-for"]
    address = request.client.host if request.client else "unknown"
    return f"{address} {request.url}" if market.broken("limit-by-url") else address


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody may keep."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, {**PRIVATE, **(headers or {})}, media_type="application/json")


def nothing() -> Response:
    """An answer that says no more than that it was done."""
    return Response(status_code=204, headers=PRIVATE)


def refusal(problem: Problem) -> Response:
    """A problem as RFC 9457 has it."""
    return Response(
        json.dumps(problem.body(), ensure_ascii=False).encode("utf-8", "replace"),
        problem.status,
        {**PRIVATE, **problem.headers},
        media_type="application/problem+json",
    )


async def read(request: Request, most: int) -> bytes:
    """The body; raises Problem 413 as soon as it is too long, whatever Content-Length says."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Problem(413, "too_large", f"The request may have {most} bytes at most.")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_object(request: Request) -> dict[str, object]:
    """The JSON object that was sent; numbers with decimals arrive as Decimal, to the digit."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "not_json", "Send JSON, with Content-Type: application/json.")
    try:
        data: Any = json.loads(await read(request, LARGEST_JSON), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if market_of(request).broken("stack-trace"):
            raise
        raise Problem(400, "bad_json", "The body is not valid JSON.") from error
    if not isinstance(data, dict):
        raise Problem(400, "not_an_object", "The body must be a JSON object.")
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
