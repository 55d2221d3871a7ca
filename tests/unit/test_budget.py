"""How much a run sends, how fast, and when it stops: counted on a board that its processes share."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.reporting.terminal import trace_lines
from pytest_launchready.session.sharing import Sharing
from pytest_launchready.wire import circuit
from pytest_launchready.wire.board import File, Memory, Tally
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.budget import Budget, undoing
from pytest_launchready.wire.client import Client
from pytest_launchready.wire.origins import origin_of
from pytest_launchready.wire.patience import Patience, expecting_limits, retry_after
from pytest_launchready.wire.terms import Terms, terms_for
from pytest_launchready.wire.transport import NoAnswer, Transport

URL = "https://shop.test/x"


@pytest.fixture(params=["memory", "file"])
def board(request):
    """A board of either kind."""
    if request.param == "memory":
        yield Memory()
        return
    path = File.make()
    file = File(path)
    yield file
    file.close()
    path.unlink()


def client_of(answer, *, budget=None, patience=None):
    """A client whose requests are answered by a function."""
    limits = Limits()
    transport = Transport(
        lambda: httpx.MockTransport(answer),
        origins=[origin_of(URL)],
        actor="anonymous",
        observe=lambda _: None,
        limits=limits,
        policies=[budget] if budget else [],
    )
    return Client(transport, run="lrunit", limits=limits, cookies=False, patience=patience)


class Shop:
    """A function to be asked, that keeps what it was asked; `answers` are given in turn, the last one for ever."""

    def __init__(self, *answers, takes=0.0):
        self.times, self.busy, self.busiest = [], 0, 0
        self._answers = list(answers) or [httpx.Response(200, json={})]
        self._takes = takes

    async def __call__(self, _):
        """The next answer."""
        self.times.append(time.monotonic())
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await asyncio.sleep(self._takes)
        finally:
            self.busy -= 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def ask(client, count=1, method="GET"):
    """The answers, or errors, to requests one after another."""

    async def all_of_them():
        found = []
        for _ in range(count):
            try:
                found.append((await client.send(method, URL, headers={}, follow=False)).status_code)
            except (Inconclusive, NoAnswer) as error:
                found.append(error)
        return found

    return asyncio.run(all_of_them())


# -- the board ----------------------------------------------------------------------------------------------------


def test_a_board_keeps_what_is_written_on_it(board):
    """Every number, time and reason comes back as it was left."""

    def fill(tally):
        tally.sent, tally.started, tally.slot, tally.row = 7, 1.5, 2.25, 3
        tally.recent, tally.seen, tally.undo_row, tally.stopped, tally.why = 0b101, 20, 1, 1, "müde".encode()
        tally.owed = 9

    board.change(fill)
    tally = board.change(lambda tally: tally)
    assert (tally.sent, tally.started, tally.slot, tally.row, tally.recent) == (7, 1.5, 2.25, 3, 5)
    assert (tally.owed, tally.seen, tally.undo_row, tally.stopped, tally.why.rstrip(b"\0").decode()) == (
        9,
        20,
        1,
        1,
        "müde",
    )


def test_an_error_while_a_board_is_read_does_not_lock_it(board):
    """A refusal is raised out of a change, and the next change goes on."""
    with pytest.raises(ZeroDivisionError):
        board.change(lambda _: 1 / 0)
    assert board.change(lambda tally: tally.sent) == 0


def test_seats_are_few_and_come_back(board):
    """No seat is given twice; one that is left can be had again."""
    first, second = board.take_seat(2), board.take_seat(2)
    assert {first, second} == {0, 1}
    assert board.take_seat(2) is None
    board.leave_seat(first)
    assert board.take_seat(2) == first


def other_process(path, code):
    """Another process with the same board open as `board`."""
    program = (
        "import sys, time, pathlib\n"
        "from pytest_launchready.wire.board import File\n"
        f"board = File(pathlib.Path(sys.argv[1]))\n{code}\nprint('done', flush=True)\nsys.stdin.read()\n"
    )
    return subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_processes_count_together_and_lose_nothing(tmp_path):
    """Two processes that count to a thousand at once have counted two thousand."""
    path = File.make()
    count = (
        "def one(tally):\n    tally.sent += 1\n    return tally.sent\n"
        "while board.change(lambda tally: tally.row) == 0:\n    pass\n"
        "for _ in range(1000):\n    board.change(one)"
    )
    others = [other_process(path, count) for _ in range(2)]
    board = File(path)
    board.change(lambda tally: setattr(tally, "row", 1))
    for other in others:
        assert other.stdout.readline() == b"done\n"
        other.communicate()
    assert board.change(lambda tally: tally.sent) == 2000
    board.close()
    path.unlink()


def test_a_killed_process_keeps_no_seat(tmp_path):
    """Seats are taken between processes too, and come back when their holder dies."""
    path = File.make()
    other = other_process(path, "assert board.take_seat(1) == 0")
    assert other.stdout.readline() == b"done\n"
    board = File(path)
    assert board.take_seat(1) is None
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert board.take_seat(1) == 0
    board.close()
    path.unlink()


def test_a_board_that_is_not_there_is_an_error_that_says_why(tmp_path):
    """A worker elsewhere never counts on a file of its own."""
    with pytest.raises(
        UseError, match=r"share their budget in .*/gone, which cannot be opened: No such file.* without -n"
    ):
        File(tmp_path / "gone")


def test_workers_go_on_from_what_the_controller_has_sent():
    """One board for the whole run; its file goes with whoever made it, and not with a worker."""
    controller = Sharing(None)
    controller.board().change(lambda tally: setattr(tally, "sent", 3))
    told = controller.tell()
    worker = Sharing(told)
    worker.board().change(lambda tally: setattr(tally, "sent", tally.sent + 1))
    worker.close()
    assert controller.tell() == told
    assert controller.board().change(lambda tally: tally.sent) == 4
    controller.close()
    assert not Path(told).exists()


# -- the terms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("production", {}, "2000 requests, 10 a second, 4 at once, 900 s"),
        ("staging", {}, "20000 requests, 50 a second, 8 at once"),
        ("local", {}, ""),
        ("production", {"requests": 30, "rate": 0.5}, "30 requests, 0.5 a second, 4 at once, 900 s"),
        ("local", {"seconds": 2.0}, "2 s"),
    ],
)
def test_terms_come_from_the_kind_of_target_and_the_map(kind, given, words):
    """Each kind has its defaults; what the map gives replaces them one by one."""
    assert str(terms_for("shop", kind, given)) == words


def test_the_command_line_wins_over_the_map():
    """The cap of this run is the one that was asked for last."""
    terms = terms_for("shop", "production", {"requests": 30}, 50)
    assert (terms.requests, terms.cap) == (50, "--launchready-max-requests")


# -- the budget ---------------------------------------------------------------------------------------------------


def test_a_run_sends_no_more_than_its_budget(board):
    """One in ten requests is kept for undo; the refusal names budget, setting and count, and nothing is sent."""
    shop = Shop()
    budget = Budget(terms_for("shop", "local", {"requests": 10}), board)
    client = client_of(shop, budget=budget)

    *good, refused = ask(client, 10)
    assert good == [200] * 9
    assert refused.code == "budget"
    why = "the budget of 10 requests is used up, but for what undo needs (targets.shop.budget.requests)"
    assert str(refused) == f"{why}; 9 are sent, this one is not"
    with undoing():
        good, refused = ask(client, 2)
    assert good == 200
    undo = "the budget of 10 requests is used up, by undo too (targets.shop.budget.requests)"
    assert str(refused) == f"{undo}; 10 are sent, this one is not"
    assert len(shop.times) == 10
    assert budget.stopped() == {why: 1, undo: 1}


def test_what_undo_will_need_is_kept_for_it(board):
    """Whatever has been made, by any process, can be undone inside the budget; a write is refused before a read."""
    terms = terms_for("shop", "local", {"requests": 20})
    mine, others = Budget(terms, board), Budget(terms, board)
    mine.owing = lambda: 4
    others.owing = lambda: 6
    assert ask(client_of(Shop(), budget=others), 2) == [200] * 2
    *good, refused = ask(client_of(Shop(), budget=mine), 6, "POST")
    assert (good[:4], refused.code) == ([200] * 4, "budget")  # 20 - 2 reserve - 10 owed - 2 for what it makes - 2 sent
    assert ask(client_of(Shop(), budget=mine), 3)[:2] == [200] * 2
    others.settle()
    assert ask(client_of(Shop(), budget=mine), 3) == [200] * 3


def test_the_time_for_sending_ends_but_not_for_undo(board):
    """After so many seconds only undo goes on."""
    client = client_of(Shop(), budget=Budget(Terms(seconds=0.01), board))
    assert ask(client) == [200]
    time.sleep(0.011)
    (refused,) = ask(client)
    assert (refused.code, str(refused)) == (
        "budget",
        "the time for sending is over: budget.seconds allows 0.01 s; nothing was sent",
    )
    with undoing():
        assert ask(client) == [200]


def test_requests_leave_at_the_pace_of_the_budget(board):
    """However many ask at once, they leave one after another at the rate, and no slot is skipped."""
    shop = Shop()
    client = client_of(shop, budget=Budget(Terms(rate=100), board))

    async def at_once():
        await asyncio.gather(*(client.send("GET", URL, headers={}, follow=False) for _ in range(21)))

    asyncio.run(at_once())
    assert all(when - shop.times[0] >= place * 0.01 - 0.005 for place, when in enumerate(shop.times))


def test_a_pause_is_not_made_up_for_by_a_burst(board):
    """Only a tenth of a second is caught up with, so that a slow answer now and then does not slow the whole run."""
    shop = Shop()
    board.change(lambda tally: setattr(tally, "slot", time.monotonic() - 10))
    client = client_of(shop, budget=Budget(Terms(rate=100), board))

    async def at_once():
        await asyncio.gather(*(client.send("GET", URL, headers={}, follow=False) for _ in range(31)))

    asyncio.run(at_once())
    assert shop.times[-1] - shop.times[0] >= 0.19
    assert board.change(lambda tally: tally.slot) - shop.times[0] == pytest.approx(0.21, abs=0.1)


def test_no_more_requests_are_under_way_than_allowed(board):
    """The next one leaves when one has ended."""
    shop = Shop(takes=0.01)
    client = client_of(shop, budget=Budget(Terms(concurrency=3), board))

    async def at_once():
        await asyncio.gather(*(client.send("GET", URL, headers={}, follow=False) for _ in range(9)))

    asyncio.run(at_once())
    assert (len(shop.times), shop.busiest) == (9, 3)


@pytest.mark.parametrize("stage", ["answering", "pacing"])
def test_a_cancelled_request_gives_its_seat_back(board, stage):
    """Nobody waits for ever for somebody who has gone, whether under way or still waiting to leave."""
    budget = Budget(Terms(concurrency=1, rate=1000 if stage == "answering" else 0.01), board)
    client = client_of(Shop(takes=60 if stage == "answering" else 0), budget=budget)

    async def cancelled():
        if stage == "pacing":
            await client.send("GET", URL, headers={}, follow=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.send("GET", URL, headers={}, follow=False)

    asyncio.run(cancelled())
    assert board.take_seat(1) == 0


# -- the circuit --------------------------------------------------------------------------------------------------

BROKEN = httpx.Response(500, json={"detail": "no"})


def test_errors_in_a_row_stop_the_run(board):
    """After so many nothing more is sent, and each refusal says why."""
    shop = Shop(BROKEN)
    budget = Budget(Terms(failures=3), board)
    found = ask(client_of(shop, budget=budget), 5)
    assert found[:3] == [500] * 3
    assert [error.code for error in found[3:]] == ["circuit"] * 2
    reason = "the target fails: 3 errors in a row, the last one GET: 500 Internal Server Error"
    assert str(found[3]) == f"{reason}; nothing was sent"
    assert budget.stopped() == {reason: 2}
    assert len(shop.times) == 3


def test_requests_without_an_answer_count_as_errors(board):
    """A target that cannot be reached is unwell too."""
    found = ask(client_of(Shop(httpx.ConnectError("refused")), budget=Budget(Terms(failures=2), board)), 3)
    assert str(found[2]).startswith("the target fails: 2 errors in a row, the last one GET: no answer: refused;")


def test_an_answer_between_errors_starts_the_row_anew(board):
    """Any answer below 500 says that the target works."""
    shop = Shop(BROKEN, BROKEN, httpx.Response(404), BROKEN, BROKEN, httpx.Response(200))
    assert ask(client_of(shop, budget=Budget(Terms(failures=3), board)), 7)[-1] == 200


def test_too_many_errors_among_the_last_requests_stop_the_run(board):
    """The rate is taken once twenty are there, and has to be above the ceiling."""
    shop = Shop(*[BROKEN, httpx.Response(200)] * 10, httpx.Response(200), BROKEN, BROKEN, BROKEN)
    found = ask(client_of(shop, budget=Budget(Terms(error_rate=0.5), board)), 25)
    assert found[:23] == [*[500, 200] * 10, 200, 500, 500]
    assert "the target fails: 11 errors among the last 20 requests, the last one" in str(found[24])


def test_a_rate_of_few_requests_is_none(board):
    """A broken endpoint or two at the start stop nothing yet."""
    found = ask(client_of(Shop(BROKEN), budget=Budget(Terms(error_rate=0.5), board)), 21)
    assert found[:20] == [500] * 20
    assert found[20].code == "circuit"


def test_who_waits_for_a_slot_hears_that_the_run_has_stopped(board):
    """A queue of requests does not go on hitting a target that has begun to fail."""
    shop = Shop(BROKEN)
    client = client_of(shop, budget=Budget(Terms(rate=20, failures=1), board))

    async def at_once():
        sending = (client.send("GET", URL, headers={}, follow=False) for _ in range(3))
        return await asyncio.gather(*sending, return_exceptions=True)

    first, *others = asyncio.run(at_once())
    assert first.status_code == 500
    assert [error.code for error in others] == ["circuit"] * 2
    assert len(shop.times) == 1


def test_undo_goes_on_until_it_meets_as_many_errors_itself(board):
    """What was made is undone on a target that fails, if it can be; on one that is gone nobody waits for it all."""
    shop = Shop(BROKEN)
    client = client_of(shop, budget=Budget(Terms(failures=2), board))
    ask(client, 3)
    with undoing():
        found = ask(client, 3)
    assert found[:2] == [500, 500]
    assert str(found[2]).startswith("the target fails: 2 errors in a row while the run undid what it had made;")


@pytest.mark.parametrize(("status", "stopped"), [(500, 0), (503, 0), (502, 1), (None, 1)])
def test_wrong_codes_may_be_refused_as_500_while_a_limit_is_looked_for(status, stopped):
    """Gateway errors and lost answers stop a run all the same, and so does a 500 at any other time."""
    tally = Tally()
    bad = Exchange("POST", URL, (), b"", 0.1, Answer(status, (), "") if status else None, error="" if status else "x")
    with expecting_limits():
        circuit.note(tally, bad, Terms(failures=1), undoing=False)
    assert tally.stopped == stopped
    circuit.note(tally, bad, Terms(failures=1), undoing=False)
    assert tally.stopped == 1


def test_a_reason_is_bounded():
    """What a server says cannot fill the board."""
    tally = Tally()
    bad = Exchange("GET", URL, (), b"", 0.1, error="ü" * 500, step="search")
    circuit.note(tally, bad, Terms(failures=1), undoing=False)
    assert len(tally.why) == 200
    why = circuit.refusal(tally, Terms(failures=1), undoing=False)
    assert why.startswith("the target fails: 1 error in a row, the last one step search: no answer: üü")
    assert why.endswith("ü")


def test_a_local_target_is_never_left_alone(board):
    """Without terms nothing is counted and nothing stops."""
    shop = Shop(BROKEN)
    budget = Budget(terms_for("here", "local", {}), board)
    assert ask(client_of(shop, budget=budget), 30) == [500] * 30
    assert budget.stopped() == {}
    assert board.change(lambda tally: tally.sent) == 0


# -- waiting and repeating ----------------------------------------------------------------------------------------


def limited(status, after="0"):
    """An answer that asks to wait."""
    return httpx.Response(status, headers={"retry-after": after})


@pytest.mark.parametrize(
    ("method", "status", "last"), [("GET", 429, 200), ("POST", 429, 200), ("GET", 503, 200), ("POST", 503, 503)]
)
def test_a_limiter_is_obeyed_where_a_repeat_is_safe(method, status, last):
    """After a 429 nothing has happened; after a 503 only a request that reads is sent again."""
    patience, shop = Patience(), Shop(limited(status), httpx.Response(200))
    assert ask(client_of(shop, patience=patience), method=method) == [last]
    assert patience.waits.limited == (1 if last == 200 else 0)
    assert len(shop.times) == (2 if last == 200 else 1)
    if last == 200:
        assert shop.times[1] - shop.times[0] >= 0.1


def test_a_limiter_that_asks_for_longer_than_the_bound_is_not_waited_for():
    """The answer is given back at once."""
    shop = Shop(limited(429, "31"))
    assert ask(client_of(shop)) == [429]
    assert len(shop.times) == 1


def test_a_limiter_without_end_is_asked_a_few_times_only():
    """Waits are bounded in number as well as in seconds."""
    patience, shop = Patience(), Shop(limited(429))
    assert ask(client_of(shop, patience=patience)) == [429]
    assert (len(shop.times), patience.waits.limited) == (6, 5)


def test_a_probe_of_limits_sees_every_answer():
    """Inside, an answer that asks to wait is what is looked for."""
    shop = Shop(limited(429), httpx.Response(200))
    with expecting_limits():
        assert ask(client_of(shop)) == [429]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (503, {"retry-after": " 2 "}, 2),
        (429, {"retry-after": "Tue, 24 Nov 2026 10:00:09 GMT", "date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 9),
        (429, {"retry-after": "Tue, 24 Nov 2026 10:00:09 -0000", "date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 9),
        (429, {"retry-after": "Tue, 24 Nov 1970 10:00:09 GMT"}, 0),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "-1"}, None),
        (429, {}, None),
        (500, {"retry-after": "7"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(status, headers, seconds):
    """A date counts from the server's own clock; anything else asks for nothing."""
    assert retry_after(Answer(status, tuple(headers.items()), "")) == seconds


def test_connections_are_tried_again_only_where_the_map_says_so():
    """And then only for what reads; each is counted."""
    down = httpx.ConnectError("refused")
    assert isinstance(ask(client_of(Shop(down, httpx.Response(200))))[0], NoAnswer)
    patience = Patience(connect_retries=2)
    assert ask(client_of(Shop(down, down, httpx.Response(200)), patience=patience)) == [200]
    assert patience.waits.repeated == 2
    assert isinstance(ask(client_of(Shop(down, down, down, httpx.Response(200)), patience=Patience(2)))[0], NoAnswer)
    assert isinstance(ask(client_of(Shop(down, httpx.Response(200)), patience=Patience(2)), method="POST")[0], NoAnswer)
    late = httpx.ReadTimeout("late")
    assert isinstance(ask(client_of(Shop(late, httpx.Response(200)), patience=Patience(2)))[0], NoAnswer)


def test_the_summary_says_what_was_waited_for_and_why_sending_stopped():
    """Each reason once, however many workers met it."""
    waits = {"polled": 2, "limited": 1, "seconds": 1.5, "repeated": 1}
    trace = {"sent": 3, "undone": 0, "left": (), "failed": (), "doubtful": (), "reasons": {}, "waits": waits}
    lines = trace_lines([{**trace, "stopped": {"the target fails": 2}}, {**trace, "stopped": {"the target fails": 0}}])
    assert lines[1:5] == [
        "asked again until an answer was there: 4 times",
        "waited because a rate limiter asked for it: 2 times, 3.0 s",
        "sent again after a lost connection: 2 requests",
        "stopped sending: the target fails (2 requests not sent)",
    ]
