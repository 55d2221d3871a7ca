"""What happens to a request whose caller does not wait for it any more, seen from the server."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAP = """
[targets.shop]
kind = "local"
api = "URL"

[auth]
bearer = "token"

[steps.signup]
request = "POST /people"
capture = { id = "id" }
undo = "leave"

[steps.login]
request = "POST /sessions"

[steps.leave]
request = "DELETE /people/{{ account.id }}"

[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id" }
undo = "delete_listing"

[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"

[steps.search]
request = "GET /hold"
items = "@"
capture = { id = "id" }

[steps.held_now]
request = "GET /held"
capture = { calls = "calls" }
"""


class Shop(ThreadingHTTPServer):
    """A marketplace that holds some requests until their caller hangs up, and knows what it has."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.numbers = iter(range(1, 1000))
        self.things: set[str] = set()
        self.holding = threading.Event()
        self.held = 0
        self.dropped = 0


class Handler(BaseHTTPRequestHandler):
    """Creates and deletes things; `GET /hold`, and the making of a "slow" listing, get no answer."""

    server: Shop
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Hold, or tell how many calls are held."""
        if self.path == "/hold":
            self.hold()
        else:
            self.answer(200, {"calls": self.server.held})

    def do_POST(self) -> None:
        """Log in, or make something."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/sessions":
            self.answer(200, {"token": f"token-number-{next(self.server.numbers)}"})
            return
        thing = f"{self.path}/{next(self.server.numbers)}"
        self.server.things.add(thing)
        if b"slow" in body:
            self.hold(seconds=0.3)
        self.answer(201, {"id": thing.rpartition("/")[2]})

    def do_DELETE(self) -> None:
        """Remove something."""
        known = self.path in self.server.things
        self.server.things.discard(self.path)
        self.answer(200 if known else 404, {})

    def hold(self, seconds: float = 30.0) -> None:
        """Wait until the caller hangs up, or for a while."""
        self.server.held += 1
        self.server.holding.set()
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            self.server.dropped += 1
            self.close_connection = True
        self.server.held -= 1

    def answer(self, status: int, document: dict[str, Any]) -> None:
        """Send a document, unless the caller has hung up."""
        if self.close_connection:
            return
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def start(pytester: pytest.Pytester, shop: Shop) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts pytest in a process of its own, against the shop."""
    pytester.makefile(".toml", launchready=MAP.replace("URL", shop.url))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    started: list[subprocess.Popen[str]] = []

    def run(source: str) -> subprocess.Popen[str]:
        pytester.makepyfile(source)
        command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "--launchready-target=shop"]
        process = subprocess.Popen(
            command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


SCOPES = """
    import asyncio
    import time

    import pytest


    async def until_nothing_is_held(buyer):
        async with asyncio.timeout(5):
            while (await buyer.call("held_now")).calls:
                pass


    async def test_timeout(buyer):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await buyer.search("lamp")
        assert time.monotonic() - began < 5
        await until_nothing_is_held(buyer)


    async def test_task_group(buyer):
        async def fail():
            while not (await buyer.call("held_now")).calls:
                pass
            raise LookupError("the other member")

        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(buyer.search("lamp"))
                group.create_task(fail())
        await until_nothing_is_held(buyer)


    async def test_wait_for(buyer):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(buyer.search("lamp"), 0.2)
        await until_nothing_is_held(buyer)
"""


def test_a_scope_that_cancels_a_call_ends_its_request(start: Callable[[str], Any], shop: Shop) -> None:
    """After asyncio.timeout, a TaskGroup or wait_for has cancelled a call, the server sees it hang up."""
    process = start(SCOPES)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert shop.dropped == 3
    assert shop.things == set()


CUT_OFF = """
    import asyncio

    import pytest


    async def test_timeout(seller):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await seller.create_listing(title="slow")
"""


def test_a_create_that_is_cut_off_is_not_left_behind_unseen(start: Callable[[str], Any], shop: Shop) -> None:
    """The server has made the object, though nobody waits for its answer: it is undone, or named as left behind."""
    process = start(CUT_OFF)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    listings = {thing for thing in shop.things if thing.startswith("/listings")}
    assert not listings or "listing" in output.partition("left behind")[2], output


PLAIN = """
    def test_waits(seller, buyer):
        seller.create_listing(title="lamp")
        buyer.search("lamp")  # the user's line
"""
COLOURED = """
    async def test_waits(seller, buyer):
        await seller.create_listing(title="lamp")
        await buyer.search("lamp")  # the user's line
"""


@pytest.mark.parametrize("source", [PLAIN, COLOURED], ids=["plain", "async"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_run_that_is_stopped_while_a_call_waits(
    start: Callable[[str], Any], shop: Shop, source: str, number: signal.Signals
) -> None:
    """The call is cancelled, what was made is undone, the exit code is 2, and the place shown is the user's line."""
    process = start(source)
    assert shop.holding.wait(20)
    assert shop.things
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2, output
    assert shop.dropped == 1
    assert shop.things == set(), output
    assert "KeyboardInterrupt" in output
    if source is PLAIN:
        assert "test_a_run_that_is_stopped_while_a_call_waits.py:3: KeyboardInterrupt" in output
