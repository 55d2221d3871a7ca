"""What so many samples can show: exact, and without a guess at how they are distributed.

A sample is slow or it is not, so the number of slow ones is binomial. `share` is the part that may be slow, 0.05 for a
p95. Samples are taken to be independent, which is why the sampler spreads them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ERROR: Final = 0.05
"""The part of verdicts that may be wrong, on either side."""
MOST: Final = 100_000
"""Samples up to which a number that is needed is searched for."""


def at_most(slow: int, n: int, share: float) -> float:
    """The probability of at most so many slow samples of n."""
    if slow < 0:
        return 0.0
    return min(1.0, math.fsum(_exactly(k, n, share) for k in range(min(slow, n) + 1)))


def at_least(slow: int, n: int, share: float) -> float:
    """The probability of at least so many slow samples of n."""
    if slow <= 0:
        return 1.0
    return min(1.0, math.fsum(_exactly(k, n, share) for k in range(slow, n + 1)))


@lru_cache(maxsize=1024)
def allowed(n: int, share: float, error: float = ERROR) -> int:
    """The most slow samples of n that still show that fewer than `share` are slow; -1 where n is too small for that."""
    slow, total = -1, 0.0
    while slow < n and total + _exactly(slow + 1, n, share) <= error:
        slow += 1
        total += _exactly(slow, n, share)
    return slow


@lru_cache(maxsize=1024)
def too_many(n: int, share: float, error: float = ERROR) -> int:
    """The fewest slow samples of n that show that more than `share` are slow; n + 1 where n is too small for that."""
    slow, total = n + 1, 0.0
    while slow > 0 and total + _exactly(slow - 1, n, share) <= error:
        slow -= 1
        total += _exactly(slow, n, share)
    return slow


@lru_cache(maxsize=256)
def needed(slow: int, share: float, error: float = ERROR) -> int:
    """The fewest samples of which so many may be slow and still show that fewer than `share` are: 59 for 0 at 0.05."""
    low, high = slow + 1, slow + 2
    while high < MOST and at_most(slow, high, share) > error:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if at_most(slow, middle, share) <= error else (middle + 1, high)
    return low


def quantile(ordered: Sequence[float], part: float) -> float:
    """The nearest-rank quantile of values in order: one of them, never a mean of two."""
    return ordered[max(0, math.ceil(part * len(ordered) - 1e-9) - 1)]


def interval(n: int, part: float, error: float = ERROR) -> tuple[int, int | None]:
    """The ranks, from 1, of the values between which the true quantile lies in 95 % of all cases.

    The second is None where n values have no upper bound for it: the true one may lie above them all.
    """
    low = 1
    while low < n and at_most(low, n, part) <= error / 2:
        low += 1
    high = low
    while high <= n and at_least(high, n, part) > error / 2:
        high += 1
    return low, high if high <= n else None


def most_share(slow: int, n: int, error: float = ERROR) -> float:
    """The share that is not ruled out from above by so many slow samples of n (one-sided, Clopper and Pearson)."""
    if slow >= n:
        return 1.0  # also of none at all
    low, high = slow / n, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(slow, n, middle) > error else (low, middle)
    return high


def slope(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """The slope of the line through points by least squares, and its standard error (infinite for two points)."""
    n = len(xs)
    mean_x, mean_y = math.fsum(xs) / n, math.fsum(ys) / n
    spread = math.fsum((x - mean_x) ** 2 for x in xs)
    rise = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    if n < 3:
        return rise, math.inf
    rest = math.fsum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    return rise, math.sqrt(rest / (n - 2) / spread)


def _exactly(k: int, n: int, share: float) -> float:
    if share in {0.0, 1.0}:
        return float(k == round(n * share))
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(share) + (n - k) * math.log1p(-share))
