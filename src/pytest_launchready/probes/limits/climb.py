"""The climb: tries of one step, until a limit answers, or so many were let through that there is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.probes.limits.recognise import TOO_MANY, Baseline, Reading
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
NOWHERE: Final = frozenset({404, 405, 415, 501})
"""Answers to a code that no code was compared with."""
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


async def climb(trier: Trier, most: int, attempt: Callable[[], Awaitable[Exchange]]) -> Climb:
    """Tries until a limit shows, at most so many times and so long; the last proof is the account's right password."""
    started = time.monotonic()
    blind = await trier.control() if trier.plan.kind == "login" and trier.known else None
    first = [await attempt() for _ in range(LEARNT)]
    scope = {"account": trier.sender.account()}
    one = Baseline((first[0],), trier.plan.limit.limited, scope)
    at_second = one.read(first[1])
    # A limit may be as low as one try: then only the first answer is a plain one.
    baseline = one if at_second.means == "limited" else Baseline(tuple(first), one.limited, scope)
    early = _at_once(trier, baseline, blind)
    if early is not None:
        outcome, by, shown = early
        return Climb(trier, outcome, len(first), 0, time.monotonic() - started, baseline, by, shown)
    slow = max(one.seconds for one in first) > SLOW
    abreast = ABREAST if slow or trier.plan.declared is None else 1
    state = _State(sent=len(first), through=len(baseline.exchanges))
    if at_second.means == "limited":
        state.row.append((first[1], at_second))
    while state.through < most and len(state.row) < SURE and time.monotonic() - started < SECONDS:
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
    elif found.outcome == "limited" and await _expired(found, attempt):
        found.outcome, found.by = "odd", f"the session ended while it was tried: {found.shown and found.shown.line}"
    return found


def _note(state: _State, exchange: Exchange, reading: Reading) -> None:
    state.sent += 1
    if reading.means == "plain":
        state.through += 1
        # Tries side by side are answered in any order: a plain answer after a limited one ends the row.
        state.row.clear()
    else:
        state.row.append((exchange, reading))


def _at_once(trier: Trier, baseline: Baseline, blind: str | None) -> tuple[Outcome, str, Exchange] | None:
    """Where the first tries already tell, or show that they do not reach what they are meant to try."""
    first, plan = baseline.exchanges, trier.plan
    mute = next((one for one in first if one.answer is None), None)
    if mute is not None:
        return "odd", f"a first try got no answer: {mute.error}", mute
    statuses = [one.answer.status for one in first if one.answer is not None]
    if statuses[0] == TOO_MANY:
        return "limited", "status 429", first[0]
    if plan.kind == "otp" and NOWHERE.intersection(statuses):
        blind = f"a wrong code leads nowhere: {first[0].line}"
    if blind is not None:
        return "odd", blind, first[0]
    must_work = plan.kind not in {"login", "otp", "signup"} and not plan.limit.values
    failed = next((one for one in first if must_work and not trier.worked(one)), None)
    if failed is None:
        return None
    return "odd", f"one of the first tries, which should work, does not: {failed.line}", failed


def _end(found: Climb, state: _State, most: int) -> None:
    """Says how the tries ended."""
    if not state.row:
        enough = most if found.trier.plan.declared is not None else min(most, ENOUGH)
        found.outcome = "open" if state.through >= enough else "late"
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


async def _expired(found: Climb, attempt: Callable[[], Awaitable[Exchange]]) -> bool:
    """Whether the refusals only mean that the session is over: with a new one the step answers plainly again."""
    answer, trier = found.shown.answer if found.shown else None, found.trier
    if answer is None or answer.status != 401 or not trier.plan.with_session:
        return False
    if await trier.renew() is not None:
        return False
    return found.baseline.read(await attempt()).means == "plain"


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
