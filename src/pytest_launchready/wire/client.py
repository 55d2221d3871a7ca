"""One person's HTTP client on the engine; it knows nothing of marketplaces."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from pytest_launchready import __version__
from pytest_launchready.wire.origins import Origin, origin_of
from pytest_launchready.wire.transport import Limits, NoAnswer, Transport

CREDENTIALS = ("authorization", "cookie", "proxy-authorization")
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


def transport_factory(origins: Iterable[Origin], limits: Limits) -> Callable[[], httpx.AsyncBaseTransport]:
    """A maker of plain transports that share one TLS context.

    Loading certificates takes about 20 ms, so it is left out where no origin speaks TLS.
    """
    tls = any(scheme == "https" for scheme, _, _ in origins)
    context = ssl.create_default_context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = httpx.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections)
    return lambda: httpx.AsyncHTTPTransport(verify=context, limits=pool, trust_env=False)


class Client:
    """Sends requests as one person; cookies stay in its jar if it keeps one."""

    def __init__(
        self,
        transport: Transport,
        *,
        run: str,
        limits: Limits,
        cookies: bool,
    ) -> None:
        self._limits = limits
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(limits.seconds, connect=limits.connect, pool=None),
            headers={
                "user-agent": f"pytest-launchready/{__version__} (+synthetic; run={run})",
                "x-launchready-run": run,
            },
            cookies=CookieJar(None if cookies else DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    def cookie(self, name: str) -> str | None:
        """The value of a cookie in the jar, or None."""
        return next((cookie.value for cookie in self._http.cookies.jar if cookie.name == name), None)

    def forget_cookies(self) -> None:
        """Empties the jar."""
        self._http.cookies.clear()

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], follow: bool, **content: Any
    ) -> httpx.Response:
        """The answer to one request, redirects inside the target followed if `follow`; raises NoAnswer."""
        request = self._http.build_request(method, url, headers=dict(headers), **content)
        response = await self._send(request)
        for _ in range(self._limits.redirects):
            if not follow or response.next_request is None:
                return response
            response = await self._send(self._redirected(response.next_request, request, headers))
        return response

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._http.send(request)
        except NoAnswer as error:
            if not _dropped(error) or request.method not in REPEATABLE:
                raise
            return await self._http.send(request)

    @staticmethod
    def _redirected(following: httpx.Request, first: httpx.Request, headers: Mapping[str, str]) -> httpx.Request:
        """The next request of a redirect, without credentials where it leaves the first one's origin."""
        if origin_of(following.url) != origin_of(first.url):
            for name in (*CREDENTIALS, *headers):
                following.headers.pop(name, None)
        return following


def _dropped(error: NoAnswer) -> bool:
    """Whether the server closed a connection before a byte of the answer."""
    return isinstance(error.__cause__, httpx.RemoteProtocolError) and "without sending" in str(error.__cause__)
