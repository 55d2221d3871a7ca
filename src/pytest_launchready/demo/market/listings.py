"""Listings, and the search for them."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, money, operation, when
from pytest_launchready.demo.market.fields import Fields, paged, paging
from pytest_launchready.demo.market.problems import forbidden, not_found
from pytest_launchready.demo.market.store import Row, marks

ORDERS = {"newest": "listings.id DESC", "price": "price, listings.id", "-price": "price DESC, listings.id DESC"}
WITH_SELLER = "SELECT listings.*, users.name AS seller_name FROM listings JOIN users ON users.id = seller_id"
MOST_WORDS = 8


@operation
async def create_listing(market: Market, person: Person, data: Data) -> View:
    """A new listing; without a stock it never sells out. Search finds it at once."""
    fields, now = Fields(data), market.clock()
    values = {
        "title": fields.text("title", most=120),
        "description": fields.text("description", most=5000, least=0, default=""),
        "price": fields.money("price"),
        "stock": fields.integer("stock", least=0, most=1_000_000) if "stock" in fields else None,
    }
    fields.done()
    listing_id = market.store.insert("listings", seller_id=person.id, created_at=now, updated_at=now, **values)
    return views(market, [_row(market, listing_id)])[0]


@operation
async def get_listing(market: Market, listing_id: int) -> View:
    """One listing; anybody may see it."""
    return views(market, [_row(market, listing_id)])[0]


@operation
async def update_listing(market: Market, person: Person, listing_id: int, data: Data) -> View:
    """Changes what is given; by its seller or an admin."""
    own_listing(market, person, listing_id)
    fields, changes = Fields(data), dict[str, object]()
    if "title" in fields:
        changes["title"] = fields.text("title", most=120)
    if "description" in fields:
        changes["description"] = fields.text("description", most=5000, least=0)
    if "price" in fields:
        changes["price"] = fields.money("price")
    if "stock" in fields:
        changes["stock"] = fields.integer("stock", least=0, most=1_000_000)
    fields.done()
    market.store.update("listings", listing_id, {**changes, "updated_at": market.clock()})
    return views(market, [_row(market, listing_id)])[0]


@operation
async def delete_listing(market: Market, person: Person, listing_id: int) -> None:
    """Removes a listing with its photos and messages; by its seller or an admin. Orders of it stay as they are."""
    own_listing(market, person, listing_id)
    market.store.change("DELETE FROM listings WHERE id = ?", listing_id)


@operation
async def search(market: Market, data: Data) -> View:
    """A page of the listings on sale that have every word of `q` in title or description."""
    page, per_page = paging(data)
    fields = Fields(data)
    words = fields.text("q", most=200, least=0, default="").split()[:MOST_WORDS]
    order = ORDERS[fields.choice("sort", tuple(ORDERS), "newest") or "newest"]
    conditions, values = ["(stock IS NULL OR stock > 0)"], list[object]()
    for word in words:
        conditions.append("instr(words, lower(?)) > 0")
        values.append(word)
    for name, condition in (("min_price", "price >= ?"), ("max_price", "price <= ?")):
        if name in fields:
            conditions.append(condition)
            values.append(fields.money(name))
    if "seller" in fields:
        conditions.append("seller_id = ?")
        values.append(fields.text("seller"))
    fields.done()
    where = " AND ".join(conditions)
    rows = market.store.all(
        f"{WITH_SELLER} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", *values, per_page, (page - 1) * per_page
    )
    total = len(rows)
    if page > 1 or total == per_page:  # else all of them are here, and need not be looked for again
        total = market.store.number(f"SELECT count(*) FROM listings WHERE {where}", *values)  # noqa: S608 (our own conditions)
    return paged(views(market, rows), page, per_page, total)


def own_listing(market: Market, person: Person, listing_id: int) -> Row:
    """The row of a listing that this person may change; raises Problem."""
    row = _row(market, listing_id)
    if row["seller_id"] != person.id and not person.is_admin:
        raise forbidden("Only its seller may change a listing.")
    return row


def views(market: Market, rows: list[Row]) -> list[View]:
    """Listings as everybody sees them, photos included, in two queries however many there are."""
    photos: dict[int, list[View]] = {row["id"]: [] for row in rows}
    found = market.store.all(
        f"SELECT * FROM photo_heads WHERE listing_id IN ({marks(rows)}) ORDER BY number",  # noqa: S608 (question marks only)
        *photos,
    )
    for photo in found:
        photos[photo["listing_id"]].append(photo_view(photo))
    return [
        {
            "id": row["id"],
            "title": row["title"],
            "description": row["description"],
            "price": money(row["price"]),
            "price_cents": row["price"],
            "currency": "USD",
            "stock": row["stock"],
            "seller": {"id": row["seller_id"], "name": row["seller_name"]},
            "photos": photos[row["id"]],
            "url": f"/listings/{row['id']}",
            "created_at": when(row["created_at"]),
            "updated_at": when(row["updated_at"]),
        }
        for row in rows
    ]


def photo_view(row: Row) -> View:
    """A photo as part of its listing."""
    return {"id": row["id"], "url": f"/photos/{row['id']}", "content_type": row["content_type"]}


def _row(market: Market, listing_id: int) -> Row:
    row = market.store.one(f"{WITH_SELLER} WHERE listings.id = ?", listing_id)
    if row is None:
        raise not_found("listing")
    return row
