"""The colour rule: one `async def` serves plain and async callers, and a forgotten await is told by name."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import traceback
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pytest_launchready.core.errors import LaunchreadyError, UseError
from pytest_launchready.wire.colour import AsyncFace, colour_subclass, verb
from pytest_launchready.wire.engine import Engine
from pytest_launchready.wire.pending import NotAwaited, Pending

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoLampError(LaunchreadyError):
    """An error that explains itself."""


LIBRARY: dict[str, Any] = {}
exec(compile("async def fail(self): raise self.error", "/somewhere/site-packages/shop.py", "exec"), LIBRARY)
"""A method whose frames are not the user's."""


class Buyer:
    """Somebody with verbs."""

    _called = "buyer"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.begun = 0
        self.started = threading.Event()
        self.ended = threading.Event()
        self.error: Exception = NoLampError("no lamp is left")

    def __init_subclass__(cls) -> None:
        colour_subclass(cls)

    @verb
    async def search(self, text: str, *, limit: int = 1) -> list[str]:
        """Find something."""
        self.begun += 1
        return [text] * limit

    fail = verb(LIBRARY["fail"])

    @verb
    async def wait(self) -> None:
        """Wait until cancelled."""
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


class Shopper(Buyer):
    """A team's own person."""

    async def search_twice(self, text: str) -> list[str]:
        """Await other verbs."""
        first = await self.search(text)
        return first + await self.search(text)

    async def fail_on_purpose(self) -> None:
        """Fail inside another verb."""
        await self.fail()

    @verb
    async def coloured_already(self) -> bool:
        """Say whether a task is current."""
        return asyncio.current_task() is not None

    def plain(self) -> int:
        """No verb."""
        return 1

    async def _private(self) -> int:
        return 2


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    made.current_test = "test_x.py::test_it"
    yield made
    assert made.take_unawaited("test_x.py::test_it") == []
    made.close()


@pytest.fixture
def buyer(engine: Engine) -> Any:
    return Buyer(engine)


# -- both colours ----------------------------------------------------------------------------------------------------


def test_a_plain_call_blocks_and_returns_the_result(buyer: Any) -> None:
    """No task is current: the result comes back."""
    assert buyer.search("lamp", limit=2) == ["lamp", "lamp"]


def test_a_call_in_a_task_is_awaited(buyer: Any) -> None:
    """A task is current: an awaitable comes back, which asyncio takes for a coroutine."""

    async def caller() -> list[str]:
        call = buyer.search("lamp")
        assert asyncio.iscoroutine(call)
        assert isinstance(call, Coroutine)
        return await call

    assert asyncio.run(caller()) == ["lamp"]


def test_a_plain_helper_in_a_thread_of_an_async_test_blocks(buyer: Any) -> None:
    """The rule looks at the calling thread only."""

    async def caller() -> list[str]:
        return await asyncio.to_thread(buyer.search, "lamp")

    assert asyncio.run(caller()) == ["lamp"]


def test_a_running_loop_without_a_task_blocks(buyer: Any) -> None:
    """Playwright's sync mode runs a loop in which no task is current."""
    seen = []

    async def caller() -> None:
        asyncio.get_running_loop().call_soon(lambda: seen.append(buyer.search("lamp")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(caller())
    assert seen == [["lamp"]]


def test_asyncio_takes_calls_wherever_it_takes_coroutines(buyer: Any) -> None:
    """gather, wait_for, create_task, TaskGroup, timeout, shield, as_completed."""

    async def caller() -> list[list[str]]:
        got: list[list[str]] = await asyncio.gather(buyer.search("a"), buyer.search("b"))
        got.append(await asyncio.wait_for(buyer.search("c"), 5))
        got.append(await asyncio.create_task(buyer.search("d"), name="by name"))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            task = group.create_task(buyer.search("e"))
        got.extend((task.result(), await asyncio.shield(buyer.search("f"))))
        got.extend([await one for one in asyncio.as_completed([buyer.search("g")])])
        return got

    assert asyncio.run(caller()) == [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]


def test_anyio_takes_verbs(buyer: Any) -> None:
    """start_soon calls a verb and runs what it returns; a cancel scope ends its request."""

    async def caller() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(buyer.search, "lamp")
        with anyio.move_on_after(5) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(buyer.wait)
                await anyio.to_thread.run_sync(buyer.started.wait, 5)
                group.cancel_scope.cancel()
        assert not scope.cancelled_caught

    anyio.run(caller)
    assert buyer.begun == 1
    assert buyer.ended.is_set()


def test_a_cancelled_call_has_ended_when_its_task_goes_on(buyer: Any) -> None:
    """Throwing into a task that waits in a call reaches the request."""

    async def caller() -> None:
        task = asyncio.create_task(buyer.wait())
        assert await asyncio.to_thread(buyer.started.wait, 5)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(caller())
    assert buyer.ended.is_set()


def test_a_call_shows_itself_in_a_task_list(buyer: Any) -> None:
    """A stuck test that prints its tasks names the call."""

    async def caller() -> None:
        task = asyncio.create_task(buyer.search("lamp"))
        assert "<buyer.search()>" in repr(task)
        await task

    asyncio.run(caller())


# -- a team's own verbs ----------------------------------------------------------------------------------------------


def test_a_public_async_method_of_a_subclass_is_a_verb(engine: Engine) -> None:
    """One `async def` is enough, in both colours; its calls of other verbs run in the same task."""
    shopper: Any = Shopper(engine)

    async def caller() -> list[str]:
        return await shopper.search_twice("lamp")

    assert shopper.search_twice("lamp") == ["lamp", "lamp"]
    assert asyncio.run(caller()) == ["lamp", "lamp"]


def test_other_methods_of_a_subclass_stay_as_they_are(engine: Engine) -> None:
    """Plain methods, private ones, and verbs that are verbs already."""
    shopper: Any = Shopper(engine)
    assert shopper.plain() == 1
    assert inspect.iscoroutinefunction(shopper._private)
    assert shopper.coloured_already() is True


def test_a_verb_looks_like_its_method() -> None:
    """Name, docstring and signature are the method's; the typing marker has no behaviour."""
    assert Buyer.search.__name__ == "search"
    assert Buyer.search.__doc__ == "Find something."
    assert list(inspect.signature(Buyer.search).parameters) == ["self", "text", "limit"]
    assert not inspect.iscoroutinefunction(Buyer.search)
    assert vars(AsyncFace).keys() <= {"__module__", "__doc__", "__dict__", "__weakref__"}


def test_wrong_arguments_are_an_error_at_the_callers_line(buyer: Any) -> None:
    """In both colours, at the call and not at the await; the message names the verb."""

    async def caller() -> None:
        with pytest.raises(TypeError, match=r"buyer\.search\(\): got an unexpected keyword argument 'page'"):
            buyer.search("lamp", page=2)

    with pytest.raises(TypeError, match=r"buyer\.search\(\): missing a required argument: 'text'") as caught:
        buyer.search()
    assert caught.value.__suppress_context__
    asyncio.run(caller())


# -- tracebacks ------------------------------------------------------------------------------------------------------


def shown(error: BaseException) -> list[str]:
    """The functions that pytest would show: those that do not hide themselves."""
    return [
        frame.f_code.co_name
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if not frame.f_locals.get("__tracebackhide__")
    ]


def test_an_error_that_explains_itself_shows_the_users_line_only(buyer: Any) -> None:
    """No frame of ours, of asyncio or of an installed package is left, and no chain of causes."""
    buyer.error.__cause__ = KeyError("a detail")
    with pytest.raises(NoLampError) as plain:
        buyer.fail()
    assert shown(plain.value) == ["test_an_error_that_explains_itself_shows_the_users_line_only"]
    assert plain.value is buyer.error
    assert (plain.value.__cause__, plain.value.__context__) == (None, None)

    async def caller() -> None:
        buyer.error = NoLampError("again")
        with pytest.raises(NoLampError) as coloured:
            await buyer.fail()
        assert shown(coloured.value) == ["caller"]
        assert coloured.value is buyer.error

    asyncio.run(caller())


def test_an_error_raised_again_does_not_grow(buyer: Any) -> None:
    """The tenth traceback of one error object is as long as the first, and tells of the latest call."""

    def plain() -> None:
        buyer.fail()

    lengths = set()
    for _ in range(10):
        with pytest.raises(NoLampError) as caught:
            plain()
        lengths.add(len(traceback.extract_tb(caught.value.__traceback__)))
        assert shown(caught.value)[1:] == ["plain"]
    assert len(lengths) == 1


def test_the_users_own_context_is_kept(buyer: Any) -> None:
    """A call made while the user handles an error still says so."""

    def plain() -> None:
        try:
            {}["the user's own"]
        except KeyError:
            buyer.fail()

    with pytest.raises(NoLampError) as caught:
        plain()
    assert isinstance(caught.value.__context__, KeyError)
    assert not caught.value.__suppress_context__


def test_a_teams_own_verb_stays_in_the_traceback(engine: Engine) -> None:
    """Its line is user code, too; ours above and below it are not shown."""
    shopper: Any = Shopper(engine)

    def plain() -> None:
        shopper.fail_on_purpose()

    with pytest.raises(NoLampError) as caught:
        plain()
    assert shown(caught.value)[1:] == ["plain", "fail_on_purpose"]


def test_a_bug_keeps_everything(buyer: Any) -> None:
    """An error that nobody planned shows every frame and its cause."""
    cause = KeyError("why")

    buyer.error = ZeroDivisionError("a bug")
    buyer.error.__cause__ = cause
    with pytest.raises(ZeroDivisionError) as caught:
        buyer.fail()
    files = {frame.filename.rpartition("/")[2] for frame in traceback.extract_tb(caught.value.__traceback__)}
    assert {"engine.py", "test_colour.py"} <= files
    assert caught.value.__cause__ is cause


# -- calls that nobody awaits ----------------------------------------------------------------------------------------


def test_a_call_that_nobody_awaits_is_told_by_name_and_line(engine: Engine, buyer: Any) -> None:
    """The sentence shows the call, where it was made, and what to write; it comes once, for its own test."""

    async def caller() -> None:
        buyer.search("lamp", limit=3)
        buyer.search(text="x" * 50)
        engine.current_test = "test_x.py::test_other"
        buyer.search(buyer)

    asyncio.run(caller())
    line = caller.__code__.co_firstlineno + 1
    long = "'" + "x" * 37 + "…'"
    first, second = engine.take_unawaited("test_x.py::test_it")
    assert first.startswith("buyer.search('lamp', limit=3) was never awaited (")
    assert first.endswith(f"test_colour.py:{line}). Write: await buyer.search('lamp', limit=3)")
    assert f"buyer.search(text={long}) was never awaited" in second
    assert engine.take_unawaited("test_x.py::test_it") == []
    assert "buyer.search(Buyer) was never awaited" in engine.take_unawaited("test_x.py::test_other")[0]
    assert buyer.begun == 0


def test_a_place_below_the_working_folder_is_shown_relative(
    engine: Engine, buyer: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Short enough to read; elsewhere the whole path is shown."""

    async def caller() -> None:
        buyer.search("lamp")

    monkeypatch.chdir(request.path.parent)
    asyncio.run(caller())
    assert "(test_colour.py:" in engine.take_unawaited("test_x.py::test_it")[0]


@pytest.mark.parametrize("ending", ["throw", "close", "cancel"])
def test_a_call_that_ends_before_it_begins_makes_nothing(buyer: Any, ending: str) -> None:
    """No coroutine is made, so Python has nothing to warn about; and it was not forgotten, but given up."""

    async def caller() -> None:
        call = buyer.search("lamp")
        if ending == "throw":
            with pytest.raises(KeyError, match="given up"):
                call.throw(KeyError("given up"))
            with pytest.raises(UseError, match="awaited twice"):
                await call
        elif ending == "close":
            call.close()
        else:
            task = asyncio.create_task(call)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()

    asyncio.run(caller())
    # A coroutine that was made for nothing would now be reported, and fail this test.
    gc.collect()
    assert buyer.begun == 0


def test_an_error_can_be_thrown_in_parts(buyer: Any) -> None:
    """As the protocol of coroutines asks, before the call has begun."""

    async def caller() -> None:
        try:
            {}["somewhere"]
        except KeyError as error:
            place = error.__traceback__
        with pytest.raises(KeyError) as caught:
            buyer.search("lamp").throw(KeyError, None, place)
        assert caught.traceback[-1].name == "caller"
        with pytest.raises(KeyError, match="whole"):
            buyer.search("lamp").throw(KeyError, KeyError("whole"))

    asyncio.run(caller())


def test_a_call_closed_while_it_waits_ends_its_request(buyer: Any) -> None:
    """A loop that drops a waiting call does not leave the request running."""

    async def caller() -> None:
        call = buyer.wait()
        call.send(None)
        assert await asyncio.to_thread(buyer.started.wait, 5)
        call.close()

    asyncio.run(caller())
    assert buyer.ended.wait(5)


def test_awaiting_twice_is_a_clear_error(buyer: Any) -> None:
    """By await, and by a task; the request goes out once."""

    async def caller() -> None:
        call = buyer.search("lamp")
        await call
        with pytest.raises(UseError, match=r"buyer\.search\('lamp'\) was awaited twice \(.*keep it in a variable"):
            await call
        with pytest.raises(UseError, match="awaited twice"):
            await asyncio.create_task(call)

    asyncio.run(caller())
    assert buyer.begun == 1


def test_reading_from_a_call_says_that_it_was_not_awaited(buyer: Any) -> None:
    """`order.total` on a forgotten await explains itself; what Python itself asks for stays an AttributeError."""

    async def caller() -> None:
        call = buyer.search("lamp")
        with pytest.raises(
            NotAwaited,
            match=r"buyer\.search\('lamp'\) was not awaited, so it has no \.total yet \(.*Write: await buyer",
        ):
            _ = call.total
        with pytest.raises(AttributeError, match="__len__"):
            _ = call.__len__
        assert not hasattr(call, "total")
        assert issubclass(NotAwaited, AttributeError)
        assert repr(call) == "<buyer.search('lamp'), not awaited>"
        await call

    asyncio.run(caller())


def test_a_call_has_no_finalizer() -> None:
    """Nothing happens, and nothing warns, when one is dropped."""
    assert not hasattr(Pending, "__del__")


def test_a_person_without_a_name_is_called_by_its_class(engine: Engine) -> None:
    """A team's own object needs an engine and nothing else."""

    class Auditor:
        def __init__(self) -> None:
            self._engine = engine

        @verb
        async def look(self) -> None:
            """Look."""

    async def caller() -> None:
        Auditor().look()

    asyncio.run(caller())
    assert "auditor.look() was never awaited" in engine.take_unawaited("test_x.py::test_it")[0]
