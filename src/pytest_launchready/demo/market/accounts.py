"""Accounts and sessions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation, when
from pytest_launchready.demo.market.credentials import check_second_factor
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.invites import accept
from pytest_launchready.demo.market.passwords import hash_password, new_id, new_token, password_fits, token_hash
from pytest_launchready.demo.market.problems import Problem
from pytest_launchready.demo.market.store import Row
from pytest_launchready.demo.market.tokens import issue, session_in

TAKEN_MAIL = """Somebody tried to sign up with this address, which has an account already.

If it was you: log in, or ask for a new password. If it was not, there is nothing to do.
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What a log-in gives."""

    token: str
    csrf: str
    seconds: float
    account: View


def view(row: Row | Mapping[str, Any]) -> View:
    """An account as its owner and an admin see it."""
    return {
        "id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "phone": row["phone"],
        "role": row["role"],
        "otp_enabled": bool(row["otp_enabled"]),
        "created_at": when(row["created_at"]),
    }


@operation
async def signup(market: Market, data: Data, address: str) -> View:
    """A new account. With an invite's code the invite counts as accepted.

    Where the address has an account already, that one stays as it is, its owner gets a mail, and the answer is the same
    as for a new one: nobody learns who has an account.
    """
    market.limiter.take("signup.address", address)
    fields = Fields(data)
    email, password = fields.email("email"), fields.password("password")
    name, phone = fields.text("name", most=100, default=""), fields.text("phone", most=40, default="")
    code = fields.text("invite", most=100, default="")
    fields.done()
    kept = await hash_password(password)
    made: dict[str, object] = {
        "id": new_id("acc"),
        "email": email,
        "password": kept,
        "name": name or email.partition("@")[0],
        "phone": phone,
        "role": "member",
        "created_at": market.clock(),
    }
    try:
        with market.store.transaction():
            accept(market, code)
            market.store.insert("users", **made)
    except sqlite3.IntegrityError:
        market.mail.send(email, "You have an account already", TAKEN_MAIL)
    return view({**made, "otp_enabled": 0})


async def add_admin(market: Market, email: str, password: str) -> None:
    """Makes the admin's account, or gives the one that exists this password."""
    kept = await hash_password(password)
    if not market.store.change("UPDATE users SET password = ?, role = 'admin' WHERE email = ?", kept, email.lower()):
        account_id, now = new_id("acc"), market.clock()
        market.store.insert(
            "users", id=account_id, email=email.lower(), password=kept, name="Admin", role="admin", created_at=now
        )


@operation
async def login(market: Market, data: Data, kind: str, address: str) -> Session:
    """A new session, "bearer" or "cookie"; what fails counts towards the limits, what succeeds does not."""
    fields = Fields(data)
    email, password = fields.text("email", most=254).lower(), fields.secret("password")
    fields.done()
    give_back = market.limiter.take("login.account", email), market.limiter.take("login.address", address)
    row = market.store.one("SELECT * FROM users WHERE email = ?", email)
    if not await password_fits(password, row["password"] if row else None) or row is None:
        raise Problem(401, "wrong_credentials", "E-mail address or password is wrong.")
    check_second_factor(market, row["id"], data)
    for undo in give_back:
        undo()
    return _new_session(market, row, kind)


def _new_session(market: Market, row: Row, kind: str) -> Session:
    token, csrf, now = new_token(), new_token(), market.clock()
    market.store.change("DELETE FROM sessions WHERE expires_at <= ?", now)
    try:
        market.store.insert(
            "sessions",
            token_hash=token_hash(token),
            user_id=row["id"],
            kind=kind,
            csrf=csrf,
            expires_at=now + market.session_seconds,
        )
    except sqlite3.IntegrityError as error:  # the account was deleted while the password was checked
        raise Problem(401, "wrong_credentials", "E-mail address or password is wrong.") from error
    shown = issue(market, token, row["id"], now + market.session_seconds) if kind == "bearer" else token
    return Session(shown, csrf, market.session_seconds, view(row))


@operation
async def identify(market: Market, token: str, kind: str) -> Person | None:
    """Whose session this is; None where there is none, or it has ended."""
    session = session_in(market, token) if kind == "bearer" else token
    if session is None:
        return None
    row = market.store.one(
        "SELECT users.id, email, name, role, token_hash, csrf FROM sessions JOIN users ON users.id = user_id"
        " WHERE token_hash = ? AND kind = ? AND expires_at > ?",
        token_hash(session),
        kind,
        market.clock(),
    )
    return Person(*row) if row else None


@operation
async def logout(market: Market, person: Person) -> None:
    """Ends this session; others of the account go on."""
    market.store.change("DELETE FROM sessions WHERE token_hash = ?", person.session)


@operation
async def me(market: Market, person: Person) -> View:
    """The account of whoever is logged in."""
    row = market.store.one("SELECT * FROM users WHERE id = ?", person.id)
    assert row is not None
    return view(row)


@operation
async def update_me(market: Market, person: Person, data: Data) -> View:
    """Changes name, phone or, with the current password, the password; a new password ends the other sessions."""
    fields, changes = Fields(data), dict[str, object]()
    for name, most in (("name", 100), ("phone", 40)):
        if name in fields:
            changes[name] = fields.text(name, most=most)
    current = fields.secret("current_password") if "password" in fields else ""
    password = fields.password("password") if "password" in fields else ""
    fields.done()
    if password:
        await check_password(market, person, current)
        changes["password"] = await hash_password(password)
        market.store.change("DELETE FROM sessions WHERE user_id = ? AND token_hash != ?", person.id, person.session)
    market.store.update("users", person.id, changes)
    return await me(market, person)


async def check_password(market: Market, person: Person, password: str) -> None:
    """Raises Problem 403 unless this is the person's password; wrong ones count as failed log-ins."""
    give_back = market.limiter.take("login.account", person.email)
    row = market.store.one("SELECT password FROM users WHERE id = ?", person.id)
    if not await password_fits(password, row["password"] if row else None):
        raise Problem(403, "wrong_password", "The current password is wrong.")
    give_back()


@operation
async def delete_me(market: Market, person: Person) -> None:
    """Deletes the account with its listings, messages, addresses and sessions. Orders stay."""
    if person.is_admin:
        raise Problem(409, "last_admin", "The admin's account cannot be deleted.")
    market.store.change("DELETE FROM users WHERE id = ?", person.id)
