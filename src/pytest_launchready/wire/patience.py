"""Waiting where the target asks for it, and the few repeats that are allowed; all are counted, none is hidden."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pytest_launchready.core.answer import Answer
from pytest_launchready.wire.consent import INTENT
from pytest_launchready.wire.transport import NoAnswer, exchange_of

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
WITHIN = 30.0
"""Seconds that one request waits for a limiter, all its waits together: longer limits are meant to end a session."""
TIMES = 5
"""Waits of one request: a limiter that always says "0 seconds" would otherwise be hammered."""
SHORTEST = 0.1
"""Seconds of the shortest wait; also the first pause before a connection is tried again, which then doubles."""
NOT_CONNECTED = frozenset({"DNS", "connect"})

EXPECTING_LIMITS: ContextVar[bool] = ContextVar("launchready_expecting_limits", default=False)


@contextmanager
def expecting_limits() -> Iterator[None]:
    """The calls inside look for a limit: an answer that asks to wait is what they want to see."""
    token = EXPECTING_LIMITS.set(True)
    try:
        yield
    finally:
        EXPECTING_LIMITS.reset(token)


@dataclass(slots=True)
class Waits:
    """What one process has waited for, and sent again."""

    polled: int = 0
    """Times that an answer was not yet what a test waits for."""
    limited: int = 0
    """Times that a limiter's Retry-After was waited for."""
    seconds: float = 0.0
    """How long those were."""
    repeated: int = 0
    """Requests sent again because a connection was lost, or did not come about."""


@dataclass(slots=True)
class Patience:
    """How a run's clients wait and repeat."""

    connect_retries: int = 0
    waits: Waits = field(default_factory=Waits)

    async def send(self, request: httpx.Request, once: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """The answer, after the waits that the target has asked for; raises NoAnswer.

        A 429 says that nothing has happened, so any request is sent again. Else only one that reads is.
        """
        safe = only_reads(request)
        retries, pause = (self.connect_retries if safe else 0), SHORTEST
        times, deadline = TIMES, time.monotonic() + WITHIN
        while True:
            try:
                response = await once()
            except NoAnswer as error:
                if not retries or error.exchange.layer not in NOT_CONNECTED:
                    raise
                retries -= 1
                self.waits.repeated += 1
                await asyncio.sleep(pause)
                pause *= 2
                continue
            asked = retry_after(exchange_of(response).answer)
            if asked is None or EXPECTING_LIMITS.get() or not (safe or response.status_code == 429):
                return response
            asked = max(asked, SHORTEST)
            if not times or time.monotonic() + asked > deadline:
                return response
            times -= 1
            self.waits.limited += 1
            self.waits.seconds += asked
            await asyncio.sleep(asked)


def only_reads(request: httpx.Request) -> bool:
    """Whether a request is safe to repeat: what the map says of it, else what its method says."""
    intent = INTENT.get()
    if intent is not None and intent.safe is not None:
        return intent.safe
    return request.method in REPEATABLE


def retry_after(answer: Answer | None) -> float | None:
    """Seconds that a 429 or 503 asks to wait (RFC 9110, section 10.2.3); None where it asks nothing."""
    return None if answer is None or answer.status not in {429, 503} else told_to_wait(answer)


def told_to_wait(answer: Answer) -> float | None:
    """Seconds of an answer's Retry-After, whatever its status; None where it has none that can be read."""
    said = (answer.header("retry-after") or "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    # The server's own clock, where it tells it: ours may differ.
    until, now = _date(said), _date(answer.header("date") or "") or datetime.now(UTC)
    return None if until is None else max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
