"""From samples to a verdict, and the sentences that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.probes.latency import servertiming
from pytest_launchready.probes.latency.sampler import Ran
from pytest_launchready.probes.latency.samples import PHASES
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.probes.latency.statistics import needed

ADVICE = {
    "ttfb": "the server takes that long to begin its answer: look at the queries, locks and calls behind this request",
    "body": "the answer is long or sent slowly: give less of it, page it, compress it",
    "send": "the request is long, or the way to the server slow",
}

FEWEST = 20
"""Calls below which the nearest-rank p95 is the longest of them, so that no figure of it is told (computed)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be shown of samples."""

    what: str
    """Whose time: "search, as buyer"."""
    quantity: str
    """What of it: "p95", "median", "p95 of the first byte"."""
    note: bool = False
    """Whether a sample that does not decide, and does not look too slow, is a note only."""


def verdict_on(series: Series, ran: Ran, question: Question) -> Verdict:
    """Passed, failed, or inconclusive with the code of what kept it from being decided."""
    evidence = Evidence(said(series), measured(series))
    wanted = f"{question.quantity} under {series.limit * 1000:g} ms"
    if series.decision == "passed":
        return passed(evidence)
    if series.decision == "failed":
        return failed(_failure(series, question, wanted), evidence, code="slow")
    code, why = _why_not(series, ran)
    reason = f"{question.what}: not decided whether its {wanted}: {why}"
    if series.n == 0:
        return inconclusive(code, reason)
    reason = f"{reason}. {evidence.said}"
    if question.note and series.slow <= series.n * series.rule.share:
        return passed(evidence, notes=[f"consistent with it, not proven: {reason}"])
    return inconclusive(code, reason, evidence)


def said(series: Series) -> str:
    """What the samples were, in a sentence."""
    if not series.n:
        return "no call was timed"
    parts = [
        f"{series.slow} of {counted(series.n, 'call')} over {series.limit * 1000:g} ms"
        + (f" ({counted(series.errors, 'error')} among them)" if series.errors else ""),
        f"p50 {_ms(series.quantile(0.5))}, {_p95(series)}",
        f"max {_ms(series.quantile(1.0))}",
    ]
    dominating = series.dominating()
    if dominating is not None:
        parts.append(f"{dominating[1]:.0%} of it {PHASES[dominating[0]]}")
    if series.setups:
        longest = _ms(max(series.setups))
        parts.append(f"apart from that {counted(len(series.setups), 'connection')} set up in {longest} at most")
    if series.disturbed:
        left = f", {series.left_out} of them left out" if series.left_out else ""
        parts.append(f"{counted(series.disturbed, 'call')} while our own process lagged{left}")
    told = servertiming.told(_answer(series))
    if told:
        parts.append(f"of the slowest the server says: {told}")
    return "; ".join(parts)


def measured(series: Series) -> dict[str, Any]:
    """The numbers behind the sentence; times are milliseconds."""
    if not series.n:
        return {"n": 0}
    low, high = series.range(0.95)
    whole = sum(series.totals.values()) or 1.0
    return {
        "n": series.n,
        "slow": series.slow,
        "errors": series.errors,
        "limit_ms": series.limit * 1000,
        "p50_ms": _round(series.quantile(0.5)),
        "p95_ms": _round(series.quantile(0.95)),
        "max_ms": _round(series.quantile(1.0)),
        "p95_interval_ms": [_round(low), None if high is None else _round(high)],
        "phases": {name: round(spent / whole, 3) for name, spent in series.totals.items()},
        "connections": len(series.setups),
        "setup_ms": [_round(value) for value in series.setups[:10]],
        "disturbed": series.disturbed,
        "left_out": series.left_out,
        "warm_up": series.warmed,
    }


def _failure(series: Series, question: Question, wanted: str) -> Failure:
    dominating = series.dominating()
    advice = ADVICE.get(dominating[0] if dominating else "", "look at the slowest request")
    if series.errors * 2 > series.slow:
        advice = "most of these calls were not slow but failed: repeat the slowest request"
    return Failure(
        title=f"{question.what} is too slow: its {question.quantity} is over {series.limit * 1000:g} ms",
        expected=wanted,
        got=said(series),
        change=advice,
        exchange=series.slowest.exchange if series.slowest else None,
    )


def _why_not(series: Series, ran: Ran) -> tuple[str, str]:
    if ran.why:
        return ran.code, ran.why
    if series.left_out > series.rule.cap:
        return "lagged", f"our own process lagged in {counted(series.left_out, 'call')}, and that may have decided"
    share = series.rule.share
    many = f"{series.slow} slow of {series.n} fit both"
    if series.n < series.rule.cap:
        return "few-samples", f"{many}; {needed(series.slow, share)} calls with no more slow ones would show it"
    return "undecided", f"{many}, and {series.rule.cap} calls is where it stops"


def _answer(series: Series) -> Any:
    slowest = series.slowest
    return slowest.exchange.answer if slowest is not None and slowest.exchange is not None else None


def _ms(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def _round(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _p95(series: Series) -> str:
    low, high = series.range(0.95)
    if series.n < FEWEST:
        return f"p95 at least {_ms(low)}"
    upper = "no upper bound" if high is None else _ms(high)
    return f"p95 {_ms(series.quantile(0.95))} (95 % interval {_ms(low)} to {upper})"
