"""The board of a run: in memory, or in a file that xdist's controller makes and its workers open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_launchready.wire.board import Board


class Sharing:
    """Where the processes of a run count together."""

    def __init__(self, told: str | None) -> None:
        self._path = None if told is None else Path(told)
        self._made: Path | None = None
        self._board: Board | None = None

    def board(self) -> Board:
        """The board of this process, opened once; raises UseError where the controller's file cannot be opened."""
        from pytest_launchready.wire.board import File, Memory

        if self._board is None:
            self._board = Memory() if self._path is None else File(self._path)
        return self._board

    def tell(self) -> str:
        """The file that a worker has to open; made for the first one."""
        from pytest_launchready.wire.board import File

        if self._path is None:
            # What was sent before there were workers, to finish what an earlier run left, counts too.
            so_far = None if self._board is None else self._board.change(lambda tally: tally)
            self._path = self._made = File.make(so_far)
            self._board = None
        return str(self._path)

    def close(self) -> None:
        """Closes the board, and removes the file where it was made here."""
        if self._board is not None:
            self._board.close()
            self._board = None
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            self._made = None
