"""The climb: tries of one step, until a limit answers, or so many were let through that there is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.probes.limits.recognise import Baseline, Reading, sign_of
from pytest_launchready.probes.limits.trying import Trier

Outcome = Literal["limited", "open", "leaky", "crashed", "silent", "late", "odd"]
"""How a climb ended: at a limit; with none seen; at one that lets a right guess through; at a server error; without
answers; before its end, out of time; without a plain failure to compare with."""
SECONDS: Final = 60.0
"""Of one climb. A password hash may take a second, so tries then go out side by side."""
SLOW: Final = 0.25
"""Seconds a try from which on tries go out side by side."""
ABREAST: Final = 4
"""Tries at once: what a browser's tabs or a small pool of workers sends; the run's own pace is kept besides."""
LEARNT: Final = 2
"""First tries from which the plain failure is learnt."""
SURE: Final = 3
"""Limited answers in a row that make a limit: one alone may be noise."""
ENOUGH: Final = 20
"""Tries that say something even where the time ended before the last one: usual limits lie at 5 to 20."""
ROUNDS: Final = (3, 5, 4)
"""Refused tries before a right password, in each round. A bucket that refills by itself every few tries would let it
in once; not at three different places."""


@dataclass(slots=True)
class Climb:
    """What a climb came to."""

    trier: Trier
    outcome: Outcome
    sent: int
    """Tries."""
    through: int
    """Tries that were let through before the limit, or in all."""
    seconds: float
    baseline: Baseline
    by: str = ""
    """By what the end showed."""
    shown: Exchange | None = None
    """The answer that shows the end."""
    abreast: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def plain(self) -> Exchange:
        """The last plain answer."""
        return self.baseline.exchanges[-1]


@dataclass(slots=True)
class _State:
    sent: int = 0
    through: int = 0
    row: list[tuple[Exchange, Reading]] = field(default_factory=list)
    """Answers in a row that are not plain."""


async def climb(trier: Trier, most: int, attempt: Callable[[], Awaitable[Exchange]], seconds: float = SECONDS) -> Climb:
    """Tries until a limit shows, at most so many times and so long; the last proof is the account's right password."""
    started = time.monotonic()
    blind = await trier.control() if trier.plan.kind == "login" and trier.known else None
    first = [await attempt() for _ in range(LEARNT)]
    baseline = Baseline(tuple(first), trier.plan.limit.limited, {"account": trier.sender.account()})
    early = _at_once(first, baseline) or _blind(trier, first)
    if early is None and blind is not None:
        early = "odd", blind, first[0]
    if early is not None:
        outcome, by, shown = early
        return Climb(trier, outcome, len(first), 0, time.monotonic() - started, baseline, by, shown)
    slow = max(one.seconds for one in first) > SLOW
    abreast = ABREAST if slow or trier.plan.declared is None else 1
    state = _State(sent=len(first), through=len(first))
    while state.through < most and len(state.row) < SURE and time.monotonic() - started < seconds:
        count = 1 if state.row else min(abreast, most - state.through)
        answers = await asyncio.gather(*(attempt() for _ in range(count)))
        for exchange in answers:
            _note(state, exchange, baseline.read(exchange))
        if any(reading.means == "crashed" for _, reading in state.row):
            break
    if abreast > 1 and not state.row and state.through >= most:
        # A burst may slip past a limiter that counts after it has checked: it is there all the same.
        for _ in range(SURE):
            exchange = await attempt()
            _note(state, exchange, baseline.read(exchange))
    found = Climb(trier, "open", state.sent, state.through, time.monotonic() - started, baseline, abreast=abreast)
    _end(found, state, most)
    if trier.plan.kind == "login" and trier.known:
        await _try_right(found, attempt)
    return found


def _note(state: _State, exchange: Exchange, reading: Reading) -> None:
    state.sent += 1
    if reading.means == "plain":
        state.through += 1
        # Tries side by side are answered in any order: a plain answer after a limited one ends the row.
        state.row.clear()
    else:
        state.row.append((exchange, reading))


def _at_once(first: Sequence[Exchange], baseline: Baseline) -> tuple[Outcome, str, Exchange] | None:
    """Where the first tries already are no plain failures."""
    for exchange in first:
        answer = exchange.answer
        if answer is None:
            return "odd", f"a first try got no answer: {exchange.error}", exchange
        by = sign_of(answer, (), baseline.limited, baseline.scope)
        if answer.status == 429 and by is not None:
            return "limited", by, exchange
    return None


def _blind(trier: Trier, first: Sequence[Exchange]) -> tuple[Outcome, str, Exchange] | None:
    """Where the first tries do not show that they reach what they are meant to try."""
    plan, exchange = trier.plan, first[0]
    status = exchange.answer.status if exchange.answer else 0
    if plan.kind in {"login", "otp"} or plan.limit.values:
        nowhere = {404, 405, 415, 501} if plan.kind == "otp" else set()
        return ("odd", f"a wrong try leads nowhere: {exchange.line}", exchange) if status in nowhere else None
    if plan.kind != "signup" and not trier.worked(exchange):
        return "odd", f"the first try, which should work, does not: {exchange.line}", exchange
    return None


def _end(found: Climb, state: _State, most: int) -> None:
    """Says how the tries ended."""
    if not state.row:
        found.outcome = "open" if state.through >= min(most, ENOUGH) else "late"
        return
    exchange, reading = next(((e, r) for e, r in state.row if r.means == "crashed"), state.row[0])
    found.shown, found.by = exchange, reading.by
    kinds = {reading.means for _, reading in state.row}
    if "crashed" in kinds:
        found.outcome = "crashed"
    elif "silent" in kinds:
        found.outcome = "silent"
    elif len(state.row) >= SURE:
        found.outcome = "limited"
    else:
        found.outcome = "late"


async def _try_right(found: Climb, attempt: Callable[[], Awaitable[Exchange]]) -> None:
    """Asks with the right password, which logged in before: a limit refuses it too, and so does a silent lock."""
    if found.outcome == "open":
        refusals = [await found.trier.refused(), await found.trier.refused()]
        if all(one is not None and one.answer is not None and one.answer.status < 500 for one in refusals):
            found.outcome, found.shown = "limited", refusals[0]
            found.by = "the right password, which is refused now and worked before; the answer does not say why"
    elif found.outcome == "limited":
        for row in ROUNDS:
            if not await _stays_limited(found, attempt, row) or await found.trier.refused() is not None:
                return
        found.outcome = "leaky"


async def _stays_limited(found: Climb, attempt: Callable[[], Awaitable[Exchange]], times: int) -> bool:
    """Whether so many tries in a row are refused, after as many more tries as it takes to get there."""
    row = 0
    for _ in range(found.through + 2 * times):
        means = found.baseline.read(await attempt()).means
        row = row + 1 if means in {"limited", "changed"} else 0
        if row == times:
            return True
    return False
