"""What is recorded of every exchange: its phases, its connection, and whether our own process kept up.

These tests stand against changes inside httpcore and httpx: phases come from the network backend under them.
"""

import asyncio
import shutil
import ssl
import subprocess
import threading
import time

import httpx
import pytest

from pytest_launchready.core.networks import NETWORKS, Network
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.pools import crowd
from pytest_launchready.wire.pulse import Pulse
from pytest_launchready.wire.shaping import Link
from pytest_launchready.wire.sockets import Sockets
from pytest_launchready.wire.timing import Clock, gathering
from pytest_launchready.wire.transport import Transport, exchange_of

PAUSE = 0.03


class Slow:
    """A raw server: a pause before the first byte, another in the middle of the body; it counts connections."""

    def __init__(self, *, first=0.0, middle=0.0, size=1000, context=None):
        self.connections = 0
        self.most = self._now = 0
        self._first, self._middle, self._size, self._context = first, middle, size, context
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, backlog=500)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.lower().split(b"\r\n")
                        if line.startswith(b"content-len")
                    ),
                    0,
                )
                await reader.readexactly(length)
                self._now += 1
                self.most = max(self.most, self._now)
                await asyncio.sleep(self._first)
                self._now -= 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % self._size)
                writer.write(b"x" * (self._size // 2))
                if self._middle:
                    await writer.drain()
                    await asyncio.sleep(self._middle)
                writer.write(b"x" * (self._size - self._size // 2))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def stop(self):
        """End every connection, then the loop."""

        async def end():
            self._server.close()
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def slow():
    """A function that starts such a server."""
    servers = []

    def start(**how):
        servers.append(Slow(**how))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of localhost that signs itself; skips where openssl is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def secured(certificate):
    """The TLS contexts of a server and of a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return server, ssl.create_default_context(cafile=certificate / "cert.pem")


def transport(port, *, scheme="http", host="127.0.0.1", context=None, network=None, clock=None, connections=4):
    """The transport of one person, with what is under it."""
    link = None if network is None else Link(network)
    context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return Transport(
        lambda: Sockets(context, connections=connections, link=link),
        origins=[(scheme, host, port)],
        actor="buyer",
        observe=lambda _: None,
        limits=Limits(),
        clock=clock,
    )


async def exchanges(sender, url, times=1, content=b""):
    """The records of so many requests, one after the other."""
    async with httpx.AsyncClient(transport=sender, trust_env=False) as client:
        return [exchange_of(await client.post(url, content=content)) for _ in range(times)]


def test_an_exchange_says_where_its_time_went(slow):
    """To the first byte, in the body, on our side; bytes, version, address, test, and whether the connection is new."""
    server = slow(first=PAUSE, middle=PAUSE)
    clock = Clock(lambda: "tests/test_it.py::test_it")

    first, second = asyncio.run(exchanges(transport(server.port, clock=clock), f"http://127.0.0.1:{server.port}/", 2))

    timing = first.timing
    assert (PAUSE <= timing.ttfb < 3 * PAUSE, PAUSE * 0.9 <= timing.body < 3 * PAUSE) == (True, True)
    assert (timing.dns, timing.tls, timing.connect > 0, timing.fresh) == (None, None, True, True)
    assert (timing.version, timing.address, first.test) == ("HTTP/1.1", "127.0.0.1", "tests/test_it.py::test_it")
    assert (timing.received, timing.sent > 50) == (1000 + len("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"), True)
    parts = timing.setup + timing.server + timing.own
    assert abs(parts - first.seconds) < 0.005
    assert (second.timing.fresh, second.timing.connect, second.timing.address) == (False, None, "127.0.0.1")
    assert 0 < timing.started < second.timing.started


def test_the_look_up_of_a_name_and_the_handshake_are_phases_of_their_own(slow, certificate):
    """DNS does not hide in the connection, nor TLS."""
    for_server, for_client = secured(certificate)
    server = slow(context=for_server)
    sender = transport(server.port, scheme="https", host="localhost", context=for_client)

    [found] = asyncio.run(exchanges(sender, f"https://localhost:{server.port}/"))

    timing = found.timing
    assert (timing.dns > 0, timing.connect > 0, timing.tls > 0) == (True, True, True)
    assert timing.address in {"127.0.0.1", "::1"}
    assert timing.setup == timing.dns + timing.connect + timing.tls


def test_a_transport_without_sockets_has_waited_all_the_time():
    """In memory nothing tells phases apart: all of it is time to the first byte."""
    sender = Transport(
        lambda: httpx.MockTransport(lambda _: httpx.Response(200)),
        origins=[("http", "shop.test", 80)],
        actor="buyer",
        observe=lambda _: None,
        limits=Limits(),
    )
    [found] = asyncio.run(exchanges(sender, "http://shop.test/"))
    assert (found.timing.ttfb > 0, found.timing.server == found.timing.ttfb, found.timing.fresh) == (True, True, False)


def test_a_loop_that_stands_still_is_noticed(slow):
    """If it does when the answer comes; a pause in the middle of the wait puts nothing off."""
    server = slow(first=3 * PAUSE)

    async def disturbed(after):
        asyncio.get_running_loop().call_later(after, time.sleep, PAUSE)
        return await exchanges(transport(server.port), f"http://127.0.0.1:{server.port}/", 2)

    first, second = asyncio.run(disturbed(2.6 * PAUSE))
    assert PAUSE / 2 < first.timing.lag < 2 * PAUSE
    assert second.timing.lag < PAUSE / 2
    first, _ = asyncio.run(disturbed(PAUSE))
    assert first.timing.lag < PAUSE / 2


def test_a_pulse_counts_only_what_overlaps():
    """A pause that ends when something is noticed has put it off, others have not; the timer ends with the last one."""
    pulse = Pulse()

    async def stand_still():
        pulse.begin()
        await asyncio.sleep(0)
        before = time.perf_counter()
        time.sleep(PAUSE)  # noqa: ASYNC251 - the loop is to stand still
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # whoever waits for a socket is told in the turn after the timers
        noticed = time.perf_counter()
        pulse.end()
        await asyncio.sleep(0.02)
        return pulse.lag(before, noticed), pulse.lag(before, noticed + 0.1), pulse.lag(noticed, noticed), pulse._loop

    noticed, later, after, loop = asyncio.run(stand_still())
    assert (PAUSE / 2 < noticed < 2 * PAUSE, later, after, loop) == (True, 0.0, 0.0, None)


def test_exchanges_are_gathered_for_whoever_wants_them(slow):
    """Also by two that are one in the other."""
    server = slow()

    async def twice():
        with gathering() as outer:
            with gathering() as inner:
                await exchanges(transport(server.port), f"http://127.0.0.1:{server.port}/")
            await exchanges(transport(server.port), f"http://127.0.0.1:{server.port}/")
        return len(inner), len(outer)

    assert asyncio.run(twice()) == (1, 2)


def test_one_person_has_few_connections_and_a_crowd_has_many(slow):
    """Thirty requests at once wait for four connections; for thirty people each gets its own."""
    server = slow(first=PAUSE)
    url = f"http://127.0.0.1:{server.port}/"

    async def thirty(people):
        sender = transport(server.port)
        async with httpx.AsyncClient(transport=sender, trust_env=False, timeout=None) as client:
            with crowd(people):
                await asyncio.gather(*(client.get(url) for _ in range(30)))

    asyncio.run(thirty(1))
    assert (server.connections, server.most) == (4, 4)
    asyncio.run(thirty(30))
    assert server.connections == 34
    assert server.most > 20


def test_a_request_that_is_cancelled_gives_its_connection_back(slow):
    """Whether it has a connection or waits for one."""
    server = slow(first=PAUSE)
    url = f"http://127.0.0.1:{server.port}/"

    async def cancelled():
        async with httpx.AsyncClient(transport=transport(server.port, connections=1), trust_env=False) as client:
            tasks = [asyncio.create_task(client.get(url)) for _ in range(3)]
            await asyncio.sleep(PAUSE / 3)
            tasks[1].cancel()
            tasks[0].cancel()
            assert (await tasks[2]).status_code == 200
            assert (await client.get(url)).status_code == 200

    asyncio.run(cancelled())


def test_a_fresh_connection_can_be_asked_for(slow):
    """So that connecting can be sampled."""
    server = slow()

    async def twice():
        sender = transport(server.port)
        url = f"http://127.0.0.1:{server.port}/"
        async with httpx.AsyncClient(transport=sender, trust_env=False) as client:
            await client.get(url)
            await sender.reconnect()
            return exchange_of(await client.get(url)).timing.fresh

    assert asyncio.run(twice())
    assert server.connections == 2


async def shaped(server, network, size, *, tls=None):
    """Cold and warm seconds of a request over a network, and what the book says beside what it takes without one."""
    scheme, context = ("http", None) if tls is None else ("https", tls)
    url, content = f"{scheme}://127.0.0.1:{server.port}/", b"y" * size
    plain = await exchanges(transport(server.port, scheme=scheme, context=context), url, 2, content)
    sender = transport(server.port, scheme=scheme, context=context, network=network)
    cold, warm = await exchanges(sender, url, 2, content)
    theory = [
        network.seconds(cold.timing.sent, cold.timing.received, connects=True, handshakes=tls is not None),
        network.seconds(warm.timing.sent, warm.timing.received),
    ]
    real = [one.seconds - without.seconds for one, without in zip((cold, warm), plain, strict=True)]
    return real, theory, warm


def test_a_network_takes_as_long_as_the_book_says(slow):
    """A round trip to connect and one for the request, and every byte both ways at the link's pace."""
    server = slow(size=20_000)
    network = Network("test", 0.05, 1_000_000, 2_000_000)

    real, theory, warm = asyncio.run(shaped(server, network, 10_000))

    assert real == [pytest.approx(seconds, rel=0.1) for seconds in theory]
    assert warm.timing.server - warm.timing.added < 0.03
    assert warm.timing.ttfb == pytest.approx(0.05 + 1460 * 8 / 1e6, rel=0.2)


def test_connections_of_one_phone_share_its_link(slow):
    """Two answers at once take as long as two after each other."""
    server = slow(size=20_000)
    network = Network("test", 0.01, 1_000_000, 1_000_000)
    url = f"http://127.0.0.1:{server.port}/"

    async def both():
        async with httpx.AsyncClient(transport=transport(server.port, network=network), trust_env=False) as client:
            await asyncio.gather(client.get(url), client.get(url))
            started = time.perf_counter()
            await asyncio.gather(client.get(url), client.get(url))
            return time.perf_counter() - started

    assert asyncio.run(both()) == pytest.approx(0.01 + 2 * 20_040 * 8 / 1e6, rel=0.15)


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [500, 50_000, 500_000])
def test_every_network_is_within_ten_percent_of_the_book(slow, certificate, name, size):
    """Cold with TLS and warm, for small answers and large ones."""
    for_server, for_client = secured(certificate)
    server = slow(size=size, context=for_server)

    real, theory, _ = asyncio.run(shaped(server, NETWORKS[name], 300, tls=for_client))

    assert real == [pytest.approx(seconds, rel=0.1) for seconds in theory]


def test_the_handshake_of_old_tls_takes_two_round_trips(slow, certificate):
    """As it does on a phone."""
    for_server, for_client = secured(certificate)
    for_server.maximum_version = ssl.TLSVersion.TLSv1_2
    server = slow(context=for_server)
    network = Network("test", 0.1, 1e9, 1e9)
    sender = transport(server.port, scheme="https", context=for_client, network=network)

    [found] = asyncio.run(exchanges(sender, f"https://127.0.0.1:{server.port}/"))

    assert found.timing.tls == pytest.approx(0.2, rel=0.3)
    assert found.seconds == pytest.approx(network.seconds(0, 0, connects=True, handshakes=2), rel=0.2)
