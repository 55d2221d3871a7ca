"""Every rung that a team may override, bottom to top. Copy this file to `conftest.py` and uncomment what you need.

Each fixture below takes the place of one of the plugin's; lines with ## are prose.
"""

import pytest

## --- Settings and map ---
## The map is read from launchready.toml. Change it here only where TOML cannot say it.

# from dataclasses import replace
#
# @pytest.fixture(scope="session")
# def launchready_map(launchready_map):
#     """The map, aimed at the preview deployment that CI has just made."""
#     import os
#     target = replace(launchready_map.target, api=os.environ["PREVIEW_URL"])
#     return replace(launchready_map, target=target)

## --- Client ---

# @pytest.fixture(scope="session")
# def launchready_client_args():
#     """Bounds of one request: seconds in all, seconds to connect, connections a person, redirects, bytes of a body."""
#     return {"seconds": 30.0, "connect": 10.0, "connections": 4, "redirects": 5, "body": 8_000_000}

# @pytest.fixture(scope="session")
# def launchready_transport():
#     """A maker of httpx transports, or None for real sockets. Here: the application itself, without a network."""
#     import httpx
#     from shop.main import app
#     return lambda: httpx.ASGITransport(app)

## --- People ---

# from pytest_launchready import Actor
#
# class Member(Actor):
#     """People of our marketplace can haggle, and check out in one click."""
#
#     async def haggle(self, listing, offer):
#         """A verb of our own: one `async def`, called from plain and async tests alike."""
#         return await self.call("make_offer", listing=listing, offer=offer)
#
#     async def checkout(self, listing, quantity=1, **values):
#         """A verb of the plugin's, overridden."""
#         return await super().checkout(listing, quantity, express=True, **values)

# @pytest.fixture(scope="session")
# def launchready_actor_class():
#     """The class of every person."""
#     return Member

# @pytest.fixture(scope="session")
# def buyer(marketplace):
#     """The person who buys: here one with a role of their own, from [people.wholesaler] of the map."""
#     return marketplace.get_actor("wholesaler")

## --- Objects ---

# @pytest.fixture
# def listing(seller):
#     """What is for sale in most tests."""
#     return seller.create_listing(title="Desk lamp", price="25.00")

# @pytest.fixture
# def order(buyer, listing):
#     """A paid order."""
#     return buyer.checkout(listing)
