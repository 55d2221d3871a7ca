"""A phone's network on real sockets: round trips take their time, and the link carries so many bits a second."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from pytest_launchready.core.networks import Network
from pytest_launchready.wire.taps import TAP

OLD_HANDSHAKE = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"})
"""Their full handshake takes two round trips, that of TLS 1.3 one (RFC 8446, section 2)."""
PACKET, PIECE = 1_460, 16_384
"""Bytes read at once: the first packet tells when an answer begins, later ones are read several at a time."""
AT_HAND = 0.002
"""Seconds in which data is read that has come already."""


class Link:
    """The one link of a phone, that all its connections share: each direction carries one byte after the other."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._up_free = self._down_free = 0.0

    async def round_trip(self, times: int = 1) -> float:
        """Waits for so many round trips; the seconds."""
        return await _until(time.perf_counter() + times * self.network.round_trip)

    async def carry_up(self, count: int) -> float:
        """Waits until so many bytes are sent; the seconds."""
        self._up_free = max(self._up_free, time.perf_counter()) + count * 8 / self.network.up
        return await _until(self._up_free)

    async def carry_down(self, count: int, since: float) -> float:
        """Waits until so many bytes have arrived, the first of them not before a moment; the seconds."""
        self._down_free = max(self._down_free, since) + count * 8 / self.network.down
        return await _until(self._down_free)


class Shaped(httpcore.AsyncNetworkBackend):
    """Connections over a link: a round trip to connect, and for TLS, and for each request; bytes paced both ways."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, link: Link) -> None:
        self._inner = inner
        self._link = link

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection, a round trip later."""
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        await self._link.round_trip()
        return _Stream(stream, self._link)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream, link: Link) -> None:
        self._inner = inner
        self._link = link
        self._asked = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        first, self._asked = self._asked, False
        begun = time.perf_counter()
        data = await self._inner.read(min(max_bytes, PACKET if first else PIECE), timeout)
        came = time.perf_counter()
        if first:
            _count(await self._link.round_trip())
            came = time.perf_counter()
        elif came - begun < AT_HAND:
            came = 0.0  # it lay there already, so the link has carried it while we did something else
        _count(await self._link.carry_down(len(data), came))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        _count(await self._link.carry_up(len(buffer)))
        await self._inner.write(buffer, timeout)
        self._asked = True

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
    ) -> httpcore.AsyncNetworkStream:
        secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        spoken = secured.get_extra_info("ssl_object")
        await self._link.round_trip(2 if spoken is not None and spoken.version() in OLD_HANDSHAKE else 1)
        return _Stream(secured, self._link)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _count(seconds: float) -> None:
    """Notes what the link has added to the request under way."""
    tap = TAP.get()
    if tap is not None:
        tap.marks.added += seconds


async def _until(moment: float) -> float:
    pause = max(0.0, moment - time.perf_counter())
    if pause:
        await asyncio.sleep(pause)
    return pause
