"""What an answer to one more try means: the plain failure, or a limit, or a fault, against what was learnt first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Final, Literal

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.extract import Extractor
from pytest_launchready.probes.limits.words import HUMAN, LIMITED, WARNING
from pytest_launchready.wire.patience import told_to_wait

Means = Literal["plain", "limited", "changed", "crashed", "silent"]
"""`changed`: another status than the plain one, and nothing says why. `silent`: no answer."""
LONGEST: Final = 4_000
"""Characters of an answer that are compared."""
TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
_HIDDEN: Final = re.compile(r"<(script|style|noscript|template)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAGS: Final = re.compile(r"<[^>]*>")
_VARYING: Final = re.compile(r"[\w.+-]+@[\w.-]+|[\w+/=.-]*\d[\w+/=:.-]*|[\w+/=-]{24,}")
"""Addresses, ids, times, counters, tokens."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer means, and by what that shows."""

    means: Means
    by: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the step answers before any limit: the plain failure of a log-in, the success of an invite."""

    exchanges: tuple[Exchange, ...]
    limited: Extractor | None
    scope: Mapping[str, Any]
    """Names that the map's `limited` may mention."""

    def read(self, exchange: Exchange) -> Reading:
        """What an answer means beside the plain ones."""
        answer = exchange.answer
        if answer is None:
            return Reading("silent", exchange.error or "no answer")
        by = sign_of(answer, self._answers, self.limited, self.scope)
        if by is not None:
            return Reading("limited", by)
        if answer.status in {one.status for one in self._answers}:
            return Reading("plain")
        if answer.status >= 500:
            return Reading("crashed", answer.reason)
        return Reading("changed", f"status {answer.status} in place of {self._answers[-1].status}")

    def is_plain(self, exchange: Exchange) -> bool:
        """Whether an answer is word for word a plain one, but for what varies."""
        return exchange.answer is not None and shape(exchange.answer) in set(map(shape, self._answers))

    @property
    def _answers(self) -> tuple[Answer, ...]:
        return tuple(one.answer for one in self.exchanges if one.answer is not None)


def sign_of(answer: Answer, plain: Iterable[Answer], limited: Extractor | None, scope: Mapping[str, Any]) -> str | None:
    """By what an answer shows that a limit is reached, as plain ones do not; None where nothing says so."""
    before = tuple(plain)
    if answer.status == TOO_MANY:
        return "status 429"
    if (
        limited is not None
        and _holds(limited, answer, scope)
        and not any(_holds(limited, one, scope) for one in before)
    ):
        return f"{limited.text} of the map"
    known = " ".join(map(said, before))
    for pattern, what in ((LIMITED, "its text"), (HUMAN, "a proof that a person tries")):
        found = pattern.search(WARNING.sub(" ", said(answer)))
        if found and not pattern.search(WARNING.sub(" ", known)):
            return f'{what}, "{found[0][:60]}"'
    waits = told_to_wait(answer) is not None and answer.status >= 400
    if waits and not any(told_to_wait(one) is not None for one in before):
        return f"status {answer.status} with Retry-After"
    return None


def shape(answer: Answer) -> tuple[int, str]:
    """Status and text without what varies: two answers of one shape say the same."""
    return answer.status, _VARYING.sub("#", said(answer))


def said(answer: Answer) -> str:
    """What a reader sees of an answer, in one line."""
    text = answer.text[: 10 * LONGEST]
    if "<" in text and answer.json is None:
        text = unescape(_TAGS.sub(" ", _HIDDEN.sub(" ", text)))
    return " ".join(text.split())[:LONGEST]


def _holds(limited: Extractor, answer: Answer, scope: Mapping[str, Any]) -> bool:
    found = limited.find(answer, scope)
    return found is not None and found is not False and found not in ("", [], {})
