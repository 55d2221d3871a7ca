"""What an answer shows, whatever it is written in: JSON, HTML, plain text, encoded or not."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange

LARGEST: Final = 1_000_000
"""Characters of a body that are searched: no object of a marketplace is longer."""
Path = tuple[str | int, ...]

_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_SPACES = re.compile(r"\s+")
_TAGS = re.compile(r"<[^<>]{0,200}>")
_VARYING: Final = (
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"),
    re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE),
    re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{12,}\b"),
    re.compile(r"\d+"),
)
"""What differs from answer to answer: times, ids of requests, anti-forgery values, numbers."""


def shows(answer: Answer | None, text: str) -> bool:
    """Whether an answer shows a text as a word of its own, in its body or its headers, however it is encoded."""
    if answer is None or not text.strip():
        return False
    word = re.compile(rf"(?<![a-z0-9]){re.escape(_plain(text))}(?![a-z0-9])")
    return any(word.search(_plain(form)) for form in _forms(answer))


def carried(exchange: Exchange) -> str:
    """Everything that a request said, decoded: what its answer repeats of that proves nothing."""
    body = exchange.request_body[:LARGEST].decode(errors="replace")
    headers = " ".join(value for _, value in exchange.request_headers)
    said = f"{exchange.url} {body} {headers}"
    return _plain(f"{said} {unquote_plus(said)} {_escapes(body)}")


def leaves(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a JSON document that is neither a list nor a table, with the way to it."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from leaves(value, (*path, str(name)))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from leaves(value, (*path, place))
    else:
        yield path, document


def is_empty(document: Any) -> bool:
    """Whether a JSON document says nothing: null, "", [], {}, or a page of a list with nothing on it."""
    values = [value for path, value in leaves(document) if not (path and _counts(str(path[-1])))]
    return all(value in (None, "", False, 0) for value in values)


def settled(answer: Answer, without: Iterable[str] = ()) -> str:
    """The text of an answer less what differs from answer to answer, and less the ids that were asked for."""
    text = unescape(answer.text[:LARGEST])
    for one in sorted((one for one in without if one), key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", "#", text)
    for pattern in _VARYING:
        text = pattern.sub("#", text)
    return _plain(text)


def plain_text(answer: Answer) -> str:
    """The words of a page, without its tags."""
    return _SPACES.sub(" ", unescape(_TAGS.sub(" ", answer.text[:LARGEST]))).strip()


def _forms(answer: Answer) -> Iterator[str]:
    text = answer.text[:LARGEST]
    headers = "\n".join(value for _, value in answer.headers)
    for raw in (text, headers):
        yield raw
        if "&" in raw:
            yield unescape(raw)
        if "%" in raw or "+" in raw:
            yield unquote(raw)
            yield unquote_plus(raw)
        yield "\n".join(_decoded(raw))
    if answer.json is not None:
        strings = "\n".join(str(value) for _, value in leaves(answer.json))
        yield strings
        yield unescape(strings)
    elif "\\u" in text or "\\/" in text:
        yield _escapes(text)


def _decoded(text: str) -> Iterator[str]:
    for found in _ENCODED.finditer(text):
        word = found[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield b64decode(word + "=" * (-len(word) % 4)).decode("utf-8")
        except (Error, ValueError):
            continue


def _escapes(text: str) -> str:
    r"""A text with the \u escapes of JSON written out."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text).casefold().strip()


def _counts(name: str) -> bool:
    """Whether a name of a page of a list says where the page stands, not what is on it."""
    return bool(re.search(r"count|total|page|limit|offset|size|skip|per|next|prev|more|first|last", name.casefold()))
