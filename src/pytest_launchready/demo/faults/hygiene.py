"""Defects of hygiene: answers that tell too much, what a deployment left behind, input that is not checked."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Data, Market, Operation, Person, View

ENDLESS = 600
"""Listings of a page without bounds."""


async def _hash_in_me(proceed: Operation, market: Market, person: Person) -> View:
    row = market.store.one("SELECT password FROM users WHERE id = ?", person.id)
    return {**await proceed(market, person), "password_hash": row["password"] if row else None}


async def _password_echoed(proceed: Operation, market: Market, data: Data, address: str) -> View:
    return {**await proceed(market, data, address), "password": data.get("password")}


async def _email_in_listing(proceed: Operation, market: Market, listing_id: int) -> View:
    return _with_email(market, await proceed(market, listing_id))


async def _email_in_search(proceed: Operation, market: Market, data: Data) -> View:
    found = await proceed(market, data)
    return {**found, "items": [_with_email(market, item) for item in found["items"]]}


def _with_email(market: Market, listing: Any) -> View:
    row = market.store.one("SELECT email FROM users WHERE id = ?", listing["seller"]["id"])
    return {**listing, "seller": {**listing["seller"], "email": row["email"] if row else None}}


async def _any_price(proceed: Operation, market: Market, *args: Any) -> View:
    *before, data = args
    price = _negative(data.get("price"))
    if price is None:
        made: View = await proceed(market, *args)
        return made
    view = await proceed(market, *before, {**data, "price": -price})
    _unchecked(market, "UPDATE listings SET price = ? WHERE id = ?", int(price * 100), view["id"])
    return {**view, "price": f"{price:.2f}"}


async def _any_quantity(proceed: Operation, market: Market, person: Person, data: Data) -> View:
    quantity = _negative(data.get("quantity"))
    view: View = await proceed(market, person, data if quantity is None else {**data, "quantity": int(-quantity)})
    if quantity is None:
        return view
    from pytest_launchready.demo.market.cart import cart_view

    _unchecked(
        market,
        "UPDATE cart_items SET quantity = ? WHERE user_id = ? AND listing_id = ?",
        int(quantity),
        person.id,
        int(str(data["listing_id"])),
    )
    return cart_view(market, person)


def _unchecked(market: Market, statement: str, *values: Any) -> None:
    market.store.change("PRAGMA ignore_check_constraints = ON")
    market.store.change(statement, *values)
    market.store.change("PRAGMA ignore_check_constraints = OFF")


def _negative(value: Any) -> Decimal | None:
    """A number below zero, or None for anything else."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number < 0 else None


async def _quote_crashes(proceed: Operation, market: Market, data: Data) -> View:
    if "'" in str(data.get("q") or ""):
        raise RuntimeError("unterminated string in the query")
    found: View = await proceed(market, data)
    return found


async def _endless_page(proceed: Operation, market: Market, data: Data) -> View:
    wanted = str(data.get("per_page") or "")
    if not wanted.isdigit() or int(wanted) <= ENDLESS:
        found: View = await proceed(market, data)
        return found
    page: dict[str, Any] = {**await proceed(market, {**data, "per_page": 100})}
    items = page["items"] * ENDLESS
    return {**page, "items": items[:ENDLESS], "per_page": int(wanted), "total": len(items[:ENDLESS])}


DEFECTS = (
    Defect("hash-in-me", "A person's own record shows what is kept of the password.", ("me",), _hash_in_me),
    Defect("password-echoed", "Sign-up answers with the password.", ("signup",), _password_echoed),
    Defect("email-in-listing", "A listing shows everybody its seller's address.", ("get_listing",), _email_in_listing),
    Defect("email-in-search", "A search shows everybody the sellers' addresses.", ("search",), _email_in_search),
    Defect("stack-trace", "A body that is not JSON is answered with a stack trace."),
    Defect("env-served", "The file of settings and secrets can be fetched."),
    Defect("git-served", "The source's repository can be fetched."),
    Defect("backup-served", "A dump of the database can be fetched."),
    Defect("debug-route", "A route for debugging shows settings and environment."),
    Defect("actuator-open", "A route for monitoring shows settings with their secrets."),
    Defect("negative-price", "A listing may cost less than nothing.", ("create_listing", "update_listing"), _any_price),
    Defect("negative-quantity", "A cart takes less than none of a listing.", ("add_to_cart",), _any_quantity),
    Defect("quote-crash", "A search for a quotation mark is an internal error.", ("search",), _quote_crashes),
    Defect("endless-page", "A search gives as many listings at once as are asked for.", ("search",), _endless_page),
)
