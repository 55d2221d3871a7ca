"""Hostile servers in a process of their own, and people who meet them; what that costs is measured here."""

import asyncio
import gc
import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.flows.run import Run
from pytest_launchready.mapping.load import load_map
from pytest_launchready.wire.client import Trust
from pytest_launchready.wire.engine import Engine

MAP = """
[targets.it]
kind = "local"
api = "{api}"
hosts = {{ good = "{good}" }}
[steps.read]
request = "GET /x"
capture = {{ id = "id" }}
[steps.write]
request = "POST /x"
capture = {{ id = "id" }}
[steps.good]
request = "GET {{{{ target.hosts.good }}}}/x"
capture = {{ id = "id" }}
[steps.page]
request = "GET /x"
expect = "contains(text(), 'Welcome')"
[steps.missing]
request = "GET /x"
expect = "contains(text(), 'nothing like that')"
"""


@dataclass
class Cost:
    """What a piece of work took of the client's process."""

    seconds: float = 0.0
    megabytes: float = 0.0
    """More than before at the highest, as the kernel saw it: whatever allocated it."""


@contextmanager
def costing():
    """Measures what the work inside takes."""
    cost = Cost()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the highest memory back to the current
    before, started = _status("VmRSS"), time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - started
        cost.megabytes = (_status("VmHWM") - before) / 1024


def _status(name):
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file; None where openssl is missing."""
    if shutil.which("openssl") is None:
        return None
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text(), encoding="ascii")
    return both


@pytest.fixture(scope="session")
def ports(certificate):
    """The port of each behaviour."""
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("servers.py"), *([certificate] if certificate else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    yield json.loads(server.stdout.readline())
    server.communicate(timeout=30)


@pytest.fixture(scope="session")
def engine():
    """One engine for all: what a server does to it, the next test would feel."""
    engine = Engine()
    engine.run(lambda: asyncio.sleep(0))  # it has sockets of its own, once it runs
    yield engine
    engine.close()


@dataclass
class Meeting:
    """A person who meets a server."""

    market: Marketplace
    exchanges: list = field(default_factory=list)

    def call(self, step):
        """What the step captures as id."""
        return self.market.get_actor("anonymous").call(step).id


@pytest.fixture
def meet(ports, engine, certificate, tmp_path):
    """A function: behaviour → somebody in front of it; afterwards the engine must work and no socket be left."""
    before = _sockets()
    meetings = []

    def start(name, *, scheme="http", trusted=True, **limits):
        if name.startswith("tls_") and certificate is None:
            pytest.skip("openssl makes the certificate")
        path = tmp_path / "launchready.toml"
        good = f"http://127.0.0.1:{ports['good']}"
        path.write_text(MAP.format(api=f"{scheme}://127.0.0.1:{ports[name]}", good=good), encoding="utf-8")
        market = Marketplace(
            engine,
            load_map(path, "it"),
            Run("lrhostile", 1),
            client_args={"seconds": 10.0, **limits},
            trust=Trust(ca_bundle=str(certificate)) if trusted and certificate else None,
        )
        meeting = Meeting(market)
        note = market._note
        market._note = lambda exchange: (meeting.exchanges.append(exchange), note(exchange))
        meetings.append(meeting)
        return meeting

    yield start
    for meeting in meetings:
        assert meeting.call("good") == 1
        meeting.market.leave()
    meetings.clear()
    gc.collect()
    assert _sockets() == before


def _sockets():
    """How many sockets this process has."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder
            links.append(descriptor.readlink().name)
    return sum(link.startswith("socket:") for link in links)


@pytest.fixture
def cost():
    """A context manager that measures what the work inside takes."""
    return costing
