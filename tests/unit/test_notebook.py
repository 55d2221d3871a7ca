"""What the checks of a run share."""

import asyncio

import pytest

from pytest_launchready.probes.notebook import Notebook


def test_what_was_found_out_is_found_out_once():
    """However many checks ask for it at the same time."""
    asked = []

    async def find_out():
        asked.append(1)
        await asyncio.sleep(0)
        return "order 7"

    async def several():
        notebook = Notebook()
        return await asyncio.gather(*(notebook.once("order", find_out) for _ in range(3)))

    assert asyncio.run(several()) == ["order 7"] * 3
    assert asked == [1]


def test_an_error_is_remembered_too():
    """What could not be had once is not tried again, and each who asks hears why."""
    asked = []

    async def find_out():
        asked.append(1)
        raise ValueError("no order")

    async def twice():
        notebook = Notebook()
        for _ in range(2):
            with pytest.raises(ValueError, match="no order"):
                await notebook.once("order", find_out)

    asyncio.run(twice())
    assert asked == [1]


def test_a_cancelled_try_is_no_answer():
    """It is tried again by whoever asks next."""

    async def hangs():
        await asyncio.Event().wait()

    async def works():
        return 7

    async def both():
        notebook = Notebook()
        first = asyncio.ensure_future(notebook.once("order", hangs))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await notebook.once("order", works)

    assert asyncio.run(both()) == 7
