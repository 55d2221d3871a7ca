"""When the parts of a request happened, and what that makes of an exchange."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pytest_launchready.core.exchange import Exchange, Timing
from pytest_launchready.wire.pulse import Pulse
from pytest_launchready.wire.taps import Tap

GATHERED: ContextVar[list[Exchange] | None] = ContextVar("launchready_gathered", default=None)
"""Where the exchanges of the current call are collected, if somebody wants them."""


@contextmanager
def gathering() -> Iterator[list[Exchange]]:
    """Every exchange of the calls inside, as they end; whoever gathers around these calls gets them too."""
    found: list[Exchange] = []
    outer = GATHERED.get()
    token = GATHERED.set(found)
    try:
        yield found
    finally:
        GATHERED.reset(token)
        if outer is not None:
            outer += found


@dataclass(slots=True)
class Clock:
    """What the exchanges of one run are timed by."""

    current_test: Callable[[], str | None] = lambda: None
    pulse: Pulse = field(default_factory=Pulse)
    began: float = field(default_factory=time.perf_counter)


def timing_of(tap: Tap, clock: Clock, started: float, ended: float, held: float, version: str | None = None) -> Timing:
    """The parts of an exchange; what does not come through a socket of ours is all waiting."""
    marks = tap.marks
    if not marks.writing:
        whole, lag = ended - started, clock.pulse.lag(started, ended)
        return Timing(started=started - clock.began, ttfb=whole, lag=lag, held=held, version=version)
    last = marks.last or ended
    first = marks.first or last
    written = min(marks.written or first, first)
    dns = connect = tls = None
    if tap.fresh:
        dns = marks.resolved - marks.asked if marks.resolved else None
        connect = marks.connected - (marks.resolved or marks.asked)
        tls = marks.secured - marks.connected if marks.secured else None
    setup = (dns or 0.0) + (connect or 0.0) + (tls or 0.0)
    return Timing(
        started=started - clock.began,
        dns=dns,
        connect=connect,
        tls=tls,
        send=written - marks.writing,
        ttfb=first - written,
        body=last - first,
        own=max(0.0, ended - started - setup - (last - marks.writing)),
        lag=clock.pulse.lag(marks.writing, first, last),
        held=held,
        added=marks.added,
        fresh=tap.fresh,
        address=tap.address,
        version=version,
        sent=tap.sent,
        received=tap.received,
    )
