"""The fields of GraphQL's Query and Mutation, each with the operation behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLResolveInfo

from pytest_launchready.demo.market import (
    accounts,
    addresses,
    admin,
    cart,
    credentials,
    invites,
    listings,
    messages,
    orders,
    photos,
)
from pytest_launchready.demo.market.base import Market, Person
from pytest_launchready.demo.market.fields import Fields
from pytest_launchready.demo.market.problems import unauthenticated
from pytest_launchready.demo.web.sessions import NOBODY, UNGUARDED


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the document, and to which marketplace."""

    market: Market
    person: Person | None
    address: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One field that is being resolved, its arguments in snake case."""

    market: Market
    address: str
    data: Mapping[str, Any]

    def number(self, name: str = "id") -> int:
        """An integer id, which GraphQL carries as text."""
        return Fields(self.data).one_integer(name)

    def word(self, name: str = "id") -> str:
        """An opaque id."""
        return str(self.data[name])

    @property
    def input(self) -> dict[str, object]:
        """The argument `input`."""
        return dict(self.data["input"])


Resolver = Callable[[Caller, Mapping[str, Any]], Awaitable[object]]


def _open(call: Callable[[Asked], Awaitable[object]]) -> Resolver:
    async def resolve(caller: Caller, data: Mapping[str, Any]) -> object:
        return await call(Asked(caller.market, caller.address, data))

    return resolve


def _own(call: Callable[[Asked, Person], Awaitable[object]], field: str = "") -> Resolver:
    async def resolve(caller: Caller, data: Mapping[str, Any]) -> object:
        person = caller.person
        if person is None and caller.market.broken(UNGUARDED.get(field, "")):
            person = NOBODY
        if person is None:
            raise unauthenticated()
        return await call(Asked(caller.market, caller.address, data), person)

    return resolve


async def _login(asked: Asked) -> object:
    session = await accounts.login(asked.market, asked.input, "bearer", asked.address)
    return {"access_token": session.token, "expires_in": int(session.seconds), "user": session.account}


async def _version(asked: Asked) -> object:
    return {"name": "launchready-demo", "build": asked.market.build}


async def listings_of(seller: Mapping[str, Any], info: GraphQLResolveInfo[Any]) -> object:
    """What somebody offers, the newest first."""
    found = await listings.search(info.context.market, {"seller": seller["id"], "per_page": 5})
    return found["items"]


QUERIES: dict[str, Resolver] = {
    "me": _own(lambda a, p: accounts.me(a.market, p)),
    "listing": _open(lambda a: listings.get_listing(a.market, a.number())),
    "search": _open(lambda a: listings.search(a.market, a.data)),
    "messages": _own(lambda a, p: messages.list_messages(a.market, p, a.data)),
    "message": _own(lambda a, p: messages.get_message(a.market, p, a.number())),
    "threads": _own(lambda a, p: messages.list_threads(a.market, p)),
    "thread": _own(lambda a, p: messages.get_thread(a.market, p, a.number())),
    "addresses": _own(lambda a, p: addresses.list_addresses(a.market, p)),
    "address": _own(lambda a, p: addresses.get_address(a.market, p, a.number())),
    "cart": _own(lambda a, p: cart.get_cart(a.market, p)),
    "orders": _own(lambda a, p: orders.list_orders(a.market, p, a.data), "orders"),
    "order": _own(lambda a, p: orders.get_order(a.market, p, a.word()), "order"),
    "sales": _own(lambda a, p: orders.list_sales(a.market, p), "sales"),
    "invites": _own(lambda a, p: invites.list_invites(a.market, p)),
    "invite": _own(lambda a, p: invites.get_invite(a.market, p, a.number())),
    "users": _own(lambda a, p: admin.list_users(a.market, p, a.data)),
    "allOrders": _own(lambda a, p: admin.list_all_orders(a.market, p, a.data), "allOrders"),
    "version": _open(_version),
}
MUTATIONS: dict[str, Resolver] = {
    "signup": _open(lambda a: accounts.signup(a.market, a.input, a.address)),
    "login": _open(_login),
    "logout": _own(lambda a, p: accounts.logout(a.market, p)),
    "updateMe": _own(lambda a, p: accounts.update_me(a.market, p, a.input)),
    "deleteMe": _own(lambda a, p: accounts.delete_me(a.market, p)),
    "requestPasswordReset": _open(lambda a: credentials.request_reset(a.market, a.data, a.address)),
    "confirmPasswordReset": _open(lambda a: credentials.confirm_reset(a.market, a.data, a.address)),
    "beginOtp": _own(lambda a, p: credentials.begin_otp(a.market, p)),
    "confirmOtp": _own(lambda a, p: credentials.confirm_otp(a.market, p, a.data)),
    "disableOtp": _own(lambda a, p: credentials.disable_otp(a.market, p, a.data)),
    "createInvite": _own(lambda a, p: invites.create_invite(a.market, p, a.data)),
    "deleteInvite": _own(lambda a, p: invites.delete_invite(a.market, p, a.number())),
    "createListing": _own(lambda a, p: listings.create_listing(a.market, p, a.input)),
    "updateListing": _own(lambda a, p: listings.update_listing(a.market, p, a.number(), a.input)),
    "deleteListing": _own(lambda a, p: listings.delete_listing(a.market, p, a.number())),
    "deletePhoto": _own(lambda a, p: photos.delete_photo(a.market, p, a.number("listing_id"), a.word())),
    "sendMessage": _own(lambda a, p: messages.send_message(a.market, p, a.number("listing_id"), a.data)),
    "reply": _own(lambda a, p: messages.reply(a.market, p, a.number("thread_id"), a.data)),
    "updateMessage": _own(lambda a, p: messages.update_message(a.market, p, a.number(), a.data), "updateMessage"),
    "deleteMessage": _own(lambda a, p: messages.delete_message(a.market, p, a.number())),
    "createAddress": _own(lambda a, p: addresses.create_address(a.market, p, a.input)),
    "updateAddress": _own(lambda a, p: addresses.update_address(a.market, p, a.number(), a.input)),
    "deleteAddress": _own(lambda a, p: addresses.delete_address(a.market, p, a.number())),
    "addToCart": _own(lambda a, p: cart.add_to_cart(a.market, p, a.data)),
    "removeFromCart": _own(lambda a, p: cart.remove_from_cart(a.market, p, a.number("listing_id"))),
    "emptyCart": _own(lambda a, p: cart.empty_cart(a.market, p)),
    "checkout": _own(lambda a, p: orders.checkout(a.market, p, a.input, a.data.get("idempotency_key"))),
    "updateOrder": _own(lambda a, p: orders.update_order(a.market, p, a.word(), a.data)),
    "deleteUser": _own(lambda a, p: admin.delete_user(a.market, p, a.word())),
    "removeListing": _own(lambda a, p: admin.remove_listing(a.market, p, a.number())),
}
