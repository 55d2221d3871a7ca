"""How much a run may send, and how fast: what the map says, over defaults by the kind of target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

RESERVE = 10
"""One request of so many is kept for undo besides what it is known to need: it may have to log in again, say."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What bounds the requests of one run, all its processes together; None bounds nothing."""

    requests: int | None = None
    rate: float | None = None
    """A second."""
    concurrency: int | None = None
    seconds: float | None = None
    """From the first request to the last; undo may take longer."""
    failures: int | None = None
    """Errors in a row that stop the run: answers of 500 and above, and requests without an answer."""
    error_rate: float | None = None
    """The part of the last 20 requests above which errors stop the run."""
    connect_retries: int = 0
    """How often a request that only reads is sent again where no connection came about."""
    cap: str = "budget.requests"
    """The setting that `requests` came from."""

    @property
    def reserve(self) -> int:
        """Requests that only undo may use, whatever the run makes."""
        return 0 if self.requests is None else self.requests // RESERVE

    @property
    def counts(self) -> bool:
        """Whether anything is bounded."""
        return any(value is not None for value in (self.requests, self.rate, self.concurrency, self.seconds))

    @property
    def watches(self) -> bool:
        """Whether errors stop the run."""
        return self.failures is not None or self.error_rate is not None

    def __str__(self) -> str:
        """The bounds in a few words, for the header."""
        words = (
            (self.requests, f"{self.requests} requests"),
            (self.rate, f"{self.rate:g} a second" if self.rate else ""),
            (self.concurrency, f"{self.concurrency} at once"),
            (self.seconds, f"{self.seconds:g} s" if self.seconds else ""),
        )
        return ", ".join(text for value, text in words if value is not None)


DEFAULTS: Mapping[str, Terms] = {
    "production": Terms(requests=2_000, rate=10, concurrency=4, seconds=900, failures=5, error_rate=0.5),
    "staging": Terms(requests=20_000, rate=50, concurrency=8, failures=20),
    "local": Terms(),
}
"""Chosen so that a run is one visitor among many. A page view of a shop is ten to fifty requests: production bears a
few visitors, for a quarter of an hour at most, and is left alone once it fails. A local target is the team's own."""


def terms_for(target: str, kind: str, given: Mapping[str, Any], max_requests: int | None = None) -> Terms:
    """The terms of a run: the defaults of the target's kind, what the map gives, and the cap of the command line."""
    terms = replace(DEFAULTS[kind], **given, cap=f"targets.{target}.budget.requests")
    if max_requests is not None:
        terms = replace(terms, requests=max_requests, cap="--launchready-max-requests")
    return terms
