"""One request and its answer, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_launchready.core.answer import Answer


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, its answer or the reason that there is none, and how long it took."""

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    seconds: float
    """From sending to the last byte of the body."""
    answer: Answer | None = None
    error: str | None = None
    """Why no answer came, in a sentence; None where one came."""
    layer: str | None = None
    """The layer that failed (DNS, connect, TLS, timeout, transport, protocol, bounds, redirect, edge, auth, rate limit,
    application), if one can be named."""
    step: str | None = None
    actor: str | None = None
    retried: bool = False
    """Whether this is the second try, because a kept-alive connection was dropped before a byte of the first answer."""

    def __repr__(self) -> str:
        # Headers, bodies and queries hold credentials.
        return f"<Exchange {self.method} {urlsplit(self.url).path} → {self.outcome}>"

    @property
    def path(self) -> str:
        """Path and query of the request."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def outcome(self) -> str:
        """Status and phrase of the answer, or the error."""
        return self.answer.reason if self.answer else f"no answer: {self.error}"

    @property
    def line(self) -> str:
        """The exchange in one line, as in "GET /orders/7 → 404 Not Found in 12 ms, as buyer"."""
        who = f", as {self.actor}" if self.actor else ""
        again = ", on a second connection" if self.retried else ""
        return f"{self.method} {self.path} → {self.outcome} in {self.seconds * 1000:.0f} ms{who}{again}"
