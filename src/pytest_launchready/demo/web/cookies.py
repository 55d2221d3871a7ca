"""Dialect two: REST under /cookie, with a session cookie, a CSRF token, and a checkout of four calls."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_launchready.demo.market import accounts, orders
from pytest_launchready.demo.market.accounts import Session
from pytest_launchready.demo.market.base import Person
from pytest_launchready.demo.web.http import address_of, answer, nothing
from pytest_launchready.demo.web.resources import ROWS
from pytest_launchready.demo.web.rows import Visit, personal, public, routes
from pytest_launchready.demo.web.sessions import CSRF_COOKIE, SESSION_COOKIE, by_cookie

PREFIX = "/cookie"


async def _login(visit: Visit) -> object:
    session = await accounts.login(visit.market, visit.data, "cookie", address_of(visit.request))
    response = answer({"user": session.account, "expires_in": int(session.seconds)})
    _give(response, visit.request, session)
    return response


async def _logout(visit: Visit, person: Person) -> object:
    await accounts.logout(visit.market, person)
    return _without_cookies()


async def _delete_me(visit: Visit, person: Person) -> object:
    await accounts.delete_me(visit.market, person)
    return _without_cookies()


def _give(response: Response, request: Request, session: Session) -> None:
    secure, seconds = request.url.scheme == "https", int(session.seconds)
    # Scripts of our pages must read the CSRF token; no script may read the session.
    for name, value, hidden in ((SESSION_COOKIE, session.token, True), (CSRF_COOKIE, session.csrf, False)):
        response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=hidden, samesite="lax")


def _without_cookies() -> Response:
    response = nothing()
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    response.delete_cookie(CSRF_COOKIE, path="/", samesite="lax")
    return response


def cookie_routes() -> list[Route]:
    """Every route of the dialect."""
    own = (
        public("POST /login", _login, status=200),
        personal("POST /logout", _logout, body=False),
        personal("DELETE /me", _delete_me),
        personal("PUT /checkout/address", lambda v, p: orders.set_address(v.market, p, v.data)),
        personal("PUT /checkout/payment", lambda v, p: orders.prepare_payment(v.market, p, v.data)),
        personal("POST /orders", lambda v, p: orders.place_order(v.market, p, v.data, v.key)),
    )
    return routes(PREFIX, (*ROWS, *own), by_cookie)
