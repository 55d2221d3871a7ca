"""Reads an answer within its bounds, and makes sure that it is one."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from email.message import Message
from functools import lru_cache

import httpx

from pytest_launchready.wire.bounds import Limits, Unsound, finish, inflate, inflaters
from pytest_launchready.wire.taps import Tap

BODILESS = frozenset({204, 304})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SLOPPY = 2
"""Bytes that may follow a body: old servers add a line end to it."""
LONGEST_LENGTH = 20
"""Digits of a Content-Length."""
ENCODINGS = ("utf", "ascii", "iso8859", "cp", "koi8", "mac", "shift_jis", "euc", "gb", "big5", "hz", "iso2022", "johab")
"""How the names of encodings of text begin. Python knows others by which bytes inflate, or cost quadratic time."""

Fields = Mapping[bytes, bytes]
"""Header names in lower case → values. Read once, since a look-up in httpx's headers costs microseconds."""


async def read(request: httpx.Request, response: httpx.Response, tap: Tap, limits: Limits) -> None:
    """Reads the whole body; raises Unsound as soon as a bound or the protocol is broken."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    raw = response.headers.raw
    fields = {name.lower(): value for name, value in raw}
    body = bytearray()
    try:
        declared = _declared(request, response.status_code, fields)
        _check_order(tap)
        _check_head(len(raw), declared, limits)
        if response.status_code in REDIRECTS:
            _check_location(request, fields)
        stages = inflaters(request, fields.get(b"content-encoding", b"").decode("latin-1"), limits.body)
        async for chunk in response.stream:
            tap.body += len(chunk)
            if tap.body > limits.body:
                raise Unsound(f"a body of more than {limits.body:,} bytes", "bounds")
            for piece in inflate(stages, chunk):
                body += piece
        for piece in finish(stages):
            body += piece
        _check_end(tap, declared)
    finally:
        await response.stream.aclose()
    headers = response.headers
    if stages:
        response.headers = httpx.Headers()  # else httpx would undo the encodings once more
    response.stream = httpx.ByteStream(bytes(body))
    response.read()
    response.headers = headers
    response.encoding = encoding_of(fields.get(b"content-type", b"").decode("latin-1"))


@lru_cache(maxsize=256)
def encoding_of(content_type: str) -> str:
    """The encoding of text that a Content-Type names, UTF-8 where it names none that is one."""
    message = Message()
    message["content-type"] = content_type
    try:
        name = codecs.lookup(message.get_content_charset() or "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
    return name if name.startswith(ENCODINGS) and name != "utf-7" else "utf-8"


def text_of(response: httpx.Response) -> tuple[str, str | None]:
    """The body as text, and what was wrong with its bytes."""
    body, encoding = response.content, response.encoding or "utf-8"
    try:
        return body.decode(encoding).removeprefix("\ufeff"), None
    except UnicodeDecodeError as error:
        wrong = f"broken {encoding.upper()}: {error.reason} at byte {error.start:,} (0x{body[error.start]:02x})"
    return body.decode(encoding, "replace"), wrong


def _declared(request: httpx.Request, status: int, fields: Fields) -> int | None:
    """The length of the body that the head promises, if it does."""
    if request.method == "HEAD" or status in BODILESS:
        return 0
    length = fields.get(b"content-length", b"")
    if b"transfer-encoding" in fields or not length.isdigit() or len(length) > LONGEST_LENGTH:
        return None
    return int(length)


def _check_order(tap: Tap) -> None:
    if tap.stage == "headers" and not tap.received:
        raise Unsound(
            "an answer that was there before the request was sent: the server sent more than it was asked for",
            "protocol",
        )
    tap.stage = "body"


def _check_head(count: int, declared: int | None, limits: Limits) -> None:
    if count > limits.headers:
        raise Unsound(f"{count:,} header lines, at most {limits.headers} are read", "bounds")
    if declared is not None and declared > limits.body:
        raise Unsound(f"a body of {declared:,} bytes (Content-Length), at most {limits.body:,} are read", "bounds")


def _check_location(request: httpx.Request, fields: Fields) -> None:
    location = fields.get(b"location", b"").decode("latin-1")
    try:
        request.url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise Unsound(f"a redirect to {location[:100]!r}, which is no URL", "redirect") from None


def _check_end(tap: Tap, declared: int | None) -> None:
    """Raises Unsound where more came than the head said: the next answer on this connection would begin with it."""
    end = tap.head.find(b"\r\n\r\n")
    if declared is None or end < 0 or tap.interim:
        return
    tap.surplus = tap.received - (end + 4) - declared
    if tap.surplus > SLOPPY:
        more = f"{tap.surplus:,} more bytes than {declared:,}"
        raise Unsound(f"a body longer than it says (Content-Length, or none allowed): {more}", "protocol")
