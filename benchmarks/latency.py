"""Measures how true the sampler is: its p95 beside the server's own, under load and after a stall."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import asyncio, json, sys, time
took, stalls = [], float(sys.argv[1])
began = None

async def serve(reader, writer):
    global began
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            came = time.perf_counter()
            if b"/truth" in head:
                body = json.dumps(took).encode()
            else:
                began = began or came
                if stalls:
                    await asyncio.sleep(max(0.0, began + stalls + 1 - came) if came - began > stalls else 0)
                await asyncio.sleep(0.02)
                body = b"[]"
            took.append(time.perf_counter() - came)
            head = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
            writer.write(head % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

asyncio.run(main())
"""
RATE, CALLS, PEOPLE = 200, 2000, 60
MAP = """
[targets.bench]
kind = "local"
api = "http://127.0.0.1:{port}"
[latency]
seconds = 3600
[steps.search]
request = "GET /listings"
items = "@"
capture = {{ id = "id" }}
"""


@dataclass(frozen=True)
class Census:
    """A rule that never decides, so that every call is made."""

    cap: int
    share: float = 0.05

    def decide(self, _: int, __: int) -> None:
        """Nothing."""


def rows() -> list[tuple[str, str, str, str]]:
    """The rows of the table."""
    steady, truth = sampled(0)
    stalled, _ = sampled(4)
    p95 = steady.quantile(0.95) * 1000
    error = p95 - truth[int(len(truth) * 0.95) - 1] * 1000
    return [
        (f"p95 of the sampler less the server's own, 20 ms at {RATE}/s", f"{error:+.2f} ms", "+0.7 ms", "+1.5 ms"),
        ("p95 after one stall of 1 s in 10 s", f"{stalled.quantile(0.95) * 1000:.0f} ms", "about 520 ms", ""),
        ("calls made of 2,000, both runs", f"{steady.n} and {stalled.n}", "2000", "2000"),
    ]


def sampled(stall: float):  # noqa: ANN201 - a series, which is imported where it is used
    """The samples of so many calls, and how long the server says that each took, in order."""
    from pytest_launchready import Engine, Marketplace, Run, load_map
    from pytest_launchready.probes.latency.sampler import at_once, of_verb
    from pytest_launchready.probes.latency.series import Series

    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(stall)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    engine = Engine()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "launchready.toml"
            path.write_text(MAP.format(port=int(server.stdout.readline())), encoding="utf-8")
            marketplace = Marketplace(engine, load_map(path, "bench"), Run("lrbench", 1))
        somebody = marketplace.get_actor("anonymous")
        series = Series(Census(CALLS), 10.0)

        async def work() -> None:
            await at_once(of_verb(somebody.search), series, PEOPLE if not stall else 300, RATE, 3600)

        engine.run(work)
        truth = sorted(json.loads(somebody.get("/truth").text)[3:])
    finally:
        engine.close()
        server.stdin.close()
        server.wait()
    return series, truth


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
