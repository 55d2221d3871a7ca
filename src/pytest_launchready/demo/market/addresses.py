"""Postal addresses of people."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.problems import not_found
from pytest_launchready.demo.market.store import Row

LENGTHS = {"name": 100, "street": 200, "city": 100, "postcode": 20, "country": 2}


@operation
async def create_address(market: Market, person: Person, data: Data) -> View:
    """A new address in this person's book."""
    address_id = market.store.insert("addresses", user_id=person.id, **read_address(data, person))
    return view(_mine(market, person, address_id))


@operation
async def list_addresses(market: Market, person: Person) -> list[View]:
    """This person's addresses, newest first."""
    rows = market.store.all("SELECT * FROM addresses WHERE user_id = ? ORDER BY id DESC", person.id)
    return [view(row) for row in rows]


@operation
async def get_address(market: Market, person: Person, address_id: int) -> View:
    """One address of this person's own."""
    return view(_mine(market, person, address_id))


@operation
async def update_address(market: Market, person: Person, address_id: int, data: Data) -> View:
    """Changes what is given."""
    row = _mine(market, person, address_id)
    market.store.update("addresses", address_id, read_address({**dict(row), **data}, person))
    return view(_mine(market, person, address_id))


@operation
async def delete_address(market: Market, person: Person, address_id: int) -> None:
    """Removes an address from the book; orders keep theirs."""
    _mine(market, person, address_id)
    market.store.change("DELETE FROM addresses WHERE id = ?", address_id)


def read_address(data: Data, person: Person) -> dict[str, str]:
    """A whole address from what was sent; the name defaults to the account's."""
    fields = Fields(data)
    address = {
        name: fields.text(name, most=most, default=person.name if name == "name" else None)
        for name, most in LENGTHS.items()
    }
    fields.done()
    return {**address, "country": address["country"].upper()}


def chosen_address(market: Market, person: Person, data: Data) -> dict[str, str]:
    """The address that `address_id` or `address` gives."""
    given = data.get("address")
    if isinstance(given, dict):
        return read_address(given, person)
    fields = Fields(data)
    address_id = fields.integer("address_id")
    fields.done()
    row = _mine(market, person, address_id)
    return {name: row[name] for name in LENGTHS}


def view(row: Row) -> View:
    """An address as its owner sees it."""
    return {"id": row["id"], **{name: row[name] for name in LENGTHS}}


def _mine(market: Market, person: Person, address_id: int) -> Row:
    row = market.store.one("SELECT * FROM addresses WHERE id = ? AND user_id = ?", address_id, person.id)
    if row is None:
        raise not_found("address")
    return row
