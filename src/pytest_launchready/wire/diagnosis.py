"""Which layer failed, as far as it can be seen from outside."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from pytest_launchready.core.answer import Answer
from pytest_launchready.wire.bounds import Unsound
from pytest_launchready.wire.taps import Tap

EDGE_STATUSES = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
"""Gateway errors of RFC 9110, and the range that one large CDN uses for origins that it cannot reach."""
LONGEST = 300
"""Characters of a reason: a parser's may quote 100 kB."""
ENDS = ("disconnected", "peer closed", "peer unexpectedly closed")
"""What httpcore and h11 call the end of a connection."""


def layer_of_error(error: BaseException) -> str:
    """The layer at which a request that got no answer failed: DNS, TLS, connect, timeout …, else "transport"."""
    if isinstance(error, Unsound):
        return error.layer
    chain = list(_causes(error))
    tells = {
        "DNS": any(isinstance(cause, socket.gaierror) for cause in chain),
        "TLS": any(isinstance(cause, ssl.SSLError) for cause in chain),
        "connect": isinstance(error, httpx.ConnectError | httpx.ConnectTimeout),
        "timeout": isinstance(error, httpx.TimeoutException | TimeoutError),
        "protocol": isinstance(error, httpx.RemoteProtocolError) and not _ended(error),
    }
    return next((layer for layer, told in tells.items() if told), "transport")


def layer_of_answer(answer: Answer) -> str | None:
    """The layer that refused or failed, told by the answer; None where the answer is not an error."""
    status = answer.status
    if status == 429:
        return "rate limit"
    if status in {401, 403, 407}:
        return "auth"
    if status in EDGE_STATUSES and answer.json is None:
        return "edge"
    if status >= 500:
        return "application"
    return None


def explain(error: BaseException, tap: Tap | None = None) -> str:
    """Why no answer came, in words that name the cause."""
    reasons = [str(cause) for cause in _causes(error) if str(cause)]
    reason = (reasons[-1] if reasons else type(error).__name__)[:LONGEST]
    if isinstance(error, Unsound):
        return str(error)
    if "WRONG_VERSION_NUMBER" in reason or "UNKNOWN_PROTOCOL" in reason:
        return f"what answered does not speak TLS; is it plain HTTP? ({reason})"
    if tap is None:
        return reason
    if tap.stage == "headers":
        return _before_headers(error, tap, reason)
    if tap.stage == "body":
        what = "in the middle of its body" if _ended(error) else "in its body"
        return f"the answer broke {what}, after {tap.body:,} bytes: {reason}"
    return reason


def late(tap: Tap, seconds: float) -> str:
    """What a request was waiting for when its time was up."""
    match tap.stage:
        case "headers" if tap.received:
            head = "interim (1xx) answers" if tap.interim else "headers"
            return f"timed out after {seconds:g} s: {tap.received:,} bytes of {head}, and they had not ended"
        case "headers":
            return f"timed out after {seconds:g} s: the server accepted the request, and not a byte of an answer came"
        case "body":
            return f"timed out after {seconds:g} s: the body had not ended after {tap.body:,} bytes"
        case "connect" | "TLS":
            return f"timed out after {seconds:g} s, in {tap.stage}"
        case _:
            return f"timed out after {seconds:g} s"


def _before_headers(error: BaseException, tap: Tap, reason: str) -> str:
    if _ended(error) or isinstance(error, httpx.NetworkError):
        if tap.received:
            return f"the connection ended in the middle of the headers, after {tap.received:,} bytes: {reason}"
        which = "a connection that was opened for the request" if tap.fresh else "a kept-alive connection"
        return f"Server disconnected without a byte of an answer, on {which} ({reason})"
    if not tap.received:
        return f"the answer before this one was longer than it said, and its rest is no HTTP: {reason}"
    if "too long" in reason:
        return f"headers without end: more than {min(tap.most, tap.received):,} bytes before the body"
    return f"broken HTTP headers: {reason}"


def _ended(error: BaseException) -> bool:
    """Whether the server closed the connection."""
    return isinstance(error, httpx.RemoteProtocolError) and any(end in str(error) for end in ENDS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
