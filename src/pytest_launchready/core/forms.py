"""The forms in which a secret may show up: as it is, escaped, encoded, or broken over lines."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Shorter forms are not looked for: they would hide ordinary words."""

_COLOUR = r"\x1b\[[\d;]*m"
_SPACE = rf"(?:[ \t]|{_COLOUR})*"
# What pytest puts at the head of a line, colours, escaped line ends, white space, quotes and what escapes them.
_FILLING = re.compile(
    rf"\n{_SPACE}(?:[E>|](?=[\s\x1b]){_SPACE})?(?:[+?-](?=[\s\x1b]))?|{_COLOUR}|\\+[nr]|[ \t\r\f\v\"'\\]+"
)
_BROKEN = ("\n", "\x1b", "\\n", "\\r")
_PLAIN_FILLING = dict.fromkeys(map(ord, " \t\r\f\v\"'\\"))


def forms(value: str) -> Iterator[tuple[str, str]]:
    """Each form of a value, and what to add to its name for it; the value itself comes first."""
    yield value, ""
    # What travels encoded needs a variable of its own: a shell does not encode.
    for form in (quote(value, safe=""), quote_plus(value), quote(value), quote(quote(value, safe=""), safe="")):
        yield form, "_ENCODED"
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form), "_ENCODED"
    for form in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        yield form[1:-1], "_JSON"
    yield repr(value)[1:-1], "_REPR"
    yield ascii(value)[1:-1], "_REPR"
    data = value.encode(errors="surrogatepass")
    yield repr(data)[2:-1], "_REPR"
    yield escape(value), "_HTML"
    yield escape(escape(value)), "_HTML"
    yield data.hex(), "_HEX"
    yield data.hex().upper(), "_HEX"
    for form in _base64(data):
        for alphabet in (form, form.replace("+", "-").replace("/", "_"), quote(form, safe="")):
            yield alphabet, "_BASE64"


def _base64(data: bytes) -> Iterator[str]:
    """The value encoded alone, and the part of it that is the same whatever stands before and after it."""
    yield b64encode(data).decode()
    for before in range(3):
        bits = (before + len(data)) * 8
        # A digit holds six bits: those that share bits with a neighbour are left out.
        yield b64encode(b"\0" * before + data + b"\0\0").decode()[-(-before * 8 // 6) : bits // 6]


def squeeze(text: str) -> str:
    """The text without what breaking, quoting and escaping add to it: a value that suffered them is whole again."""
    if any(sign in text for sign in _BROKEN):
        return _FILLING.sub("", text)
    return text.translate(_PLAIN_FILLING)


def kept(text: str) -> list[tuple[int, int]]:
    """The parts of a text that `squeeze` keeps, as (start, end)."""
    parts = []
    start = 0
    for found in _FILLING.finditer(text):
        if found.start() > start:
            parts.append((start, found.start()))
        start = found.end()
    if start < len(text):
        parts.append((start, len(text)))
    return parts
