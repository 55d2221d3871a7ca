"""What a killed run leaves is finished: by a sweep, by the next run, or by the tag alone."""

import random
import shutil

import pytest

WAYS = ("sweep", "next run", "by tag")


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
    market.kill(market.start(*arguments), luck.uniform(0, 1.5))
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
    assert kill_and_finish(market, luck, way, ["-n", str(workers)])


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_twenty_killed_runs_leave_nothing(market, way):
    """Serial and with four workers, at twenty random moments."""
    luck = random.Random(way)
    left = [kill_and_finish(market, luck, way, ["-n", str(4 * (number % 2))]) for number in range(20)]
    assert sum(left) >= 15
