"""How a request shows who sends it: a bearer token, or a cookie with its CSRF token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request

from pytest_launchready.demo.market.accounts import identify
from pytest_launchready.demo.market.base import Person
from pytest_launchready.demo.market.problems import Problem, unauthenticated
from pytest_launchready.demo.web.http import market_of

SESSION_COOKIE, CSRF_COOKIE, CSRF_HEADER = "session", "csrf_token", "X-CSRF-Token"
Identify = Callable[[Request], Awaitable[Person]]
NOBODY = Person(id="", email="", name="", role="", session="", csrf="")
"""Who is let in where a defect leaves the door open."""
UNGUARDED: Mapping[str, str] = {
    "GET /orders/{id}": "order-unguarded",
    "order": "order-unguarded",
    "GET /orders": "orders-unguarded",
    "orders": "orders-unguarded",
    "GET /sales": "sales-unguarded",
    "sales": "sales-unguarded",
    "GET /admin/orders": "admin-orders-unguarded",
    "allOrders": "admin-orders-unguarded",
    "PATCH /messages/{id:int}": "message-unguarded",
    "updateMessage": "message-unguarded",
}
"""Route or field → the defect by which nobody needs a session for it."""


async def whoever(request: Request, identify: Identify, line: str) -> Person:
    """Who sends a request; raises Problem where nobody is logged in."""
    try:
        return await identify(request)
    except Problem:
        if market_of(request).broken(UNGUARDED.get(line, "")):
            return NOBODY
        raise


async def by_bearer(request: Request) -> Person:
    """Whoever the Authorization header names; raises Problem 401."""
    person = await bearer_or_none(request)
    if person is None:
        raise unauthenticated()
    return person


async def bearer_or_none(request: Request) -> Person | None:
    """Whoever the Authorization header names, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if market_of(request).broken("token-in-query") and not token:
        scheme, token = "bearer", request.query_params.get("access_token", "")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await identify(market_of(request), token.strip(), "bearer")


async def by_cookie(request: Request) -> Person:
    """Whoever the session cookie names; raises Problem 401, or 403 for an unsafe call without its CSRF token."""
    token = request.cookies.get(SESSION_COOKIE, "")
    person = await identify(market_of(request), token, "cookie") if token else None
    if person is None:
        raise unauthenticated()
    sent = request.headers.get(CSRF_HEADER, "")
    if request.method not in {"GET", "HEAD"} and not hmac.compare_digest(sent.encode(), person.csrf.encode()):
        raise Problem(403, "csrf", f"Copy the {CSRF_COOKIE} cookie into the {CSRF_HEADER} header.")
    return person
