"""What sellers do in their first hour."""

import asyncio

import pytest


def test_a_new_listing_is_found(buyer, lamp):
    """A search shows a new listing, with its price."""
    found = buyer.wait_until_found(lamp)
    assert found.price == lamp.price


async def test_two_searches_at_once_agree(anonymous, buyer, lamp):
    """Visitors and buyers see the same listing."""
    await buyer.wait_until_found(lamp)
    mine, theirs = await asyncio.gather(buyer.search(lamp.title), anonymous.search(lamp.title))
    assert lamp in mine
    assert lamp in theirs


async def test_a_search_answers_while_people_wait(anonymous):
    """A search that takes longer than a blink loses the visitor."""
    async with asyncio.timeout(0.7):
        await anonymous.search("lamp")


@pytest.mark.launchready(requires=("update_listing",))
def test_a_seller_can_change_the_price(seller, listing):
    """A new price is the price that the marketplace shows."""
    seller.update_listing(listing, price="19.50")
    assert str(seller.get_listing(listing).price) == "19.50"


@pytest.mark.launchready(requires=("delete_listing",))
def test_a_seller_can_take_a_listing_down(seller, lamp):
    """A listing that was removed is not found any more."""
    seller.delete_listing(lamp)
    assert lamp not in seller.search(lamp.title)
