"""Recovery: whoever was limited is served again when the time is over that the refusal named."""

from __future__ import annotations

import asyncio
from typing import Final

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, passed
from pytest_launchready.probes.limits.climb import Climb
from pytest_launchready.probes.limits.headers import waits

WITHIN: Final = 30.0
"""Seconds that are waited where nobody says more: longer limits would hold up the run."""
SLACK: Final = 0.3
"""Seconds beyond what was asked: clocks are read in whole seconds."""
TIMES: Final = 2
"""Times that are waited: a second limit may stand behind the first."""


async def recovery(found: Climb, within: float | None) -> Verdict:
    """Waits in silence as long as the refusal asks, and tries again, rightly.

    `within` is what a test promises. Raises NotCovered where the limit lasts longer, or says no time.
    """
    plan, allowed, waited = found.trier.plan, WITHIN if within is None else within, 0.0
    # What the limit asks now: it may have been longer when it was reached, or have begun anew with each try since.
    last = exchange = await found.trier.attempt()
    for _ in range(TIMES if found.baseline.read(last).means != "plain" else 0):
        asked = waits(exchange.answer)
        if within is None:
            _check(found, asked, waited)
        pause = min(allowed - waited if asked is None else asked, allowed - waited)
        await asyncio.sleep(pause + SLACK)
        waited += pause
        refused = await _refused(found)
        if refused is None:
            return passed(f"{plan.name}: served again after {waited:.0f} s")
        exchange = refused
    if exchange is last:
        return passed(f"{plan.name}: served again when it was asked")
    when = "when it says" if within is None else f"within {within:g} s"
    failure = Failure(
        f"{plan.name}: the limit does not end {when}",
        f"served again after {waited:.0f} s",
        f"still refused: {exchange.line}",
        "let the limit end by itself when Retry-After is over, whatever was tried meanwhile",
        exchange=exchange,
        control=last,
    )
    return failed(failure, f"waited {waited:.0f} s in silence, then {exchange.line}", code="no-recovery")


def _check(found: Climb, asked: float | None, waited: float) -> None:
    name = found.trier.plan.name
    if asked is None:
        raise NotCovered(f"not covered: {name}: the refusal does not say when to come back (Retry-After)")
    if waited + asked > WITHIN:
        raise NotCovered(
            f"not covered: {name}: the limit lasts {asked:.0f} s more, and an audit waits {WITHIN:g} s at most: "
            f'assert_rate_limited("{name}", recover_within={waited + asked + 1:.0f}) waits'
        )


async def _refused(found: Climb) -> Exchange | None:
    trier = found.trier
    if trier.plan.kind == "login" and trier.known:
        return await trier.refused()
    exchange = await trier.attempt()
    return None if found.baseline.read(exchange).means == "plain" else exchange
