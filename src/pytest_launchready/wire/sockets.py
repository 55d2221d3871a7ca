"""Transports on sockets.

What a request's connection carries is counted: so one failure can be told from another, and floods end early.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx

from pytest_launchready.wire.bounds import Unsound
from pytest_launchready.wire.dialling import dial, is_address, look_up
from pytest_launchready.wire.pools import Loan, Pools
from pytest_launchready.wire.shaping import Link, Shaped
from pytest_launchready.wire.taps import TAP, Tap

SHOWN = 40
"""Bytes of a foreign protocol that a message shows: enough for an SSH or SMTP banner."""
AT_ONCE = 16_384
"""Bytes that the buffer of any system's socket takes."""
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How an alert and a handshake begin (RFC 8446, section 5.1)."""


class Sockets(httpx.AsyncBaseTransport):
    """Connections of one person, direct or through a proxy; HTTP/1.1, since its answers can be bounded byte by byte."""

    def __init__(
        self, context: ssl.SSLContext, *, connections: int, proxy: str | None = None, link: Link | None = None
    ) -> None:
        inner = httpcore.AnyIOBackend()
        backend = _Backend(inner if link is None else Shaped(inner, link), direct=proxy is None)

        def make() -> httpcore.AsyncConnectionPool:
            return httpcore.AsyncConnectionPool(
                ssl_context=context,
                proxy=_proxy(proxy) if proxy else None,
                max_connections=1,
                max_keepalive_connections=1,
                keepalive_expiry=5.0,  # less than the idle time of common servers (nginx 75 s, Node 5 s)
                network_backend=backend,
            )

        self._pools = Pools(make, connections)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read; raises what httpx's own transport would."""
        url = request.url
        assert isinstance(request.stream, httpx.AsyncByteStream)
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        loan = await self._pools.borrow((url.raw_scheme, url.netloc))
        try:
            answered = await loan.pool.handle_async_request(asked)
        except BaseException as error:
            self._pools.give_back(loan)
            if not isinstance(error, Exception):
                raise
            raise _named(error)  # noqa: B904 - it names its own cause
        assert isinstance(answered.stream, AsyncIterable)
        return httpx.Response(
            answered.status,
            headers=answered.headers,
            stream=_Body(answered.stream, self._pools, loan),
            extensions=answered.extensions,
        )

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pools.aclose()


class _Body(httpx.AsyncByteStream):
    """A body; once it is closed, its connection is free for the next request."""

    def __init__(self, stream: Any, pools: Pools, loan: Loan) -> None:
        self._stream = stream
        self._pools = pools
        self._loan: Loan | None = loan

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except Exception as error:  # noqa: BLE001 - only renamed
            raise _named(error)  # noqa: B904 - it names its own cause

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._loan is not None:
                self._pools.give_back(self._loan)
                self._loan = None


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections that are tapped."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, *, direct: bool) -> None:
        self._direct = direct
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        _stage("connect")
        tap = TAP.get() or Tap()
        marks = tap.marks
        marks.asked = time.perf_counter()
        addresses = [host] if is_address(host) else await look_up(host, port, timeout)
        if addresses != [host]:
            marks.resolved = time.perf_counter()
        address, stream = await dial(self._inner, addresses, port, timeout, local_address, socket_options)
        marks.connected = time.perf_counter()
        tap.fresh = True
        return _Stream(stream, address, direct=self._direct)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection, tapped; if it is `direct`, whatever comes has to be HTTP (a SOCKS proxy greets otherwise)."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, address: str, *, direct: bool) -> None:
        self._inner = inner
        self._address = address
        self._direct = direct

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        tap = TAP.get()
        if tap is None:
            return await self._inner.read(max_bytes, timeout)
        if tap.stage == "headers" and tap.received >= tap.most:
            what = "interim (1xx) answers" if tap.interim else "headers"
            raise Unsound(f"{what} without end: more than {tap.most:,} bytes before the body", "protocol")
        data = await self._inner.read(max_bytes, timeout)
        tap.take(data)
        if self._direct and tap.stage == "headers" and not tap.head.startswith(b"HTTP/"):
            # The parser would wait for a line end that may never come.
            _refuse_foreign(bytes(tap.head[:SHOWN]))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        tap = TAP.get()
        if tap is None or not buffer:  # the end of a message may be nothing to write
            await self._inner.write(buffer, timeout)
            return
        tap.stage = "headers"
        marks = tap.marks
        if not marks.writing:
            marks.writing = time.perf_counter()
            tap.address = self._address
        tap.sent += len(buffer)
        begun, added = time.perf_counter(), marks.added
        await self._inner.write(buffer, timeout)
        # What fits into the socket's buffer is gone at once; our turn comes after others, perhaps after the answer.
        at_once = len(buffer) <= AT_ONCE and marks.added == added
        marks.written = begun if at_once else time.perf_counter()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
    ) -> httpcore.AsyncNetworkStream:
        tap = TAP.get()
        if tap is not None:
            # What a proxy said before is not part of the answer.
            tap.stage, tap.received, tap.sent, tap.head = "TLS", 0, 0, bytearray()
            tap.marks.forget()
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._inner.aclose()  # a handshake that is cancelled would leave its socket open
            raise
        if tap is not None:
            tap.marks.secured = time.perf_counter()
        return _Stream(secured, self._address, direct=True)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _refuse_foreign(begun: bytes) -> None:
    """Raises Unsound for what cannot be the beginning of an HTTP/1.1 answer."""
    if begun.startswith(TLS_RECORDS):
        raise Unsound(
            f"TLS where plain HTTP was expected: the server began with {begun[:6]!r}; is the URL to be https?", "TLS"
        )
    if not b"HTTP/".startswith(begun[:5]):
        raise Unsound(f"not HTTP: the server began with {begun!r}", "protocol")


def _stage(name: str) -> None:
    tap = TAP.get()
    if tap is not None:
        tap.stage = name


def _named(error: Exception) -> Exception:
    """The error, in the words of httpx if it is in those of httpcore."""
    kind = getattr(httpx, type(error).__name__, None) if type(error).__module__ == "httpcore" else None
    if kind is None:
        return error
    named: Exception = kind(str(error))
    named.__cause__ = error
    return named


def _proxy(url: str) -> httpcore.Proxy:
    proxy = httpx.Proxy(url)
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth, headers=proxy.headers.raw)
