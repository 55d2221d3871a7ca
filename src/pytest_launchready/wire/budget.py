"""The policy that keeps a run inside its terms: so many requests, so fast, so many at once, none to a wounded target.

It stands last among the policies: what another one refuses costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.wire import circuit
from pytest_launchready.wire.board import Board, Tally
from pytest_launchready.wire.patience import only_reads
from pytest_launchready.wire.terms import Terms

SEAT = "launchready_seat"
"""Key of a request's seat in its extensions."""
LOOK_AGAIN = 0.005
"""Seconds until the first in line looks again for a seat that another process may have left."""

CATCH_UP = 0.1
"""Seconds by which a late request may be late without setting the pace back; more would be a burst after each pause."""
MAKES = 2
"""Requests that undo is taken to need for what a write may make: the undo, and a read that proves it."""

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
        self._owed = 0
        self.owing: Callable[[], int] = lambda: 0
        """How many requests the undo of what this process has made will need; set by whoever knows what was made."""

    def stopped(self) -> dict[str, int]:
        """Why sending stopped → how many requests this process did not send for that."""
        found = dict(self._refused)
        if self.terms.watches and (why := self._board.change(lambda tally: self._stop(tally, undo=False))) is not None:
            found.setdefault(why, 0)
        return found

    def left(self) -> int | None:
        """How many requests may still leave, but for what undo needs; None where nothing bounds them."""
        requests = self.terms.requests
        if requests is None:
            return None
        sent, owed = self._board.change(lambda tally: (tally.sent, tally.owed - self._owed + self.owing()))
        return max(0, requests - sent - owed - self.terms.reserve)

    async def before(self, request: httpx.Request) -> None:
        """Waits for a seat and a slot; raises Inconclusive (`budget`, `circuit`), naming the setting, to refuse."""
        if not self._bounds:
            return
        if self.terms.concurrency is not None:
            request.extensions[SEAT] = await self._seat(self.terms.concurrency)
        try:
            owed = self.owing() if self.terms.requests is not None else 0
            writes = not only_reads(request)
            pause = self._board.change(lambda tally: self._book(tally, owed, writes=writes))
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

    def settle(self) -> None:
        """Nothing is owed any more: what this process has made is undone, or given up."""

        def settled(tally: Tally) -> None:
            tally.owed -= self._owed

        if self._owed:
            self._board.change(settled)
            self._owed = 0

    async def _seat(self, seats: int) -> int:
        # First come, first served within a process; between processes whoever looks first.
        async with self._turn:
            while (seat := self._board.take_seat(seats)) is None:  # noqa: ASYNC110 - another process may hold it
                await asyncio.sleep(LOOK_AGAIN)
            return seat

    def _book(self, tally: Tally, owed: int, *, writes: bool) -> float:
        """Seconds until the next request may leave, which is counted now."""
        terms, now = self.terms, time.monotonic()
        owed_by_all = tally.owed - self._owed + owed
        started = tally.started or now
        slot = now if terms.rate is None or not tally.slot else max(now - CATCH_UP, tally.slot)
        self._refuse_if_stopped(tally)
        self._refuse_if_late(slot - started)
        self._refuse_if_spent(tally.sent, owed_by_all + terms.reserve + (MAKES if writes else 0))
        tally.owed, self._owed = owed_by_all, owed
        tally.started = started
        tally.sent += 1
        if terms.rate is not None:
            tally.slot = slot + 1 / terms.rate
        return max(slot - now, 0)

    def _refuse_if_late(self, after: float) -> None:
        allowed = self.terms.seconds
        if allowed is not None and after > allowed and not UNDOING.get():
            raise self._refusal("budget", f"the time for sending is over: budget.seconds allows {allowed:g} s")

    def _refuse_if_spent(self, sent: int, kept: int) -> None:
        requests, cap = self.terms.requests, self.terms.cap
        if requests is None or sent + (0 if UNDOING.get() else kept) < requests:
            return
        rest = "by undo too" if UNDOING.get() else "but for what undo needs"
        why = f"the budget of {requests} requests is used up, {rest} ({cap})"
        raise self._refusal("budget", why, f"{sent} are sent, this one is not")

    def _refuse_if_stopped(self, tally: Tally) -> None:
        why = self._stop(tally, undo=UNDOING.get())
        if why is not None:
            raise self._refusal("circuit", why)

    def _stop(self, tally: Tally, *, undo: bool) -> str | None:
        return circuit.refusal(tally, self.terms, undoing=undo) if self.terms.watches else None

    def _refusal(self, code: str, why: str, so: str = "nothing was sent") -> Inconclusive:
        self._refused[why] += 1
        return Inconclusive(f"{why}; {so}", code=code)
