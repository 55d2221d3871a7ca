"""Whether a target runs the expected build: every address has to say so, five times running."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from pytest_launchready.core.failures import Failure, render
from pytest_launchready.core.redact import Secrets
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, passed
from pytest_launchready.flows.build import Reading, Watch
from pytest_launchready.mapping.records import Map

RUNS = 5
"""Times running that every address has to say it: one of two servers behind a balancer is missed once in 32 tries."""
QUICK, FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1, 2.0
"""Seconds between two looks: while all is well, and while it is not (the pause doubles)."""


async def wait_for_build(watch: Watch, expected: str, seconds: float = 0.0) -> Verdict:
    """Passed once every address has said the expected build five times running, within these seconds.

    Else failed, with the code old-build, mixed-fleet, build-absent or down. Five looks are taken in any case, one if
    nothing answers. Raises UseError where the map does not say where the build is told.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    rounds: deque[tuple[Reading, ...]] = deque(maxlen=RUNS)
    looks, pause = 0, FIRST_PAUSE
    while True:
        now = await watch.look()
        rounds.append(now)
        looks += 1
        good = all(reading.build == expected for reading in now)
        enough = len(rounds) == RUNS
        if enough and all(reading.build == expected for readings in rounds for reading in readings):
            return passed(evidence_of(now, looks, loop.time() - started))
        late = loop.time() - started >= seconds
        if late and not good and (enough or all(reading.trouble for reading in now)):
            return judge(watch.mapped, expected, rounds, evidence_of(now, looks, loop.time() - started))
        if good or late:
            await asyncio.sleep(QUICK)
            pause = FIRST_PAUSE
        else:
            await asyncio.sleep(min(pause, max(QUICK, started + seconds - loop.time())))
            pause = min(pause * 2, LONGEST_PAUSE)


def judge(mapped: Map, expected: str, rounds: Iterable[Sequence[Reading]], evidence: Evidence) -> Verdict:
    """What the last looks mean, where they are not all good."""
    readings = [reading for readings in rounds for reading in readings]
    said: dict[str, list[str]] = {}
    for reading in readings:
        words = said.setdefault(reading.address, [])
        word = reading.build or reading.trouble or "no build in its answer"
        if word not in words:
            words.append(word)
    builds = {reading.build for reading in readings if reading.build is not None}
    everybody = "; ".join(f"{address} says {' and '.join(sorted(words))}" for address, words in said.items())
    down = next((reading for reading in readings if reading.trouble is not None), None)
    absent = next((reading for reading in readings if reading.build is None and reading.trouble is None), None)
    wrong = next((reading for reading in readings if reading.build not in {None, expected}), None)
    target = mapped.target.name
    source = mapped.build.source.text if mapped.build else "?"
    if len(builds) > 1:
        code, title, shows = "mixed-fleet", f"target {target} runs more than one build", wrong
        change = "wait until the deploy has reached every server, or take the old ones out (--launchready-wait=SECONDS)"
    elif down is not None:
        code, title, shows = "down", f"target {target} is down at {down.address}", down
        change = "is the service up, and is every address that the name resolves to in use?"
    elif absent is not None:
        code, title, shows = "build-absent", f"target {target} does not say which build it runs", absent
        change = (
            f"[build] source = {source} finds nothing in that answer: correct it, or let the deploy write the build"
        )
    else:
        code, title, shows = "old-build", f"target {target} still runs another build", wrong
        change = "has the deploy ended, and is no cache in front? (--launchready-wait=SECONDS waits for it)"
    failure = Failure(f"{title} ({code})", f"build {expected}", everybody, change, shows.exchange if shows else None)
    return failed(failure, evidence, code=code)


def explain(verdict: Verdict, mapped: Map) -> str:
    """A verdict on the build that did not pass, in a few lines."""
    secrets = Secrets()
    for value, label in mapped.secrets.items():
        secrets.add(value, label)
    assert verdict.failure is not None
    return render(verdict.failure, secrets)


def evidence_of(now: Sequence[Reading], looks: int, seconds: float) -> Evidence:
    """How often and where was looked."""
    addresses = [reading.address for reading in now]
    said = f"looked {looks} times in {seconds:.1f} s, on new connections, at {', '.join(addresses)}"
    return Evidence(said, {"looks": looks, "seconds": round(seconds, 3), "addresses": addresses})
