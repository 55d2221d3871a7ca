"""Part `latency.roundtrips`: no step keeps a phone waiting for many answers in a row, or for long ones."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.networks import NETWORKS
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.timings import Times
from pytest_launchready.mapping.latency import Latency
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.probes.latency.props import call_of
from pytest_launchready.probes.latency.steps import only_reads
from pytest_launchready.probes.order import in_order, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check, on every step."""
    latency = subject.mapped.latency
    yield Check(
        id="latency.roundtrips",
        proves=f"no step waits for more than {counted(latency.trips, 'answer')} beyond those it is made of, "
        f"or for more than {latency.bytes:,} bytes",
        impact="slow-core-flow",
        remedy="answer at once instead of redirecting, and give a page of what is asked for instead of all of it; "
        "`trips` and `bytes` in [latency] allow more",
        run=_weighed,
        requests=5,
    )


async def _weighed(context: Context) -> Verdict:
    stage = context.marketplace.company.stage
    said = []
    for step in in_order(context.marketplace.map):
        if only_reads(step) and why_untried(stage.map, step) is None and not stage.timings.of(step.name).seconds:
            await _call_once(context, step)
        times = stage.timings.of(step.name)
        if not times.requests:
            continue
        failure = _too_many(step, times, stage.map.latency) or _too_long(step, times, stage.map.latency)
        measured = Evidence(
            f"{step.name}: {counted(times.requests, 'request')}, {times.depth} in a row, {times.received:,} bytes",
            {"step": step.name, "requests": times.requests, "depth": times.depth, "bytes": times.received},
        )
        if failure is not None:
            return failed(failure, measured, code="chatty" if "in a row" in failure.title else "heavy")
        said.append(measured)
    if not said:
        raise NotCovered("not covered: latency.roundtrips: no step has worked in this session")
    return passed(*said)


async def _call_once(context: Context, step: Step) -> None:
    """One call of a step; one that does not work is the business of the family `flows`."""
    try:
        await (await call_of(context, step))()
    except (StepFailure, WriteRefused, NotCovered, Inconclusive):
        return


def _too_many(step: Step, times: Times, latency: Latency) -> Failure | None:
    own = [part for part in step.parts if isinstance(part, Request)]
    allowed = len(own) + latency.trips
    if len(own) < len(step.parts) or any(part.wait for part in own) or times.depth <= allowed:
        return None  # what waits for something, or runs other steps, asks as often as it has to
    return Failure(
        title=f"{step.name} waits for {times.depth} answers in a row",
        expected=f"{allowed} at most: {counted(len(own), 'request')} in the map, and {latency.trips} beyond",
        got=f"{counted(times.requests, 'request')} in one call, {times.depth} of them one after the other",
        change="each redirect costs a phone a round trip of 150 ms and more: answer where the client asks",
        exchange=times.deepest,
    )


def _too_long(step: Step, times: Times, latency: Latency) -> Failure | None:
    if times.received <= latency.bytes:
        return None
    return Failure(
        title=f"{step.name} loads {times.received:,} bytes",
        expected=f"{latency.bytes:,} bytes at most",
        got=f"{times.received:,} bytes in one call: {_seconds(times.received):.1f} s on a slow 4G",
        change="give a page at a time, only what the page shows, and compress it",
        exchange=times.largest,
    )


def _seconds(received: int) -> float:
    return received * 8 / NETWORKS["slow-4g"].down
