"""From verdicts to the outcome of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.failures import render
from pytest_launchready.core.redact import Secrets
from pytest_launchready.core.verdicts import Verdict
from pytest_launchready.core.words import counted

SHOWN = 10
"""Further checks that a message lists."""


class CheckFailure(AssertionError):  # noqa: N818 - a verdict on the marketplace, not an error of ours
    """A check failed; the message says which, what shows it, and what to do."""

    __module__ = "pytest_launchready"
    expected_by_user = True


def settle(results: Sequence[tuple[Check[Any], Verdict]], secrets: Secrets) -> None:
    """Returns if every check passed; raises CheckFailure if one failed, else Inconclusive.

    The first failure is told whole, the others in a line each.
    """
    __tracebackhide__ = True
    failures = [(check, verdict) for check, verdict in results if verdict.outcome == "failed"]
    undecided = [(check, verdict) for check, verdict in results if verdict.outcome == "inconclusive"]
    if failures:
        others = [*_lines(failures[1:], "failed", secrets), *_lines(undecided, "inconclusive", secrets)]
        raise CheckFailure("\n".join([told(*failures[0], secrets), *others]))
    if undecided:
        reasons = [f"{verdict.reason} ({verdict.code})" for _, verdict in undecided]
        more = f"; and {counted(len(reasons) - 1, 'check')} more" if len(reasons) > 1 else ""
        raise Inconclusive(secrets.mask(reasons[0]) + more, code=undecided[0][1].code)


def told(check: Check[Any], verdict: Verdict, secrets: Secrets) -> str:
    """A failed check as text: what it saw, what it proves, what it costs, and the standard behind it."""
    failure = verdict.failure
    if failure is not None and not failure.change:
        failure = replace(failure, change=check.remedy)
    shown = render(failure, secrets) if failure else secrets.mask(verdict.reason or "")
    why = f"\n  proves:   {check.proves}, else {check.impact}"
    reference = f"\n  see:      {check.reference}" if check.reference else ""
    return f"{check.id}: {shown}{why}{reference}"


def _lines(results: Sequence[tuple[Check[Any], Verdict]], word: str, secrets: Secrets) -> list[str]:
    lines = [f"  {word}: {check.id}: {secrets.mask(verdict.reason or '')}" for check, verdict in results]
    more = [f"  and {counted(len(lines) - SHOWN, 'check')} more that {word}"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]
