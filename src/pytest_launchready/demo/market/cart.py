"""The cart: one per person, each listing in it once."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, money, operation
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.problems import Problem, not_found
from pytest_launchready.demo.market.store import Row

MOST_OF_ONE, MOST_LINES = 99, 100
LINES = (
    "SELECT listing_id, quantity, title, price, stock, seller_id FROM cart_items"
    " JOIN listings ON listings.id = listing_id WHERE user_id = ? ORDER BY cart_items.rowid"
)


@operation
async def add_to_cart(market: Market, person: Person, data: Data) -> View:
    """Puts a listing into the cart; one that is in it already gets the new quantity."""
    fields = Fields(data)
    listing_id = fields.integer("listing_id")
    quantity = fields.integer("quantity", most=MOST_OF_ONE, default=1)
    fields.done()
    listing = market.store.one("SELECT seller_id, stock FROM listings WHERE id = ?", listing_id)
    if listing is None:
        raise not_found("listing")
    if listing["seller_id"] == person.id:
        raise Problem(409, "own_listing", "You cannot buy your own listing.")
    if listing["stock"] is not None and listing["stock"] < quantity:
        raise out_of_stock(listing_id)
    others = market.store.number(
        "SELECT count(*) FROM cart_items WHERE user_id = ? AND listing_id != ?", person.id, listing_id
    )
    if others >= MOST_LINES:
        raise Problem(409, "cart_full", f"A cart holds {MOST_LINES} different listings at most.")
    market.store.change(
        "INSERT INTO cart_items (user_id, listing_id, quantity) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, listing_id) DO UPDATE SET quantity = excluded.quantity",
        person.id,
        listing_id,
        quantity,
    )
    return cart_view(market, person)


@operation
async def get_cart(market: Market, person: Person) -> View:
    """The cart as it is."""
    return cart_view(market, person)


@operation
async def remove_from_cart(market: Market, person: Person, listing_id: int) -> None:
    """Takes one listing out of the cart; fine where it is not in it."""
    market.store.change("DELETE FROM cart_items WHERE user_id = ? AND listing_id = ?", person.id, listing_id)


@operation
async def empty_cart(market: Market, person: Person) -> None:
    """Takes everything out of the cart."""
    market.store.change("DELETE FROM cart_items WHERE user_id = ?", person.id)


def cart_view(market: Market, person: Person) -> View:
    """The cart as its owner sees it."""
    rows = market.store.all(LINES, person.id)
    return {
        "items": [
            {
                "listing_id": row["listing_id"],
                "title": row["title"],
                "price": money(row["price"]),
                "quantity": row["quantity"],
            }
            for row in rows
        ],
        "total": money(goods_total(rows)),
        "currency": "USD",
    }


def lines_to_buy(market: Market, person: Person, listing_ids: list[int] | None) -> list[Row]:
    """The lines of the cart that are bought: all, or those of the given listings; raises Problem."""
    rows = market.store.all(LINES, person.id)
    if listing_ids is not None:
        missing = set(listing_ids) - {row["listing_id"] for row in rows}
        if missing:
            raise Problem(409, "not_in_cart", f"Not in your cart: listing {min(missing)}.")
        rows = [row for row in rows if row["listing_id"] in set(listing_ids)]
    if not rows:
        raise Problem(409, "cart_empty", "Your cart is empty.")
    return rows


def goods_total(rows: list[Row]) -> int:
    """Cents for all goods, without shipping."""
    return sum(row["price"] * row["quantity"] for row in rows)


def out_of_stock(listing_id: int) -> Problem:
    """There is less of a listing than was asked for."""
    return Problem(409, "out_of_stock", f"There is not enough left of listing {listing_id}.")
