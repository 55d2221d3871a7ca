"""Work that is let to its end although its caller is cancelled."""

from __future__ import annotations

import asyncio
import gc

import pytest

from pytest_launchready.wire.finishing import see_through


class Making:
    """Work that begins, gets its answer when a test says so, and notes it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.answered = asyncio.Event()
        self.noted: list[str] = []

    async def run(self) -> str:
        """Note the answer."""
        self.begun.set()
        await self.answered.wait()
        self.noted.append("listing 7")
        return "listing 7"

    async def fail(self) -> str:
        """Fail instead of an answer."""
        await self.run()
        raise ValueError("refused")


def test_the_result_and_the_error_pass_through() -> None:
    """Without a cancellation it changes nothing."""

    async def caller() -> None:
        making = Making()
        making.answered.set()
        assert await see_through(making.run(), 1) == "listing 7"
        with pytest.raises(ValueError, match="refused"):
            await see_through(making.fail(), 1)

    asyncio.run(caller())


@pytest.mark.parametrize("work", [Making.run, Making.fail])
def test_a_cancelled_caller_leaves_once_the_work_has_ended(work) -> None:
    """The answer is noted before the cancellation goes on; an error then is nobody's any more."""

    async def caller() -> list[str]:
        making = Making()
        task = asyncio.create_task(see_through(work(making), 5))
        await making.begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        making.answered.set()
        await asyncio.wait({task}, timeout=2)
        assert task.cancelled()
        return making.noted

    assert asyncio.run(caller()) == ["listing 7"]
    # An error that nobody has taken would now be reported, and fail this test.
    gc.collect()


def test_the_wait_is_bounded() -> None:
    """Work whose answer does not come is cancelled as well."""

    async def caller() -> list[str]:
        making = Making()
        task = asyncio.create_task(see_through(making.run(), 0.01))
        await making.begun.wait()
        task.cancel()
        await asyncio.wait({task}, timeout=2)
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return making.noted

    assert asyncio.run(caller()) == []
