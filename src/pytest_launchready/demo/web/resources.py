"""The rows that both REST dialects have: the same objects, whoever carries the session."""

from __future__ import annotations

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
    seeding,
)
from pytest_launchready.demo.web.http import address_of
from pytest_launchready.demo.web.rows import personal, public
from pytest_launchready.demo.web.uploads import add_photo

ACCOUNT = (
    public("POST /signup", lambda v: accounts.signup(v.market, v.data, address_of(v.request))),
    public(
        "POST /password-reset", lambda v: credentials.request_reset(v.market, v.data, address_of(v.request)), status=204
    ),
    public(
        "POST /password-reset/confirm",
        lambda v: credentials.confirm_reset(v.market, v.data, address_of(v.request)),
        status=204,
    ),
    personal("GET /me", lambda v, p: accounts.me(v.market, p)),
    personal("PATCH /me", lambda v, p: accounts.update_me(v.market, p, v.data)),
    personal("POST /me/otp", lambda v, p: credentials.begin_otp(v.market, p), body=False),
    personal("POST /me/otp/confirm", lambda v, p: credentials.confirm_otp(v.market, p, v.data), status=204),
    personal("POST /me/otp/disable", lambda v, p: credentials.disable_otp(v.market, p, v.data), status=204),
    personal("GET /invites", lambda v, p: invites.list_invites(v.market, p)),
    personal("POST /invites", lambda v, p: invites.create_invite(v.market, p, v.data)),
    personal("GET /invites/{id:int}", lambda v, p: invites.get_invite(v.market, p, v.number())),
    personal("DELETE /invites/{id:int}", lambda v, p: invites.delete_invite(v.market, p, v.number())),
    personal("GET /addresses", lambda v, p: addresses.list_addresses(v.market, p)),
    personal("POST /addresses", lambda v, p: addresses.create_address(v.market, p, v.data)),
    personal("GET /addresses/{id:int}", lambda v, p: addresses.get_address(v.market, p, v.number())),
    personal("PATCH /addresses/{id:int}", lambda v, p: addresses.update_address(v.market, p, v.number(), v.data)),
    personal("DELETE /addresses/{id:int}", lambda v, p: addresses.delete_address(v.market, p, v.number())),
)
GOODS = (
    public("GET /listings", lambda v: listings.search(v.market, v.query)),
    personal("POST /listings", lambda v, p: listings.create_listing(v.market, p, v.data)),
    public("GET /listings/{id:int}", lambda v: listings.get_listing(v.market, v.number())),
    personal("PATCH /listings/{id:int}", lambda v, p: listings.update_listing(v.market, p, v.number(), v.data)),
    personal("DELETE /listings/{id:int}", lambda v, p: listings.delete_listing(v.market, p, v.number())),
    personal("POST /listings/{id:int}/photos", add_photo, body=False),
    personal(
        "DELETE /listings/{id:int}/photos/{photo}",
        lambda v, p: photos.delete_photo(v.market, p, v.number(), v.word("photo")),
    ),
    personal("POST /listings/{id:int}/messages", lambda v, p: messages.send_message(v.market, p, v.number(), v.data)),
    personal("GET /threads", lambda v, p: messages.list_threads(v.market, p)),
    personal("GET /threads/{id:int}", lambda v, p: messages.get_thread(v.market, p, v.number())),
    personal("POST /threads/{id:int}/messages", lambda v, p: messages.reply(v.market, p, v.number(), v.data)),
    personal("GET /messages", lambda v, p: messages.list_messages(v.market, p, v.query)),
    personal("GET /messages/{id:int}", lambda v, p: messages.get_message(v.market, p, v.number())),
    personal("PATCH /messages/{id:int}", lambda v, p: messages.update_message(v.market, p, v.number(), v.data)),
    personal("DELETE /messages/{id:int}", lambda v, p: messages.delete_message(v.market, p, v.number())),
)
SHOPPING = (
    personal("GET /cart", lambda v, p: cart.get_cart(v.market, p)),
    personal("DELETE /cart", lambda v, p: cart.empty_cart(v.market, p)),
    personal("POST /cart/items", lambda v, p: cart.add_to_cart(v.market, p, v.data)),
    personal("DELETE /cart/items/{id:int}", lambda v, p: cart.remove_from_cart(v.market, p, v.number())),
    personal("GET /orders", lambda v, p: orders.list_orders(v.market, p, v.query)),
    personal("GET /orders/{id}", lambda v, p: orders.get_order(v.market, p, v.word())),
    personal("PATCH /orders/{id}", lambda v, p: orders.update_order(v.market, p, v.word(), v.data)),
    personal("GET /sales", lambda v, p: orders.list_sales(v.market, p)),
)
ADMIN = (
    personal("GET /admin/users", lambda v, p: admin.list_users(v.market, p, v.query)),
    personal("DELETE /admin/users/{id}", lambda v, p: admin.delete_user(v.market, p, v.word())),
    personal("GET /admin/orders", lambda v, p: admin.list_all_orders(v.market, p, v.query)),
    personal("POST /admin/seed", lambda v, p: seeding.seed_listings(v.market, p, v.data), status=200),
    personal("DELETE /admin/listings/{id:int}", lambda v, p: admin.remove_listing(v.market, p, v.number())),
)
ROWS = (*ACCOUNT, *GOODS, *SHOPPING, *ADMIN)
