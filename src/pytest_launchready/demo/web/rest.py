"""Dialect one: REST under /api, with bearer tokens and a checkout of one call."""

from __future__ import annotations

from starlette.routing import Route

from pytest_launchready.demo.market import accounts, orders
from pytest_launchready.demo.web.http import address_of
from pytest_launchready.demo.web.resources import ROWS
from pytest_launchready.demo.web.rows import Visit, personal, public, routes
from pytest_launchready.demo.web.sessions import by_bearer

PREFIX = "/api"


async def _login(visit: Visit) -> object:
    session = await accounts.login(visit.market, visit.data, "bearer", address_of(visit.request))
    return {
        "access_token": session.token,
        "token_type": "Bearer",
        "expires_in": int(session.seconds),
        "user": session.account,
    }


def rest_routes() -> list[Route]:
    """Every route of the dialect."""
    own = (
        public("POST /login", _login, status=200),
        personal("POST /logout", lambda v, p: accounts.logout(v.market, p), body=False, status=204),
        personal("DELETE /me", lambda v, p: accounts.delete_me(v.market, p)),
        personal("POST /orders", lambda v, p: orders.checkout(v.market, p, v.data, v.key)),
    )
    return routes(PREFIX, (*ROWS, *own), by_bearer)
