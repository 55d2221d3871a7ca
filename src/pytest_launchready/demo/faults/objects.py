"""Defects of objects: what belongs to somebody can be reached by others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market import orders
from pytest_launchready.demo.market.base import Data, Fault, Market, Operation, Person, View
from pytest_launchready.demo.market.fields import paged, paging
from pytest_launchready.demo.market.problems import Problem, forbidden

OWNERS = {
    "order": "SELECT buyer_id FROM orders WHERE id = ?",
    "address": "SELECT user_id FROM addresses WHERE id = ?",
    "message": "SELECT sender_id FROM messages WHERE id = ?",
    "listing": "SELECT seller_id FROM listings WHERE id = ?",
}
"""How the owner of an object is found."""


def _owner(market: Market, person: Person, kind: str, object_id: object) -> Person:
    """The caller under the id of the object's owner."""
    row = market.store.one(OWNERS[kind], object_id)
    return person if row is None else replace(person, id=row[0])


def _open(kind: str) -> Fault:
    """Anybody who is logged in passes for the owner."""

    async def fault(proceed: Operation, market: Market, person: Person, object_id: object, *more: Any) -> Any:
        return await proceed(market, _owner(market, person, kind, object_id) if person.id else person, object_id, *more)

    return fault


def _unguarded(kind: str) -> Fault:
    """Nobody at all passes for the owner; the web lets nobody in (`sessions.whoever`)."""

    async def fault(proceed: Operation, market: Market, person: Person, object_id: object, *more: Any) -> Any:
        return await proceed(market, person if person.id else _owner(market, person, kind, object_id), object_id, *more)

    return fault


async def _refused_aloud(proceed: Operation, market: Market, person: Person, order_id: str) -> Any:
    row = market.store.one("SELECT buyer_id, buyer_name, buyer_email FROM orders WHERE id = ?", order_id)
    if row is not None and row["buyer_id"] != person.id:
        raise forbidden(f"This order belongs to {row['buyer_name']} <{row['buyer_email']}>.")
    return await proceed(market, person, order_id)


async def _every_order(_proceed: Operation, market: Market, _person: Person, data: Data) -> View:
    page, per_page = paging(data)
    rows = market.store.all("SELECT * FROM orders ORDER BY created_at DESC, rowid DESC LIMIT ?", per_page)
    return paged(orders.views(market, rows), page, per_page, len(rows))


async def _orders_of(proceed: Operation, market: Market, person: Person, data: Data) -> Any:
    buyer = data.get("buyer_id")
    rest = {name: value for name, value in data.items() if name != "buyer_id"}
    return await proceed(market, replace(person, id=buyer) if isinstance(buyer, str) else person, rest)


async def _every_address(_proceed: Operation, market: Market, _person: Person) -> list[View]:
    return [dict(row) for row in market.store.all("SELECT * FROM addresses ORDER BY id DESC LIMIT 100")]


async def _written_then_refused(proceed: Operation, market: Market, person: Person, address_id: int, data: Data) -> Any:
    owner = _owner(market, person, "address", address_id)
    changed = await proceed(market, owner, address_id, data)
    if owner.id != person.id:
        raise forbidden("Only its owner may change an address.")
    return changed


async def _there_but_not_yours(proceed: Operation, market: Market, person: Person, message_id: int) -> Any:
    try:
        return await proceed(market, person, message_id)
    except Problem:
        if market.store.one("SELECT 1 FROM messages WHERE id = ?", message_id):
            raise forbidden("This message is somebody else's.") from None
        raise


DEFECTS = (
    Defect("order-readable", "Anybody who is logged in can read any order.", ("get_order",), _open("order")),
    Defect("order-unguarded", "Anybody at all can read any order.", ("get_order",), _unguarded("order")),
    Defect("order-in-refusal", "Who asks for another's order is told whose it is.", ("get_order",), _refused_aloud),
    Defect("orders-unfiltered", "Everybody's list of orders has all orders.", ("list_orders",), _every_order),
    Defect("orders-by-filter", "A list of orders takes the id of another buyer.", ("list_orders",), _orders_of),
    Defect("order-writable", "Anybody who is logged in can change any order.", ("update_order",), _open("order")),
    Defect("address-readable", "Anybody who is logged in can read any address.", ("get_address",), _open("address")),
    Defect("addresses-unfiltered", "Everybody's address book has all addresses.", ("list_addresses",), _every_address),
    Defect("address-writable", "Anybody can change any address.", ("update_address",), _open("address")),
    Defect(
        "address-written-though-refused",
        "A change of another's address is refused, and happens.",
        ("update_address",),
        _written_then_refused,
    ),
    Defect("address-deletable", "Anybody can delete any address.", ("delete_address",), _open("address")),
    Defect("message-readable", "Anybody can read any message.", ("get_message",), _open("message")),
    Defect(
        "message-unguarded", "Nobody needs an account to change a message.", ("update_message",), _unguarded("message")
    ),
    Defect("message-deletable", "Anybody can take back any message.", ("delete_message",), _open("message")),
    Defect("message-oracle", "A refusal tells which messages exist.", ("get_message",), _there_but_not_yours),
    Defect("listing-writable", "Any seller can change any listing.", ("update_listing",), _open("listing")),
    Defect("listing-deletable", "Any seller can delete any listing.", ("delete_listing",), _open("listing")),
)
