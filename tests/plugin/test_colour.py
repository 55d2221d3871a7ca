"""The colour rule in real runs: against the demo, in processes of their own, next to the plugins that people have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

HELPERS = '''
    """Plain helpers, fixtures of both colours, and a person with verbs of the team's own."""

    import asyncio

    import pytest

    from pytest_launchready import Actor


    def make_and_find(seller, buyer):
        lamp = seller.create_listing(title="Desk lamp")
        return buyer.get_listing(lamp).id == lamp.id


    class Person(Actor):
        async def make_and_find(self, buyer):
            lamp = await self.create_listing(title="Desk lamp")
            return (await buyer.get_listing(lamp)).id == lamp.id

        async def block(self, marketplace):
            marketplace.get_actor("buyer")


    @pytest.fixture(scope="session")
    def launchready_actor_class():
        return Person


    @pytest.fixture
    def lamp(seller):
        return seller.create_listing(title="Desk lamp")


    @pytest.fixture
    def helper():
        return make_and_find
'''

PLAIN = """
    import asyncio
    import threading


    def test_plain(seller, buyer, lamp):
        assert buyer.get_listing(lamp).title == lamp.title


    def test_helper(seller, buyer, helper):
        assert helper(seller, buyer)


    def test_own_verb(seller, buyer):
        assert seller.make_and_find(buyer)


    def test_new_loop_in_a_plain_test(seller, buyer, lamp):
        async def both():
            return await asyncio.gather(buyer.get_listing(lamp), buyer.get_listing(lamp))

        assert [found.id for found in asyncio.run(both())] == [lamp.id, lamp.id]
        assert buyer.get_listing(lamp).id == lamp.id


    def test_running_loop_without_a_task(seller, buyer, helper):
        async def caller():
            done = asyncio.get_running_loop().create_future()

            def callback():
                assert asyncio.get_running_loop() and asyncio.current_task() is None
                done.set_result(helper(seller, buyer))

            asyncio.get_running_loop().call_soon(callback)
            return await done

        assert asyncio.run(caller())


    def test_threads(seller, buyer, helper):
        found = []
        threads = [threading.Thread(target=lambda: found.append(helper(seller, buyer))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 3
"""

ANYIO = """
    import anyio
    import pytest

    pytestmark = pytest.mark.anyio


    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"


    async def test_anyio(seller, buyer, lamp):
        assert (await buyer.get_listing(lamp)).id == lamp.id


    async def test_anyio_group(seller, buyer, lamp):
        found = []

        async def look():
            found.append((await buyer.get_listing(lamp)).id)

        async with anyio.create_task_group() as group:
            group.start_soon(look)
            group.start_soon(look)
            group.start_soon(buyer.get_listing, lamp)
        assert found == [lamp.id, lamp.id]


    async def test_anyio_helper_in_a_thread(seller, buyer, helper):
        assert await anyio.to_thread.run_sync(helper, seller, buyer)
"""

ASYNCIO = """
    import asyncio

    import pytest
    import pytest_asyncio


    @pytest_asyncio.fixture
    async def awaited_lamp(seller):
        return await seller.create_listing(title="Desk lamp")


    @pytest_asyncio.fixture(loop_scope="session", scope="session")
    async def session_lamp(seller):
        return await seller.create_listing(title="Desk lamp")


    @pytest.mark.asyncio
    async def test_async(seller, buyer):
        lamp = await seller.create_listing(title="Desk lamp")
        assert (await buyer.get_listing(lamp)).id == lamp.id


    @pytest.mark.asyncio
    async def test_plain_fixture_in_async_test(buyer, lamp):
        assert (await buyer.get_listing(lamp)).id == lamp.id


    def test_async_fixture_in_plain_test(buyer, awaited_lamp):
        assert buyer.get_listing(awaited_lamp).id == awaited_lamp.id


    @pytest.mark.asyncio
    async def test_helper_in_a_thread(seller, buyer, helper):
        assert await asyncio.to_thread(helper, seller, buyer)


    @pytest.mark.asyncio
    async def test_own_verb(seller, buyer):
        assert await seller.make_and_find(buyer)


    @pytest.mark.asyncio(loop_scope="module")
    async def test_module_loop(buyer, lamp):
        assert (await buyer.get_listing(lamp)).id == lamp.id


    @pytest.mark.asyncio(loop_scope="session")
    async def test_session_loop(buyer, session_lamp):
        assert (await buyer.get_listing(session_lamp)).id == session_lamp.id


    @pytest.mark.asyncio(loop_scope="session")
    async def test_session_loop_again(buyer, session_lamp):
        first, second = await asyncio.gather(buyer.get_listing(session_lamp), buyer.get_listing(session_lamp))
        assert first.id == second.id


    @pytest.mark.asyncio
    async def test_structured(buyer, lamp):
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            first = group.create_task(buyer.get_listing(lamp))
            second = group.create_task(buyer.get_listing(lamp))
        assert first.result().id == second.result().id == lamp.id
        assert (await asyncio.wait_for(buyer.get_listing(lamp), 10)).id == lamp.id
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own, against the demo, with warnings as errors."""

    def start(mode: str | None, *arguments: str, **files: str) -> pytest.RunResult:
        ini = "[pytest]\n" + (
            f"asyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\n"
            if mode
            else "addopts = -p no:asyncio\n"
        )
        pytester.makeini(ini)
        pytester.makeconftest(HELPERS)
        pytester.makepyfile(**files)
        return pytester.runpytest_subprocess(
            "-W", "error", "-p", "no:cacheprovider", "--launchready-target=demo", *arguments, timeout=60
        )

    return start


def test_strict_mode(run: Run) -> None:
    """Plain, asyncio and anyio tests share one session: three loop scopes, fixtures of either colour in either."""
    result = run("strict", test_plain=PLAIN, test_anyio=ANYIO, test_asyncio=ASYNCIO)
    result.assert_outcomes(passed=18)
    assert result.ret == 0


def test_auto_mode_in_two_workers(run: Run) -> None:
    """The same tests under pytest-xdist, and with every `async def` taken by pytest-asyncio."""
    result = run("auto", "-n", "2", test_plain=PLAIN, test_anyio=ANYIO, test_asyncio=ASYNCIO)
    result.assert_outcomes(passed=18)
    assert result.ret == 0


def test_without_pytest_asyncio(run: Run) -> None:
    """Nothing of ours needs that plugin."""
    result = run(None, test_plain=PLAIN, test_anyio=ANYIO)
    result.assert_outcomes(passed=9)
    assert result.ret == 0


FORGETFUL = """
    import asyncio

    import pytest
    import pytest_asyncio


    @pytest.mark.asyncio
    async def test_forgets_two(buyer, lamp):
        buyer.get_listing(lamp)
        buyer.search("lamp", page=2)


    @pytest.mark.asyncio
    async def test_reads_from_a_call(buyer, lamp):
        assert buyer.get_listing(lamp).title == "Desk lamp"


    @pytest.mark.asyncio
    async def test_counts_a_call(buyer):
        assert len(buyer.search("lamp")) == 1


    @pytest.mark.asyncio
    @pytest.mark.xfail(reason="known", strict=True)
    async def test_forgets_and_is_expected_to_fail(buyer):
        buyer.search("lamp")
        assert False


    @pytest.mark.asyncio
    async def test_forgets_and_skips(buyer):
        buyer.search("lamp")
        pytest.skip("not today")


    @pytest_asyncio.fixture
    async def forgetful_before(buyer):
        buyer.search("before")


    @pytest_asyncio.fixture
    async def forgetful_after(buyer):
        yield
        buyer.search("after")


    @pytest.mark.asyncio
    async def test_forgotten_before(forgetful_before):
        pass


    @pytest.mark.asyncio
    async def test_forgotten_after(forgetful_after):
        pass


    @pytest.mark.asyncio
    async def test_awaits_twice(buyer):
        call = buyer.search("lamp")
        await call
        await call


    @pytest.mark.asyncio
    async def test_remembers(buyer, lamp):
        await buyer.get_listing(lamp)
"""


def test_a_forgotten_await(run: Run) -> None:
    """It fails its own test, in whichever phase, by name and line; a test that fails anyway says it as well."""
    result = run("strict", "-rA", test_forgetful=FORGETFUL)
    result.assert_outcomes(failed=4, errors=2, passed=2, xfailed=1, skipped=1)
    text = result.stdout.str()
    assert "buyer.get_listing(Listing) was never awaited (test_forgetful.py:9). Write: await buyer.get_listing(" in text
    assert "buyer.search('lamp', page=2) was never awaited (test_forgetful.py:10)." in text
    assert "buyer.get_listing(Listing) was not awaited, so it has no .title yet (test_forgetful.py:15)." in text
    assert text.count("(test_forgetful.py:15)") == 1
    result.stdout.re_match_lines(
        [r"E +TypeError: object of type 'Pending' has no len\(\)", r"E +buyer\.search\('lamp'\) was never awaited"]
    )
    assert "buyer.search('lamp') was awaited twice (test_forgetful.py:59). A call gives its result once" in text
    result.stdout.re_match_lines_random(
        [
            r"ERROR test_forgetful\.py::test_forgotten_before - Failed: buyer\.search\('before",
            r"ERROR test_forgetful\.py::test_forgotten_after - Failed: buyer\.search\('after",
            r"PASSED test_forgetful\.py::test_remembers",
        ]
    )


FAILING = """
    import asyncio

    import pytest


    def test_plain(buyer):
        buyer.get_listing("no-such-listing")  # the user's line


    @pytest.mark.asyncio
    async def test_async(buyer):
        await buyer.get_listing("no-such-listing")  # the user's line


    @pytest.mark.asyncio
    async def test_task(buyer):
        task = asyncio.create_task(buyer.get_listing("no-such-listing"))
        await task  # the user's line


    def test_arguments(buyer):
        buyer.get_listing()  # the user's line
"""


@pytest.mark.parametrize("style", ["long", "short"])
def test_tracebacks(run: Run, style: str) -> None:
    """They show the user's line and no frame of ours, of asyncio, or of concurrent.futures."""
    result = run("strict", f"--tb={style}", test_failing=FAILING)
    result.assert_outcomes(failed=4)
    report = result.stdout.str().partition("= FAILURES =")[2].partition("short test summary")[0]
    places = re.findall(r"^(\S+?\.py):(\d+): ", report, flags=re.MULTILINE)
    assert [(file, int(line)) for file, line in places] == [("test_failing.py", line) for line in (7, 12, 18, 22)], (
        report
    )
    assert report.count("# the user's line") == 4
    assert report.count("get_listing failed, as buyer") == 3
    assert "TypeError: buyer.get_listing(): missing a required argument: 'listing'" in report


REFUSED = """
    import asyncio
    import os

    import trio


    def test_engines_own_thread(seller, marketplace):
        seller.block(marketplace)


    def test_forked_child(buyer):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                buyer.search("lamp")
                os.write(writing, b"it answered")
            except BaseException as error:
                os.write(writing, str(error).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        assert told == "", told


    def test_trio(buyer):
        async def caller():
            buyer.search("lamp")

        trio.run(caller)


    def test_afterwards(buyer, helper, seller):
        assert helper(seller, buyer)
"""


def test_places_where_a_call_cannot_work(run: Run) -> None:
    """The engine's own thread, a forked child, trio: each an error that says why, and the run goes on."""
    result = run("strict", test_refused=REFUSED)
    result.assert_outcomes(failed=3, passed=1)
    text = result.stdout.str()
    assert "EngineError: a blocking call on the engine's own thread would wait for itself for ever" in text
    assert "this is its forked child" in text
    assert "EngineError: calls from trio are not supported" in text
