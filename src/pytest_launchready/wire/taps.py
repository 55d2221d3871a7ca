"""What the connection of one request has carried, and when."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

import httpx


@dataclass(slots=True)
class Marks:
    """When what happened at the connection of one request (`time.perf_counter`); 0 is "not"."""

    asked: float = 0.0
    """The look-up of the name, or, without one, the connection was begun."""
    resolved: float = 0.0
    connected: float = 0.0
    secured: float = 0.0
    writing: float = 0.0
    """The first byte of the request left."""
    written: float = 0.0
    first: float = 0.0
    """The first byte of the answer came."""
    last: float = 0.0
    added: float = 0.0
    """Seconds that a network profile has added to what lies between `writing` and `last`."""

    def forget(self) -> None:
        """What was sent and read so far was a proxy's, not the server's."""
        self.writing = self.written = self.first = self.last = self.added = 0.0


@dataclass(slots=True)
class Tap:
    """What the connection of one request has carried."""

    most: int = 1 << 16
    """Bytes that may come before the end of the headers, give or take one read."""
    stage: str = "connection"
    """What the request waits for: a free connection, connect, TLS, headers, body."""
    fresh: bool = False
    """Whether the connection was opened for this request."""
    head: bytearray = field(default_factory=bytearray)
    """What came until the headers had ended: interim answers, the head, and perhaps the beginning of the body."""
    received: int = 0
    body: int = 0
    """Bytes of the body, as sent."""
    surplus: int = 0
    """Bytes that came after the end of the body."""
    sent: int = 0
    address: str | None = None
    marks: Marks = field(default_factory=Marks)

    @property
    def interim(self) -> bool:
        """Whether it began with an interim (1xx) answer."""
        return self.head.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1"))

    def dropped(self, error: Exception) -> bool:
        """Whether a kept-alive connection was dropped before a byte of the answer."""
        broke = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
        return broke and not self.fresh and self.stage == "headers" and not self.received

    def take(self, data: bytes) -> None:
        """Counts what was read."""
        marks = self.marks
        marks.last = time.perf_counter()
        if not self.received:
            marks.first = marks.last
        self.received += len(data)
        if self.stage == "headers":
            self.head += data


TAP: ContextVar[Tap | None] = ContextVar("launchready_tap", default=None)
"""The tap of the request that the current task sends."""
