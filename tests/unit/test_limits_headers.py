"""What headers say of a limit: both generations of RateLimit fields, Retry-After, and what is not well formed."""

import time

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.limits.headers import Announced, announced, waits


def answer(**headers):
    """An answer with these headers; underscores stand for hyphens."""
    return Answer(429, tuple((name.replace("_", "-").lower(), value) for name, value in headers.items()), "")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"RateLimit_Limit": "10", "RateLimit_Remaining": "3", "RateLimit_Reset": "7"}, Announced(10, 3, 7.0)),
        ({"X_RateLimit_Limit": "10, 10;w=60", "X_RateLimit_Remaining": "0"}, Announced(10, 0)),
        ({"X_Rate_Limit_Limit": "5"}, Announced(5)),
        ({"RateLimit": "limit=10, remaining=5, reset=3"}, Announced(10, 5, 3)),
        (
            {"RateLimit": '"default";r=5;t=3', "RateLimit_Policy": '"default";q=10;w=60'},
            Announced(10, 5, 3, 60),
        ),
        ({"RateLimit": '"hour";r=90;t=3000, "burst";r=0;t=2'}, Announced(None, 0, 2)),
        ({"RateLimit_Policy": '"a";q=100;w=3600;qu="requests", "b";q=5;w=1'}, Announced(5, None, None, 1)),
        ({"RateLimit": '"default";r=5;t=3', "X_RateLimit_Limit": "99"}, Announced(None, 5, 3)),
    ],
)
def test_every_generation_is_read(headers, told):
    """Three plain headers with or without X-, one combined field, and the structured ones; the newest wins."""
    assert announced(answer(**headers)) == told


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit": "garbage;;="},
        {"RateLimit": "limit=ten, remaining=5"},
        {"RateLimit": '"open;r=5'},
        {"RateLimit": '"default";r=-1'},
        {"RateLimit": '"default";t=3'},
        {"RateLimit_Limit": "many", "RateLimit_Reset": "soon"},
        {"X_RateLimit_Limit": "9" * 40},
        {},
    ],
)
def test_malformed_fields_are_ignored(headers):
    """They say nothing, and break nothing."""
    assert not announced(answer(**headers))


@pytest.mark.parametrize("scale", [1, 1000])
def test_a_reset_may_be_a_point_in_time(scale):
    """In seconds or in milliseconds since 1970; one that has passed asks no wait."""
    reset = announced(answer(X_RateLimit_Reset=str(int((time.time() + 50) * scale)))).reset
    assert 48 < reset <= 50
    assert announced(answer(X_RateLimit_Reset=str(int((time.time() - 50) * scale)))).reset == 0


def test_retry_after_wins_over_the_fields():
    """As the draft wants it; without it the reset is waited for; without both nothing is known."""
    fields = {"RateLimit": '"default";r=0;t=9'}
    assert waits(answer(Retry_After="4", **fields)) == 4
    assert waits(answer(**fields)) == 9
    assert waits(answer()) is None
    assert waits(None) is None


def test_retry_after_may_be_a_date():
    """Counted from the server's own clock."""
    date = "Fri, 01 May 2026 10:00:30 GMT"
    assert waits(answer(Retry_After=date, Date="Fri, 01 May 2026 10:00:00 GMT")) == 30


def test_what_is_told_reads_as_a_sentence():
    """For notes."""
    assert str(Announced(10, 0, 3.0, 60)) == "a limit of 10, in 60 s, 0 left, reset in 3 s"
