"""Whether answers tell an account that exists from one that does not: what is left of each without chance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.conduct.witness import leaves

TOLD: Final = ("location", "www-authenticate", "retry-after", "content-type")
"""Headers that may tell; what others say of an account is in the body too."""
_UNSEEN: Final = re.compile(r"<(script|style|head|svg|noscript)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_CHANCE: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?<![A-Za-z0-9_.+=-])(?=[A-Za-z_.+=-]*\d)[A-Za-z0-9_.+=-]{8,}"
    r"|\d+(?:[.:,]\d+)*"
)
"""Ids, times, tokens and numbers. A word of letters stays, however long."""
_CODES: Final = 100_000
"""Numbers below may be the codes of errors: they are compared too, and count where they are the same each time."""

Traits = Mapping[str, Any]
"""What an answer is like, by the name of what is compared."""


def traits(answer: Answer, own: Iterable[Any] = ()) -> Traits:
    """What an answer is like apart from chance and from what the request itself said (`own`)."""
    words = sorted({str(value) for value in own if value is not None and len(str(value)) >= 3}, key=len, reverse=True)
    cookies = sorted(value.partition("=")[0].strip() for name, value in answer.headers if name.lower() == "set-cookie")
    headers = {name: _plain(_header(name, answer.header(name)), words) for name in TOLD}
    text = _shape(answer.json, words) if answer.json is not None else _plain(_visible(answer), words)
    codes = [value for value in leaves(answer.json) if type(value) is int and abs(value) < _CODES]
    built = _built(answer.json)
    return {"status": answer.status, "text": text, "form": built, "codes": codes, "cookies": tuple(cookies), **headers}


def differences(one: Traits, other: Traits) -> list[str]:
    """The names of what differs, most telling first."""
    return [name for name in one if one[name] != other.get(name)]


def _header(name: str, value: str | None) -> str:
    if value is None:
        return ""
    if name == "location":
        parts = urlsplit(value)
        return f"{parts.path}?{parts.query}"
    return value.partition(";")[0]


def _visible(answer: Answer) -> str:
    """What a person would read of a page."""
    return unescape(_TAG.sub(" ", _UNSEEN.sub(" ", answer.text)))


def _built(document: Any) -> Any:
    """The names of a document, and whether anything stands under each."""
    if isinstance(document, Mapping):
        return {str(name): _built(value) for name, value in document.items()}
    return [_built(value) for value in document] if isinstance(document, list) else document is not None


def _shape(document: Any, words: list[str]) -> Any:
    """A document with its names kept and its values without chance."""
    if isinstance(document, Mapping):
        return {str(name): _shape(value, words) for name, value in document.items()}
    if isinstance(document, list):
        return [_shape(value, words) for value in document]
    if isinstance(document, str):
        return _plain(document, words)
    return document if document is None or isinstance(document, bool) else "#"


def _plain(text: str, words: list[str]) -> str:
    for word in words:
        for written in {word, quote(word, safe=""), quote(word, safe="@")}:
            text = re.sub(re.escape(written), "#", text, flags=re.IGNORECASE)
    return " ".join(_CHANCE.sub("#", text).split())
