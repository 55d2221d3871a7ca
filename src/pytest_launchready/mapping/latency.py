"""`[latency]` and `[networks.NAME]`: what is fast enough, and the phones on which it has to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.core.networks import NETWORKS, Network
from pytest_launchready.mapping.tables import GrowthTable, LatencyTable, NetworkTable, read

if TYPE_CHECKING:
    from pytest_launchready.mapping.problems import Key, Problems
    from pytest_launchready.mapping.records import Step

LIMIT: Final = 300.0
"""Milliseconds within which 95 % of the calls of a step have to be answered: what people feel as at once."""
SECONDS: Final = 60.0
ERRORS: Final = 0.01
TRIPS: Final = 1
BYTES: Final = 1_000_000
"""Bytes of a step's answers: five seconds on a slow 4G."""
ROWS: Final = (1_000, 10_000, 50_000)


@dataclass(frozen=True, slots=True)
class Growth:
    """A step that has to stay fast however many rows there are, and the step that makes rows."""

    step: str
    grow: str
    """A step that is given `rows`, and sees to it that there are so many made for this purpose; 0 takes them away."""
    rows: tuple[int, ...] = ROWS


@dataclass(frozen=True, slots=True)
class Latency:
    """What the team says of how fast is fast enough."""

    limit: float = LIMIT
    """Milliseconds, for the p95 of each step."""
    steps: Mapping[str, float] = field(default_factory=dict)
    """Other limits of some steps."""
    undecided: str = "inconclusive"
    """What becomes of a sample that does not decide and does not look too slow: "inconclusive" or "note"."""
    seconds: float = SECONDS
    """For which one step is sampled at most."""
    errors: float = ERRORS
    """The part of all requests that may fail."""
    trips: int = TRIPS
    """Round trips of a step beyond the requests that the map has for it: redirects, say."""
    bytes: int = BYTES
    cacheable: tuple[str, ...] = ()
    """Steps whose answers a phone is to keep, and to ask again whether they have changed."""
    growth: Growth | None = None

    def limit_of(self, step: str) -> float:
        """The limit of a step, in milliseconds."""
        return self.steps.get(step, self.limit)


def compile_latency(table: Any, key: Key, problems: Problems) -> Latency:
    """What `[latency]` says."""
    read_ = read(LatencyTable, table, key, problems)
    given = {
        name: getattr(read_, name)
        for name in ("limit", "undecided", "seconds", "errors", "trips", "bytes")
        if getattr(read_, name) is not None
    }
    return Latency(
        **given,
        steps=read_.steps or {},
        cacheable=tuple(read_.cacheable or ()),
        growth=None if read_.growth is None else _growth(read_.growth, (*key, "growth"), problems),
    )


def _growth(table: Any, key: Key, problems: Problems) -> Growth | None:
    growth = read(GrowthTable, table, key, problems)
    if growth.step is None or growth.grow is None:
        problems.add(key, "has no step, or no grow", allowed="step (that is to stay fast) and grow (that makes rows)")
        return None
    rows = tuple(growth.rows or ROWS)
    if len(rows) < 2 or list(rows) != sorted(set(rows)):
        problems.add((*key, "rows"), "", got=list(rows), allowed="two numbers or more, each larger than the last")
    return Growth(growth.step, growth.grow, rows)


def check_steps(latency: Latency, steps: Mapping[str, Step], key: Key, problems: Problems) -> None:
    """Notes every mention of a step that there is not, and of one that does not only read where that matters."""
    named: list[tuple[Key, str]] = [((*key, "steps", name), name) for name in latency.steps]
    named += [((*key, "cacheable", place), name) for place, name in enumerate(latency.cacheable)]
    if latency.growth is not None:
        named += [((*key, "growth", "step"), latency.growth.step), ((*key, "growth", "grow"), latency.growth.grow)]
    for place, name in named:
        if name not in steps:
            problems.add(place, "there is no such step", got=name, allowed=steps)


def compile_networks(table: Any, key: Key, problems: Problems) -> dict[str, Network]:
    """Every network: those that are always there, and the map's own, which may replace them."""
    if not isinstance(table, dict):
        problems.add(key, "", got=table, allowed="tables, each written [networks.NAME]")
        return dict(NETWORKS)
    return {**NETWORKS, **{name: _network(name, one, (*key, name), problems) for name, one in table.items()}}


def _network(name: str, table: Any, key: Key, problems: Problems) -> Network:
    network = read(NetworkTable, table, key, problems)
    missing = [word for word in ("round_trip", "down", "up") if isinstance(table, dict) and word not in table]
    if missing:
        problems.add(key, f"has no {', '.join(missing)}", allowed="round_trip (milliseconds), down, up (kbit/s)")
    return Network(name, (network.round_trip or 0) / 1000, (network.down or 1) * 1000, (network.up or 1) * 1000)
