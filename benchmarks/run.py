"""Measures what the plugin costs, as ratios and medians within one run, and prints a table for the README beside it."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import latency

ROUNDS = 15
CALLS = 300

FIRST_CALL = """
import sys, time
import pytest, faker, pytest_html, pytest_asyncio  # what a pytest process with the core plugins has loaded
from pathlib import Path
before = time.perf_counter()
from pytest_launchready import Engine, Marketplace, Run, load_map
mapped = load_map(Path(sys.argv[1]), "bench")
loaded = time.perf_counter()
engine = Engine()
marketplace = Marketplace(engine, mapped, Run("lrbench", 1))
anonymous = marketplace.get_actor("anonymous")
assert anonymous.get("/healthz").status_code == 200
print((loaded - before) * 1000, (time.perf_counter() - loaded) * 1000)
engine.close()
"""


def main() -> None:
    """Measures everything against one demo server and prints the table."""
    from pytest_launchready.demo.server import start

    demo = start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "launchready.toml"
            path.write_text(bench_map(demo.url), encoding="utf-8")
            rows = [idle_cpu(Path(folder)), *verbs(path, demo.url), guards(path), map_load(path), *first_call(path)]
            rows += latency.rows()
    finally:
        demo.stop()
    print("| measured | median | goal | must |\n| --- | --- | --- | --- |")
    for name, value, goal, must in rows:
        print(f"| {name} | {value} | {goal} | {must} |")


def bench_map(url: str) -> str:
    """A map of forty steps, about as a marketplace with several products would have."""
    head = f'[targets.bench]\nkind = "local"\napi = "{url}"\n\n[auth]\nbearer = "access_token"\n'
    health = '\n[steps.health]\nrequest = "GET /healthz"\n'
    search = (
        '\n[steps.search]\nrequest = "GET /api/listings"\nquery = { q = "{{ search.text }}", per_page = 20 }\n'
        'items = "items"\ncapture = { id = "id", title = "title", price = "price" }\n'
    )
    many = "".join(
        f'\n[steps.step_{number}]\nrequest = "POST /things/{{{{ listing.id }}}}/{number}"\n'
        f'headers = {{ x-key = "{{{{ unique }}}}-{number}" }}\n'
        f'json = {{ title = "{{{{ listing.title }}}}", price = "{{{{ listing.price | minor }}}}", n = {number} }}\n'
        f'expect = "status == \'ok{number}\'"\ncapture = {{ id = "data.id", total = "major(data.total_{number})" }}\n'
        for number in range(37)
    )
    create = (
        '\n[steps.create_listing]\nrequest = "POST /api/listings"\njson = { title = "{{ listing.title }}" }\n'
        'capture = { id = "id" }\n'
    )
    return head + health + search + create + many


def idle_cpu(folder: Path) -> tuple[str, str, str, str]:
    """CPU time that the plugin adds to a pytest run of one empty test, no target given, other plugins off."""
    (folder / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def cpu(*plugin: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "test_it.py"]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    (folder / "empty_plugin.py").write_text("", encoding="utf-8")
    environment["PYTHONPATH"] = str(folder)
    cpu("-p", "pytest_launchready.plugin")  # writes the bytecode
    # Beside an empty plugin, because pytest itself searches all installed packages for each `-p`.
    pairs = [(cpu("-p", "empty_plugin"), cpu("-p", "pytest_launchready.plugin")) for _ in range(ROUNDS * 3)]
    added = statistics.median(with_it for _, with_it in pairs) - statistics.median(without for without, _ in pairs)
    return "idle CPU that the plugin adds", f"{added * 1000:.1f} ms", "3 ms", "10 ms"


def verbs(path: Path, url: str) -> list[tuple[str, str, str, str]]:
    """A verb beside bare httpx on the same server, awaited in one loop; and the hop of a plain call."""
    import httpx

    from pytest_launchready import Engine, Marketplace, Run, load_map

    engine = Engine()
    marketplace = Marketplace(engine, load_map(path, "bench"), Run("lrbench", 1))
    anonymous = marketplace.get_actor("anonymous")

    async def compare() -> tuple[float, float]:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as bare:
            health = await ratio(lambda: anonymous.call("health"), lambda: bare.get("/healthz"))
            query = {"q": "lamp", "per_page": "20"}
            search = await ratio(lambda: anonymous.search("lamp"), lambda: bare.get("/api/listings", params=query))
            return health, search

    async def nothing() -> None:
        return None

    health, search = asyncio.run(compare())
    hops = []
    for _ in range(CALLS * 5):
        started = time.perf_counter()
        engine.run(nothing)
        hops.append(time.perf_counter() - started)
    engine.close()
    return [
        ("a verb ÷ bare httpx, an endpoint that does nothing", f"{health:.2f}", "1.25", "1.5"),
        ("a verb ÷ bare httpx, a search", f"{search:.2f}", "1.25", "1.5"),
        ("hop of a plain call", f"{statistics.median(hops) * 1000:.3f} ms", "", "0.2 ms"),
    ]


def guards(path: Path) -> tuple[str, str, str, str]:
    """What guards, budget, recording and redaction add to an exchange, over the bare client on the same transport."""
    import httpx

    from pytest_launchready import Engine, Marketplace, Run, load_map

    body = json.dumps({"items": [{"id": number, "title": f"Desk lamp {number}"} for number in range(10)]}).encode()

    def transport() -> httpx.MockTransport:
        answer = {"headers": {"content-type": "application/json"}, "content": body}
        return httpx.MockTransport(lambda _: httpx.Response(200, **answer))

    path.write_text(path.read_text(encoding="utf-8").replace('"local"', '"production"'), encoding="utf-8")
    engine = Engine()
    mapped = load_map(path, "bench")
    unhurried = replace(mapped.target, budget={"requests": 10**6, "rate": 10**6, "seconds": 10**6, "concurrency": 100})
    marketplace = Marketplace(engine, replace(mapped, target=unhurried), Run("lrbench", 1), make_transport=transport)
    client = marketplace.get_actor("anonymous")._person.client
    url = f"{mapped.target.api}/api/listings"

    async def compare() -> float:
        async with httpx.AsyncClient(transport=transport(), trust_env=False) as bare:
            return await difference(lambda: client.send("GET", url, headers={}, follow=True), lambda: bare.get(url))

    added = engine.run(compare)
    engine.close()
    path.write_text(path.read_text(encoding="utf-8").replace('"production"', '"local"'), encoding="utf-8")
    return "guards, budget, recording and redaction, per exchange", f"{added * 1e6:.0f} µs", "", "60 µs"


async def difference(ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]]) -> float:
    """Median time of our call less that of theirs, in seconds, the two interleaved."""
    mine, other = await interleaved(ours, theirs)
    return mine - other


async def ratio(ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]]) -> float:
    """Median time of our call over that of theirs, the two interleaved."""
    mine, other = await interleaved(ours, theirs)
    return mine / other


async def interleaved(
    ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]]
) -> tuple[float, float]:
    """Median times of the two, called in turn; the first of each are not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS * 2 + 20):
        call = (ours, theirs)[number % 2]
        started = time.perf_counter()
        await call()
        if number >= 20:
            times[number % 2].append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def map_load(path: Path) -> tuple[str, str, str, str]:
    """Time to load a map of forty steps, in a fresh process each, libraries already imported."""
    program = (
        "import sys, time, json\nfrom pathlib import Path\nimport msgspec, jmespath, jinja2\n"
        "from pytest_launchready.mapping.load import load_map\nstarted = time.perf_counter()\n"
        "load_map(Path(sys.argv[1]), 'bench')\nprint(json.dumps(time.perf_counter() - started))\n"
    )
    times = [json.loads(run_python(program, path)) for _ in range(ROUNDS)]
    return "load a map of 40 steps", f"{statistics.median(times) * 1000:.1f} ms", "", "30 ms"


def first_call(path: Path) -> list[tuple[str, str, str, str]]:
    """From nothing of ours imported to the first answer, in a fresh process each, core plugins already imported."""
    pairs = [tuple(map(float, run_python(FIRST_CALL, path).split())) for _ in range(ROUNDS)]
    load = statistics.median(pair[0] for pair in pairs)
    call = statistics.median(pair[1] for pair in pairs)
    return [
        ("import, and load that map, before the session", f"{load:.0f} ms", "", ""),
        ("first call of a session, without TLS", f"{call:.0f} ms", "", "150 ms"),
    ]


def run_python(program: str, path: Path) -> str:
    """What a program prints in a fresh interpreter."""
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
