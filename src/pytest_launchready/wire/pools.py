"""A person's connections, each in a pool of its own.

A pool of httpcore looks at each of its connections for each request, so one pool of many is what slows a client down
first: at fifty at once it takes ten times as long. Picking a free one from a list does not.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpcore

Place = tuple[bytes, bytes]
"""Scheme, and host with port."""
CROWD: ContextVar[int] = ContextVar("launchready_crowd", default=0)


@contextmanager
def crowd(people: int) -> Iterator[None]:
    """The calls inside may hold so many connections, whatever one person's limit is: they stand for as many people."""
    token = CROWD.set(people)
    try:
        yield
    finally:
        CROWD.reset(token)


@dataclass(slots=True, eq=False)
class Loan:
    """One connection on loan."""

    pool: httpcore.AsyncConnectionPool
    place: Place


class Pools:
    """Lends connections; of the idle ones the last used, which the server has most likely kept."""

    def __init__(self, make: Callable[[], httpcore.AsyncConnectionPool], most: int) -> None:
        self._make = make
        self._most = most
        self._all: set[httpcore.AsyncConnectionPool] = set()
        self._idle: defaultdict[Place, list[httpcore.AsyncConnectionPool]] = defaultdict(list)
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def borrow(self, place: Place) -> Loan:
        """A connection, perhaps still to be opened; waits where all are taken."""
        while (loan := self._free(place)) is None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._next()  # it was this one's turn: pass it on
                raise
        return loan

    def give_back(self, loan: Loan) -> None:
        """Takes a connection back."""
        if loan.pool in self._all:
            self._idle[loan.place].append(loan.pool)
        self._next()

    async def aclose(self) -> None:
        """Closes every connection."""
        pools = list(self._all)
        self._all.clear()
        self._idle.clear()
        for pool in pools:
            await pool.aclose()

    def _free(self, place: Place) -> Loan | None:
        if idle := self._idle[place]:
            return Loan(idle.pop(), place)
        if len(self._all) < max(self._most, CROWD.get()):
            pool = self._make()
            self._all.add(pool)
            return Loan(pool, place)
        # A connection elsewhere gives way: a pool closes it when it is asked for another origin.
        other = next((pools for pools in self._idle.values() if pools), None)
        return None if other is None else Loan(other.pop(0), place)

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
