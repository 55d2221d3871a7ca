"""What one answer may cost, and what becomes of one that would cost more."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx

PIECE = 1 << 16
"""Bytes that one call of a decoder may give."""
MOST_CODINGS = 3
"""Encodings that may lie one in another; a real answer has one."""
WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class Unsound(httpx.TransportError):
    """An answer that breaks a bound or the protocol; the message says which, `layer` where."""

    def __init__(self, message: str, layer: str) -> None:
        super().__init__(message)
        self.layer = layer


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one request; a team sets them with the fixture `launchready_client_args`."""

    seconds: float = 30.0
    """The whole request to the last byte of its answer, however slowly that drips; redirects aside."""
    connect: float = 10.0
    connections: int = 4
    """Connections that one person keeps: a browser uses six, a phone app about four."""
    redirects: int = 5
    body: int = 8_000_000
    """Bytes of a body, as sent and again when inflated; its text may take four times that in memory."""
    head: int = 1 << 16
    """Bytes before the body, interim answers included, give or take one read of 64 KiB."""
    headers: int = 200
    """Header lines; Python's own client stops at 100."""


class Inflater:
    """One encoding of a body, undone piece by piece."""

    def __init__(self, coding: str, most: int) -> None:
        self._coding = coding
        self._most = most
        self._given = 0
        self._begun = False
        self._zlib = zlib.decompressobj(WINDOW_BITS[coding])

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data inflates to, in pieces; raises Unsound once that is too much. What follows the end is left."""
        while data and not self._zlib.eof:
            yield self._counted(self._inflated(data))
            data = self._zlib.unconsumed_tail

    def finish(self) -> bytes:
        """The rest; raises Unsound if the end is missing."""
        rest = self._counted(self._zlib.flush())
        if self._begun and not self._zlib.eof:
            raise Unsound(f"the body breaks off: its {self._coding} data has no end", "protocol")
        return rest

    def _inflated(self, data: bytes) -> bytes:
        try:
            piece = self._zlib.decompress(data, PIECE)
        except zlib.error as error:
            if self._coding != "deflate" or self._begun:
                raise Unsound(f"the body is no {self._coding} data, as it says: {error}", "protocol") from None
            # Some servers take "deflate" to mean no zlib header; browsers accept both.
            self._begun, self._zlib = True, zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflated(data)
        self._begun = True
        return piece

    def _counted(self, piece: bytes) -> bytes:
        self._given += len(piece)
        if self._given > self._most:
            raise Unsound(f"a body that inflates to more than {self._most:,} bytes ({self._coding})", "bounds")
        return piece


def inflaters(request: httpx.Request, given: str, most: int) -> tuple[Inflater, ...]:
    """What undoes the encodings of a Content-Encoding, outermost first; raises Unsound for one not asked for."""
    if not given:
        return ()
    codings = [coding for coding in map(str.strip, given.lower().split(",")) if coding not in {"", "identity"}]
    if len(codings) > MOST_CODINGS:
        raise Unsound(f"a body that is encoded {len(codings)} times over, at most {MOST_CODINGS} are undone", "bounds")
    foreign = next((coding for coding in codings if coding not in WINDOW_BITS), None)
    if foreign is None:
        return tuple(Inflater(coding, most) for coding in reversed(codings))
    if foreign in request.headers.get("accept-encoding", "").lower():
        return ()  # a test that asks for it by hand gets it as it came
    raise Unsound(f"the body is encoded as {foreign!r}, which the request did not ask for", "protocol")


def inflate(stages: Sequence[Inflater], data: bytes) -> Iterator[bytes]:
    """The data with every encoding undone, in pieces."""
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from inflate(stages[1:], piece)


def finish(stages: Sequence[Inflater]) -> Iterator[bytes]:
    """What is left when the body has ended."""
    for place, stage in enumerate(stages):
        yield from inflate(stages[place + 1 :], stage.finish())
