"""Which layer failed, as far as it can be seen from outside."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from pytest_launchready.core.answer import Answer

EDGE_STATUSES = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
"""Gateway errors of RFC 9110, and the range that one large CDN uses for origins that it cannot reach."""


def layer_of_error(error: BaseException) -> str:
    """The layer at which a request that got no answer failed: DNS, TLS, connect or timeout, else "transport"."""
    chain = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in chain):
        return "DNS"
    if any(isinstance(cause, ssl.SSLError) for cause in chain):
        return "TLS"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "connect"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "timeout"
    return "transport"


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


def explain(error: BaseException) -> str:
    """The deepest reason of a transport error, in words that name it."""
    reasons = [str(cause) for cause in _causes(error) if str(cause)]
    return reasons[-1] if reasons else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
