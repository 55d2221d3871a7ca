"""Which build a target says it runs: asked at every address, on a new connection for every look."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import httpx

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import absolute, origins_of, send_as, target_names
from pytest_launchready.mapping.records import Auth, Build, Map, Request, Step
from pytest_launchready.mapping.template import compile_target, compile_template
from pytest_launchready.wire.addresses import Pinned, Resolve, resolve
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.client import Client, Trust
from pytest_launchready.wire.origins import Origin, origin_of
from pytest_launchready.wire.proxies import proxies_for, shown_proxy
from pytest_launchready.wire.transport import NoAnswer, Transport, exchange_of

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
        return {
            "values": self.mapped.values,
            "target": target_names(self.mapped.target),
            "unique": unique,
            "account": {},
        }


def front_page(mapped: Map) -> str:
    """The page of a target that people see first."""
    return str(httpx.URL(mapped.target.web or mapped.target.api).join("/"))
