"""The marketplace as a web application: all routes, and what every answer has."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pytest_launchready.demo.defects import faults
from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.accounts import add_admin
from pytest_launchready.demo.market.base import Market
from pytest_launchready.demo.market.limits import Limiter
from pytest_launchready.demo.market.mail import MailFolder
from pytest_launchready.demo.market.problems import Problem
from pytest_launchready.demo.market.store import Store
from pytest_launchready.demo.web.cookies import cookie_routes
from pytest_launchready.demo.web.graph import graph_routes
from pytest_launchready.demo.web.http import refusal
from pytest_launchready.demo.web.leftovers import leftover
from pytest_launchready.demo.web.pages import Pages, page_routes, problem_page
from pytest_launchready.demo.web.rest import rest_routes
from pytest_launchready.demo.web.system import system_routes

logger = logging.getLogger(__name__)
APIS = ("/api/", "/cookie/", "/graphql", "/_mail")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a marketplace is started with."""

    data_dir: Path
    admin_email: str
    admin_password: str
    build: str = "demo-1"
    defects: tuple[Defect, ...] = ()
    session_seconds: float = 3600.0
    mail_catcher: bool = True
    clock: Callable[[], float] = time.time

    @property
    def mail_dir(self) -> Path:
        """Where mail is written, one `.eml` file each."""
        return self.data_dir / "mail"


def make_app(setup: Setup) -> Starlette:
    """The application; its database is opened when the server starts."""
    pages = Pages()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        market = open_market(setup)
        await add_admin(market, setup.admin_email, setup.admin_password)
        app.state.market = market
        try:
            yield
        finally:
            market.store.close()

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_page(pages, setup.build, error) if _is_page(request) else refusal(error)

    async def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        left = leftover(request) if error.status_code == 404 else None
        if left is not None:
            return left
        details = {404: "There is nothing here.", 405: f"{request.method} is not possible here."}
        problem = Problem(error.status_code, f"http_{error.status_code}", details.get(error.status_code, error.detail))
        response = await refused(request, problem)
        response.headers.update(error.headers or {})
        return response

    async def crashed(request: Request) -> Response:
        if request.app.state.market.broken("stack-trace"):
            return Response(traceback.format_exc(), 500, media_type="text/plain")
        return await refused(request, Problem(500, "internal", "Something went wrong on our side."))

    return Starlette(
        routes=all_routes(pages, catch_mail=setup.mail_catcher),
        middleware=[Middleware(Outside, build=setup.build, crashed=crashed)],
        exception_handlers={Problem: refused, HTTPException: unrouted},
        lifespan=lifespan,
    )


def open_market(setup: Setup) -> Market:
    """A marketplace over the files of its folder."""
    return Market(
        store=Store(setup.data_dir / "market.sqlite3"),
        mail=MailFolder(setup.mail_dir),
        limiter=Limiter(setup.clock),
        clock=setup.clock,
        build=setup.build,
        session_seconds=setup.session_seconds,
        faults=faults(setup.defects),
        defects=frozenset(defect.name for defect in setup.defects),
    )


def all_routes(pages: Pages, *, catch_mail: bool) -> list[Route]:
    """Every route of the marketplace."""
    dialects: Iterable[list[Route]] = (rest_routes(), cookie_routes(), graph_routes())
    return [
        *page_routes(pages),
        *system_routes(catch_mail=catch_mail),
        *(route for routes in dialects for route in routes),
    ]


def _is_page(request: Request) -> bool:
    """Whether a person with a browser sees the answer; an API answers in JSON whoever asks."""
    return not request.url.path.startswith(APIS) and "text/html" in request.headers.get("accept", "text/html")


class Outside:
    """What every answer has, errors included: the build, the security headers, and no stack trace.

    A crash is answered here, inside the framework's own handler, which would also close the connection.
    """

    def __init__(self, app: ASGIApp, build: str, crashed: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._crashed = crashed
        self._headers = {
            "X-Build": build,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = False
        store = scope["app"].state.market.store if scope["type"] == "http" else None
        before = (store.statements, store.seconds) if store else (0, 0.0)

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if store is not None:
                    # Of two requests at once each tells some of the other's too: near enough, and it costs nothing.
                    queries, spent = store.statements - before[0], (store.seconds - before[1]) * 1000
                    headers["Server-Timing"] = f'db;dur={spent:.2f};desc="{queries} queries"'
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except ClientDisconnect:
            return
        except Exception:
            if started:
                raise
            logger.exception("%s %s failed", scope["method"], scope["path"])
            await (await self._crashed(Request(scope)))(scope, receive, stamped)
