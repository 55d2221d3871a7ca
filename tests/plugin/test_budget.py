"""Budget, pace and circuit of a run as its target meets them: all is counted at the server."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_launchready.core.words import counted

MAP = """
[targets.shop]
kind = "production"
api = "{url}"
writes = ["create_listing"]
budget = {{ {budget} }}

[people.seller]
email = "seller@shop.test"
password = "env:SELLER_PASSWORD"

[people.buyer]
email = "buyer@shop.test"
password = "env:SELLER_PASSWORD"

[auth]
basic = "user:{{{{ account.password }}}}"

[steps.create_listing]
request = "POST /listings"
json = {{ title = "{{{{ listing.title }}}}" }}
capture = {{ id = "id" }}
undo = "delete_listing"

[steps.delete_listing]
request = "DELETE /listings/{{{{ listing.id }}}}"

[steps.search]
request = "GET /listings"
items = "@"
capture = {{ id = "id" }}

[steps.ready]
request = "GET /ready"
expect = "ready"
wait = 5
"""


LEAN = ("-p", "no:cacheprovider", "-p", "no:faker", "-p", "no:anyio", "-p", "no:html")
"""What workers need not load: four of them start on two cores here."""


class Counter:
    """A server that counts; `answers` maps a request line to `status, headers` in turn, the last one for ever."""

    def __init__(self):
        self.lines, self.times, self.busiest = [], [], 0
        self.answers = {}
        self.takes = 0.0
        counter, lock, busy = self, threading.Lock(), []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                line = f"{self.command} {self.path}"
                with lock:
                    busy.append(line)
                    counter.busiest = max(counter.busiest, len(busy))
                    counter.lines.append(line)
                    counter.times.append(time.monotonic())
                    number = len(counter.lines)
                    told = counter.answers.get(line, [(200, {})])
                    status, headers = told.pop(0) if len(told) > 1 else told[0]
                time.sleep(counter.takes)
                listed = line == "GET /listings"
                body = (
                    b"[]" if listed else b'{"id": %d, "ready": %s}' % (number, b"true" if status == 200 else b"false")
                )
                status = 200 if status == 202 else status
                with lock:
                    busy.remove(line)
                self.send_response(status)
                for name, value in {**headers, "content-type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the standard library's names

            def log_message(self, *_):
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.005})
        self._thread.start()

    def count(self, line):
        """How many requests began with this."""
        return sum(one.startswith(line) for one in self.lines)

    def stop(self):
        """Close everything."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server():
    """A counting server."""
    started = Counter()
    yield started
    started.stop()


@pytest.fixture
def run(pytester, server, monkeypatch):
    """A function: a budget, a test file and arguments → the result of a run against the counting server."""
    monkeypatch.setenv("SELLER_PASSWORD", "correct-horse-1")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    def start(budget, source, *arguments):
        pytester.makefile(".toml", launchready=MAP.format(url=server.url, budget=budget))
        pytester.makepyfile(source)
        return pytester.runpytest("--launchready-target=shop", *LEAN, *arguments)

    return start


GREEDY = """
    import pytest

    @pytest.mark.parametrize("number", range(8))
    def test_it(seller, number):
        for _ in range(10):
            seller.create_listing()
            seller.search()
"""


def test_four_workers_send_no_more_than_the_budget_together(run, server):
    """Undo included, which finds what it needs; the rest is inconclusive, and the summary says why, once."""
    result = run("rate = 1000", GREEDY, "-n", "4", "--launchready-max-requests=50")

    assert 30 <= len(server.lines) <= 50
    assert server.count("DELETE") == server.count("POST") > 0
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    why = "the budget of 50 requests is used up, but for what undo needs (--launchready-max-requests)"
    result.stdout.fnmatch_lines(
        [
            f"{len(server.lines)} requests sent, {server.count('POST')} objects undone",
            f"stopped sending: {why} (* requests not sent)",
        ]
    )
    result.stdout.fnmatch_lines([f"*test_it?*: {why}; * are sent, this one is not"])
    result.stdout.fnmatch_lines(["*[4-8] inconclusive in *"])
    assert str(result.stdout).count("stopped sending:") == 1


def test_four_workers_keep_the_pace_together(run, server):
    """A hundred requests take what the rate says, within a tenth, and never more at once than allowed."""
    run("requests = 111, rate = 45, concurrency = 3", GREEDY.replace("create_listing", "search"), "-n", "4")

    assert len(server.lines) == 100
    rate = (len(server.times) - 1) / (server.times[-1] - server.times[0])
    assert rate == pytest.approx(45, rel=0.1)
    assert server.busiest <= 3


def test_no_more_requests_are_at_once_than_allowed(run, server):
    """Also when two workers with many threads each ask at the same time."""
    server.takes = 0.02
    result = run(
        "rate = 1000, concurrency = 3",
        """
        from concurrent.futures import ThreadPoolExecutor
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_it(anonymous, number):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: anonymous.search(), range(24)))
        """,
        "-n",
        "2",
    )
    result.assert_outcomes(passed=2)
    assert (len(server.lines), server.busiest) == (48, 3)


FAILING = """
    import pathlib, time
    import pytest

    def test_first(seller, worker_id):
        seller.create_listing()
        pathlib.Path(f"made-by-{worker_id}").touch()
        until = time.monotonic() + 20
        while len(list(pathlib.Path().glob("made-by-*"))) < WORKERS and time.monotonic() < until:
            time.sleep(0.01)

    @pytest.mark.parametrize("number", range(6))
    def test_it(anonymous, number):
        for _ in range(2):
            try:
                anonymous.search()
            except AssertionError:
                pass
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_target_that_fails_is_left_alone_but_cleaned_up(run, server, workers):
    """After five errors in a row, of all workers together, only undo is sent; the summary says why, once."""
    server.answers["GET /listings"] = [(500, {})]
    spread = ("-n", str(workers), "--dist=each") if workers > 1 else ()
    result = run("rate = 200, concurrency = 1", FAILING.replace("WORKERS", str(workers)), *spread)

    assert server.lines[:workers] == ["POST /listings"] * workers
    assert server.lines[workers:-workers] == ["GET /listings"] * 5
    assert server.count("DELETE") == workers
    why = "the target fails: 5 errors in a row, the last one step search: 500 Internal Server Error"
    result.stdout.fnmatch_lines([f"* {counted(workers, 'object')} undone", f"stopped sending: {why} (* not sent)"])
    result.stdout.fnmatch_lines([f"*test_it?*: {why}; nothing was sent*"])
    assert str(result.stdout).count("stopped sending:") == 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_what_a_limiter_blocks_is_inconclusive(run, server):
    """A limit that asks for longer than a run waits proves nothing of the step behind it."""
    server.answers["GET /listings"] = [(429, {"retry-after": "3600"})]
    result = run("rate = 1000", "def test_it(anonymous): anonymous.search()")

    assert server.count("GET /listings") == 1
    result.stdout.fnmatch_lines(
        [
            (
                "*test_it: search, as anonymous: a rate limiter of the target refuses this run for 3600 s, and one "
                "request waits for 30 s at most. GET /listings → 429 Too Many Requests in * ms, as anonymous. Give the "
                "suite an allowance there, or lower its pace: budget.rate"
            ),
            "*1 inconclusive in *",
        ]
    )


def test_a_limiter_that_says_nothing_is_named_too(run, server):
    """Without Retry-After nobody knows how long to wait, so nobody does."""
    server.answers["GET /listings"] = [(429, {})]
    result = run("rate = 1000", "def test_it(anonymous): anonymous.search()")
    result.stdout.fnmatch_lines(["*a rate limiter of the target refuses this run without saying for how long. GET *"])


def test_the_ledger_tells_budget_circuit_and_limiter_apart(run, server, pytester):
    """Each is a word of its own, and why sending stopped is there once with what it cost."""
    server.answers["GET /listings"] = [(429, {}), (500, {})]
    run(
        "requests = 5, failures = 2",
        """
        import pytest

        def test_limited(anonymous):
            anonymous.search()

        def test_spent(anonymous, seller):
            anonymous.get("/ready")
            anonymous.get("/ready")
            seller.create_listing()

        @pytest.mark.parametrize("times", [1, 2])
        def test_failing(anonymous, times):
            assert anonymous.get("/listings").status_code == 500
            anonymous.get("/listings")

        def test_undecided():
            import pytest_launchready
            pytest_launchready.inconclusive("who knows")
        """,
        "--launchready-json=found.json",
    )
    found = json.loads((pytester.path / "found.json").read_text())
    codes = {test["id"].partition("::")[2]: test["code"] for test in found["tests"]}
    assert codes == {
        "test_limited": "rate-limited",
        "test_spent": "budget",
        "test_failing[1]": None,
        "test_failing[2]": "circuit",
        "test_undecided": "undecided",
    }
    spent = "the budget of 5 requests is used up, but for what undo needs (targets.shop.budget.requests)"
    broken = "the target fails: 2 errors in a row, the last one GET: 500 Internal Server Error"
    assert found["stopped"] == [{"reason": spent, "not_sent": 1}, {"reason": broken, "not_sent": 1}]


def test_waits_are_told(run, server):
    """Nothing is repeated in secret: what was asked again, and why, is in the summary."""
    server.answers["GET /listings"] = [(429, {"retry-after": "0"}), (200, {})]
    server.answers["GET /ready"] = [(202, {}), (202, {}), (200, {})]
    result = run(
        "rate = 1000",
        """
        def test_it(anonymous):
            anonymous.search()
            anonymous.call("ready")
        """,
    )
    result.assert_outcomes(passed=1)
    assert (server.count("GET /listings"), server.count("GET /ready")) == (2, 3)
    result.stdout.fnmatch_lines(
        [
            "5 requests sent*",
            "asked again until an answer was there: 2 times",
            "waited because a rate limiter asked for it: 1 times, 0.1 s",
        ]
    )


def test_raw_requests_obey_too(run, server):
    """A team's own requests count, and meet the same end."""
    result = run(
        "requests = 4",
        """
        def test_it(anonymous):
            for _ in range(4):
                assert anonymous.get("/ready").status_code == 200
            anonymous.get("/ready")
        """,
    )
    assert len(server.lines) == 4
    result.stdout.fnmatch_lines(["*1 inconclusive in *"])


def test_the_header_says_what_bounds_the_run(run):
    """A reader sees the defaults of a production target, and what the map changed."""
    result = run("rate = 2.5", "def test_it(): pass")
    result.stdout.fnmatch_lines(["launchready: at most 2000 requests, 2.5 a second, 4 at once, 900 s"])


def test_a_cap_below_one_is_a_usage_error(run):
    """A run that may send nothing is a mistake."""
    result = run("rate = 2", "def test_it(): pass", "--launchready-max-requests=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: flag --launchready-max-requests: got '0', allowed: a whole number from 1"])
