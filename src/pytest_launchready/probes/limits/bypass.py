"""Bypass: while a step is limited, no other way of asking for the same thing is let through."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.probes.limits.batch import Batched, batch
from pytest_launchready.probes.limits.climb import SURE, Climb
from pytest_launchready.probes.limits.headers import waits
from pytest_launchready.probes.limits.trying import Trier
from pytest_launchready.probes.limits.ways import Way, name_key, ways

OTHERS: Final = 4
ORDINARY: Final = 4
"""Tries by another way, and ordinary ones, in an order that chance decides: of so many orders one would have to be met
by a limiter that lets a try through every now and then, if all of the first are let through and none of the others."""
REACHES: Final = 3
"""Times that one way is tried again because the limit ended meanwhile."""
CLIMBS: Final = 15
"""Times that the limit is climbed to again, for all ways together."""


class Over(Exception):  # noqa: N818 - what happened
    """The limit ends faster than it can be tried."""


@dataclass(slots=True)
class _Siege:
    """One limited step, and what was found open and closed."""

    found: Climb
    climbs: int = 0
    refusal: Exchange | None = None
    """The last refused ordinary try."""
    opened: dict[str, Exchange] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)


async def bypass(found: Climb, other: Trier) -> Verdict:
    """Passed where every way is refused like the ordinary one; failed with the names of those that are not."""
    plan, siege = found.trier.plan, _Siege(found)
    if plan.kind == "signup":
        raise NotCovered(f"not covered: {plan.name}: each way around would make accounts")
    try:
        for way in ways(plan):
            if not (way.unless and siege.opened):
                await _besiege(siege, way)
    except Over:
        if not siege.opened:
            reason = f"{plan.name}: the limit ends faster than all ways around it can be tried"
            return inconclusive("short-window", reason, f"refused as before: {', '.join(siege.closed) or 'none'}")
    batched = await batch(found, other)
    if batched is not None and batched.opened:
        siege.opened[batched.name] = batched.exchange
    elif batched is not None:
        siege.closed.append(batched.name)
    told = f"{plan.name}: refused as before: {', '.join(siege.closed) or 'none'}"
    if not siege.opened:
        return passed(told)
    return failed(_failure(siege, batched), told, code="bypassed")


async def _besiege(siege: _Siege, way: Way) -> None:
    """Tries a way, and of what it puts together each alone."""
    exchange = await _opens(siege, way)
    if exchange is None:
        siege.closed.append(way.name)
        return
    alone = {part.name: found for part in way.parts if (found := await _opens(siege, part)) is not None}
    siege.opened.update(alone or {way.name: exchange})


async def _opens(siege: _Siege, way: Way) -> Exchange | None:
    """A try by this way that was let through, where all such tries are and ordinary ones are not."""
    found = siege.found
    await _reach(siege)
    if not _through(found, await _try(found, way)):
        return None
    started = time.monotonic()
    exchange = await _told_apart(siege, way)
    asked = waits(siege.refusal.answer) if siege.refusal else None
    if exchange is not None and asked is not None and time.monotonic() - started > asked:
        exchange = await _told_apart(siege, way)  # so short a limit could have ended in between: once more
    return exchange if exchange is not None and await _same_account(found, way) else None


async def _told_apart(siege: _Siege, way: Way) -> Exchange | None:
    """The last try by this way, where in a mixed row all of its tries are let through and no ordinary one is."""
    # A spelling may have a count of its own: less than the whole of it, or the proof would use it up.
    others = max(1, min(OTHERS, siege.found.through - 2))
    for _ in range(REACHES):
        row = [True] * others + [False] * ORDINARY
        random.shuffle(row)
        exchange = None
        for other in row:
            if not other:
                if not await _refused(siege):
                    break  # the limit is over: that tells nothing
                continue
            exchange = await _try(siege.found, way)
            if not _through(siege.found, exchange):
                return None
        else:
            return exchange
        await _reach(siege)
    return None


async def _try(found: Climb, way: Way) -> Exchange:
    trier = found.trier
    account = _respelled(found, way)
    return await trier.attempt(way.bend(trier.plan.tried), account=account)


def _respelled(found: Climb, way: Way) -> dict[str, str]:
    if way.respell is None:
        return {}
    key = name_key(found.trier.plan)
    return {key: way.respell(str(found.trier.sender.account().get(key, "")))}


async def _same_account(found: Climb, way: Way) -> bool:
    """Whether another spelling means the same account: the right password logs in with it."""
    return way.respell is None or (found.trier.known and await found.trier.refused(_respelled(found, way)) is None)


def _through(found: Climb, exchange: Exchange) -> bool:
    """Whether a try was let through as the first ones were; a page of another kind was not."""
    if exchange.answer is None:
        return False
    if found.trier.plan.makes:
        return found.trier.worked(exchange)
    return found.baseline.is_plain(exchange)


async def _refused(siege: _Siege) -> bool:
    """Whether an ordinary try is refused now."""
    exchange = await siege.found.trier.attempt()
    if siege.found.baseline.read(exchange).means in {"limited", "changed"}:
        siege.refusal = exchange
        return True
    return False


async def _reach(siege: _Siege) -> None:
    """Returns once ordinary tries are refused; raises Over where the limit ended too often."""
    if await _refused(siege):
        return
    siege.climbs += 1
    if siege.climbs <= CLIMBS:
        for _ in range(siege.found.trier.plan.most + SURE):
            if await _refused(siege) and await _refused(siege):
                return
    raise Over


def _failure(siege: _Siege, batched: Batched | None) -> Failure:
    plan = siege.found.trier.plan
    names = list(siege.opened)
    exchange = siege.opened[names[0]]
    got = f"let through again and again, between refused ordinary tries: {exchange.line}"
    if batched is not None and batched.opened and len(names) == 1:
        got = f"{batched.count} tries in one request, all let through: {exchange.line}"
    return Failure(
        f"the limit of {plan.name} can be bypassed by {', '.join(names)}",
        "a refusal, as for an ordinary try",
        got,
        _remedy(names),
        exchange=exchange,
        control=siege.refusal or siege.found.shown,
    )


def _remedy(names: list[str]) -> str:
    return "; ".join(_remedies(names)) or "count tries by account, whatever the request looks like"


def _remedies(names: list[str]) -> Iterator[str]:
    said = " ".join(names).lower()
    if "header" in said or "-ip" in said or "forwarded" in said or "addr" in said:
        yield "take the client's address from your own proxy only, and count by account too"
    if "path" in said or "query" in said:
        yield "count by route, not by the address as it was written"
    if "account's name" in said or "e-mail" in said:
        yield "count by the account that a name leads to, not by the name as it was typed"
    if "one request" in said:
        yield "count every operation of a request, not the request"
