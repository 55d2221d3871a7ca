"""Family `limits`: a check for each step's limit, and for what has to hold while it is reached and afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive
from pytest_launchready.flows import entrance
from pytest_launchready.flows.company import Company
from pytest_launchready.probes.limits.bypass import bypass
from pytest_launchready.probes.limits.climb import Climb, climb
from pytest_launchready.probes.limits.isolation import isolation
from pytest_launchready.probes.limits.judging import judge, undecided
from pytest_launchready.probes.limits.recovery import recovery
from pytest_launchready.probes.limits.steps import CRITICAL, MOST_ACCOUNTS, Plan, plans
from pytest_launchready.probes.limits.trying import Trier, nobody, pair_for, role_of, signs_up, trier
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused
from pytest_launchready.wire.patience import expecting_limits

PHASE: Final = 1
SIGN_UPS: Final = 8
"""Requests by which two spare people come in."""
WAYS: Final = 40
"""Requests by which ways around a limit are tried where all are closed."""
REFERENCES: Final = {
    "": "API4:2023, ASVS 5.0 6.3.1, WSTG-ATHN-03",
    "bypass": "API4:2023, ASVS 5.0 15.3.4, WSTG-ATHN-03",
    "isolation": "ASVS 5.0 6.1.1, WSTG-ATHN-03",
    "recovery": "ASVS 5.0 6.1.1, WSTG-ATHN-03",
}
"""The numbers and wording are those of the standards; 2.4.1 and 6.6.3 of ASVS 5 ask the same of forms and codes."""


@dataclass(slots=True)
class Scene:
    """One step at its limit, shared by its four checks."""

    found: Climb
    other: Trier


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Four checks a step; recoveries last, so that their waiting overlaps with the others' work."""
    found = list(plans(subject.mapped))
    for plan in found:
        yield from checks_of(plan)[:3]
    for plan in found:
        yield checks_of(plan)[3]


FAMILY: Final = Family("limits", "nobody tries anything as often as they like", checks)


def checks_of(plan: Plan, recover_within: float | None = None) -> tuple[Check[Context], ...]:
    """The climb, isolation, bypass and recovery of one step; ways around may use up the other account."""
    name = plan.name
    none = plan.limit.none
    reason = f"{name}: known to have no limit: {none}" if none else plan.absent
    return (
        _check(
            plan,
            "",
            f"{name} is refused after {plan.declared} tries at most" if plan.declared else f"{name} has a limit",
            f"limit {name}, or say what its limit is: [limits.{name}] within = TRIES",
            partial(_climbed, plan),
            SIGN_UPS + plan.most + 5,
            None if none and plan.kind in CRITICAL else reason,
        ),
        _check(
            plan,
            "isolation",
            f"while one account is limited at {name}, others are not",
            "count by account, and let a limit by address be far higher",
            partial(_after, plan, _isolation),
            3,
            reason,
        ),
        _check(
            plan,
            "bypass",
            f"the limit of {name} holds whatever the request looks like",
            "count tries by account and by the address of the connection",
            partial(_after, plan, _bypass),
            WAYS,
            reason,
        ),
        _check(
            plan,
            "recovery",
            f"{name} works again when its limit says so",
            "let the limit end by itself when Retry-After is over",
            partial(_after, plan, partial(_recovery, recover_within)),
            4,
            reason,
        ),
    )


def _check(
    plan: Plan,
    part: str,
    proves: str,
    remedy: str,
    run: Callable[[Context], Awaitable[Verdict]],
    requests: int,
    absent: str | None,
) -> Check[Context]:
    open_door = plan.kind in {"login", "otp"} and part in {"", "bypass"}
    return Check(
        id=f"limits.{plan.name}.{part}".rstrip("."),
        proves=proves,
        impact="data-exposed" if open_door else "trust-broken",
        remedy=remedy,
        run=run,
        needs=(plan.name,),
        reference=REFERENCES[part],
        requests=0 if absent else requests,
        phase=PHASE,
        absent=absent,
    )


async def _climbed(plan: Plan, context: Context) -> Verdict:
    if plan.limit.none is not None:
        failure = Failure(
            f"{plan.name} has no limit, as the map says: {plan.limit.none}",
            f"a limit: at {plan.name} each try is a guess, or a mail",
            f'[limits.{plan.name}] none = "{plan.limit.none}"',
            f"limit {plan.name}; a team that accepts the risk waives limits.{plan.name} until a day",
        )
        return failed(failure, "nothing was sent", code="known-to-have-none")
    scene = await _scene(plan, context)
    return scene if isinstance(scene, Verdict) else judge(scene.found)


async def _after(plan: Plan, run: Callable[[Scene], Awaitable[Verdict]], context: Context) -> Verdict:
    try:
        scene = await _scene(plan, context)
    except Inconclusive as error:
        raise NotCovered(f"not covered: {plan.name}: its limit could not be looked for: {error}") from None
    if isinstance(scene, Verdict):
        raise NotCovered(f"not covered: {plan.name}: {scene.reason}")
    reason = undecided(plan, scene.found)
    if reason is not None:
        raise reason
    try:
        with expecting_limits():
            return await run(scene)
    except StepFailure as error:
        return inconclusive("prerequisite", error.failure.title)
    except WriteRefused as error:
        raise NotCovered(f"not covered: {plan.name}: no consent: {error}") from None


async def _bypass(scene: Scene) -> Verdict:
    return await bypass(scene.found, scene.other)


async def _isolation(scene: Scene) -> Verdict:
    return await isolation(scene.found, scene.other)


async def _recovery(within: float | None, scene: Scene) -> Verdict:
    return await recovery(scene.found, within)


async def _scene(plan: Plan, context: Context) -> Scene | Verdict:
    """The step at its limit, once for all checks of a run; a verdict where it could not be tried."""
    try:
        return await context.notebook.once(("limits", plan.name, plan.declared), lambda: _climb(plan, context))
    except StepFailure as error:
        return inconclusive("prerequisite", f"{plan.name} could not be tried: {error.failure.title}")
    except WriteRefused as error:
        raise NotCovered(f"not covered: {plan.name}: no consent: {error}") from None


async def _climb(plan: Plan, context: Context) -> Scene:
    company = context.marketplace.company
    role = role_of(company.stage.map, plan)
    if plan.kind in {"login", "reset"} and not signs_up(company.stage.map, role):
        tried, other = nobody(plan, company, "nobody"), nobody(plan, company, "nobody-else")
    else:
        # Before anything is limited: whoever signs up later may meet a limit by address.
        pair = await context.notebook.once(("limits", "people", role), lambda: pair_for(company, role))
        tried, other = trier(plan, company, pair.tried), trier(plan, company, pair.other)
    await tried.prepare()
    await other.prepare()
    with expecting_limits():
        if plan.kind == "signup":
            return Scene(await climb(tried, min(plan.most, MOST_ACCOUNTS), lambda: _sign_up(company, role)), other)
        return Scene(await climb(tried, plan.most, tried.attempt), other)


async def _sign_up(company: Company, role: str) -> Exchange:
    """One more account, which is undone with the run."""
    person = await company.another(role)
    try:
        played = await entrance.sign_up(company.stage, person)
    except StepFailure as error:
        if error.failure.exchange is None:
            raise
        return error.failure.exchange
    return played.exchanges[-1]
