"""The database: one SQLite file and one connection.

All statements run on the server's event loop, one operation at a time, so that a transaction is never interleaved
with another. A statement takes well under a millisecond; a thread hop would cost more than it saves.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

Row = sqlite3.Row
BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process that has the file locked (a backup, a curious developer)."""


class Store:
    """An open marketplace database; it is created where there is none."""

    def __init__(self, path: Path) -> None:
        self.statements = 0
        """How many were run so far."""
        self.seconds = 0.0
        """What they took, in all."""
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # Without a sync on every commit a power cut may lose the last orders; a crash of the process loses none.
        pragmas = (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "foreign_keys = ON",
        )
        for pragma in pragmas:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(files(__package__).joinpath("schema.sql").read_text("utf-8"))

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        rows = self._run(sql, values)
        return rows[0] if rows else None

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row."""
        return self._run(sql, values)

    def number(self, sql: str, *values: Any) -> int:
        """The first column of the first row of a count."""
        return int(self._run(sql, values)[0][0])

    def change(self, sql: str, *values: Any) -> int:
        """Runs a statement; the number of rows that it changed."""
        self.statements += 1
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Adds a row; its integer id where the table has one. Raises sqlite3.IntegrityError."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.statements += 1
        cursor = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 (names come from our own code)
            list(values.values()),
        )
        return cursor.lastrowid or 0

    def fill(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows by the thousand."""
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 (as above)
            rows,
        )

    def update(self, table: str, row_id: object, changes: dict[str, Any]) -> None:
        """Writes the given columns of the row with this id; nothing where no column is given."""
        if changes:
            assignments = ", ".join(f"{name} = ?" for name in changes)
            self.statements += 1
            self._connection.execute(
                f"UPDATE {table} SET {assignments} WHERE id = ?",  # noqa: S608 (names come from our own code)
                [*changes.values(), row_id],
            )

    def _run(self, sql: str, values: Sequence[Any]) -> list[Row]:
        started = time.perf_counter()
        rows = self._connection.execute(sql, values).fetchall()
        self.statements += 1
        self.seconds += time.perf_counter() - started
        return rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Never await inside: other operations share the connection."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the file; the write-ahead log is merged into it."""
        self._connection.close()


def marks(values: Sequence[object]) -> str:
    """Question marks for an IN (…) list."""
    return ", ".join("?" * len(values))
