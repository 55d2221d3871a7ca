"""Work that is not to be cut off half-way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def see_through(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result of work that is let to its end when its caller is cancelled, for at most `seconds`.

    What the work notes of its result is then noted, although nobody waits for it any more.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=seconds)
        task.cancel()
        # Also takes an error of the work, which nobody is left to see.
        await asyncio.gather(task, return_exceptions=True)
        raise
