"""One person's HTTP client on the engine; it knows nothing of marketplaces."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpx

from pytest_launchready import __version__
from pytest_launchready.core.errors import Inconclusive, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.networks import Network
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.origins import Origin, origin_of
from pytest_launchready.wire.patience import Patience, only_reads
from pytest_launchready.wire.proxies import proxies_for
from pytest_launchready.wire.shaping import Link
from pytest_launchready.wire.sockets import Sockets
from pytest_launchready.wire.transport import RETRIED, NoAnswer, Transport, exchange_of

SENT = "launchready_sent"
"""Key in a request's extensions: it was sent before, and each exchange has a trace of its own."""
CREDENTIALS = ("authorization", "cookie", "proxy-authorization")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the client believes, and who it is, in TLS."""

    ca_bundle: str | None = None
    """A PEM file of certificates that replaces the system's."""
    client_cert: str | None = None
    """A PEM file of a certificate and its key."""

    def context(self) -> ssl.SSLContext:
        """The TLS context; raises UseError, naming the file, for one that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_bundle)
            if self.client_cert:
                context.load_cert_chain(self.client_cert)
        except (OSError, ssl.SSLError) as error:
            files = " or ".join(filter(None, (self.ca_bundle, self.client_cert)))
            raise UseError(f"{files} cannot be used for TLS: {error}") from None
        return context


@dataclass(frozen=True, slots=True)
class Traces:
    """By what the target's owners can tell our requests from others."""

    agent: str = f"pytest-launchready/{__version__} (+synthetic; run={{run}})"
    """The agent string; `{run}` in it is the run's id."""
    run_header: str = "x-launchready-run"
    """The header that carries the run's id; empty for none."""
    trace_header: str = "traceparent"
    """The header of a W3C trace context, new for each exchange; empty for none."""


def transport_factory(
    origins: Iterable[Origin], limits: Limits, trust: Trust, network: Network | None = None
) -> Callable[[], httpx.AsyncBaseTransport]:
    """A maker of plain transports that share one TLS context and go through the environment's proxies.

    Loading certificates takes about 20 ms, so it is left out where no origin speaks TLS. On a `network`, each has a
    link of its own, as a phone has.
    """
    known = frozenset(origins)
    tls = any(scheme == "https" for scheme, _, _ in known)
    context = trust.context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def direct(proxy: str | None = None) -> httpx.AsyncBaseTransport:
        link = None if network is None else Link(network)
        return Sockets(context, connections=limits.connections, proxy=proxy, link=link)

    proxies = proxies_for(known)
    if not proxies:
        return direct
    return lambda: Routes({origin: direct(proxies.get(origin)) for origin in known})


class Routes(httpx.AsyncBaseTransport):
    """A transport for each origin: some may stand behind a proxy, others not."""

    def __init__(self, routes: Mapping[Origin, httpx.AsyncBaseTransport]) -> None:
        self._routes = routes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer over the way to the request's origin."""
        return await self._routes[origin_of(request.url)].handle_async_request(request)

    async def aclose(self) -> None:
        """Closes every way."""
        for route in self._routes.values():
            await route.aclose()


class Client:
    """Sends requests as one person; cookies stay in its jar if it keeps one."""

    def __init__(
        self,
        transport: Transport,
        *,
        run: str,
        limits: Limits,
        cookies: bool,
        traces: Traces | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.patience = patience or Patience()
        self._traces = traces or Traces()
        self._limits = limits
        self._transport = transport
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(limits.seconds, connect=limits.connect, pool=None),
            headers={
                "user-agent": self._traces.agent.replace("{run}", run),
                # Other decoders that httpx may find installed have no bound on what one call gives.
                "accept-encoding": "gzip, deflate",
                **({self._traces.run_header: run} if self._traces.run_header else {}),
            },
            cookies=CookieJar(None if cookies else DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    def cookie(self, name: str) -> str | None:
        """The value of a cookie in the jar, or None."""
        return next((cookie.value for cookie in self._http.cookies.jar if cookie.name == name), None)

    def cookies(self) -> dict[str, str]:
        """The jar as it is now, name → value."""
        return {cookie.name: cookie.value or "" for cookie in self._http.cookies.jar}

    def forget_cookies(self) -> None:
        """Empties the jar."""
        self._http.cookies.clear()

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], follow: bool, **content: Any
    ) -> httpx.Response:
        """The answer to one request, redirects inside the target followed if `follow`; raises NoAnswer."""
        traced = {self._traces.trace_header: traceparent()} if self._traces.trace_header else {}
        request = self._http.build_request(method, url, headers={**traced, **headers}, **content)
        response = await self._send(request)
        if not follow or response.next_request is None:
            return response
        way = [str(request.url)]
        while response.next_request is not None:
            way.append(str(response.next_request.url))
            if len(way) > self._limits.redirects + 1:
                raise NoAnswer(_lost(exchange_of(response), way))
            try:
                response = await self._send(self._redirected(response.next_request, request, headers))
            except Inconclusive as refusal:
                refusal.sent_before = True
                raise
        return response

    async def reconnect(self) -> None:
        """Lets the next request go out on a fresh connection."""
        await self._transport.reconnect()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        response = await self.patience.send(request, lambda: self._once(request))
        self._keep_cookies_home(request.url)
        return response

    async def _once(self, request: httpx.Request) -> httpx.Response:
        if SENT in request.extensions and self._traces.trace_header:
            request.headers[self._traces.trace_header] = traceparent()
        request.extensions[SENT] = True
        try:
            return await self._http.send(request)
        except NoAnswer as error:
            if not error.dropped or not only_reads(request):
                raise
            self.patience.waits.repeated += 1
            request.extensions[RETRIED] = True
            return await self._http.send(request)

    def _keep_cookies_home(self, url: httpx.URL) -> None:
        """Ties cookies without a Domain to the port that set them: another port is another origin."""
        for cookie in self._http.cookies.jar:
            if not cookie.domain_specified and cookie.port is None:
                cookie.port = str(url.port or 80)  # what the jar takes for the port of a URL that names none

    @staticmethod
    def _redirected(following: httpx.Request, first: httpx.Request, headers: Mapping[str, str]) -> httpx.Request:
        """The next request of a redirect, without credentials where it leaves the first one's origin."""
        if origin_of(following.url) != origin_of(first.url):
            for name in (*CREDENTIALS, *headers):
                following.headers.pop(name, None)
        return following


def traceparent() -> str:
    """A new trace context (W3C Trace Context, version 00), sampled."""
    random = secrets.token_hex(24)
    return f"00-{random[:32]}-{random[32:]}-01"


def _lost(exchange: Exchange, way: list[str]) -> Exchange:
    """The last exchange of a way that leads nowhere, as one without an answer."""
    paths = " → ".join(urlsplit(url).path or "/" for url in way)
    what = "a redirect loop" if len(set(way)) < len(way) else f"more than {len(way) - 2} redirects"
    return replace(exchange, answer=None, error=f"{what}: {paths}", layer="redirect")
