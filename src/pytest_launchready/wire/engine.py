"""The one event loop that does all network work, and the two ways to wait for it.

User code never runs here, `async def` verbs aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pytest_launchready.core.errors import Inconclusive, UseError
from pytest_launchready.wire.tracebacks import keep_user_frames, raise_to_user

T = TypeVar("T")
Make = Callable[[], Coroutine[Any, Any, T]]

GRACE = 5.0
"""Seconds that a cancelled piece of work gets to clean up before its caller goes on without it."""


class EngineError(UseError, RuntimeError):
    """The engine cannot work here; the message says why, and what to do instead."""


class Call(Protocol):
    """A call that somebody still has to await."""

    test: str | None

    def complaint(self) -> str:
        """The sentence that names the call."""
        ...


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    """One piece of work: handed over by any thread, then touched by the engine's thread only."""

    make: Make[T]
    done: Future[T] = field(default_factory=Future)
    """Never cancelled itself: it is done when the task has ended, clean-up included."""
    sent: bool = False
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self._work())
        self.task.add_done_callback(self._cancelled_before_it_began)

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def _work(self) -> None:
        try:
            result = await self.make()
        except BaseException as error:  # noqa: BLE001 - the caller gets it; an exit, too, is not to end the loop
            self.done.set_exception(error)
        else:
            self.done.set_result(result)

    def _cancelled_before_it_began(self, _: asyncio.Task[None]) -> None:
        if not self.done.done():
            self.done.set_exception(asyncio.CancelledError())

    def outcome(self) -> T:
        """The result, or the error; the work must have ended."""
        __tracebackhide__ = True
        error = self.done.exception()
        if isinstance(error, asyncio.CancelledError):
            raise EngineError("the call was cancelled before it ended: the engine was closed, so the run is over")
        if error is not None:
            raise_to_user(error)
        return self.done.result()


class Engine:
    """One event loop in a daemon thread, started at first use.

    Safe to share between threads. A pytest session, or a script, makes one and closes it.
    """

    def __init__(self) -> None:
        self.current_test: str | None = None
        """Who answers for calls that are made now; set by whoever runs the tests."""
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._pid = 0
        self._closed = False
        self._unawaited: dict[Call, None] = {}
        self._undecided: dict[str | None, Inconclusive] = {}

    def run(self, make: Make[T]) -> T:
        """Do the work and return its result, blocking the calling thread.

        Whatever interrupts the wait (Ctrl-C, a timeout that raises) cancels the work and is raised again once
        the work has cleaned up, or after `GRACE` seconds. Raises `EngineError` where a block cannot end.
        """
        __tracebackhide__ = True
        self._refuse_own_thread()
        job = _Job(make)
        try:
            self._send(job)
            job.done.exception()
        except BaseException as interruption:
            if job.sent:
                self._tell(job.stop)
                wait([job.done], timeout=GRACE)
                keep_user_frames(interruption)
            raise
        return self._outcome(job)

    async def hop(self, make: Make[T]) -> T:
        """Do the work and return its result, for a task of any asyncio loop.

        Cancelling the task cancels the work; the task goes on once the work has cleaned up, or after `GRACE` seconds.
        """
        __tracebackhide__ = True
        here = asyncio.get_running_loop()
        if here is self._loop:
            return await make()
        job = _Job(make)
        self._send(job)
        try:
            await _end_of(job, here)
        except asyncio.CancelledError:
            self._tell(job.stop)
            await _bounded_end_of(job, here)
            raise
        except BaseException:
            # The coroutine is being closed: it may not wait any more.
            self._tell(job.stop)
            raise
        return self._outcome(job)

    def expect_await(self, call: Call) -> None:
        """Remember a call until it is awaited."""
        self._unawaited[call] = None

    def begun(self, call: Call) -> None:
        """Forget a call that somebody awaits, or gave up on purpose."""
        self._unawaited.pop(call, None)

    def take_unawaited(self, test: str | None) -> list[str]:
        """One sentence for each call of a test that nobody awaited, and forget them."""
        left = [call for call in list(self._unawaited) if call.test == test]
        for call in left:
            self.begun(call)
        return [call.complaint() for call in left]

    def take_undecided(self, test: str | None) -> Inconclusive | None:
        """The first call of a test that could not be decided, and forget it: the test may have caught the error."""
        return self._undecided.pop(test, None)

    def close(self) -> None:
        """Cancel what still runs, let it clean up for at most `GRACE` seconds, and end the thread."""
        if self._is_forked():
            return
        self._refuse_own_thread()
        with self._lock:
            self._closed = True
        self._tell(self._stopping.set)
        if self._thread is not None:
            self._thread.join(GRACE)

    def _outcome(self, job: _Job[T]) -> T:
        __tracebackhide__ = True
        error = job.done.exception()
        if isinstance(error, Inconclusive):
            self._undecided.setdefault(self.current_test, error)
        return job.outcome()

    def _send(self, job: _Job[Any]) -> None:
        __tracebackhide__ = True
        self._refuse_fork()
        _refuse_trio()
        with self._lock:
            loop = self._started()
            job.sent = True
            # Also carries the caller's context variables over: callbacks run in a copy of the current context.
            loop.call_soon_threadsafe(job.start)

    def _tell(self, act: Callable[[], object]) -> None:
        if self._loop is not None:
            # A loop that is closed has cancelled everything already.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(act)

    def _started(self) -> asyncio.AbstractEventLoop:
        __tracebackhide__ = True
        if self._closed:
            raise EngineError("the engine is closed: the run that owned it is over, so nothing can be sent any more")
        if self._loop is None:
            # A factory of its own: the default one would also become the loop of the calling thread.
            runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            self._loop = runner.get_loop()
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._live, args=(runner,), name="launchready-engine", daemon=True)
            self._thread.start()
        return self._loop

    def _live(self, runner: asyncio.Runner) -> None:
        # The runner's end cancels what still runs and waits for it: that is the whole shutdown.
        with runner:
            runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        await self._stopping.wait()

    def _is_forked(self) -> bool:
        return self._thread is not None and os.getpid() != self._pid

    def _refuse_own_thread(self) -> None:
        __tracebackhide__ = True
        if self._thread is not None and threading.current_thread() is self._thread:
            raise EngineError(
                "a blocking call on the engine's own thread would wait for itself for ever. "
                "Make the caller an `async def` verb and await the call"
            )

    def _refuse_fork(self) -> None:
        __tracebackhide__ = True
        if self._is_forked():
            raise EngineError(
                f"the engine lives in process {self._pid}, and this is its forked child {os.getpid()}, which has no "
                "such thread. Make the call in the parent, or start the child with multiprocessing's 'spawn'"
            )


def _refuse_trio() -> None:
    __tracebackhide__ = True
    if "trio" not in sys.modules:
        return
    import sniffio

    try:
        library = sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        return
    if library == "trio":
        raise EngineError(
            "calls from trio are not supported: a call would block trio's loop. Run the test on asyncio, "
            "or send the call to a thread: `await trio.to_thread.run_sync(buyer.search, 'lamp')`"
        )


def _end_of(job: _Job[Any], loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    """A future of the caller's loop, done when the work has ended, however it ended."""
    ended: asyncio.Future[None] = loop.create_future()

    def tell(_: Future[Any]) -> None:
        # The caller may have gone, loop and all.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(None))

    job.done.add_done_callback(tell)
    return ended


async def _bounded_end_of(job: _Job[Any], loop: asyncio.AbstractEventLoop) -> None:
    try:
        await asyncio.wait({_end_of(job, loop)}, timeout=GRACE)
    except asyncio.CancelledError:
        # Cancelled again (anyio does so at every turn of the loop): only a block still holds the caller back.
        wait([job.done], timeout=GRACE)
