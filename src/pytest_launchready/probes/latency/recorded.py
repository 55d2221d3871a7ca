"""What can be said afterwards of the calls that a session has made anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.timings import Times
from pytest_launchready.probes.latency.judging import Question, verdict_on
from pytest_launchready.probes.latency.sampler import Ran
from pytest_launchready.probes.latency.samples import Sample
from pytest_launchready.probes.latency.schedule import Every, Once, Rule
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.probes.latency.statistics import allowed, most_share, needed, too_many


def verdict_on_recorded(times: Times, limit: float, share: float, question: Question) -> Verdict:
    """One look at the calls of a step, all of them; a `share` of 0 means that not one may be slow."""
    n = len(times.seconds)
    if not n:
        return inconclusive("few-samples", f"{question.what}: no call of it has worked yet in this session")
    rule: Rule = Once(share, n) if share else Every(n)
    series = Series(rule, limit)
    for seconds in times.seconds:
        if not series.open:
            break
        exchange = times.slowest if seconds == max(times.seconds) else None
        series.add(Sample(seconds, exchange=exchange))
    least = needed(0, share) if share else 1
    why = f"{counted(n, 'call')} are too few, at least {least} are needed" if n < least else ""
    return verdict_on(series, Ran("few-samples", why), question)


def verdict_on_errors(facts: Mapping[str, Mapping[str, Any]], step: str | None, rate: float, *, note: bool) -> Verdict:
    """Whether so few requests failed that the true rate is below `rate`; `facts` are a run's sums by step."""
    chosen = [sums for name, sums in facts.items() if step in {None, name}]
    n = sum(sums["sent"] for sums in chosen)
    errors = sum(map(errors_of, chosen))
    what = f"requests of {step}" if step else "requests of this session"
    said = f"{errors} of {n} {what} failed{_kinds(chosen)}"
    wanted = f"fewer than {rate:.3g} of all" if rate < 0.001 else f"fewer than {rate:.1%}"
    evidence = Evidence(said, {"n": n, "errors": errors, "rate": rate, "at_most": round(most_share(errors, n), 5)})
    if errors >= too_many(n, rate):
        change = "errors are answers of 500 and above, and requests without an answer: the server's log has their cause"
        return failed(Failure(f"too many {what} fail", wanted, said, change), evidence, code="errors")
    if errors <= allowed(n, rate):
        return passed(evidence)
    reason = f"{said}, which is consistent with {wanted}; {needed(errors, rate)} with no more failures would show it"
    if note and errors <= n * rate:
        return passed(evidence, notes=[reason])
    return inconclusive("few-samples", reason, evidence)


def _kinds(chosen: Sequence[Mapping[str, Any]]) -> str:
    """Which errors they were, as in " (3 of status 502, 1 without an answer)"."""
    statuses: Counter[str] = Counter()
    for sums in chosen:
        statuses.update({status: count for status, count in sums["statuses"].items() if int(status) >= 500})
    words = [f"{count} of status {status}" for status, count in sorted(statuses.items())]
    unanswered = sum(sums["unanswered"] for sums in chosen)
    words += [f"{unanswered} without an answer"] if unanswered else []
    return f" ({', '.join(words)})" if words else ""


def errors_of(sums: Mapping[str, Any]) -> int:
    """The requests that the server failed: no answer, or one of 500 and above."""
    answered = sum(count for status, count in sums["statuses"].items() if int(status) >= 500)
    return int(sums["unanswered"]) + int(answered)
