"""Reads the body of an answer, within its bounds, and makes sure that the answer was one."""

from __future__ import annotations

import codecs

import httpx

from pytest_launchready.wire.bounds import Limits, Unsound, finish, inflate, inflaters
from pytest_launchready.wire.sockets import Tap

BODILESS = frozenset({204, 304})
SLOPPY = 2
"""Bytes that may follow a body: old servers add a line end to it."""
ENCODINGS = ("utf", "ascii", "iso8859", "cp", "koi8", "mac", "shift_jis", "euc", "gb", "big5", "hz", "iso2022", "johab")
"""How the names of encodings of text begin. Python knows others by which bytes inflate, or cost quadratic time."""


async def read(request: httpx.Request, response: httpx.Response, tap: Tap, limits: Limits) -> httpx.Response:
    """The response with its whole body; raises Unsound as soon as a bound or the protocol is broken."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    body = bytearray()
    try:
        _check_head(request, response, tap, limits)
        stages = inflaters(request, response, limits.body)
        async for chunk in response.stream:
            tap.body += len(chunk)
            if tap.body > limits.body:
                raise Unsound(f"a body of more than {limits.body:,} bytes", "bounds")
            for piece in inflate(stages, chunk):
                body += piece
        for piece in finish(stages):
            body += piece
        _check_end(request, response, tap)
    finally:
        await response.stream.aclose()
    whole = httpx.Response(
        response.status_code, content=bytes(body), request=request, extensions=dict(response.extensions)
    )
    # Only now: httpx would undo the encoding once more.
    whole.headers = response.headers
    whole.encoding = encoding_of(response)
    return whole


def encoding_of(response: httpx.Response) -> str:
    """The encoding of text that an answer names, UTF-8 where it names none that is one."""
    try:
        name = codecs.lookup(response.charset_encoding or "utf-8").name
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


def _check_head(request: httpx.Request, response: httpx.Response, tap: Tap, limits: Limits) -> None:
    if tap.stage == "headers" and not tap.received:
        raise Unsound(
            "an answer that was there before the request was sent: the server sent more than it was asked for",
            "protocol",
        )
    tap.stage = "body"
    count = len(response.headers.raw)
    if count > limits.headers:
        raise Unsound(f"{count:,} header lines, at most {limits.headers} are read", "bounds")
    declared = _declared(request, response)
    if declared is not None and declared > limits.body:
        raise Unsound(f"a body of {declared:,} bytes (Content-Length), at most {limits.body:,} are read", "bounds")
    location = response.headers.get("location")
    if location is not None and response.has_redirect_location:
        try:
            request.url.join(location)
        except (httpx.InvalidURL, ValueError):
            raise Unsound(f"a redirect to {location[:100]!r}, which is no URL", "redirect") from None


def _check_end(request: httpx.Request, response: httpx.Response, tap: Tap) -> None:
    """Raises Unsound where more came than the head said: the next answer on this connection would begin with it."""
    declared = _declared(request, response)
    end = tap.head.find(b"\r\n\r\n")
    if declared is None or end < 0 or tap.interim:
        return
    surplus = tap.received - (end + 4) - declared
    if surplus > SLOPPY:
        raise Unsound(
            f"a body longer than it says (Content-Length, or none allowed): {surplus:,} more bytes than {declared:,}",
            "protocol",
        )


def _declared(request: httpx.Request, response: httpx.Response) -> int | None:
    """The length of the body that the head promises, if it does."""
    if request.method == "HEAD" or response.status_code in BODILESS:
        return 0
    if "transfer-encoding" in response.headers:
        return None
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None
