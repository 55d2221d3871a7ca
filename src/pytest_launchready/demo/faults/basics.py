"""Defects of the flows: steps that do not work."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Operation
from pytest_launchready.demo.market.problems import Problem

SLOW_SECONDS = 0.8


async def _crash(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise RuntimeError("the search index is gone")


async def _slow(proceed: Operation, *args: Any, **kwargs: Any) -> Any:
    await asyncio.sleep(SLOW_SECONDS)
    return await proceed(*args, **kwargs)


async def _refuse_payment(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise Problem(402, "payment_declined", "The card was declined. Nothing was bought.")


async def _closed(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise Problem(403, "signup_closed", "Sign-up is closed at the moment.")


DEFECTS = (
    Defect("search-500", "Search answers every query with an internal error.", ("search",), _crash),
    Defect("slow-search", f"Search takes {SLOW_SECONDS} s longer than it should.", ("search",), _slow),
    Defect(
        "checkout-refuses", "Good cards are declined, so nobody can buy.", ("checkout", "place_order"), _refuse_payment
    ),
    Defect("signup-closed", "Nobody new can sign up.", ("signup",), _closed),
)
