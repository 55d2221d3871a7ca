"""What may be kept by whom, and the defects of that."""

from __future__ import annotations

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pytest_launchready.demo.faults.latency import BYTES, HOPS
from pytest_launchready.demo.market.base import Market

KEPT = frozenset({"GET /listings/{id:int}"})
"""What a phone may keep, if it asks each time whether it has changed."""
CHECKED = "public, no-cache"


def cached(request: Request, market: Market, line: str, response: Response) -> Response:
    """The answer of a route, as caches are to treat it; 304 where the asker has it already."""
    if line == "GET /orders/{id}" and market.broken("private-cached"):
        response.headers["Cache-Control"] = "public, max-age=300"
    if line == "GET /listings" and market.broken("big-payload"):
        body = bytes(response.body) + b" " * BYTES
        return Response(body, response.status_code, {**_kept(response), "Content-Type": "application/json"})
    if line not in KEPT or market.broken("no-etag"):
        return response
    tag = f'"{sha256(response.body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": CHECKED}
    if tag in {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def detour(request: Request, market: Market, line: str) -> Response | None:
    """A redirect to the same place, of a chatty inbox that has sent its asker round too few corners."""
    if line != "GET /messages" or not market.broken("chatty-inbox"):
        return None
    hop = int(request.query_params.get("hop", "0"))
    if hop >= HOPS:
        return None
    return RedirectResponse(request.url.include_query_params(hop=hop + 1), status_code=307)


def _kept(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in {"content-length", "content-type"}}
