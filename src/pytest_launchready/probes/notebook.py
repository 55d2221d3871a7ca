"""What the checks of one run find out once and share: an object that was made, a baseline, a document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Notebook:
    """Remembers what was found out, by name: a result, or the error that it ended in."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, tuple[Any, Exception | None]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self.sampling = asyncio.Lock()
        """Held while something is timed: two at once would time each other."""

    async def once(self, name: Hashable, find_out: Callable[[], Awaitable[T]]) -> T:
        """What `find_out` gave when it was first asked for; the error that it raised then is raised each time."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            if name not in self._pages:
                try:
                    self._pages[name] = (await find_out(), None)
                except Exception as error:  # noqa: BLE001 - it is raised again, for everybody who asks
                    self._pages[name] = (None, error)
        found, trouble = self._pages[name]
        if trouble is not None:
            raise trouble.with_traceback(None)
        result: T = found
        return result
