"""Part `latency.errors`: hardly any request of the session was failed by the server."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.verdicts import Verdict, passed
from pytest_launchready.probes.latency.recorded import errors_of, verdict_on_errors
from pytest_launchready.probes.subject import Context, Subject


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check, on what all others have sent."""
    rate = subject.mapped.latency.errors * 100
    yield Check(
        id="latency.errors",
        proves=f"fewer than {rate:g} % of the requests of steps are failed by the server",
        impact="slow-core-flow",
        remedy="look for answers of 500 and above, and for dropped connections, in the server's log",
        run=_errors,
    )


async def _errors(context: Context) -> Verdict:
    """A step that never worked is the business of the family `flows`; here it is about those that fail now and then."""
    mapped = context.marketplace.map
    facts = {
        name: sums
        for name, sums in context.marketplace.tally.facts().items()
        if name in mapped.steps and errors_of(sums) < sums["sent"]
    }
    if not facts:
        raise NotCovered("not covered: latency.errors: no request of a mapped step has been answered in this session")
    verdict = verdict_on_errors(facts, None, mapped.latency.errors, note=False)
    if verdict.outcome != "inconclusive":
        return verdict
    return passed(verdict.reason or "")
