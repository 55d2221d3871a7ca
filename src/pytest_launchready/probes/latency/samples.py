"""One timed call, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pytest_launchready.core.exchange import Exchange, Timing
from pytest_launchready.core.failures import StepFailure

Phase = Literal["dns", "connect", "tls", "send", "ttfb", "body"]
PHASES: Final[dict[str, str]] = {
    "dns": "looking the name up",
    "connect": "connecting",
    "tls": "the TLS handshake",
    "send": "sending the request",
    "ttfb": "waiting for the first byte",
    "body": "receiving the body",
}
SETUP: Final = frozenset({"dns", "connect", "tls"})
"""Phases that only a new connection has."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How long one call took; times are seconds."""

    seconds: float
    lag: float = 0.0
    """By how much our own process, standing still, has put its end off."""
    late: float = 0.0
    """How much later than it was due it began, for the same reason; part of `seconds`."""
    setup: float = 0.0
    """What new connections took; not part of `seconds`."""
    connections: int = 0
    own: float = 0.0
    """What our side took; not part of `seconds` either, where exchanges are timed."""
    phases: tuple[tuple[str, float], ...] = ()
    exchange: Exchange | None = None
    """The slowest request of the call."""
    failure: StepFailure | None = None
    """How the server failed the call, which counts as slow then."""


def sample_of(exchanges: Sequence[Exchange], *, waited: float = 0.0, failure: StepFailure | None = None) -> Sample:
    """A call by its exchanges: what the server and the network took, not what we did.

    `waited` is how late the first of them could leave because earlier ones were still under way. Answers that only
    said "too many requests" are left out: they were asked again.
    """
    timed = [(one, one.timing) for one in exchanges if one.timing is not None and not _limited(one)]
    return _sample(waited + sum(map(_judged, timed)), [one for one, _ in timed], failure)


def whole(
    seconds: float, exchanges: Sequence[Exchange], *, waited: float = 0.0, failure: StepFailure | None = None
) -> Sample:
    """A call that took so long, our own pace apart; its exchanges, if it had any, say what it is made of."""
    held = sum(one.timing.held for one in exchanges if one.timing is not None)
    return _sample(max(0.0, waited + seconds - held), [one for one in exchanges if not _limited(one)], failure)


def phase(sample: Sample, name: str) -> float:
    """The seconds of one phase."""
    return dict(sample.phases).get(name, 0.0)


def _sample(seconds: float, exchanges: Sequence[Exchange], failure: StepFailure | None) -> Sample:
    timings = [one.timing for one in exchanges if one.timing is not None]
    return Sample(
        seconds=seconds,
        lag=sum(timing.lag for timing in timings),
        setup=sum(timing.setup for timing in timings),
        connections=sum(timing.fresh for timing in timings),
        own=sum(timing.own for timing in timings),
        phases=tuple((name, sum(getattr(timing, name) or 0.0 for timing in timings)) for name in PHASES),
        exchange=max(exchanges, key=lambda one: one.seconds, default=None),
        failure=failure,
    )


def _judged(timed: tuple[Exchange, Timing]) -> float:
    exchange, timing = timed
    # Without an answer nothing tells where the time went: all of it was waited.
    return timing.server if exchange.answer is not None else exchange.seconds


def _limited(exchange: Exchange) -> bool:
    return exchange.answer is not None and exchange.answer.status == 429
