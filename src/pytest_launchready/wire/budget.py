"""The policy that keeps a run inside its terms: so many requests, so fast, so many at once, none to a wounded target.

It stands last among the policies: what another one refuses costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.wire import circuit
from pytest_launchready.wire.board import Board, Tally
from pytest_launchready.wire.terms import Terms

SEAT = "launchready_seat"
"""Key of a request's seat in its extensions."""
LOOK_AGAIN = 0.005
"""Seconds until the first in line looks again for a seat that another process may have left."""

UNDOING: ContextVar[bool] = ContextVar("launchready_undoing", default=False)


@contextmanager
def undoing() -> Iterator[None]:
    """The calls inside undo what a run has made: they may use what is kept for that, also after the run has stopped."""
    token = UNDOING.set(True)
    try:
        yield
    finally:
        UNDOING.reset(token)


class Budget:
    """The policy that counts, paces and stops."""

    def __init__(self, terms: Terms, board: Board) -> None:
        self.terms = terms
        self._board = board
        self._turn = asyncio.Lock()
        self._bounds = terms.counts or terms.watches
        self._refused: Counter[str] = Counter()

    def stopped(self) -> dict[str, int]:
        """Why sending stopped → how many requests this process did not send for that."""
        found = dict(self._refused)
        if self.terms.watches and (why := self._board.change(lambda tally: self._stop(tally, undo=False))) is not None:
            found.setdefault(why, 0)
        return found

    async def before(self, request: httpx.Request) -> None:
        """Waits for a seat and a slot; raises Inconclusive (`budget`, `circuit`), naming the setting, to refuse."""
        if not self._bounds:
            return
        if self.terms.concurrency is not None:
            request.extensions[SEAT] = await self._seat(self.terms.concurrency)
        try:
            pause = self._board.change(self._book)
            if pause > 0:
                await asyncio.sleep(pause)
                if self.terms.watches:
                    self._board.change(self._refuse_if_stopped)
        except BaseException:
            self.over(request)
            raise

    def after(self, exchange: Exchange) -> None:
        """Counts errors."""
        if self.terms.watches:
            undo = UNDOING.get()
            self._board.change(lambda tally: circuit.note(tally, exchange, self.terms, undoing=undo))

    def over(self, request: httpx.Request) -> None:
        """Gives the request's seat back."""
        seat = request.extensions.pop(SEAT, None)
        if seat is not None:
            self._board.leave_seat(seat)

    async def _seat(self, seats: int) -> int:
        # First come, first served within a process; between processes whoever looks first.
        async with self._turn:
            while (seat := self._board.take_seat(seats)) is None:  # noqa: ASYNC110 - another process may hold it
                await asyncio.sleep(LOOK_AGAIN)
            return seat

    def _book(self, tally: Tally) -> float:
        """Seconds until the next request may leave, which is counted now."""
        terms, now, undo = self.terms, time.monotonic(), UNDOING.get()
        self._refuse_if_stopped(tally)
        started = tally.started or now
        slot = now if terms.rate is None else max(now, tally.slot)
        if terms.seconds is not None and not undo and slot - started > terms.seconds:
            raise self._refusal("budget", f"the time for sending is over: budget.seconds allows {terms.seconds:g} s")
        if terms.requests is not None and tally.sent >= terms.requests - (0 if undo else terms.reserve):
            kept = terms.requests - tally.sent
            rest = f", and the other {kept} are kept for undo" if kept else ""
            raise self._refusal(
                "budget",
                f"the budget of the run is used up: {tally.sent} of {terms.requests} requests are sent{rest} "
                f"({terms.cap} = {terms.requests})",
            )
        tally.started = started
        tally.sent += 1
        if terms.rate is not None:
            tally.slot = slot + 1 / terms.rate
        return slot - now

    def _refuse_if_stopped(self, tally: Tally) -> None:
        why = self._stop(tally, undo=UNDOING.get())
        if why is not None:
            raise self._refusal("circuit", why)

    def _stop(self, tally: Tally, *, undo: bool) -> str | None:
        return circuit.refusal(tally, self.terms, undoing=undo) if self.terms.watches else None

    def _refusal(self, code: str, why: str) -> Inconclusive:
        self._refused[why] += 1
        return Inconclusive(f"{why}; nothing was sent", code=code)
