"""The colour rule for work that may have to run where its caller is."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_launchready.wire.colour import in_a_task, place_of
from pytest_launchready.wire.pending import Pending

if TYPE_CHECKING:
    from pytest_launchready.wire.engine import Call, Engine

Work = Callable[[], Coroutine[Any, Any, None]]
PACKAGE = str(Path(__file__).parent.parent)


def on_engine(engine: Engine, text: str, work: Work) -> Any:
    """Does the work on the engine, or gives an awaitable that does, where the caller can await."""
    __tracebackhide__ = True
    return Pending(engine, work, text, _place()) if in_a_task() else engine.run(work)


def in_callers_loop(engine: Engine, text: str, work: Work) -> Any:
    """The same in the caller's own task, or a loop made for it: a team's functions never run on the engine."""
    __tracebackhide__ = True
    if in_a_task():
        return Pending(cast("Engine", Here(engine)), work, text, _place())
    return asyncio.run(work())


class Here:
    """Stands in for the engine where work stays in its caller's task; the engine knows what is still to be awaited."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.current_test = engine.current_test

    def expect_await(self, call: Call) -> None:
        """See `Engine`."""
        self._engine.expect_await(call)

    def begun(self, call: Call) -> None:
        """See `Engine`."""
        self._engine.begun(call)

    async def hop(self, work: Work) -> None:
        """Does the work in this task."""
        await work()


def _place() -> str:
    """The line of the team's own code that has called."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return place_of(frame)
