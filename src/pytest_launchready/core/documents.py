"""JSON, read as strictly as the strictest client of a product would (RFC 8259, I-JSON's rules of RFC 7493)."""

from __future__ import annotations

import json
import math
import sys
from typing import Any, NoReturn

DEEPEST = 100
"""Levels of lists and objects; whatever walks a document later may call itself that often."""
MOST_VALUES = 200_000
"""Values of a document: each may take 112 bytes of memory, so together they take 22 MB at most."""
MOST_MEMORY = 16_000_000
"""Bytes that the text itself may take: one character of four bytes makes all the others as wide."""
MOST_DIGITS = 4_300
"""Digits of a whole number, Python's own bound; reading one takes time that grows with their square."""


class Flaw(ValueError):  # noqa: N818 - a verdict on a text, in the words of messages
    """Why a text is no JSON that can be relied on."""


def read(text: str, *, most: int = MOST_VALUES) -> Any:
    """The document, of so many values at most; raises Flaw, which says what is wrong with it."""
    memory = sys.getsizeof(text)
    if memory > MOST_MEMORY:
        raise Flaw(f"JSON that takes {memory // 1_000_000} MB as text, at most {MOST_MEMORY // 1_000_000} MB are read")
    opened = text.count("[") + text.count("{")
    if opened + text.count(",") > most:
        raise Flaw(f"JSON of more than {most:,} values")
    try:
        document = (_DECODER if 0 < sys.get_int_max_str_digits() <= MOST_DIGITS else _CAREFUL).decode(text)
    except Flaw:
        raise
    except json.JSONDecodeError as error:
        raise Flaw(_not_json(text, error)) from None
    except ValueError:
        raise Flaw(_TOO_MANY_DIGITS) from None
    except RecursionError:
        raise Flaw(f"JSON nested deeper than {DEEPEST} levels") from None
    if opened > DEEPEST and _deeper(document):
        raise Flaw(f"JSON nested deeper than {DEEPEST} levels")
    if "\\u" in text and _has_half_characters(document):
        raise Flaw("JSON with half a character (an unpaired surrogate, \\ud800 to \\udfff)")
    return document


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    start = text[:200].lstrip().lower()
    if start.startswith("<?xml"):
        return "XML, not JSON"
    if start.startswith("<"):
        return "HTML, not JSON"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"JSON that breaks off after {len(text):,} characters"
    return f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Flaw(f"JSON with the key {twice[:100]!r} twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise Flaw(f"JSON with {name}, which is no JSON number")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise Flaw(_TOO_MANY_DIGITS)
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Flaw(f"JSON with the number {digits[:40]}, which is too large")
    return number


def _deeper(document: Any) -> bool:
    """Whether a document has more levels than may be; walked level by level, since it may be very deep."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_half_characters(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


_TOO_MANY_DIGITS = f"JSON with a number of more than {MOST_DIGITS:,} digits"
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_fraction)
_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_fraction, parse_int=_whole
)
"""For a process that has lifted Python's bound; slower, since it is called for every number."""
