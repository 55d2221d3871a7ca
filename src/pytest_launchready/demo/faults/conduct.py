"""Defects of conduct: sessions without an end, forged tokens, fields taken, answers that tell, orders made twice."""

from __future__ import annotations

from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market import orders
from pytest_launchready.demo.market.base import Data, Market, Operation, Person
from pytest_launchready.demo.market.passwords import new_id
from pytest_launchready.demo.market.problems import Problem


async def _logout_forgets(_proceed: Operation, _market: Market, _person: Person) -> None:
    """Ends nothing: the client throws the token away, and that is all."""


async def _sessions_stay(proceed: Operation, market: Market, person: Person, data: Data) -> Any:
    kept = market.store.all("SELECT * FROM sessions WHERE user_id = ?", person.id)
    changed = await proceed(market, person, data)
    for row in kept:
        market.store.change("DELETE FROM sessions WHERE token_hash = ?", row["token_hash"])
        market.store.insert("sessions", **dict(row))
    return changed


async def _signup_takes_role(proceed: Operation, market: Market, data: Data, address: str) -> Any:
    made = await proceed(market, data, address)
    if data.get("role") in {"member", "admin"}:
        market.store.update("users", made["id"], {"role": data["role"]})
    return made


async def _profile_takes_role(proceed: Operation, market: Market, person: Person, data: Data) -> Any:
    if data.get("role") in {"member", "admin"}:
        market.store.update("users", person.id, {"role": data["role"]})
    return await proceed(market, person, data)


async def _listing_takes_seller(proceed: Operation, market: Market, person: Person, listing_id: int, data: Data) -> Any:
    changed = await proceed(market, person, listing_id, data)
    if market.store.one("SELECT 1 FROM users WHERE id = ?", data.get("seller_id")):
        market.store.update("listings", listing_id, {"seller_id": data["seller_id"]})
    return changed


async def _order_takes_total(proceed: Operation, market: Market, person: Person, order_id: str, data: Data) -> Any:
    changed = await proceed(market, person, order_id, data)
    try:
        market.store.update("orders", order_id, {"total": round(float(str(data["total"])) * 100)})
    except (KeyError, ValueError):
        return changed
    return await orders.get_order(market, person, order_id)


async def _login_tells(proceed: Operation, market: Market, data: Data, kind: str, address: str) -> Any:
    if not _exists(market, data):
        raise Problem(401, "wrong_credentials", "There is no account with this address.")
    return await proceed(market, data, kind, address)


async def _reset_tells(proceed: Operation, market: Market, data: Data, address: str) -> Any:
    if not _exists(market, data):
        raise Problem(404, "not_found", "There is no such account.")
    return await proceed(market, data, address)


async def _signup_tells(proceed: Operation, market: Market, data: Data, address: str) -> Any:
    if _exists(market, data):
        raise Problem(409, "email_taken", "There is an account with this address.")
    return await proceed(market, data, address)


async def _double_order(proceed: Operation, market: Market, person: Person, data: Data, key: str | None) -> Any:
    before = market.store.one("SELECT order_id FROM idempotency WHERE user_id = ? AND key = ?", person.id, key)
    if before is None:
        return await proceed(market, person, data, key)
    order = market.store.one("SELECT * FROM orders WHERE id = ?", before["order_id"])
    assert order is not None
    order_id = new_id("ord")
    market.store.insert("orders", **{**dict(order), "id": order_id})
    for line in market.store.all("SELECT * FROM order_lines WHERE order_id = ?", order["id"]):
        market.store.insert("order_lines", **{**dict(line), "order_id": order_id})
    return await orders.get_order(market, person, order_id)


def _exists(market: Market, data: Data) -> bool:
    return market.store.one("SELECT 1 FROM users WHERE email = ?", str(data.get("email")).strip()) is not None


DEFECTS = (
    Defect("logout-forgets", "After log-out the old token still works.", ("logout",), _logout_forgets),
    Defect("session-outlives-password", "A new password ends no session.", ("update_me",), _sessions_stay),
    Defect("token-unverified", "A token counts whatever its signature is."),
    Defect("token-alg-none", "A token that says it needs no signature is believed."),
    Defect("token-empty-signature", "A token without its signature is believed."),
    Defect("token-weak-key", "Tokens are signed with a key that everybody tries first."),
    Defect("token-expiry-ignored", "A token never expires, and its key can be guessed."),
    Defect("token-in-query", "The token is also taken from the address."),
    Defect("signup-takes-role", "Whoever signs up may say that they are the admin.", ("signup",), _signup_takes_role),
    Defect("profile-takes-role", "Anybody makes themselves admin.", ("update_me",), _profile_takes_role),
    Defect(
        "listing-takes-seller", "A listing can be put on somebody else.", ("update_listing",), _listing_takes_seller
    ),
    Defect("order-takes-total", "A buyer sets what an order cost.", ("update_order",), _order_takes_total),
    Defect("login-tells", "Log-in says that an address has no account.", ("login",), _login_tells),
    Defect("reset-tells", "A reset says that an address has no account.", ("request_reset",), _reset_tells),
    Defect("signup-tells", "Sign-up says that an address has an account.", ("signup",), _signup_tells),
    Defect("double-order", "A checkout that is sent again buys again.", ("checkout", "place_order"), _double_order),
)
