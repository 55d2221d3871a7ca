"""What a careless deployment leaves behind: each is served only where its defect is switched on."""

from __future__ import annotations

import os
import sys

from starlette.requests import Request
from starlette.responses import Response

from pytest_launchready.demo.market.base import Market
from pytest_launchready.demo.web.http import answer, market_of

SETTINGS = {
    "DATABASE_URL": "postgres://market:not-a-real-password@db/market",
    "SECRET_KEY": "not-a-real-key-0123456789",
}


def leftover(request: Request) -> Response | None:
    """What stands at a path that no route has; None on a marketplace that is well kept."""
    market = market_of(request)
    defect, make = _LEFT.get(request.url.path, ("", None))
    return make(market) if make is not None and market.broken(defect) else None


def _env(_market: Market) -> Response:
    lines = ["# settings of production", *(f"{name}={value}" for name, value in SETTINGS.items()), "DEBUG=0"]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


def _head(_market: Market) -> Response:
    return Response("ref: refs/heads/main\n", media_type="application/octet-stream")


def _dump(_market: Market) -> Response:
    return Response("CREATE TABLE users (id TEXT, email TEXT, password TEXT);\n", media_type="application/octet-stream")


def _debug(market: Market) -> Response:
    return answer(
        {
            "build": market.build,
            "python": sys.version,
            "config": {"mail": str(market.mail), "session_seconds": market.session_seconds},
            "environment": {name: os.environ.get(name, "") for name in ("PATH", "HOME", "LANG")},
        }
    )


def _actuator(_market: Market) -> Response:
    values = {name.lower().replace("_", "."): {"value": value} for name, value in SETTINGS.items()}
    sources = [{"name": "applicationConfig", "properties": values}]
    return answer({"activeProfiles": ["production"], "propertySources": sources})


_LEFT = {
    "/.env": ("env-served", _env),
    "/.git/HEAD": ("git-served", _head),
    "/backup.sql": ("backup-served", _dump),
    "/debug": ("debug-route", _debug),
    "/actuator/env": ("actuator-open", _actuator),
}
