"""When enough samples have been seen: looks at fixed numbers of them, so that looking often does not mean erring often.

A rule that looks after every sample and stops when it likes the answer is wrong far more often than it says: the
single-look tables, used again and again, are wrong in 9 to 13 % of cases. These looks were computed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pytest_launchready.core.errors import UseError
from pytest_launchready.probes.latency.statistics import allowed, needed, too_many

Decision = Literal["passed", "failed"]


class Rule(Protocol):
    """Decides from how many samples were slow."""

    @property
    def share(self) -> float:
        """The part of the samples that may be slow."""

    @property
    def cap(self) -> int:
        """Samples after which no further one is taken."""

    def decide(self, n: int, slow: int) -> Decision | None:
        """What so many slow samples of the first n show, or None: asked after each sample."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Looks at fixed numbers of samples, which together err in at most 5 % of cases, on either side."""

    share: float
    passes: tuple[tuple[int, int], ...]
    """Passed if at most so many are slow: (samples, slow)."""
    fails: tuple[tuple[int, int], ...]
    """Failed if at least so many are slow."""

    @property
    def cap(self) -> int:
        """See `Rule`."""
        return max(self.passes[-1][0], self.fails[-1][0])

    def decide(self, n: int, slow: int) -> Decision | None:
        """See `Rule`. It has failed as soon as the next look could not end otherwise: slow ones stay slow."""
        if any(look == n and slow <= most for look, most in self.passes):
            return "passed"
        coming = next((least for look, least in self.fails if look >= n), None)
        return "failed" if coming is not None and slow >= coming else None


@dataclass(frozen=True, slots=True)
class Once:
    """One look, at a number of samples that was settled before the first of them."""

    share: float
    cap: int

    def decide(self, n: int, slow: int) -> Decision | None:
        """See `Rule`."""
        if slow >= too_many(self.cap, self.share):
            return "failed"
        return "passed" if n == self.cap and slow <= allowed(self.cap, self.share) else None


@dataclass(frozen=True, slots=True)
class Every:
    """Not one of so many may be slow."""

    cap: int
    share: float = 0.0

    def decide(self, n: int, slow: int) -> Decision | None:
        """See `Rule`."""
        if slow:
            return "failed"
        return "passed" if n == self.cap else None


P95: Final = Schedule(
    0.05,
    passes=((86, 0), (160, 2), (252, 5), (390, 10)),
    fails=((10, 4), (20, 5), (40, 7), (86, 11), (160, 16), (252, 22), (390, 30)),
)
"""A service that sits on its limit passes in 3.5 % of runs; one whose p95 is just under it fails in 2.7 % (exact)."""
MEDIAN: Final = Schedule(
    0.5,
    passes=((11, 1), (22, 5), (44, 14), (88, 33)),
    fails=((11, 10), (22, 17), (44, 30), (88, 55)),
)
"""The same for a median."""


def once(samples: int, share: float, what: str) -> Once:
    """One look at so many samples; raises UseError, which says how many are needed, where they can show nothing."""
    __tracebackhide__ = True
    least = needed(0, share)
    if samples < least:
        raise UseError(
            f"samples={samples} cannot show {what}: even if none of {samples} is slow, "
            f"more than {share:.0%} of all may be. At least {least} are needed (none may be slow then), "
            f"{needed(1, share)} where one may be, {needed(2, share)} where two may be; "
            "without samples= it takes as many as it needs"
        )
    return Once(share, samples)
