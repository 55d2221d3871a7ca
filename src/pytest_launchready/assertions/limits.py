"""`assert_rate_limited`: the checks of one step's limit, asked for by a test."""

from __future__ import annotations

from dataclasses import replace

from pytest_launchready.assertions.judging import settle
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.verdicts import Verdict
from pytest_launchready.probes.limits.family import checks_of
from pytest_launchready.probes.limits.steps import Plan, plan_of
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.colour import verb
from pytest_launchready.wire.engine import Engine


class Limits:
    """What stands behind the fixture: one verb, coloured at the call."""

    _called = ""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context

    @verb
    async def assert_rate_limited(
        self, step: str, *, within: int | None = None, recover_within: float | None = None
    ) -> None:
        """Passes if the step is limited, for whoever tries too often and for nobody else, and works again afterwards.

        `within` is the tries that are let through at most; without it what `[limits.STEP]` says. The limit has to
        have ended `recover_within` seconds later; without it that is only looked at where it ends within half a
        minute. Raises CheckFailure, Inconclusive where it cannot be decided, NotCovered where there is no such step.
        """
        plan = self._plan(step, within)
        if recover_within is not None and recover_within <= 0:
            raise UseError(f"recover_within: got {recover_within!r}, allowed: seconds above 0")
        if plan.limit.none is not None:
            raise NotCovered(f"not covered: {step}: known to have no limit: {plan.limit.none}")
        if plan.absent is not None:
            raise Inconclusive(f"{plan.absent}: its limit cannot be tried", code="prerequisite")
        results: list[tuple[Check[Context], Verdict]] = []
        for check in checks_of(plan, recover_within):
            try:
                results.append((check, await check.run(self._context)))
            except NotCovered:
                if not results:
                    raise
        settle(results, self._context.marketplace.secrets)

    def _plan(self, step: str, within: int | None) -> Plan:
        mapped = self._context.marketplace.map
        self._context.marketplace.company.stage.step(step)
        plan = plan_of(mapped, step)
        if within is None and plan.declared is None and plan.limit.none is None:
            raise UseError(
                f"assert_rate_limited({step!r}): how many tries? Give within=TRIES, or say it in {mapped.source}: "
                f"[limits.{step}] within = TRIES"
            )
        if within is not None and within < 1:
            raise UseError(f"within: got {within!r}, allowed: a whole number from 1")
        return plan if within is None else plan_of(mapped, step, replace(plan.limit, within=within, none=None))
