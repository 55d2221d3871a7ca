"""The engine: one loop in one thread, waited for from anywhere, and left clean."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
import time
import warnings
from typing import TYPE_CHECKING

import pytest
import trio

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.wire import engine as engine_module
from pytest_launchready.wire.engine import Engine, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Work:
    """Work that says when it starts, waits for ever, and says when it has cleaned up."""

    def __init__(self, cleaning: float = 0.0) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()
        self.cleaning = cleaning

    async def run(self) -> None:
        """Wait for a cancellation, then clean up."""
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(self.cleaning)
            self.ended.set()


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


async def current_thread() -> threading.Thread:
    return threading.current_thread()


def when(event: threading.Event, act: Callable[[], object]) -> threading.Thread:
    """A thread that acts once an event has happened."""

    def watch() -> None:
        assert event.wait(5)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


async def happened(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 5)


def test_nothing_starts_before_the_first_use(engine: Engine) -> None:
    """An engine that is only made costs no thread."""
    before = threading.active_count()
    assert engine.run(current_thread).name == "launchready-engine"
    assert threading.active_count() == before + 1


def test_all_work_runs_on_one_daemon_thread(engine: Engine) -> None:
    """Plain callers, tasks of other loops and other threads share one thread."""
    seen = [engine.run(current_thread), asyncio.run(engine.hop(current_thread))]
    other = threading.Thread(target=lambda: seen.append(engine.run(current_thread)))
    other.start()
    other.join()
    assert len(set(seen)) == 1
    assert seen[0].daemon
    assert seen[0] is not threading.current_thread()


def test_a_plain_call_leaves_the_threads_own_loop_alone(engine: Engine) -> None:
    """The calling thread gets no event loop from us."""
    engine.run(current_thread)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_hops_run_side_by_side(engine: Engine) -> None:
    """Two calls that need each other both end: neither waits for the other to finish."""

    async def meet(mine: asyncio.Event, other: asyncio.Event) -> str:
        mine.set()
        await other.wait()
        return "met"

    async def caller() -> list[str]:
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(engine.hop(lambda: meet(one, two)), engine.hop(lambda: meet(two, one)))

    assert asyncio.run(asyncio.wait_for(caller(), 5)) == ["met", "met"]


def test_a_hop_on_the_engines_own_loop_stays_in_its_task(engine: Engine) -> None:
    """A team's verb that awaits other verbs is one task, so cancelling it cancels them."""

    async def task_name() -> asyncio.Task[object] | None:
        return asyncio.current_task()

    async def outer() -> bool:
        return await engine.hop(task_name) is asyncio.current_task()

    assert engine.run(outer)


SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("SEEN", default="nothing")


def test_context_variables_travel_with_the_call(engine: Engine) -> None:
    """What the caller has set is seen by the work; what the work sets stays there."""

    async def look() -> str:
        found = SEEN.get()
        SEEN.set("changed by the work")
        return found

    async def caller() -> str:
        SEEN.set("from a task")
        return await engine.hop(look)

    engine.run(look)
    token = SEEN.set("from a plain caller")
    try:
        assert engine.run(look) == "from a plain caller"
        assert asyncio.run(caller()) == "from a task"
        assert SEEN.get() == "from a plain caller"
    finally:
        SEEN.reset(token)


def test_a_running_loop_without_a_task_can_block(engine: Engine) -> None:
    """In a callback, and in Playwright's sync mode, a loop runs and no task is current: a block works."""
    seen = []

    async def caller() -> None:
        asyncio.get_running_loop().call_soon(lambda: seen.append(engine.run(current_thread)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(caller())
    assert seen[0].name == "launchready-engine"


def test_an_error_arrives_as_the_same_object(engine: Engine) -> None:
    """Whoever waits can catch what the work raised, by identity, in both colours."""
    error = ValueError("mine")

    async def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as plain:
        engine.run(fail)
    with pytest.raises(ValueError, match="mine") as coloured:
        asyncio.run(engine.hop(fail))
    assert plain.value is coloured.value is error


def test_work_that_cannot_be_made_is_the_callers_error(engine: Engine) -> None:
    """A maker that raises does not harm the engine."""

    def make() -> None:
        raise TypeError("no coroutine for you")

    with pytest.raises(TypeError, match="no coroutine for you"):
        engine.run(make)  # type: ignore[arg-type]
    assert engine.run(current_thread)


# -- cancellation ----------------------------------------------------------------------------------------------------


def test_a_timeout_cancels_the_work_and_waits_for_its_clean_up(engine: Engine) -> None:
    """After asyncio.timeout has fired nothing of the call is still running."""
    work = Work(cleaning=0.05)

    async def caller() -> None:
        async with asyncio.timeout(None) as deadline:
            hop = asyncio.ensure_future(engine.hop(work.run))
            await happened(work.started)
            deadline.reschedule(asyncio.get_running_loop().time())
            await hop

    with pytest.raises(TimeoutError):
        asyncio.run(caller())
    assert work.ended.is_set()


def test_a_task_group_cancels_the_work_of_its_members(engine: Engine) -> None:
    """One member fails; the other's request has ended when the group ends."""
    work = Work(cleaning=0.05)

    async def fail() -> None:
        await happened(work.started)
        raise ValueError("the other member")

    async def caller() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.hop(work.run))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(caller())
    assert work.ended.is_set()
    assert [str(error) for error in caught.value.exceptions] == ["the other member"]


def test_a_second_cancel_still_waits_for_the_clean_up(engine: Engine) -> None:
    """Two scopes that cancel one after the other do not let the caller overtake its request."""
    work = Work(cleaning=0.1)

    async def caller() -> bool:
        hop = asyncio.ensure_future(engine.hop(work.run))
        await happened(work.started)
        hop.cancel()
        await asyncio.sleep(0.01)
        hop.cancel()
        await asyncio.wait({hop})
        return hop.cancelled()

    assert asyncio.run(caller())
    assert work.ended.is_set()


def test_work_cancelled_before_its_first_step_never_starts(engine: Engine) -> None:
    """A call that is cancelled at once sends nothing, and its caller waits for nothing."""
    held = threading.Event()
    work = Work()

    async def block_the_engine() -> None:
        held.wait(5)

    async def caller() -> None:
        blocker = asyncio.ensure_future(engine.hop(block_the_engine))
        hop = asyncio.ensure_future(engine.hop(work.run))
        await asyncio.sleep(0)
        hop.cancel()
        await asyncio.sleep(0)
        held.set()
        await asyncio.wait({blocker, hop}, timeout=2)
        assert hop.cancelled()

    asyncio.run(caller())
    assert not work.started.is_set()


def test_the_wait_for_a_clean_up_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that will not end does not hold its caller for ever."""
    monkeypatch.setattr(engine_module, "GRACE", 0.05)
    work = Work(cleaning=0.5)

    async def caller() -> None:
        hop = asyncio.ensure_future(engine.hop(work.run))
        await happened(work.started)
        hop.cancel()
        await asyncio.wait({hop})

    asyncio.run(caller())
    assert not work.ended.is_set()
    assert work.ended.wait(5)


def test_a_closed_coroutine_stops_its_work(engine: Engine) -> None:
    """A loop that is torn down without cancelling its tasks still ends their requests."""
    work = Work()

    async def caller() -> None:
        hop = engine.hop(work.run)
        hop.send(None)
        await happened(work.started)
        hop.close()

    asyncio.run(caller())
    assert work.ended.wait(5)


def test_ctrl_c_in_a_waiting_call_cancels_the_work(engine: Engine) -> None:
    """KeyboardInterrupt comes out of the call, after the work has cleaned up, at the caller's line."""
    work = Work(cleaning=0.05)
    main = threading.main_thread().ident
    assert main
    # A shell that starts the tests in the background may have them ignore SIGINT: the wait would never end.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        watcher = when(work.started, lambda: signal.pthread_kill(main, signal.SIGINT))
        with pytest.raises(KeyboardInterrupt) as caught:
            engine.run(work.run)
        watcher.join()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert work.ended.is_set()
    files = {str(entry.path) for entry in caught.traceback}
    assert not any("threading" in file or "concurrent" in file for file in files), files


def test_any_error_that_interrupts_a_wait_cancels_the_work(engine: Engine) -> None:
    """A timeout plugin raises from a signal handler: the request ends too."""

    def handler(*_: object) -> None:
        raise LookupError("from a signal handler")

    work = Work()
    main = threading.main_thread().ident
    assert main
    previous = signal.signal(signal.SIGALRM, handler)
    try:
        watcher = when(work.started, lambda: signal.pthread_kill(main, signal.SIGALRM))
        with pytest.raises(LookupError, match="from a signal handler"):
            engine.run(work.run)
        watcher.join()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert work.ended.is_set()


# -- where it cannot work --------------------------------------------------------------------------------------------


def test_a_block_on_the_engines_own_thread_is_refused(engine: Engine) -> None:
    """It would wait for itself; the message says so, and what to do."""

    async def blocks() -> None:
        engine.run(current_thread)

    with pytest.raises(EngineError, match=r"blocking call on the engine's own thread.*`async def` verb and await"):
        engine.run(blocks)


def test_closing_on_the_engines_own_thread_is_refused(engine: Engine) -> None:
    """It would wait for its own end."""

    async def closes() -> None:
        engine.close()

    with pytest.raises(EngineError, match="on the engine's own thread"):
        engine.run(closes)


def in_a_fork(act: Callable[[], object]) -> str:
    """What an action raises in a forked child, as text; "nothing" if it returns."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forks in a process with threads, which is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            act()
            told = "nothing"
        except BaseException as error:  # noqa: BLE001 - told to the parent
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def test_a_call_in_a_forked_child_is_refused(engine: Engine) -> None:
    """The thread is gone there: an error at once instead of a wait for ever; a close does nothing."""
    engine.run(current_thread)
    told = in_a_fork(lambda: engine.run(current_thread))
    assert told.startswith("EngineError: ")
    assert f"the engine lives in process {os.getpid()}, and this is its forked child" in told
    assert "forked child" in in_a_fork(lambda: asyncio.run(engine.hop(current_thread)))
    assert in_a_fork(engine.close) == "nothing"
    assert engine.run(current_thread)


def test_an_engine_first_used_in_a_forked_child_works_there(engine: Engine) -> None:
    """Plugins that fork for each test keep working."""
    assert in_a_fork(lambda: engine.run(current_thread)) == "nothing"


def test_a_call_under_trio_is_refused(engine: Engine) -> None:
    """The message says why, and shows the way round, which works."""

    async def blocks() -> None:
        engine.run(current_thread)

    async def hands_over() -> str:
        thread = await trio.to_thread.run_sync(engine.run, current_thread)
        return thread.name

    with pytest.raises(EngineError, match=r"calls from trio are not supported.*trio\.to_thread\.run_sync"):
        trio.run(blocks)
    assert trio.run(hands_over) == "launchready-engine"


# -- the end ---------------------------------------------------------------------------------------------------------


def test_a_closed_engine_says_so() -> None:
    """A call after the end is an error in both colours, used or not."""
    for use in (True, False):
        engine = Engine()
        if use:
            engine.run(current_thread)
        engine.close()
        engine.close()
        with pytest.raises(EngineError, match="the engine is closed: the run that owned it is over"):
            engine.run(current_thread)
        with pytest.raises(EngineError, match="the engine is closed"):
            asyncio.run(engine.hop(current_thread))


def test_closing_cancels_what_runs_and_ends_the_thread() -> None:
    """Work gets to clean up, whoever waits for it learns why, and the thread is gone."""
    engine = Engine()
    thread = engine.run(current_thread)
    work = Work(cleaning=0.05)
    raised = []

    def waits() -> None:
        with pytest.raises(EngineError, match="cancelled before it ended: the engine was closed") as caught:
            engine.run(work.run)
        raised.append(caught.value)

    waiter = threading.Thread(target=waits)
    waiter.start()
    assert work.started.wait(5)
    engine.close()
    waiter.join(5)
    assert work.ended.is_set()
    assert raised
    assert not thread.is_alive()


def test_closing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that ignores its cancellation does not hold the run's end."""
    monkeypatch.setattr(engine_module, "GRACE", 0.05)
    engine = Engine()
    work = Work(cleaning=0.5)
    background: list[asyncio.Task[None]] = []

    async def leave_behind() -> None:
        background.append(asyncio.ensure_future(work.run()))

    engine.run(leave_behind)
    assert work.started.wait(5)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 0.4
    assert work.ended.wait(5)


def test_work_that_exits_takes_only_its_caller_along(engine: Engine) -> None:
    """`sys.exit` in a verb reaches the caller; the engine lives on, so that the run can be undone."""

    async def leaves() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        engine.run(leaves)
    assert engine.run(current_thread).is_alive()


def test_engine_errors_explain_themselves() -> None:
    """They are errors of ours, so their tracebacks show the user's lines only."""
    assert issubclass(EngineError, LaunchreadyError)
    assert issubclass(EngineError, RuntimeError)
