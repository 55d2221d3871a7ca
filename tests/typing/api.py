"""The public API as a user writes it; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import assert_type

import httpx

from pytest_launchready import (
    Account,
    Actor,
    AsyncActor,
    AsyncMarketplace,
    Listing,
    Marketplace,
    Message,
    Order,
    StepFailure,
    Target,
    inconclusive,
    verb,
)


def a_plain_test(seller: Actor, buyer: Actor, marketplace: Marketplace, target: Target) -> None:
    """In plain tests a verb gives its result."""
    lamp = seller.create_listing(title="Desk lamp", price="25.00")
    assert_type(lamp, Listing)
    assert_type(lamp.price, Decimal)
    assert_type(buyer.search("lamp"), list[Listing])
    assert_type(buyer.send_message(lamp, "Hello"), Message)
    order = buyer.checkout(lamp, quantity=2)
    assert_type(order, Order)
    assert_type(order.total, Decimal)
    assert_type(buyer.get("/health"), httpx.Response)
    assert_type(buyer.account, Account)
    assert_type(marketplace.new_actor(role="buyer"), Actor)
    assert_type(target.api, str)


async def an_async_test(seller: AsyncActor, buyer: AsyncActor, marketplace: AsyncMarketplace) -> None:
    """In async tests the same verb, with the same arguments, is awaited."""
    lamp = await seller.create_listing(title="Desk lamp", price="25.00")
    assert_type(lamp, Listing)
    assert_type(await buyer.search("lamp"), list[Listing])
    assert_type(await buyer.checkout(lamp), Order)
    assert_type(await buyer.post("/reports", json={"about": lamp.id}), httpx.Response)
    other = await marketplace.new_actor()
    assert_type(other, AsyncActor)
    assert_type(await other.list_orders(), list[Order])


class Member(Actor):
    """A team's own person."""

    @verb
    async def buy_two(self, one: Listing, other: Listing) -> int:
        """A verb of their own; `verb` is for the type checker, at run time any public `async def` is one."""
        return one.id + other.id  # type: ignore[no-any-return]


def a_test_of_their_own(member: Member, lamp: Listing) -> None:
    """It has the plain colour in plain code."""
    assert_type(member.buy_two(lamp, lamp), int)


def a_test_that_judges(
    buyer: Actor,
    order: Order,
    assert_private: Callable[..., None],
    assert_rate_limited: Callable[..., None],
    assert_check: Callable[..., None],
    assert_p95_under: Callable[..., None],
    assert_contract: Callable[..., None],
) -> None:
    """In plain tests an assertion gives nothing; verbs are handed over without being called."""
    assert_private(order, verbs=["read", "update"])
    assert_rate_limited("login", within=10, recover_within=90)
    assert_check("access.session.*", "access.enumeration.login")
    assert_p95_under(300, buyer.search, "lamp", samples=93, users=2)
    assert_contract(buyer.get(f"/orders/{order.id}"), "get_order")
    assert_contract(order, {"required": ["id", "total"]})


async def an_async_test_that_judges(
    buyer: AsyncActor,
    order: Order,
    assert_private: Callable[..., Awaitable[None]],
    assert_p95_under: Callable[..., Awaitable[None]],
    assert_error_rate_under: Callable[..., Awaitable[None]],
    assert_contract: Callable[..., Awaitable[None]],
) -> None:
    """In async tests it is awaited."""
    await assert_private(order)
    await assert_p95_under(300, buyer.search, "lamp")
    await assert_error_rate_under(0.01, step="search")
    await assert_contract(await buyer.search("lamp"), "search")


def a_test_that_gives_up(error: StepFailure) -> None:
    """`inconclusive` never returns."""
    assert_type(error.failure.title, str)
    inconclusive("the search index is being rebuilt")
