"""Ways back in, and the second factor: password reset by mail, one-time codes."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.passwords import (
    hash_password,
    new_otp_secret,
    new_token,
    otp_step,
    otp_uri,
    token_hash,
)
from pytest_launchready.demo.market.problems import Problem

RESET_SECONDS = 1800
RESET_MAIL = """Somebody asked for a new password for this account.

Your token: {token}

It works once, for 30 minutes. If it was not you, there is nothing to do.
"""


@operation
async def request_reset(market: Market, data: Data, address: str) -> None:
    """Mails a token to an account's address; the answer is the same where there is no account."""
    fields = Fields(data)
    email = fields.email("email")
    fields.done()
    market.limiter.take("reset.account", email)
    market.limiter.take("reset.address", address)
    row = market.store.one("SELECT id FROM users WHERE email = ?", email)
    if row is None:
        return
    token = new_token()
    expires = market.clock() + RESET_SECONDS
    market.store.insert("resets", token_hash=token_hash(token), user_id=row["id"], expires_at=expires)
    market.mail.send(email, "Your new password", RESET_MAIL.format(token=token))


@operation
async def confirm_reset(market: Market, data: Data, address: str) -> None:
    """Sets a new password; the token and its siblings are used up, and every session ends."""
    fields = Fields(data)
    token, password = fields.secret("token"), fields.password("password")
    fields.done()
    give_back = market.limiter.take("reset_confirm.address", address)
    kept = await hash_password(password)
    with market.store.transaction():
        row = market.store.one(
            "SELECT user_id FROM resets WHERE token_hash = ? AND expires_at > ?", token_hash(token), market.clock()
        )
        if row is None:
            raise Problem(400, "bad_token", "This token is wrong, was used or has expired.")
        market.store.update("users", row["user_id"], {"password": kept})
        market.store.change("DELETE FROM resets WHERE user_id = ?", row["user_id"])
        market.store.change("DELETE FROM sessions WHERE user_id = ?", row["user_id"])
    give_back()


@operation
async def begin_otp(market: Market, person: Person) -> View:
    """A new shared secret for one-time codes; it counts once a code of it was confirmed."""
    _refuse_if_enabled(market, person)
    secret = new_otp_secret()
    market.store.update("users", person.id, {"otp_secret": secret})
    return {"secret": secret, "uri": otp_uri(secret, person.email)}


@operation
async def confirm_otp(market: Market, person: Person, data: Data) -> None:
    """Switches one-time codes on."""
    _refuse_if_enabled(market, person)
    row = market.store.one("SELECT otp_secret FROM users WHERE id = ?", person.id)
    if row is None or row["otp_secret"] is None:
        raise Problem(409, "otp_not_begun", "Ask for a secret first.")
    # Proves that the app is set up; not a log-in, so the same code may log in afterwards.
    _check_code(market, person.id, row["otp_secret"], data, last_step=0)
    market.store.update("users", person.id, {"otp_enabled": 1, "otp_last_step": 0})


@operation
async def disable_otp(market: Market, person: Person, data: Data) -> None:
    """Switches one-time codes off; takes a code."""
    check_second_factor(market, person.id, data)
    market.store.update("users", person.id, {"otp_enabled": 0, "otp_secret": None})


def check_second_factor(market: Market, account_id: str, data: Data) -> None:
    """Raises Problem unless the account has no second factor, or the code is right and was not used before."""
    row = market.store.one("SELECT otp_secret, otp_enabled, otp_last_step FROM users WHERE id = ?", account_id)
    if row is None or not row["otp_enabled"]:
        return
    if not data.get("otp"):
        raise Problem(401, "otp_required", "This account also needs a one-time code, as otp.")
    step = _check_code(market, account_id, row["otp_secret"], data, last_step=row["otp_last_step"])
    market.store.update("users", account_id, {"otp_last_step": step})


def _check_code(market: Market, account_id: str, secret: str, data: Data, *, last_step: int) -> int:
    fields = Fields(data)
    code = fields.secret("otp")
    fields.done()
    give_back = market.limiter.take("otp.account", account_id)
    step = otp_step(secret, code, market.clock())
    if step is None or step <= last_step:  # a code is good once (RFC 6238, 5.2)
        raise Problem(401, "otp_wrong", "This one-time code is wrong or was used.")
    give_back()
    return step


def _refuse_if_enabled(market: Market, person: Person) -> None:
    if market.store.one("SELECT 1 FROM users WHERE id = ? AND otp_enabled", person.id):
        raise Problem(409, "otp_enabled", "One-time codes are on already.")
