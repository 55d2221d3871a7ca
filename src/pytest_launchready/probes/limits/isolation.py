"""Isolation: while one account is limited, another one at the same address is not."""

from __future__ import annotations

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.probes.limits.climb import Climb
from pytest_launchready.probes.limits.judging import shown
from pytest_launchready.probes.limits.recognise import sign_of
from pytest_launchready.probes.limits.trying import Trier


async def isolation(found: Climb, other: Trier) -> Verdict:
    """Passed where the other account is served; with a note where a limit by address may be why it is not.

    All that a run sends comes from one address, so a limit by address looks like one for everybody. It fails only where
    the map says that the limit counts by account.
    """
    plan = found.trier.plan
    refusal = await _refusal(found, other)
    still = found.baseline.read(await found.trier.attempt()).means
    if still == "plain":
        raise NotCovered(f"not covered: {plan.name}: the limit was over before another account was tried")
    if refusal is None:
        return passed(f"{plan.name}: {other.sender.name} is served while {found.trier.sender.name} is refused")
    if refusal.answer is None or not _limits(found, refusal):
        reason = f"{plan.name}: {other.sender.name} is refused, and not as by a limit: {refusal.line}"
        return inconclusive("prerequisite", reason)
    if plan.limit.per == "account":
        failure = Failure(
            f"{plan.name}: who tries too often gets others refused too",
            f"{other.sender.name} is served: the map says the limit counts by account ([limits.{plan.name}] per)",
            refusal.line,
            "count by account, and let a limit by address be far higher: an office shares one address",
            exchange=refusal,
            control=found.shown,
        )
        return failed(failure, f"{shown(found)}; then {refusal.line}", code="others-blocked")
    note = (
        f"{plan.name}: another account at the same address is refused too: the limit counts by address, or is one for "
        f'everybody. From one address these look alike; say [limits.{plan.name}] per = "account" if it should not be so'
    )
    return passed(f"{refusal.line}, while {found.trier.sender.name} is limited", notes=(note,))


async def _refusal(found: Climb, other: Trier) -> Exchange | None:
    """What refuses the other account; None where it is served."""
    if other.plan.kind == "login" and other.known:
        return await other.refused()
    exchange = await other.attempt()
    return None if found.baseline.read(exchange).means == "plain" else exchange


def _limits(found: Climb, refusal: Exchange) -> bool:
    """Whether a refusal looks like the one of the limit."""
    if refusal.answer is None or found.shown is None or found.shown.answer is None:
        return False
    plain = [one.answer for one in found.baseline.exchanges if one.answer is not None]
    by = sign_of(refusal.answer, plain, found.baseline.limited, found.baseline.scope)
    return by is not None or refusal.answer.status == found.shown.answer.status
