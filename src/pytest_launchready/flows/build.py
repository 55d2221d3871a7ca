"""Which build a target runs: asked on new connections, at every address, until it says the same five times running."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import httpx

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, render
from pytest_launchready.core.redact import Secrets
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, passed
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import absolute, origins_of, send_as
from pytest_launchready.mapping.records import Auth, Build, Map, Request, Step
from pytest_launchready.mapping.template import compile_target, compile_template
from pytest_launchready.wire.addresses import Pinned, Resolve, resolve
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.client import Client, Trust
from pytest_launchready.wire.origins import Origin, origin_of
from pytest_launchready.wire.proxies import proxies_for, shown_proxy
from pytest_launchready.wire.transport import NoAnswer, Transport, exchange_of

RUNS = 5
"""Times running that every address has to say it: one of two servers behind a balancer is missed once in 32 tries."""
QUICK, FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1, 2.0
"""Seconds between two looks: while all is well, and while it is not (the pause doubles)."""
LIMITS = Limits(seconds=10.0, connect=5.0)
STEP = Step("build")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one address said, once."""

    address: str
    build: str | None
    exchange: Exchange | None = None
    trouble: str | None = None
    """Why there is no answer that counts; None where one came, with or without a build."""


@dataclass(frozen=True)
class Watch:
    """How the build of a target is read."""

    mapped: Map
    run: str
    trust: Trust = field(default_factory=Trust)
    resolve: Resolve = resolve

    @property
    def build(self) -> Build:
        """Where the target says it; raises UseError where the map does not say."""
        if self.mapped.build is None:
            raise UseError(
                f"{self.mapped.source} does not say where the build is told. "
                'Add, for instance:  [build]  request = "GET /version"  source = "build"   or source = '
                "\"header('x-build')\", \"meta('build')\", \"asset('app')\" for the front page"
            )
        return self.mapped.build

    @cached_property
    def _context(self) -> ssl.SSLContext:
        tls = any(scheme == "https" for scheme, _, _ in origins_of(self.mapped.target))
        return self.trust.context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def look(self) -> tuple[Reading, ...]:
        """What every address says now."""
        request = self.build.request or Request("GET", compile_target(front_page(self.mapped)), safe=True)
        url = absolute(self.mapped, str(request.target.render(self._scope(""))))
        _, host, port = origin = origin_of(url)
        proxy = proxies_for({origin}).get(origin)
        if proxy is not None:
            return (await self._read(request, origin, None, f"{host} by the proxy {shown_proxy(proxy)}", proxy),)
        try:
            addresses = await self.resolve(host, port)
        except OSError as error:
            return (Reading(host, None, trouble=f"the name does not resolve (DNS): {error.strerror or error}"),)
        return tuple(await asyncio.gather(*(self._read(request, origin, address, address) for address in addresses)))

    async def _read(
        self, request: Request, origin: Origin, address: str | None, label: str, proxy: str | None = None
    ) -> Reading:
        transport = Transport(
            lambda: Pinned(origin[1], address, self._context, proxy),
            origins=origins_of(self.mapped.target),
            actor="anonymous",
            observe=lambda _: None,
            limits=LIMITS,
        )
        client = Client(transport, run=self.run, limits=LIMITS, cookies=False)
        person = Person(name="anonymous", role="anonymous", auth=Auth(), client=client, login="login", values={})
        buster = secrets.token_hex(8)
        asked = replace(
            request,
            query=compile_template({"launchready": buster}),
            headers=compile_template({"cache-control": "no-cache", "pragma": "no-cache"}),
        )
        try:
            response = await send_as(self.mapped, STEP, asked, person, self._scope(buster), with_session=False)
        except NoAnswer as error:
            layer = f" ({error.exchange.layer})" if error.exchange.layer else ""
            return Reading(label, None, error.exchange, f"no answer{layer}: {error.exchange.error}")
        finally:
            await client.close()
        return self._told(label, exchange_of(response), buster)

    def _told(self, label: str, exchange: Exchange, buster: str) -> Reading:
        answer = exchange.answer
        assert answer is not None
        if answer.status >= 500:
            return Reading(label, None, exchange, f"answers {answer.reason}")
        found = self.build.source.find(answer, self._scope(buster))
        told = str(found).strip() if isinstance(found, str | int | float) and not isinstance(found, bool) else ""
        return Reading(label, told or None, exchange)

    def _scope(self, unique: str) -> dict[str, Any]:
        target = self.mapped.target
        return {
            "values": self.mapped.values,
            "target": {
                "name": target.name,
                "kind": target.kind,
                "api": target.api,
                "web": target.web or "",
                "hosts": target.hosts,
            },
            "unique": unique,
            "account": {},
        }


def front_page(mapped: Map) -> str:
    """The page of a target that people see first."""
    return str(httpx.URL(mapped.target.web or mapped.target.api).join("/"))


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
