"""One request and its answer, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_launchready.core.answer import Answer


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one exchange went, in seconds, as seen at its connection."""

    started: float
    """When it began, since the run did."""
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    """None each where it was not needed: a kept connection, an address in place of a name, no TLS."""
    send: float = 0.0
    ttfb: float = 0.0
    """From the last byte of the request to the first one of the answer."""
    body: float = 0.0
    """From the first byte of the answer to its last."""
    own: float = 0.0
    """What our side took: all the rest of `Exchange.seconds`."""
    lag: float = 0.0
    """By how much our own event loop, standing still, has put off the moment when the answer was noticed."""
    held: float = 0.0
    """How long our own guards held it back before it began, for the pace say; no part of `Exchange.seconds`."""
    added: float = 0.0
    """What a network profile put on top of the real network."""
    fresh: bool = False
    """Whether the connection was opened for this exchange."""
    address: str | None = None
    """The address that answered, or of the proxy."""
    version: str | None = None
    """The answer's, as in "HTTP/1.1"."""
    sent: int = 0
    received: int = 0
    """Bytes at the connection, heads included, TLS not."""

    @property
    def setup(self) -> float:
        """What it took to get a connection."""
        return (self.dns or 0.0) + (self.connect or 0.0) + (self.tls or 0.0)

    @property
    def server(self) -> float:
        """From the first byte of the request to the last one of the answer: no set-up, nothing of our own."""
        return self.send + self.ttfb + self.body


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
    test: str | None = None
    """The test, or check, that was running."""
    timing: Timing | None = None

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
