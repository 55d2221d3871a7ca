"""Named defects: what can be broken on purpose, each switched on by name.

A defect names the operations of the market that it changes and the function that runs in their place. Every dialect
goes through the same operations, so a defect shows in all of them. To add one: write the function, add one record.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_launchready.demo.market.base import Fault, Operation
from pytest_launchready.demo.market.problems import Problem

SLOW_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that can be broken."""

    name: str
    breaks: str
    """What a user would notice, in a sentence."""
    operations: tuple[str, ...]
    """Names of the operations that it changes."""
    fault: Fault
    """Called in place of each, with the operation and its arguments."""


async def _crash(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise RuntimeError("the search index is gone")


async def _slow(proceed: Operation, *args: Any, **kwargs: Any) -> Any:
    await asyncio.sleep(SLOW_SECONDS)
    return await proceed(*args, **kwargs)


async def _refuse_payment(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise Problem(402, "payment_declined", "The card was declined. Nothing was bought.")


async def _closed(_proceed: Operation, *_args: Any, **_kwargs: Any) -> Any:
    raise Problem(403, "signup_closed", "Sign-up is closed at the moment.")


CATALOGUE = (
    Defect("search-500", "Search answers every query with an internal error.", ("search",), _crash),
    Defect("slow-search", f"Search takes {SLOW_SECONDS} s longer than it should.", ("search",), _slow),
    Defect(
        "checkout-refuses", "Good cards are declined, so nobody can buy.", ("checkout", "place_order"), _refuse_payment
    ),
    Defect("signup-closed", "Nobody new can sign up.", ("signup",), _closed),
)
DEFECTS = {defect.name: defect for defect in CATALOGUE}


def chosen(names: Iterable[str]) -> tuple[Defect, ...]:
    """The defects with these names; raises ValueError that names the first unknown one and what is allowed."""
    return tuple(_named(name) for name in dict.fromkeys(names))


def faults(defects: Iterable[Defect]) -> dict[str, tuple[Fault, ...]]:
    """What runs in place of which operation; of several for one operation the first named is the innermost."""
    table: dict[str, tuple[Fault, ...]] = {}
    for defect in defects:
        for operation in defect.operations:
            table[operation] = (*table.get(operation, ()), defect.fault)
    return table


def _named(name: str) -> Defect:
    if name in DEFECTS:
        return DEFECTS[name]
    near = difflib.get_close_matches(name, DEFECTS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown demo defect {name!r}; allowed: {', '.join(sorted(DEFECTS))}.{hint}")
