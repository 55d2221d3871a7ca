"""The only place that knows what is secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from pytest_launchready.core.exchange import Exchange

SHORTEST = 6
"""Shorter values are not masked: they would hide ordinary words."""
SHORTEST_OPAQUE = 8
LONG = 16
"""Characters from which a text without spaces is a key even if it has no digit."""
TELLING = re.compile(r"token|secret|passw|key|session|jwt|auth(?!or)|cookie|csrf|otp", re.IGNORECASE)
"""Names whose values open something."""


class Secrets:
    """The secret values of one run, and what to show instead of each."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: object, label: str) -> None:
        """Masks a value from now on; shown as `$LABEL` where a command needs it, else as `***`."""
        if not isinstance(value, str) or len(value) < SHORTEST:
            return
        name = re.sub(r"\W", "_", label.lstrip("$")).upper()
        self._labels.setdefault(value, name)
        # What travels encoded needs a variable of its own: a shell does not encode.
        for form in (quote(value, safe=""), quote_plus(value)):
            self._labels.setdefault(form, f"{name}_ENCODED")
        for form in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
            self._labels.setdefault(form, f"{name}_JSON")
        self._pattern = None

    def learn(self, exchange: Exchange, *, opens: bool) -> None:
        """Masks the credentials that an exchange carried; if it `opens` an account, also the keys in its answer."""
        who = exchange.actor or "somebody"
        answered = exchange.answer.headers if exchange.answer else ()
        for name, value in (*exchange.request_headers, *answered):
            match name.lower():
                case "authorization" | "proxy-authorization":
                    self.add(value.rpartition(" ")[2], f"{who}_authorization")
                case "cookie":
                    for cookie in value.split("; "):
                        self._learn_cookie(cookie, who)
                case "set-cookie":
                    self._learn_cookie(value.partition(";")[0], who)
        if opens and exchange.answer is not None:
            for name, value in (*answered, *_texts(exchange.answer.json, "")):
                if TELLING.search(name) and len(value) >= SHORTEST_OPAQUE and " " not in value:
                    self.add(value, f"{who}_{name}")

    def mask(self, text: str) -> str:
        """The text with every known secret replaced by `***`."""
        return "".join(piece if label is None else "***" for piece, label in self.pieces(text))

    def pieces(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The text in pieces: (text, None), or (secret, its label) to be shown as a shell variable."""
        if self._pattern is None:
            longest_first = sorted(self._labels, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        end = 0
        for found in self._pattern.finditer(text):
            if found.start() > end:
                yield text[end : found.start()], None
            yield found[0], self._labels[found[0]]
            end = found.end()
        if end < len(text):
            yield text[end:], None

    def _learn_cookie(self, pair: str, who: str) -> None:
        name, _, value = pair.partition("=")
        value = value.strip().strip('"')
        if is_opaque(value):
            self.add(value, f"{who}_cookie_{name.strip()}")


def is_opaque(value: object) -> bool:
    """Whether a value looks like a key, and not like a word, an address or a sentence."""
    if not isinstance(value, str) or len(value) < SHORTEST_OPAQUE or re.search(r"[\s@]|://", value):
        return False
    return len(value) >= LONG or any(char.isdigit() for char in value)


def _texts(document: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text of a JSON document with the name it stands under."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _texts(value, str(key))
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value, name)
    elif isinstance(document, str):
        yield name, document
