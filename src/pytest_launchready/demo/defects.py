"""Named defects: what can be broken on purpose, each switched on by name.

A defect names the operations of the market that it changes and the function that runs in their place. Every dialect
goes through the same operations, so a defect shows in all of them. What only the web can break asks `Market.broken`.
To add one: write the function, add one record to a module of `faults`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pytest_launchready.demo.faults import basics, conduct, contract, hygiene, latency, limits, objects, routes
from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Fault

CATALOGUE: tuple[Defect, ...] = (
    *basics.DEFECTS,
    *conduct.DEFECTS,
    *contract.DEFECTS,
    *hygiene.DEFECTS,
    *latency.DEFECTS,
    *limits.DEFECTS,
    *objects.DEFECTS,
    *routes.DEFECTS,
)
DEFECTS = {defect.name: defect for defect in CATALOGUE}


def chosen(names: Iterable[str]) -> tuple[Defect, ...]:
    """The defects with these names; raises ValueError that names the first unknown one and what is allowed."""
    return tuple(_named(name) for name in dict.fromkeys(names))


def faults(defects: Iterable[Defect]) -> dict[str, tuple[Fault, ...]]:
    """What runs in place of which operation; of several for one operation the first named is the innermost."""
    table: dict[str, tuple[Fault, ...]] = {}
    for defect in defects:
        if defect.fault is not None:
            for operation in defect.operations:
                table[operation] = (*table.get(operation, ()), defect.fault)
    return table


def _named(name: str) -> Defect:
    if name in DEFECTS:
        return DEFECTS[name]
    near = difflib.get_close_matches(name, DEFECTS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown demo defect {name!r}; allowed: {', '.join(sorted(DEFECTS))}.{hint}")
