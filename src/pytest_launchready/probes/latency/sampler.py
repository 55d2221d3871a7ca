"""Taking samples: one after the other, or as many people would, at moments that are settled beforehand."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.probes.latency.samples import Sample, sample_of, whole
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.wire.pools import crowd
from pytest_launchready.wire.timing import gathering

WARM_UP: Final = 3
"""Calls before the first sample: they open the connection and fill caches, so they are not counted."""

TIMER: Final = 0.005
"""Seconds by which a timer of the loop may be late in the ordinary way."""

Call = Callable[[], Awaitable[Any]]
Take = Callable[[float], Awaitable[Sample]]
"""Takes one sample; it is told how long the call has waited for its turn already."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a sampling ended, where it was cut short."""

    code: str = "undecided"
    why: str = ""


def of_verb(call: Call) -> Take:
    """Takes samples of a call that sends requests of ours: timed by them, whatever we do beside."""

    async def take(waited: float) -> Sample:
        with gathering() as exchanges:
            failure = None
            try:
                await call()
            except StepFailure as error:
                failure = failed_by_server(error)
        return sample_of(exchanges, waited=waited, failure=failure)

    return take


def of_function(call: Callable[[], Any]) -> Take:
    """Takes samples of any call, timed as a whole; awaits what it gives, if that can be awaited."""

    async def take(waited: float) -> Sample:
        with gathering() as exchanges:
            failure, started = None, time.perf_counter()
            try:
                given = call()
                if inspect.isawaitable(given):
                    await given
            except StepFailure as error:
                failure = failed_by_server(error)
            seconds = time.perf_counter() - started
        return whole(seconds, exchanges, waited=waited, failure=failure)

    return take


def here(call: Callable[[], Any]) -> Sample:
    """One sample of a plain call, in this thread, timed as a whole."""
    with gathering() as exchanges:
        failure, started = None, time.perf_counter()
        try:
            call()
        except StepFailure as error:
            failure = failed_by_server(error)
        seconds = time.perf_counter() - started
    return whole(seconds, exchanges, failure=failure)


def failed_by_server(error: StepFailure) -> StepFailure:
    """The failure of a call that the server failed, which makes it slow; raises it where that is another matter."""
    exchange: Exchange | None = error.failure.exchange
    if exchange is None or not (exchange.answer is None or exchange.answer.status >= 500):
        raise error
    return error


async def in_turn(subjects: Sequence[tuple[Take, Series]], seconds: float) -> Ran:
    """Samples calls in turn, one at a time, until each is decided, or `seconds` for each of them are over.

    In turn, so that a slow minute of the server does not fall on one of them alone.
    """
    started = time.perf_counter()
    try:
        for take, series in subjects:
            await _warm_up(take, series)
        while waiting := [(take, series) for take, series in subjects if series.open]:
            for take, series in waiting:
                if time.perf_counter() - started > seconds * len(subjects):
                    return out_of_time(seconds)
                series.add(await take(0.0))
    except Inconclusive as error:
        return Ran(error.code, str(error))
    return Ran()


def in_this_thread(call: Callable[[], Any], series: Series, seconds: float) -> Ran:
    """Samples a plain call until it is decided, or `seconds` are over."""
    started = time.perf_counter()
    try:
        for number in range(WARM_UP):
            _note(series, here(call), number)
        while series.open:
            if time.perf_counter() - started > seconds:
                return out_of_time(seconds)
            series.add(here(call))
    except Inconclusive as error:
        return Ran(error.code, str(error))
    return Ran()


async def at_once(take: Take, series: Series, users: int, rate: float, seconds: float) -> Ran:
    """Samples a call at moments that are settled beforehand, `rate` a second, by at most so many people at once.

    A call that cannot leave in time, because all people still wait, is timed from when it was due: a server that stands
    still for a second delays everybody who would have come in that second, not only one. Samples count in the order
    in which they were due, since quick ones end first.
    """
    free = asyncio.Semaphore(users)
    ended: dict[int, Sample] = {}
    stops: list[Ran] = []
    errors: list[Exception] = []
    counted = 0

    async def visit(number: int, due: float) -> None:
        nonlocal counted
        late = time.perf_counter() - due
        try:
            async with free:
                # Timers are a little late by nature. More than that is ours too, but whoever was due has waited for the
                # server as well: it counts, and as a lag it never decides.
                sample = await take(time.perf_counter() - due - min(late, TIMER))
                ended[number] = replace(sample, late=max(0.0, late - TIMER))
        except Inconclusive as error:
            stops.append(Ran(error.code, str(error)))
        except Exception as error:  # noqa: BLE001 - raised below, as itself and not as one of a group
            errors.append(error)
        while series.open and counted in ended:
            series.add(ended.pop(counted))
            counted += 1

    try:
        await _warm_up(take, series)
    except Inconclusive as error:
        return Ran(error.code, str(error))
    with crowd(users):
        began, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while series.open and not stops and not errors and sent < series.rule.cap + series.left_out:
                due = began + sent / rate
                if due - began > seconds:
                    stops.append(out_of_time(seconds))
                    break
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(visit(sent, due))
                sent += 1
    if errors:
        raise errors[0]
    return stops[0] if stops else Ran()


async def _warm_up(take: Take, series: Series) -> None:
    for number in range(WARM_UP):
        _note(series, await take(0.0), number)


def _note(series: Series, sample: Sample, number: int) -> None:
    """Takes note of a call before the first sample; raises how the last of them failed: it does not work at all."""
    if sample.failure is not None and number == WARM_UP - 1:
        raise sample.failure
    series.warm(sample)


def out_of_time(seconds: float) -> Ran:
    """What ends a sampling that takes too long."""
    return Ran("time", f"{seconds:g} s of sampling are over (`seconds` in [latency])")
