"""What people and scripts send in place of what is wanted, by the kind of value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_launchready.mapping.template import Given
from pytest_launchready.probes.access.hygiene.variants import LEFT_OUT, Kind, Spot

LONG, LONG_IN_URL = 20_000, 4_000
"""Characters: more than a column usually holds; what most servers still take in an address is 8,000 bytes."""


@dataclass(frozen=True, slots=True)
class Try:
    """One value, and what to call it."""

    what: str
    value: object


def _plain(text: str) -> Given:
    # Braces in it are not ours to fill in.
    return Given(text, text)


QUOTE: Final = Try("a quotation mark", _plain("'"))
SIGNS: Final = Try("signs of other languages", _plain("'\"`;--)(%_\\<>${{7*7}}"))
CONTROL: Final = Try("control characters", _plain("launchready\x00\x07\x1b"))
LONG_TEXT: Final = Try(f"{LONG:,} characters", "l" * LONG)
LONG_QUERY: Final = Try(f"{LONG_IN_URL:,} characters", "l" * LONG_IN_URL)
OBJECT: Final = Try("an object", {"$gt": "", "a": [1]})
LIST: Final = Try("a list", ["launchready"])
NUMBER: Final = Try("a number in place of text", 12345)
WORD: Final = Try("a word in place of a number", "launchready")
NOTHING: Final = Try("null", None)
GONE: Final = Try("nothing at all", LEFT_OUT)
NEGATIVE: Final = Try("a negative number", -1)

_TYPED: Final[dict[Kind, tuple[Try, ...]]] = {
    "text": (QUOTE, OBJECT, NOTHING, GONE, CONTROL, LONG_TEXT, NUMBER, LIST, SIGNS),
    "price": (WORD, NOTHING, OBJECT, GONE),
    "quantity": (WORD, NOTHING, OBJECT, GONE),
    "number": (WORD, NOTHING),
    "size": (NEGATIVE, WORD),
    "id": (WORD, OBJECT, QUOTE, NOTHING),
}
_WRITTEN: Final[dict[Kind, tuple[Try, ...]]] = {
    "text": (QUOTE, SIGNS, CONTROL, LONG_QUERY),
    "price": (WORD, GONE),
    "quantity": (WORD, GONE),
    "number": (WORD, NEGATIVE),
    "size": (NEGATIVE, WORD),
    "id": (QUOTE, WORD, LONG_QUERY),
}


def tries(spot: Spot) -> tuple[Try, ...]:
    """What to send there, the most telling first."""
    if spot.path == ("query",):
        return (NEGATIVE,)  # a number in a GraphQL document: anything else would not parse
    return (_TYPED if spot.typed else _WRITTEN)[spot.kind]
