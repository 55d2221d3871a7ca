"""What the processes of one run count together: requests, the next slot, errors; and the seats that requests hold.

Either in memory, for a run of one process, or in a small file that all xdist workers of a run open. The file is guarded
by locks that end with the process that holds them, so a killed worker blocks nobody.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf
from pathlib import Path
from typing import Protocol, TypeVar

from pytest_launchready.core.errors import UseError

T = TypeVar("T")

LAYOUT = struct.Struct("<QQddIIIII200s")
FIRST_SEAT = 4096
"""The byte of the first seat's lock; locks may lie beyond the end of a file."""


@dataclass(slots=True)
class Tally:
    """The numbers that a run shares; times are `time.monotonic`, which all processes of a machine share."""

    sent: int = 0
    """Requests that left, or are about to."""
    owed: int = 0
    """Requests that undo will need for what has been made so far."""
    started: float = 0.0
    """When the first one asked to leave; 0 before that."""
    slot: float = 0.0
    """When the next one may leave."""
    row: int = 0
    """Errors in a row."""
    recent: int = 0
    """The last outcomes, one bit each: 1 is an error, the lowest is the newest."""
    seen: int = 0
    """How many of those bits count."""
    undo_row: int = 0
    """Errors in a row while the run undoes what it has made."""
    stopped: int = 0
    """1 once the run has stopped sending."""
    why: bytes = b""
    """Why it has stopped, in UTF-8."""


class Board(Protocol):
    """The tally and the seats of one run."""

    def change(self, act: Callable[[Tally], T]) -> T:
        """Does something with the tally while nobody else does; it raises, if at all, before it changes anything."""

    def take_seat(self, seats: int) -> int | None:
        """The number of a free seat, held from now on; None where all are taken."""

    def leave_seat(self, seat: int) -> None:
        """Gives a seat back."""

    def close(self) -> None:
        """Ends this process's part in it."""


class Memory:
    """The board of a run of one process."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._held: set[int] = set()
        self._lock = threading.Lock()

    def change(self, act: Callable[[Tally], T]) -> T:
        """See `Board`."""
        with self._lock:
            return act(self._tally)

    def take_seat(self, seats: int) -> int | None:
        """See `Board`."""
        with self._lock:
            free = next((seat for seat in range(seats) if seat not in self._held), None)
            if free is not None:
                self._held.add(free)
            return free

    def leave_seat(self, seat: int) -> None:
        """See `Board`."""
        with self._lock:
            self._held.discard(seat)

    def close(self) -> None:
        """Keeps nothing open."""


class File:
    """The board of a run of several processes. A process opens a file once: closing it ends all its locks on it."""

    def __init__(self, path: Path) -> None:
        try:
            # Never made here: a file of its own would be a budget of its own.
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise UseError(
                f"the workers of this run share their budget in {path}, which cannot be opened: {error.strerror}. "
                "Workers on another machine cannot share it: run them here, or without -n"
            ) from None
        self._held: set[int] = set()
        self._lock = threading.Lock()

    @classmethod
    def make(cls, tally: Tally | None = None) -> Path:
        """A new file, in the folder for temporary files, that only this user may read; it goes on from a tally."""
        handle, name = tempfile.mkstemp(prefix="launchready-run-")
        os.write(handle, _packed(tally or Tally()))
        os.close(handle)
        return Path(name)

    def change(self, act: Callable[[Tally], T]) -> T:
        """See `Board`."""
        with self._lock:
            lockf(self._file, LOCK_EX, 1)
            try:
                tally = Tally(*LAYOUT.unpack(os.pread(self._file, LAYOUT.size, 0)))
                result = act(tally)
                os.pwrite(self._file, _packed(tally), 0)
                return result
            finally:
                lockf(self._file, LOCK_UN, 1)

    def take_seat(self, seats: int) -> int | None:
        """See `Board`."""
        with self._lock:
            for seat in range(seats):
                if seat in self._held:
                    continue  # our own lock would be granted once more
                try:
                    lockf(self._file, LOCK_EX | LOCK_NB, 1, FIRST_SEAT + seat)
                except OSError:
                    continue
                self._held.add(seat)
                return seat
            return None

    def leave_seat(self, seat: int) -> None:
        """See `Board`."""
        with self._lock:
            if seat in self._held:
                self._held.discard(seat)
                lockf(self._file, LOCK_UN, 1, FIRST_SEAT + seat)

    def close(self) -> None:
        """Closes the file, and gives every seat back."""
        os.close(self._file)


def _packed(tally: Tally) -> bytes:
    return LAYOUT.pack(
        tally.sent,
        tally.owed,
        tally.started,
        tally.slot,
        tally.row,
        tally.recent,
        tally.seen,
        tally.undo_row,
        tally.stopped,
        tally.why,
    )
