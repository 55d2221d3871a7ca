"""Listings by the thousand, to see how the marketplace bears them."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.problems import forbidden

MOST = 100_000
TITLE = "Shelf item"


@operation
async def seed_listings(market: Market, person: Person, data: Data) -> View:
    """Sees to it that there are so many listings of the admin's made for this; 0 takes them all away."""
    if not person.is_admin:
        raise forbidden("This is for the admin.")
    fields = Fields(data)
    rows = fields.integer("rows", least=0, most=MOST)
    fields.done()
    now = market.clock()
    with market.store.transaction():
        market.store.change("DELETE FROM listings WHERE seller_id = ? AND title LIKE ?", person.id, f"{TITLE} %")
        market.store.fill(
            "listings",
            ("seller_id", "title", "description", "price", "created_at", "updated_at"),
            ((person.id, f"{TITLE} {number}", "", 100 + number, now, now) for number in range(1, rows + 1)),
        )
    return {"rows": rows}
