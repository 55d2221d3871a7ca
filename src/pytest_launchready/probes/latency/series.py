"""Samples as they come in: counted, judged by a rule, kept for what there is to say of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_launchready.probes.latency.samples import SETUP, Sample, phase
from pytest_launchready.probes.latency.schedule import Decision, Rule
from pytest_launchready.probes.latency.statistics import interval, quantile

TOLERATED = 0.05
"""The part of the limit by which our own lag may spoil a sample before it is counted as disturbed."""
LEAST_TOLERATED = 0.002
"""Seconds; less cannot be told from the system's timers."""


@dataclass(slots=True)
class Series:
    """The samples of one thing, against one limit."""

    rule: Rule
    limit: float
    """Seconds; a sample that takes as long is still in time."""
    phase: str | None = None
    """The phase that is judged, if not the whole."""
    decision: Decision | None = None
    n: int = 0
    """Samples that count."""
    slow: int = 0
    errors: int = 0
    """Of the slow ones, those whose call got no good answer."""
    disturbed: int = 0
    """Samples taken while our process lagged."""
    left_out: int = 0
    """Of those, the ones in which the lag may have decided: they count neither way."""
    warmed: int = 0
    """Calls before the first sample."""
    values: list[float] = field(default_factory=list)
    """Seconds of every sample that counts, less what our lag has put them off by."""
    totals: dict[str, float] = field(default_factory=dict)
    """Seconds by phase."""
    setups: list[float] = field(default_factory=list)
    """Seconds that each new connection took."""
    slowest: Sample | None = None

    @property
    def open(self) -> bool:
        """Whether one more sample can still decide."""
        return self.decision is None and self.n < self.rule.cap and self.left_out <= self.rule.cap

    def warm(self, sample: Sample) -> None:
        """Takes note of a call that does not count, for its connection."""
        self.warmed += 1
        self._note_setup(sample)

    def add(self, sample: Sample) -> None:
        """Counts a sample, and decides as soon as that is possible."""
        seconds = sample.seconds if self.phase is None else phase(sample, self.phase)
        self._note_setup(sample)
        late = seconds > self.limit or sample.failure is not None
        ours = sample.lag + sample.late
        if ours > max(LEAST_TOLERATED, self.limit * TOLERATED):
            self.disturbed += 1
            # Left out only where it matters: long calls meet a lag more often than short ones, so that leaving out
            # all that met one would make a slow service look fast.
            if sample.failure is None and seconds > self.limit >= seconds - ours:
                self.left_out += 1
                return
        self.values.append(max(0.0, seconds - sample.lag))
        self.n += 1
        self.slow += late
        self.errors += sample.failure is not None
        for name, part in sample.phases:
            self.totals[name] = self.totals.get(name, 0.0) + part
        if self.slowest is None or sample.seconds > self.slowest.seconds:
            self.slowest = sample
        self.decision = self.rule.decide(self.n, self.slow)

    def quantile(self, part: float) -> float:
        """A quantile in seconds; 0 where there is no sample."""
        return quantile(sorted(self.values), part) if self.values else 0.0

    def range(self, part: float) -> tuple[float, float | None]:
        """Between what seconds the true quantile lies (95 %); None: these samples have no upper bound for it."""
        ordered = sorted(self.values)
        low, high = interval(len(ordered), part)
        return ordered[low - 1], None if high is None else ordered[high - 1]

    def dominating(self) -> tuple[str, float] | None:
        """The phase in which most of the time went, and its part of the whole."""
        inside = {name: spent for name, spent in self.totals.items() if name not in SETUP}
        whole = sum(inside.values())
        if whole <= 0:
            return None
        name = max(inside, key=lambda one: inside[one])
        return name, inside[name] / whole

    def _note_setup(self, sample: Sample) -> None:
        if sample.connections:
            self.setups.append(sample.setup / sample.connections)
