"""What of an exchange is a credential: found in what was sent, and in what a log-in or sign-up returns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_plus

if TYPE_CHECKING:
    from pytest_launchready.core.answer import Answer
    from pytest_launchready.core.exchange import Exchange

SHORTEST_OPAQUE = 8
LONG = 16
"""Characters from which a text without spaces is a key even if it has no digit."""
LARGEST = 65_536
"""Bytes of a body that are read for credentials: no log-in is longer."""

TELLING = re.compile(
    r"token|secret|passw|(?<!idempotency-)(?<!cache-)(?<!mon)key(?!word|board)|session|jwt|auth(?!or)|cookie|csrf|otp|"
    r"(?:^|[_-])sid$",
    re.IGNORECASE,
)
"""Names whose values open something."""
_TELLS_NOT = re.compile(
    r"(?:types?|providers?|methods?|scheme|ur[il]|endpoint|_at|At|_in|In|expir\w*|status|question|hint)$"
)
_OPENS = re.compile(r"session|token|jwt|csrf|cookie|sid", re.IGNORECASE)
_IDENTITY = re.compile(
    r"(?:^|[_-])(?:ids?|uuid|guid|slug|handle|login|user_?name|e?mail|(?:first|last|full|display)?_?name|roles?|"
    r"type|kind|status|state|phone|mobile|address|street|city|post_?code|zip|country|region|locale|lang\w*|currency|"
    r"time_?zone|ur[il]|href|link|avatar|image|photo|date|version|scopes?|message|title|detail|path|object|description)$",
    re.IGNORECASE,
)
"""Names whose values are identities, words or addresses."""
_WORD = r"(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)"
_ORDINARY = re.compile(
    rf"[\d.,:+-]+|\d{{4}}-\d\d-\d\d[T ]?[\d:.]*(?:Z|[+-]\d\d:?\d\d)?|{_WORD}(?:[-_./]{_WORD})+|/[a-z]{{2,15}}(?:/.*)?|"
    r"(?:application|audio|font|image|message|model|multipart|text|video)/[\w.+-]+"
)
"""Numbers, dates, words joined by signs, paths, media types."""
_BODY = re.compile(TELLING.pattern.encode(), re.IGNORECASE)
_FIELD = re.compile(r"<(?:input|meta)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|value|content)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MEMBER = re.compile(r'"([^"\\]{1,100})"\s*:\s*"((?:[^"\\]|\\.)*)')
"""A name and its text in what is meant to be JSON, though it may break off, or have the name twice."""
_PARAMETER = re.compile(r"[?&#]([\w.-]+)=([^&#\s\"']+)")


def credentials(exchange: Exchange, *, opens: bool) -> Iterator[tuple[str, str]]:
    """The credentials that an exchange carried, (value, name); if it `opens` an account, also those it returned."""
    answer = exchange.answer
    answered = answer.headers if answer else ()
    yield from _headers((*exchange.request_headers, *answered))
    if "=" in exchange.url:
        yield from _parameters(exchange.url)
    if exchange.request_body and _BODY.search(exchange.request_body[:LARGEST]):
        yield from _sent(exchange.request_body)
    if opens and answer is not None:
        yield from _returned(answer, exchange.request_body)


def is_opaque(value: object) -> bool:
    """Whether a value looks like a key, and not like a word, a number, a date, an address or a sentence."""
    if not isinstance(value, str) or len(value) < SHORTEST_OPAQUE or re.search(r"[\s@]|://", value):
        return False
    if _ORDINARY.fullmatch(value):
        return False
    return len(value) >= LONG or any(char.isdigit() for char in value)


@lru_cache(maxsize=4096)
def tells(name: str) -> bool:
    """Whether what stands under a name opens something."""
    if not TELLING.search(name) or _TELLS_NOT.search(name):
        return False
    return not identifies(name) or bool(_OPENS.search(name))


@lru_cache(maxsize=4096)
def identifies(name: str) -> bool:
    """Whether what stands under a name is an id, a name, a role, an address or a word."""
    return bool(_IDENTITY.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)))


def _headers(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        lower = name.lower()
        if lower in {"authorization", "proxy-authorization"}:
            yield value.rpartition(" ")[2], "authorization"
        elif lower == "cookie":
            for cookie in value.split("; "):
                yield from _cookie(cookie)
        elif lower == "set-cookie":
            yield from _cookie(value.partition(";")[0])
        elif tells(lower) and is_opaque(value):
            yield value, lower


def _cookie(pair: str) -> Iterator[tuple[str, str]]:
    name, _, value = pair.partition("=")
    value = value.strip().strip('"')
    if is_opaque(value) or (len(value) >= SHORTEST_OPAQUE and tells(name)):
        yield value, f"cookie_{name.strip()}"


def _named(name: str, value: str) -> Iterator[tuple[str, str]]:
    """A value under a name that tells; of an address, only what its parameters say."""
    if "://" in value:
        yield from _parameters(value)
    elif len(value) >= SHORTEST_OPAQUE and " " not in value:
        yield value, name


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    """The credentials in the query or fragment of an address, as written and decoded."""
    for name, value in _PARAMETER.findall(text):
        if tells(name) and len(value) >= SHORTEST_OPAQUE:
            yield value, name
            yield unquote_plus(value), name


def _sent(body: bytes) -> Iterator[tuple[str, str]]:
    """The credentials in a body of JSON or of form fields."""
    text = body[:LARGEST].decode(errors="replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = dict(parse_qsl(text))
    for name, value in _texts(document, ""):
        if tells(name):
            yield from _named(name, value)


def _returned(answer: Answer, request_body: bytes) -> Iterator[tuple[str, str]]:
    for name, value in answer.headers:
        if tells(name):
            yield from _named(name, value)
        elif name.lower() == "location":
            yield from _parameters(value)
    document = answer.json
    if document is None:
        yield from _unstructured(answer.text[:LARGEST])
    sent = request_body[:LARGEST].decode(errors="replace")
    for name, value in _texts(document, ""):
        if tells(name) or "://" in value:
            yield from _named(name, value)
        # What the request said comes back as an echo: the person's own data, and its password is known anyway.
        elif not identifies(name) and is_opaque(value) and value not in sent:
            yield value, name or "answer"


def _unstructured(text: str) -> Iterator[tuple[str, str]]:
    """The anti-forgery values of a page's hidden fields, what broken JSON names, or the text where it is but a key."""
    for name, value in _MEMBER.findall(text):
        if tells(name) or (not _IDENTITY.search(name) and is_opaque(value)):
            yield from _named(name, value)
    for tag in _FIELD.findall(text):
        found = {name.lower(): unescape(double or single) for name, double, single in _ATTRIBUTE.findall(tag)}
        value = found.get("value") or found.get("content") or ""
        if tells(found.get("name", "")) and is_opaque(value):
            yield value, found["name"]
    if is_opaque(text.strip()):
        yield text.strip(), "answer"


def _texts(document: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text of a JSON document with the name it stands under; a bare `id` is called after what it is in."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _texts(value, f"{name}_{key}" if key in {"id", "value"} and name else str(key))
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value, name)
    elif isinstance(document, str):
        yield name, document
