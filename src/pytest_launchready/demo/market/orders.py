"""Checkout and orders. Payment is in test mode: nothing is charged, and one card is always refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pytest_launchready.demo.market.addresses import chosen_address
from pytest_launchready.demo.market.base import Data, Market, Person, View, money, operation, when
from pytest_launchready.demo.market.cart import goods_total, lines_to_buy, out_of_stock
from pytest_launchready.demo.market.fields import Fields, paged, paging
from pytest_launchready.demo.market.passwords import new_id
from pytest_launchready.demo.market.problems import Problem, invalid, not_found
from pytest_launchready.demo.market.store import Row, marks

SHIPPING = {"standard": 490, "express": 1290, "pickup": 0}
"""Cents, by method."""
CARDS = ("test_card", "test_card_declined")


@operation
async def checkout(market: Market, person: Person, data: Data, key: str | None) -> View:
    """Buys the cart, or the given `listing_ids` of it, in one call; the same key gives the same order again."""
    before = _replayed(market, person, data, key)
    if before is not None:
        return before
    return _place(market, person, _plan(data, chosen_address(market, person, data)), new_id("pay"), data, key)


@operation
async def set_address(market: Market, person: Person, data: Data) -> View:
    """Keeps the address for the checkout that is under way."""
    address = chosen_address(market, person, data)
    market.store.change(
        "INSERT INTO drafts (user_id, address) VALUES (?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET address = excluded.address",
        person.id,
        json.dumps(address),
    )
    return {"address": address, "shipping_methods": {name: money(price) for name, price in SHIPPING.items()}}


@operation
async def prepare_payment(market: Market, person: Person, data: Data) -> View:
    """Fixes shipping, card and goods, and prepares a payment; needs an address."""
    draft = market.store.one("SELECT address FROM drafts WHERE user_id = ?", person.id)
    if draft is None:
        raise Problem(409, "no_address", "Set an address first.")
    plan = _plan(data, json.loads(draft["address"]))
    total = goods_total(lines_to_buy(market, person, plan["listing_ids"]))
    payment_id, price = new_id("pay"), SHIPPING[plan["shipping"]]
    market.store.insert("payments", id=payment_id, user_id=person.id, plan=json.dumps(plan), created_at=market.clock())
    return {
        "payment_id": payment_id,
        "mode": "test",
        "total": money(total),
        "shipping": {"method": plan["shipping"], "price": money(price)},
        "charged": money(total + price),
    }


@operation
async def place_order(market: Market, person: Person, data: Data, key: str | None) -> View:
    """Places the order of a prepared payment; the same key gives the same order again."""
    before = _replayed(market, person, data, key)
    if before is not None:
        return before
    fields = Fields(data)
    payment_id = fields.text("payment_id")
    fields.done()
    payment = market.store.one("SELECT plan FROM payments WHERE id = ? AND user_id = ?", payment_id, person.id)
    if payment is None:
        raise not_found("prepared payment")
    return _place(market, person, json.loads(payment["plan"]), payment_id, data, key)


@operation
async def get_order(market: Market, person: Person, order_id: str) -> View:
    """One order; its buyer's and an admin's to see."""
    return views(market, [_mine(market, person, order_id)])[0]


@operation
async def list_orders(market: Market, person: Person, data: Data) -> View:
    """A page of this person's orders, newest first."""
    page, per_page = paging(data)
    total = market.store.number("SELECT count(*) FROM orders WHERE buyer_id = ?", person.id)
    rows = market.store.all(
        "SELECT * FROM orders WHERE buyer_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?",
        person.id,
        per_page,
        (page - 1) * per_page,
    )
    return paged(views(market, rows), page, per_page, total)


@operation
async def update_order(market: Market, person: Person, order_id: str, data: Data) -> View:
    """Changes the note to the seller; nothing else of an order ever changes."""
    _mine(market, person, order_id)
    fields = Fields(data)
    note = fields.text("note", least=0, most=500)
    fields.done()
    market.store.update("orders", order_id, {"note": note})
    return views(market, [_mine(market, person, order_id)])[0]


@operation
async def list_sales(market: Market, person: Person) -> list[View]:
    """What others bought from this person: these lines only, and where to send them. The newest 100."""
    rows = market.store.all(
        "SELECT order_lines.*, address, created_at FROM order_lines JOIN orders ON orders.id = order_id"
        " WHERE seller_id = ? ORDER BY created_at DESC, order_lines.rowid DESC LIMIT 100",
        person.id,
    )
    return [
        {
            "order_id": row["order_id"],
            **_line_view(row),
            "address": json.loads(row["address"]),
            "created_at": when(row["created_at"]),
        }
        for row in rows
    ]


def views(market: Market, rows: list[Row]) -> list[View]:
    """Orders as their buyer sees them."""
    lines: dict[str, list[View]] = {row["id"]: [] for row in rows}
    for line in market.store.all(
        f"SELECT * FROM order_lines WHERE order_id IN ({marks(rows)}) ORDER BY rowid",  # noqa: S608 (question marks only)
        *lines,
    ):
        lines[line["order_id"]].append(_line_view(line))
    return [
        {
            "id": row["id"],
            "status": "paid",
            "items": lines[row["id"]],
            "total": money(row["total"]),
            "shipping": {"method": row["shipping_method"], "price": money(row["shipping_price"])},
            "charged": money(row["total"] + row["shipping_price"]),
            "currency": "USD",
            "payment": {"id": row["payment_id"], "mode": "test"},
            "buyer": {"id": row["buyer_id"], "name": row["buyer_name"], "email": row["buyer_email"]},
            "address": json.loads(row["address"]),
            "note": row["note"],
            "created_at": when(row["created_at"]),
        }
        for row in rows
    ]


def _line_view(row: Row) -> View:
    return {
        "listing_id": row["listing_id"],
        "seller_id": row["seller_id"],
        "title": row["title"],
        "price": money(row["price"]),
        "quantity": row["quantity"],
    }


def _mine(market: Market, person: Person, order_id: str) -> Row:
    row = market.store.one("SELECT * FROM orders WHERE id = ?", order_id)
    if row is None or (row["buyer_id"] != person.id and not person.is_admin):
        raise not_found("order")
    return row


def _plan(data: Data, address: dict[str, str]) -> dict[str, Any]:
    fields = Fields(data)
    plan = {
        "address": address,
        "shipping": fields.choice("shipping", tuple(SHIPPING), "standard"),
        "payment": fields.choice("payment", CARDS, CARDS[0]),
        "listing_ids": fields.integers("listing_ids"),
        "note": fields.text("note", least=0, most=500, default=""),
    }
    fields.done()
    return plan


def _replayed(market: Market, person: Person, data: Data, key: str | None) -> View | None:
    """The order that this key has made already; raises Problem where it was made by another request."""
    if key is None:
        return None
    if not 1 <= len(key) <= 255:
        raise invalid("Idempotency-Key", "must have 1 to 255 characters")
    row = market.store.one(
        "SELECT fingerprint, order_id FROM idempotency WHERE user_id = ? AND key = ?", person.id, key
    )
    if row is None:
        return None
    if row["fingerprint"] != _fingerprint(data):
        raise Problem(422, "key_reused", "This Idempotency-Key was used for another request.")
    return views(market, [_mine(market, person, row["order_id"])])[0]


def _place(market: Market, person: Person, plan: dict[str, Any], payment_id: str, data: Data, key: str | None) -> View:
    order_id = new_id("ord")
    with market.store.transaction():
        rows = lines_to_buy(market, person, plan["listing_ids"])
        for row in rows:
            if row["stock"] is not None and not market.store.change(
                "UPDATE listings SET stock = stock - ? WHERE id = ? AND stock >= ?",
                row["quantity"],
                row["listing_id"],
                row["quantity"],
            ):
                raise out_of_stock(row["listing_id"])
        if plan["payment"] != CARDS[0]:
            raise Problem(402, "payment_declined", "The card was declined. Nothing was bought.")
        market.store.insert(
            "orders",
            id=order_id,
            buyer_id=person.id,
            buyer_name=person.name,
            buyer_email=person.email,
            total=goods_total(rows),
            shipping_method=plan["shipping"],
            shipping_price=SHIPPING[plan["shipping"]],
            payment_id=payment_id,
            address=json.dumps(plan["address"]),
            note=plan["note"],
            created_at=market.clock(),
        )
        for row in rows:
            market.store.insert(
                "order_lines",
                order_id=order_id,
                **{name: row[name] for name in ("listing_id", "seller_id", "title", "price", "quantity")},
            )
            market.store.change(
                "DELETE FROM cart_items WHERE user_id = ? AND listing_id = ?", person.id, row["listing_id"]
            )
        market.store.change("DELETE FROM payments WHERE id = ?", payment_id)
        if key is not None:
            market.store.insert(
                "idempotency", user_id=person.id, key=key, fingerprint=_fingerprint(data), order_id=order_id
            )
    return views(market, [_mine(market, person, order_id)])[0]


def _fingerprint(data: Data) -> str:
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
