"""Whether our own event loop keeps up: what it does late would else be blamed on the server."""

from __future__ import annotations

import asyncio
import time
from collections import deque

EVERY = 0.005
"""Seconds between two beats."""
LATE = 0.002
"""Seconds by which a beat may be late: a timer of the system is late by about one."""

SOON = 0.003
"""Seconds after a pause within which what has come meanwhile is noticed."""


class Pulse:
    """A timer that beats while requests are on their way; a beat that comes late tells how long the loop stood still.

    It beats on for at most one beat after the last request, so that a request after another costs no timer of its own.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0
        self._late: deque[tuple[float, float]] = deque(maxlen=1000)

    def begin(self) -> None:
        """A request leaves."""
        self._under_way += 1
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._arm(loop)

    def end(self) -> None:
        """A request is over."""
        self._under_way -= 1

    def lag(self, since: float, *moments: float) -> float:
        """By how many seconds our standing still has put moments off (`time.perf_counter`), counted from `since` on.

        Only a pause that ends when something is noticed has delayed it: one in the middle of a wait costs nothing.
        """
        total = 0.0
        for due, fired in reversed(self._late):
            if fired <= since:
                break
            if any(fired <= moment < fired + SOON for moment in moments):
                total += fired - max(due, since)
        return total

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.perf_counter() + EVERY
        loop.call_later(EVERY, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.perf_counter()
        if now - self._due > LATE:
            self._late.append((self._due, now))
        if self._under_way > 0:
            self._arm(loop)
        else:
            self._loop = None
