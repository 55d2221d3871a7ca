"""How long the steps of a run took, call by call: what a test can judge afterwards."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_launchready.core.exchange import Exchange, Timing

MOST = 20_000
"""Calls of one step that are kept: 320 kB."""


@dataclass(slots=True)
class Times:
    """The calls of one step that worked; seconds, from the first byte sent to the last one received."""

    seconds: array[float] = field(default_factory=lambda: array("d"))
    added: array[float] = field(default_factory=lambda: array("d"))
    """What of it a network profile has added."""
    slowest: Exchange | None = None
    """The slowest request of the slowest call."""
    requests: int = 0
    """Of the call that sent most."""
    depth: int = 0
    """Requests of a call that waited for one another, at most."""
    received: int = 0
    """Bytes of the answers of the call that got most, heads included."""
    largest: Exchange | None = None
    """The longest answer of that call."""
    deepest: Exchange | None = None
    """The last request of the call that waited most often."""

    def plain(self) -> list[float]:
        """The same without what a network profile has added."""
        return [whole - added for whole, added in zip(self.seconds, self.added, strict=True)]


class Timings:
    """The calls of one process, by step."""

    def __init__(self) -> None:
        self._steps: dict[str, Times] = {}

    def add(self, step: str, exchanges: Sequence[Exchange]) -> None:
        """Notes a call that worked: by the exchanges of its own, redirects included, not by what it needed first."""
        times = self._steps.setdefault(step, Times())
        own = [one for one in exchanges if one.step == step and one.answer is not None and one.answer.status < 400]
        timings = [one.timing for one in own if one.timing is not None]
        if timings:
            _weigh(times, own, timings)
        if not timings or len(times.seconds) >= MOST:
            return
        seconds = sum(timing.server for timing in timings)
        if not times.seconds or seconds > max(times.seconds):
            times.slowest = max(own, key=lambda one: one.seconds)
        times.seconds.append(seconds)
        times.added.append(sum(timing.added for timing in timings))

    def of(self, step: str) -> Times:
        """The calls of a step so far."""
        return self._steps.get(step) or Times()

    def facts(self) -> dict[str, dict[str, list[float]]]:
        """All of it as plain data, in milliseconds, that travels between workers."""
        return {name: {"ms": _ms(times.seconds), "plain_ms": _ms(times.plain())} for name, times in self._steps.items()}


def _weigh(times: Times, own: Sequence[Exchange], timings: Sequence[Timing]) -> None:
    times.requests = max(times.requests, len(own))
    depth, end = 0, 0.0
    for one, timing in sorted(zip(own, timings, strict=True), key=lambda pair: pair[1].started + pair[0].seconds):
        if timing.started >= end:
            depth, end = depth + 1, timing.started + one.seconds
    if depth > times.depth:
        times.depth, times.deepest = depth, own[-1]
    received = sum(timing.received for timing in timings)
    if received > times.received:
        times.received = received
        times.largest = max(own, key=lambda one: one.timing.received if one.timing else 0)


def summed(facts: Sequence[Mapping[str, Mapping[str, Sequence[float]]]]) -> dict[str, dict[str, Any]]:
    """The calls of several processes by step: how many, and how long; `plain` without what a network has added."""
    found: dict[str, dict[str, Any]] = {}
    for step in sorted({step for one in facts for step in one}):
        seen = [one[step] for one in facts if step in one]
        shaped = sorted(value for one in seen for value in one["ms"])
        plain = sorted(value for one in seen for value in one["plain_ms"])
        if shaped:
            found[step] = {"calls": len(shaped), **_ranks(shaped)}
            if plain != shaped:
                found[step]["plain"] = _ranks(plain)
    return found


def _ranks(ordered: Sequence[float]) -> dict[str, float]:
    def at(part: float) -> float:
        return ordered[max(0, -int(-part * len(ordered) // 1) - 1)]

    return {"p50_ms": at(0.5), "p95_ms": at(0.95), "max_ms": ordered[-1]}


def _ms(seconds: Sequence[float]) -> list[float]:
    return [round(value * 1000, 2) for value in seconds]
