"""A step that a rate limiter keeps from its answer: not proven either way, rather than failed."""

from __future__ import annotations

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import shorten
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Step
from pytest_launchready.wire.patience import EXPECTING_LIMITS, WITHIN, retry_after


def is_blocked(exchange: Exchange) -> bool:
    """Whether a limiter refused an exchange that did not look for a limit."""
    return exchange.answer is not None and exchange.answer.status == 429 and not EXPECTING_LIMITS.get()


def blocked(step: Step, actor: Person, exchange: Exchange, secrets: Secrets) -> Inconclusive:
    """The outcome of a step that a limiter refused, with what it asked for."""
    asked = retry_after(exchange.answer)
    how_long = "without saying for how long"
    if asked is not None:
        how_long = f"for {asked:g} s, and one request waits for {WITHIN:g} s at most"
    return Inconclusive(
        f"{step.name}, as {actor.name}: a rate limiter of the target refuses this run {how_long}. "
        f"{secrets.mask(shorten(exchange.line))}. Give the suite an allowance there, or lower its pace: budget.rate",
        code="rate-limited",
    )
