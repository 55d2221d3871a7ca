"""The admin area."""

from __future__ import annotations

from pytest_launchready.demo.market import accounts, orders
from pytest_launchready.demo.market.base import Data, Market, Person, View, operation
from pytest_launchready.demo.market.fields import Fields, paged, paging
from pytest_launchready.demo.market.problems import Problem, forbidden, not_found


@operation
async def list_users(market: Market, person: Person, data: Data) -> View:
    """A page of all accounts, newest first; with `email`, the one that has it."""
    _admin_only(person)
    page, per_page = paging(data)
    fields = Fields(data)
    email = fields.text("email", most=254, default="")
    fields.done()
    total = market.store.number("SELECT count(*) FROM users WHERE ? IN ('', email)", email.lower())
    rows = market.store.all(
        "SELECT * FROM users WHERE ? IN ('', email) ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?",
        email.lower(),
        per_page,
        (page - 1) * per_page,
    )
    return paged([accounts.view(row) for row in rows], page, per_page, total)


@operation
async def delete_user(market: Market, person: Person, account_id: str) -> None:
    """Removes an account, as if its owner had."""
    _admin_only(person)
    row = market.store.one("SELECT role FROM users WHERE id = ?", account_id)
    if row is None:
        raise not_found("account")
    if row["role"] == "admin":
        raise Problem(409, "last_admin", "The admin's account cannot be deleted.")
    market.store.change("DELETE FROM users WHERE id = ?", account_id)


@operation
async def list_all_orders(market: Market, person: Person, data: Data) -> View:
    """A page of everybody's orders, newest first."""
    _admin_only(person)
    page, per_page = paging(data)
    total = market.store.number("SELECT count(*) FROM orders")
    rows = market.store.all(
        "SELECT * FROM orders ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?", per_page, (page - 1) * per_page
    )
    return paged(orders.views(market, rows), page, per_page, total)


@operation
async def remove_listing(market: Market, person: Person, listing_id: int) -> None:
    """Takes a listing off the market."""
    _admin_only(person)
    if not market.store.change("DELETE FROM listings WHERE id = ?", listing_id):
        raise not_found("listing")


def _admin_only(person: Person) -> None:
    if not person.is_admin:
        raise forbidden("This is for the admin.")
