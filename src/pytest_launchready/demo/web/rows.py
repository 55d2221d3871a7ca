"""Routes as a table: one row says method, path and the operation behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_launchready.demo.faults.contract import misreported
from pytest_launchready.demo.market.base import Market, Person
from pytest_launchready.demo.market.fields import LARGEST_ID
from pytest_launchready.demo.market.problems import not_found
from pytest_launchready.demo.web.caching import cached, detour
from pytest_launchready.demo.web.http import Handler, answer, market_of, nothing, read_object
from pytest_launchready.demo.web.sessions import Identify, whoever

STATUSES = {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, read."""

    request: Request
    market: Market
    data: Mapping[str, object]

    @property
    def query(self) -> dict[str, object]:
        """The query string; of a name given twice the last value."""
        given: dict[str, object] = dict(self.request.query_params)
        if self.market.broken("chatty-inbox"):
            given.pop("hop", None)
        return given

    @property
    def key(self) -> str | None:
        """The Idempotency-Key, if one was sent."""
        return self.request.headers.get("idempotency-key")

    def number(self, name: str = "id") -> int:
        """An integer id of the path; raises Problem 404 where no row can have it."""
        number: int = self.request.path_params[name]
        if number > LARGEST_ID:
            raise not_found("object")
        return number

    def word(self, name: str = "id") -> str:
        """An opaque id of the path."""
        return str(self.request.path_params[name])


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one path."""

    method: str
    path: str
    handle: Callable[[Request, Identify], Awaitable[Response]]


def personal(
    line: str, call: Callable[[Visit, Person], Awaitable[object]], *, body: bool = True, status: int | None = None
) -> Row:
    """A row for people who are logged in; nobody else's body is read."""
    method, _, path = line.partition(" ")

    async def handle(request: Request, identify: Identify) -> Response:
        person = await whoever(request, identify, line)
        visit = await _visit(request, body=body)
        found = detour(request, visit.market, line) or _answer(await call(visit, person), status or STATUSES[method])
        return cached(request, visit.market, line, misreported(visit.market, line, found))

    return Row(method, path, handle)


def public(line: str, call: Callable[[Visit], Awaitable[object]], *, status: int | None = None) -> Row:
    """A row for everybody."""
    method, _, path = line.partition(" ")

    async def handle(request: Request, _identify: Identify) -> Response:
        visit = await _visit(request, body=True)
        found = misreported(visit.market, line, _answer(await call(visit), status or STATUSES[method]))
        return cached(request, visit.market, line, found)

    return Row(method, path, handle)


def routes(prefix: str, rows: Iterable[Row], identify: Identify) -> list[Route]:
    """One route for each path, so that a wrong method is told which ones there are."""
    paths: dict[str, dict[str, Row]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method] = row
    return [Route(prefix + path, _endpoint(verbs, identify), methods=list(verbs)) for path, verbs in paths.items()]


def _endpoint(verbs: Mapping[str, Row], identify: Identify) -> Handler:
    async def endpoint(request: Request) -> Response:
        return await verbs["GET" if request.method == "HEAD" else request.method].handle(request, identify)

    return endpoint


async def _visit(request: Request, *, body: bool) -> Visit:
    data = await read_object(request) if body and request.method in WITH_BODY else {}
    return Visit(request, market_of(request), data)


def _answer(made: object, status: int) -> Response:
    if isinstance(made, Response):
        return made
    return nothing() if status == 204 else answer(made, status)
