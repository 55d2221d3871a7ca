"""The transport under every request: it guards, reads and records.

Whatever a team sends, mapped or raw, passes here. So guards and records need no help from above.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import httpx

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange, Timing
from pytest_launchready.wire.bounds import Limits, Unsound
from pytest_launchready.wire.diagnosis import explain, late, layer_of_answer, layer_of_error
from pytest_launchready.wire.origins import Origin, origin_of, shown, takes_payments
from pytest_launchready.wire.reading import read, text_of
from pytest_launchready.wire.taps import TAP, Tap
from pytest_launchready.wire.timing import GATHERED, Clock, timing_of

STEP: ContextVar[str | None] = ContextVar("launchready_step", default=None)
"""The step that the current call belongs to; travels with the call."""
EXCHANGE = "launchready_exchange"
"""Key of the exchange in a response's extensions."""
RETRIED = "launchready_retried"
"""Key in a request's extensions: it is sent for the second time, on a fresh connection."""

FRAMING = frozenset({b"content-length", b"transfer-encoding"})
BENDING = frozenset({"target", "sni_hostname"})
"""Extensions of httpx by which a request asks for something else than its URL says, past every guard."""


class NoAnswer(Exception):  # noqa: N818 - what happened, in the words of the record
    """A request that got no answer; `exchange` says why."""

    def __init__(self, exchange: Exchange, *, dropped: bool = False) -> None:
        super().__init__(exchange.line)
        self.exchange = exchange
        self.dropped = dropped
        """Whether a kept-alive connection was dropped before a byte of the answer."""


class Policy(Protocol):
    """What is asked before a request leaves, and told when it has ended."""

    async def before(self, request: httpx.Request) -> None:
        """May wait; raises to refuse, and then nothing is sent."""

    def after(self, exchange: Exchange) -> None:
        """Hears of every exchange, also of one without an answer."""

    def over(self, request: httpx.Request) -> None:
        """Hears that a request is over, however: answered, failed or cancelled; once for each `before` that passed."""


class Observer(Protocol):
    """What hears of every exchange once it has ended, and judges it on its own."""

    def saw(self, exchange: Exchange) -> None:
        """Hears of an exchange, also of one without an answer; never raises."""


@dataclass(slots=True)
class _Lane:
    """An inner transport that is closed once it is retired and idle."""

    inner: httpx.AsyncBaseTransport
    busy: int = 0
    retired: bool = False


class Transport(httpx.AsyncBaseTransport):
    """Sends one person's requests through an inner transport, inside the target's origins only."""

    def __init__(
        self,
        make_inner: Callable[[], httpx.AsyncBaseTransport],
        *,
        origins: Iterable[Origin],
        actor: str,
        observe: Callable[[Exchange], None],
        limits: Limits,
        policies: Sequence[Policy] = (),
        clock: Clock | None = None,
    ) -> None:
        self._policies = tuple(policies)
        self._clock = clock or Clock()
        self._make_inner = make_inner
        self._lane = _Lane(make_inner())
        self._limits = limits
        self._origins = frozenset(origins)
        self._passed: set[tuple[bytes, bytes, bytes]] = set()
        self._actor = actor
        self._observe = observe

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer, its body read; raises NoAnswer, or UseError for a foreign origin."""
        self._guard(request)
        body = await request.aread()
        passed: list[Policy] = []
        asked = time.perf_counter()
        try:
            for policy in self._policies:
                await policy.before(request)
                passed.append(policy)
            return await self._send(request, body, time.perf_counter() - asked)
        finally:
            for policy in passed:
                policy.over(request)

    async def _send(self, request: httpx.Request, body: bytes, held: float) -> httpx.Response:
        started = time.perf_counter()
        tap = Tap(self._limits.head)
        self._clock.pulse.begin()
        try:
            response = await self._exchange(request, tap)
        except httpx.RequestError as error:
            timing = timing_of(tap, self._clock, started, time.perf_counter(), held)
            exchange = self._record(
                request, body, started, timing, error=explain(error, tap), layer=layer_of_error(error)
            )
            raise NoAnswer(exchange, dropped=tap.dropped(error)) from error
        finally:
            self._clock.pulse.end()
        ended = time.perf_counter()
        response.elapsed = timedelta(seconds=ended - started)
        version = response.extensions.get("http_version", b"").decode("ascii", "replace") or None
        timing = timing_of(tap, self._clock, started, ended, held, version)
        answer = answer_of(response)
        response.extensions[EXCHANGE] = self._record(
            request, body, started, timing, answer=answer, layer=layer_of_answer(answer)
        )
        return response

    async def _exchange(self, request: httpx.Request, tap: Tap) -> httpx.Response:
        """The whole answer, its body read."""
        lane = self._lane
        lane.busy += 1
        token = TAP.set(tap)
        try:
            async with asyncio.timeout(self._limits.seconds):
                response = await lane.inner.handle_async_request(request)
                response.request = request
                await read(request, response, tap, self._limits)
        except TimeoutError as error:
            raise Unsound(late(tap, self._limits.seconds), "timeout") from error
        except httpx.RequestError:
            # What other connections hold is in doubt too, and a second try has to go out on a fresh one.
            self._retire(lane)
            raise
        else:
            if response.status_code >= 500 or tap.surplus > 0:
                # A server may drop a kept-alive connection after a 5xx, and the next answer would begin with what came
                # after this one; the next endpoint must not be blamed for that.
                self._retire(lane)
            return response
        finally:
            TAP.reset(token)
            lane.busy -= 1
            if lane.retired and not lane.busy:
                await lane.inner.aclose()

    def _retire(self, lane: _Lane) -> None:
        """Lets later requests go out on fresh connections; those of the lane are closed once it is idle."""
        if lane is self._lane:
            lane.retired = True
            self._lane = _Lane(self._make_inner())

    async def reconnect(self) -> None:
        """Lets the next request go out on a fresh connection."""
        lane = self._lane
        self._retire(lane)
        if not lane.busy:
            await lane.inner.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._lane.inner.aclose()

    def _guard(self, request: httpx.Request) -> None:
        url = request.url
        place = (url.raw_scheme, url.netloc, url.userinfo)
        if place not in self._passed:
            self._check_origin(url)
            self._passed.add(place)
        # Read raw, as everywhere on this path: a look-up in httpx's headers takes 5 to 10 µs.
        host = next((value for name, value in request.headers.raw if name.lower() == b"host"), b"")
        if host.lower().rstrip(b".") != url.netloc.lower().rstrip(b"."):
            raise UseError(
                f"the Host header {host.decode('ascii', 'replace')!r} names another host than {shown(origin_of(url))}, "
                f"so nothing was sent. Allowed: {self._allowed()}"
            )

        if len({name.lower() for name, _ in request.headers.raw} & FRAMING) > 1:
            # RFC 9112, section 6.1: servers differ in where such a request ends, and take the rest for another one.
            raise UseError("Content-Length and Transfer-Encoding contradict each other, so nothing was sent: give one")
        if bent := BENDING & request.extensions.keys():
            raise UseError(f"the extension {min(bent)!r} sends a request elsewhere than its URL, so nothing was sent")

    def _check_origin(self, url: httpx.URL) -> None:
        try:
            wanted = origin_of(url)
        except ValueError as error:
            raise UseError(f"{error}, so nothing was sent") from None
        if takes_payments(wanted):
            raise UseError(f"{shown(wanted)} is a payment service, so nothing was sent: no setting allows that")
        if wanted not in self._origins:
            raise UseError(
                f"{shown(wanted)} is not part of the target, so nothing was sent. Allowed: {self._allowed()}. "
                "Add it to `hosts` of the target in the map if it belongs to your product."
            )

    def _allowed(self) -> str:
        return ", ".join(sorted(map(shown, self._origins)))

    def _record(
        self,
        request: httpx.Request,
        body: bytes,
        started: float,
        timing: Timing,
        *,
        answer: Answer | None = None,
        error: str | None = None,
        layer: str | None = None,
    ) -> Exchange:
        exchange = Exchange(
            method=request.method,
            url=str(request.url),
            request_headers=pairs_of(request.headers),
            request_body=body,
            seconds=time.perf_counter() - started,
            answer=answer,
            error=error,
            layer=layer,
            step=STEP.get(),
            actor=self._actor,
            retried=RETRIED in request.extensions,
            test=self._clock.current_test(),
            timing=timing,
        )
        gathered = GATHERED.get()
        if gathered is not None:
            gathered.append(exchange)
        self._observe(exchange)
        for policy in self._policies:
            policy.after(exchange)
        return exchange


def answer_of(response: httpx.Response) -> Answer:
    """A response that has been read, as plain data."""
    text, broken = text_of(response)
    return Answer(response.status_code, pairs_of(response.headers), text, broken)


def pairs_of(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    """The header lines, names in lower case; read raw, since httpx tries encodings anew for each."""
    return tuple((name.lower().decode("latin-1"), _text(value)) for name, value in headers.raw)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def exchange_of(response: httpx.Response) -> Exchange:
    """The record of a response that came through `Transport`."""
    exchange: Exchange = response.extensions[EXCHANGE]
    return exchange
