"""Defects of the contract: answers and a description that are not what was promised, though every step works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from starlette.responses import Response

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Market, Operation

LISTINGS = ("get_listing", "search")
ORDERS = ("get_order", "list_orders")
STATUS, KIND, DOCUMENT = "undocumented-status", "wrong-content-type", "schema-document-broken"
"""What only the web can break."""
RIGHT = b'"$ref": "#/components/schemas/InviteNew"'
WRONG = b'"$ref": "#/components/schemas/NewInvite"'


def _each(bend: Callable[[dict[str, Any]], None]) -> Callable[..., Any]:
    """A fault that bends the one thing that is shown, or each of a page."""

    async def fault(proceed: Operation, *args: Any, **kwargs: Any) -> Any:
        shown = await proceed(*args, **kwargs)
        for thing in _things(shown):
            bend(thing)
        return shown

    return fault


def _things(shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    # An order has items too, but no pages of them.
    yield from shown["items"] if "per_page" in shown else [shown]


def _price_as_text(listing: dict[str, Any]) -> None:
    listing["price_cents"] = str(listing["price_cents"])


def _no_currency(listing: dict[str, Any]) -> None:
    del listing["currency"]


def _other_name(listing: dict[str, Any]) -> None:
    listing["updated"] = listing.pop("updated_at")


def _null(listing: dict[str, Any]) -> None:
    listing["url"] = None


def _another_method(order: dict[str, Any]) -> None:
    order["shipping"] = {**order["shipping"], "method": "locker"}


def _shelf(listing: dict[str, Any]) -> None:
    listing["shelf"] = "B 17"


def misreported(market: Market, line: str, response: Response) -> Response:
    """The answer to a row, with the status or the type of content that these defects give it."""
    if line == "GET /messages" and market.broken(STATUS):
        response.status_code = 203
    if line == "GET /listings/{id:int}" and market.broken(KIND):
        response.headers["content-type"] = "text/html; charset=utf-8"
    return response


def described(market: Market, document: bytes) -> bytes:
    """The description of the API, with a reference that leads nowhere if that defect is on."""
    return document.replace(RIGHT, WRONG, 1) if market.broken(DOCUMENT) else document


DEFECTS = (
    Defect("price-as-string", "The price in cents is text, not a number.", LISTINGS, _each(_price_as_text)),
    Defect("field-missing", "Listings no longer say their currency.", LISTINGS, _each(_no_currency)),
    Defect("field-renamed", "The time of a listing's last change has another name.", LISTINGS, _each(_other_name)),
    Defect("null-where-required", "A listing's address is null.", LISTINGS, _each(_null)),
    Defect("enum-grows", "Orders are shipped in a way that nobody has described.", ORDERS, _each(_another_method)),
    Defect("extra-field", "Listings say where they lie in the warehouse.", LISTINGS, _each(_shelf)),
    Defect(STATUS, "The list of messages comes with status 203, which nobody has described."),
    Defect(KIND, "A listing comes as HTML, though it is JSON."),
    Defect(DOCUMENT, "The description of the API refers to a schema that it has not."),
)
