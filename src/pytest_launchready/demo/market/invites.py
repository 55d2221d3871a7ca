"""Invites by mail."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation, when
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.passwords import new_token, token_hash
from pytest_launchready.demo.market.problems import invalid, not_found
from pytest_launchready.demo.market.store import Row

INVITE_MAIL = """{name} invites you to the marketplace.

Your code: {code}

Give it when you sign up.
"""


@operation
async def create_invite(market: Market, person: Person, data: Data) -> View:
    """Mails a code to somebody; only the mail holds it."""
    fields = Fields(data)
    email = fields.email("email")
    fields.done()
    market.limiter.take("invite.account", person.id)
    code = new_token()
    invite_id = market.store.insert(
        "invites", user_id=person.id, email=email, code_hash=token_hash(code), created_at=market.clock()
    )
    market.mail.send(email, f"{person.name} invites you", INVITE_MAIL.format(name=person.name, code=code))
    return view(_mine(market, person, invite_id))


@operation
async def list_invites(market: Market, person: Person) -> list[View]:
    """The invites that a person has sent, newest first."""
    return [
        view(row) for row in market.store.all("SELECT * FROM invites WHERE user_id = ? ORDER BY id DESC", person.id)
    ]


@operation
async def get_invite(market: Market, person: Person, invite_id: int) -> View:
    """One invite of this person's own."""
    return view(_mine(market, person, invite_id))


@operation
async def delete_invite(market: Market, person: Person, invite_id: int) -> None:
    """Takes an invite back: its code no longer works."""
    _mine(market, person, invite_id)
    market.store.change("DELETE FROM invites WHERE id = ?", invite_id)


def accept(market: Market, code: str) -> None:
    """Marks the invite with this code as accepted; raises Problem 422 where it is wrong or was used."""
    if code and not market.store.change(
        "UPDATE invites SET accepted_at = ? WHERE code_hash = ? AND accepted_at IS NULL",
        market.clock(),
        token_hash(code),
    ):
        raise invalid("invite", "is no open invite")


def view(row: Row) -> View:
    """An invite as its sender sees it."""
    return {
        "id": row["id"],
        "email": row["email"],
        "accepted": row["accepted_at"] is not None,
        "created_at": when(row["created_at"]),
    }


def _mine(market: Market, person: Person, invite_id: int) -> Row:
    row = market.store.one("SELECT * FROM invites WHERE id = ? AND user_id = ?", invite_id, person.id)
    if row is None:
        raise not_found("invite")
    return row
