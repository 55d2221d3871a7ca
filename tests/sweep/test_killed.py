"""What a killed run leaves is finished: by a sweep, by the next run, or by the tag alone."""

import json
import random
import shutil

import pytest

WAYS = ("sweep", "next run", "by tag")
DYING = """
import os
import signal


def test_dies(listing):
    os.kill(os.getpid(), signal.SIGKILL)
"""
CUT = """
def test_cut(listing):
    raise KeyboardInterrupt
"""
IMPATIENT = """
import asyncio
import os
import signal

import pytest

from pytest_launchready.flows import undoing


@pytest.fixture(autouse=True, scope="session")
def impatient():
    async def undo(stage):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    undoing.undo = undo
"""


def finish(market, way):
    """Tidies up in one of three ways."""
    if way == "sweep":
        status, output = market.sweep()
        assert status == 0, output
    elif way == "next run":
        status, output = market.run("-k", "sign_up", "-p", "no:xdist")
        assert status == 0, output
        assert "finished what a killed run left: run lr" in output
    else:
        shutil.rmtree(market.home)
        status, output = market.sweep("--by-tag")
        assert status == 0, output


def kill_and_finish(market, luck, way, arguments):
    """One round; whether the killed run had left something."""
    market.kill(market.start(*arguments), luck.uniform(0, 1))
    left = not market.is_empty()
    if any(market.home.glob("journal/*")) or way != "next run":
        finish(market, way)
    assert market.is_empty(), (way, market.accounts(), market.rows())
    assert not any(market.home.glob("journal/*"))
    return left


@pytest.mark.parametrize(("way", "workers"), [("sweep", 4), ("next run", 0), ("by tag", 0)])
def test_a_killed_run_leaves_nothing(market, way, workers):
    """Killed at a random moment, its people and things are removed all the same."""
    luck = random.Random(f"{way} {workers}")
    # On a fast machine a run may be over before it is killed: then the round has proven nothing.
    assert any(kill_and_finish(market, luck, way, ["-n", str(workers)]) for _ in range(4))


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_twenty_killed_runs_leave_nothing(market, way):
    """Serial and with four workers, at twenty random moments."""
    luck = random.Random(way)
    left = [kill_and_finish(market, luck, way, ["-n", str(4 * (number % 2))]) for number in range(20)]
    assert sum(left) >= 10


def test_two_runs_at_once_are_both_green_and_leave_nothing(market):
    """Neither takes the other's things for leftovers, and both undo their own."""
    processes = [market.start("-n", "0"), market.start("-n", "0")]
    outputs = [process.communicate(timeout=120)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert market.is_empty()
    assert not any(market.home.glob("journal/*"))


def test_the_controller_finishes_what_a_killed_worker_left(market):
    """A worker that is killed takes nothing along: at the end of the run its things are gone as well."""
    (market.folder / "test_dying.py").write_text(DYING)
    status, output = market.run("test_dying.py", "-n", "2", "--max-worker-restart=0")

    assert status == 1
    assert "2 objects undone" in output
    assert market.is_empty()
    assert not any(market.home.glob("journal/*"))


def test_a_second_interrupt_leaves_the_journal_and_says_so(market):
    """Undo that is cut short is finished by the next run."""
    (market.folder / "conftest.py").write_text(IMPATIENT)
    (market.folder / "test_cut.py").write_text(CUT)
    status, output = market.run("test_cut.py", "-p", "no:xdist")

    assert status == 2
    assert "interrupted while it undid what it had made; the next run, or `launchready sweep`, goes on" in output
    assert market.accounts() != []
    assert market.sweep()[0] == 0
    assert market.is_empty()


def test_an_undo_that_is_cut_short_is_not_green(market):
    """Ctrl-C once all tests have passed: the exit status and the ledger say that the run was interrupted."""
    (market.folder / "conftest.py").write_text(IMPATIENT)
    (market.folder / "test_good.py").write_text("def test_good(listing):\n    pass\n")
    status, output = market.run("test_good.py", "-p", "no:xdist", "--launchready-json=ledger.json")

    assert "1 passed" in output
    assert status == 2
    assert json.loads((market.folder / "ledger.json").read_text())["exit_status"] == 2
    assert market.sweep()[0] == 0
    assert market.is_empty()
