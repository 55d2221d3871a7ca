"""Pages for people: the home page with search, a listing, its photos."""

from __future__ import annotations

from importlib.resources import files

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_launchready.demo.market import listings, photos
from pytest_launchready.demo.market.fields import LARGEST_ID
from pytest_launchready.demo.market.problems import Problem, not_found
from pytest_launchready.demo.web.http import Handler, market_of

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ASSETS = {"site.css": "text/css", "icon.svg": "image/svg+xml"}


class Pages:
    """The compiled templates."""

    def __init__(self) -> None:
        loader = jinja2.PackageLoader("pytest_launchready.demo.web", "templates")
        self._environment = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )

    def page(self, name: str, build: str, status: int = 200, **values: object) -> Response:
        """A page as HTML."""
        text = self._environment.get_template(name).render(build=build, **values)
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
        return Response(text.encode("utf-8", "replace"), status, headers, media_type="text/html")


def page_routes(pages: Pages) -> list[Route]:
    """The routes."""

    async def home(request: Request) -> Response:
        market = market_of(request)
        asked = {name: value for name, value in request.query_params.items() if name in {"q", "page", "sort"}}
        found = await listings.search(market, {**asked, "per_page": 24})
        return pages.page("home.html", market.build, found=found, q=asked.get("q", ""))

    async def listing(request: Request) -> Response:
        market, number = market_of(request), request.path_params["id"]
        if number > LARGEST_ID:
            raise not_found("listing")
        return pages.page("listing.html", market.build, listing=await listings.get_listing(market, number))

    async def photo(request: Request) -> Response:
        content_type, content = await photos.photo(market_of(request), request.path_params["id"])
        return Response(
            content, media_type=content_type, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    def asset(name: str, content_type: str) -> Handler:
        content = files("pytest_launchready.demo.web").joinpath("static", name).read_bytes()

        async def serve(_request: Request) -> Response:
            return Response(content, media_type=content_type, headers={"Cache-Control": "public, max-age=3600"})

        return serve

    return [
        Route("/", home),
        Route("/listings/{id:int}", listing),
        Route("/photos/{id}", photo),
        *(Route(f"/static/{name}", asset(name, content_type)) for name, content_type in ASSETS.items()),
    ]


def problem_page(pages: Pages, build: str, problem: Problem) -> Response:
    """A problem for somebody with a browser."""
    response = pages.page("problem.html", build, problem.status, problem=problem.body())
    response.headers.update(problem.headers)
    return response
