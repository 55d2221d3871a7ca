"""Defects of speed: what is slow, long, asked for too often, or kept where it must not be."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Fault, Market, Operation

SLOW_SECONDS = 0.4
TAIL = 16
"""One call of so many is slow: 6 %."""
ONCE = 20
"""The number of the only slow call."""
BYTES = 2_000_000
HOPS = 3
SECONDS_PER_ROW = 20e-6
"""So a search among 50,000 listings takes a second longer."""


def _slow_at(numbers: Any) -> Fault:
    """Waits before the calls of these numbers, counted from 1."""
    counter = itertools.count(1)

    async def fault(proceed: Operation, *args: Any, **kwargs: Any) -> Any:
        if numbers(next(counter)):
            await asyncio.sleep(SLOW_SECONDS)
        return await proceed(*args, **kwargs)

    return fault


async def _grows(proceed: Operation, market: Market, *args: Any) -> Any:
    await asyncio.sleep(market.store.number("SELECT count(*) FROM listings") * SECONDS_PER_ROW)
    return await proceed(market, *args)


async def _one_by_one(proceed: Operation, market: Market, *args: Any) -> Any:
    found = await proceed(market, *args)
    for item in found["items"]:
        market.store.one("SELECT name FROM users WHERE id = ?", item["seller"]["id"])
    return found


DEFECTS = (
    Defect("slow-tail", "One search of sixteen takes 0.4 s longer.", ("search",), _slow_at(lambda n: n % TAIL == 0)),
    Defect("slow-once", "A single search takes 0.4 s longer.", ("search",), _slow_at(lambda n: n == ONCE)),
    Defect("slow-first-byte", "A listing takes 0.4 s to begin to show.", ("get_listing",), _slow_at(lambda _: True)),
    Defect("search-grows", "Search takes longer the more listings there are.", ("search",), _grows),
    Defect("n-plus-one", "Search asks the database once more for each listing it shows.", ("search",), _one_by_one),
    Defect("big-payload", "A page of search results weighs two megabytes."),
    Defect("chatty-inbox", "The inbox sends everybody round three corners before it opens."),
    Defect("no-etag", "A phone cannot ask whether a listing has changed, and loads it anew each time."),
    Defect("private-cached", "Caches between server and phone may keep an order and show it to others."),
)
