"""Routes for operators and developers: health, readiness, version, API description, caught mail."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_launchready.demo.faults.contract import described
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.web.http import answer, market_of


async def _health(_request: Request) -> Response:
    return answer({"status": "ok"})


async def _ready(request: Request) -> Response:
    market_of(request).store.one("SELECT 1 FROM users LIMIT 1")
    return answer({"status": "ready", "checks": {"database": "ok"}})


async def _version(request: Request) -> Response:
    return answer({"name": "launchready-demo", "build": market_of(request).build})


async def _openapi(request: Request) -> Response:
    document = described(market_of(request), files("pytest_launchready.demo").joinpath("openapi.json").read_bytes())
    return Response(document, media_type="application/json", headers={"Cache-Control": "public, max-age=300"})


async def _mail(request: Request) -> Response:
    """Mails to one address, newest first: the demo's mail-catcher, since its mail goes nowhere else."""
    fields = Fields(dict(request.query_params))
    to = fields.text("to", most=254)
    fields.done()
    return answer([mail.body() for mail in market_of(request).mail.sent_to(to)])


def system_routes(*, catch_mail: bool) -> list[Route]:
    """The routes; the mail-catcher only where it was asked for."""
    routes = [
        Route("/healthz", _health),
        Route("/readyz", _ready),
        Route("/version", _version),
        Route("/openapi.json", _openapi),
    ]
    return [*routes, Route("/_mail", _mail)] if catch_mail else routes
