"""The addresses behind a host name, and requests that go to one of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import httpx

from pytest_launchready.wire.sockets import Sockets

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Host and port → the addresses that the name has now; raises OSError where it has none."""


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, each once, in the resolver's order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Pinned(httpx.AsyncBaseTransport):
    """Connects to one address of a host, on connections of its own; Host header and TLS name stay the host's.

    Requests to other hosts go where their own names lead.
    """

    def __init__(self, host: str, address: str | None, context: ssl.SSLContext, proxy: str | None = None) -> None:
        self._host = host
        self._address = address
        self._inner = Sockets(context, connections=1, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the host at that address."""
        host = request.url.raw_host.decode("ascii")
        if self._address is None or host.rstrip(".") != self._host:
            return await self._inner.handle_async_request(request)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=self._address),
            headers=request.headers,
            stream=request.stream,
            extensions={"sni_hostname": host.rstrip("."), **request.extensions},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Closes the connection."""
        await self._inner.aclose()
