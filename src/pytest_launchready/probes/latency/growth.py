"""Part `latency.growth`: a step stays as fast as it is, however many rows there are."""

from __future__ import annotations

import math
import statistics as median_of
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.mapping.latency import Growth
from pytest_launchready.mapping.records import Map, Step
from pytest_launchready.probes.latency.props import call_of
from pytest_launchready.probes.latency.sampler import Take, of_verb
from pytest_launchready.probes.latency.samples import Sample
from pytest_launchready.probes.latency.statistics import slope
from pytest_launchready.probes.order import actor_of
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

SAMPLES: Final = 20
"""Calls for each number of rows; the fastest quarter counts, since what disturbs a call only ever makes it slower."""
PART_OF_LIMIT: Final = 1 / 3
"""The part of its limit by which a step may get slower between the fewest rows and the most."""
SURE: Final = 1.96
"""Standard errors to either side of a slope that hold the true one in 95 % of all cases."""


@dataclass(frozen=True, slots=True)
class Grown:
    """How a step took the growth."""

    rows: tuple[int, ...]
    medians: tuple[float, ...]
    """Seconds."""
    rise: float
    """Seconds from the fewest rows to the most, by the line through all samples."""
    error: float
    """Of that, to either side (95 %)."""
    slowest: Exchange | None

    def __str__(self) -> str:
        """The medians, and the slope with its interval."""
        points = ", ".join(
            f"{rows:,} rows {median * 1000:.1f} ms" for rows, median in zip(self.rows, self.medians, strict=True)
        )
        span = (self.rows[-1] - self.rows[0]) / 1000
        low, mid, high = ((self.rise + side * self.error) / span * 1e6 for side in (-1, 0, 1))
        return f"{points}; {mid:.1f} µs for each thousand rows (95 % interval {low:.1f} to {high:.1f})"


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check, where the map says which step is to stay fast and which one makes rows."""
    growth = subject.mapped.latency.growth
    what = growth.step if growth else "search"
    yield Check(
        id="latency.growth",
        proves=f"{what} stays fast as rows grow",
        impact="slow-core-flow",
        remedy="index what is searched and sorted by, and stop at the end of the page",
        run=_growth,
        requests=(SAMPLES + 1) * len(growth.rows) + 2 if growth else 0,
        absent=_absent(subject.mapped),
    )


async def measure(take: Take, grow: Callable[[int], Awaitable[Any]], rows: Sequence[int]) -> Grown:
    """Samples at each number of rows, and the line through them; the rows are taken away again."""
    xs: list[float] = []
    ys: list[float] = []
    medians, slowest = [], Sample(0.0)
    try:
        for count in rows:
            await grow(count)
            await take(0.0)
            samples = sorted([await take(0.0) for _ in range(SAMPLES)], key=lambda sample: sample.seconds)
            slowest = max(slowest, samples[-1], key=lambda sample: sample.seconds)
            quick = [sample.seconds for sample in samples[: SAMPLES // 4]]
            medians.append(median_of.median(quick))
            xs += [float(count)] * len(quick)
            ys += quick
    finally:
        await grow(0)
    rise, error = slope(xs, ys)
    span = rows[-1] - rows[0]
    error = 0.0 if math.isinf(error) else error
    return Grown(tuple(rows), tuple(medians), rise * span, SURE * error * span, slowest.exchange)


def judge(grown: Grown, what: str, allowed: float) -> Verdict:
    """Failed if it surely gets slower by more than is allowed, passed if it surely does not; seconds."""
    evidence = Evidence(
        f"{what}: {grown}",
        {
            "rows": grown.rows,
            "median_ms": [round(one * 1000, 3) for one in grown.medians],
            "rise_ms": grown.rise * 1000,
        },
    )
    if grown.rise - grown.error > allowed:
        failure = Failure(
            title=f"{what} gets slower as rows grow",
            expected=f"at most {allowed * 1000:.0f} ms more at {grown.rows[-1]:,} rows than at {grown.rows[0]:,}",
            got=str(grown),
            change="index what is searched and sorted by, and stop at the end of the page",
            exchange=grown.slowest,
        )
        return failed(failure, evidence, code="grows")
    if grown.rise + grown.error <= allowed:
        return passed(evidence)
    return inconclusive("undecided", f"{what}: not decided whether it stays within {allowed * 1000:.0f} ms: {grown}")


def grower(context: Context, growth: Growth) -> Callable[[int], Awaitable[Any]]:
    """What makes so many rows: the map's own step for it, by whoever may."""
    stage = context.marketplace.company.stage

    async def grow(rows: int) -> None:
        person = await stage.person(actor_of(stage.map, stage.map.steps[growth.grow]))
        await stage.act(growth.grow, person, {"rows": rows})

    return grow


async def _growth(context: Context) -> Verdict:
    latency = context.marketplace.map.latency
    growth = latency.growth
    assert growth is not None
    step: Step = context.marketplace.map.steps[growth.step]
    try:
        take = of_verb(await call_of(context, step))
        async with context.notebook.sampling:
            grown = await measure(take, grower(context, growth), growth.rows)
    except StepFailure as error:
        return inconclusive("prerequisite", f"{growth.step} could not be tried: {error.failure.title}")
    except WriteRefused as error:
        raise NotCovered(f"not covered: latency.growth: no consent: {error}") from None
    except Inconclusive as error:
        return inconclusive(error.code, str(error))
    return judge(grown, growth.step, latency.limit_of(growth.step) / 1000 * PART_OF_LIMIT)


def _absent(mapped: Map) -> str | None:
    growth = mapped.latency.growth
    if growth is None:
        return (
            "latency.growth: the map does not say which step is to stay fast, and which makes rows ([latency.growth])"
        )
    skipped = next((name for name in (growth.step, growth.grow) if mapped.steps[name].skip is not None), None)
    return skipped and f"latency.growth: {skipped}: {mapped.steps[skipped].skip}"
