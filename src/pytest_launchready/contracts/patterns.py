"""Patterns as JSON Schema writes them (ECMA-262), for Python's `re`."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

_PIECES = re.compile(
    r"\\c([A-Za-z])|\\u\{([0-9A-Fa-f]+)\}|\\p\{([^}]*)\}|\\P\{([^}]*)\}|\\k<(\w+)>|\\.|\[\^?\]?|\]|\$|\(\?<(?=\w)",
    re.DOTALL,
)
_SPACE = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


class Beyond(re.error):
    """A pattern that ECMA-262 has, and Python's `re` has not."""


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for `search`; raises re.error where it is none, Beyond where it says what `re` cannot."""
    try:
        return re.compile(_translated(pattern))
    except re.error as error:
        if "look-behind" in str(error):
            raise Beyond(str(error)) from None
        raise


def _translated(pattern: str) -> str:
    """What ECMA-262 means, in the words of `re`: the end is the very end, classes of characters are about ASCII."""
    made, inside, end = "", False, 0
    for found in _PIECES.finditer(pattern):
        made += pattern[end : found.start()]
        end = found.end()
        piece = found[0]
        if piece[0] == "[" and not inside:
            inside = not piece.endswith("]")
            made += _opening(piece, inside=False)
        elif piece == "]":
            inside = False
            made += piece
        elif piece == "$":
            made += "$" if inside else r"\Z"
        elif piece == "(?<":
            made += piece if inside else "(?P<"
        elif piece[0] == "[":
            made += _opening(piece, inside=inside)
        else:
            made += _escape(found, inside=inside)
    return made + pattern[end:]


def _opening(piece: str, *, inside: bool) -> str:
    """What begins a class of characters; an empty one matches nothing, and all but that anything."""
    if inside:
        return "\\" + piece
    return {"[]": r"(?!)", "[^]": r"[\s\S]"}.get(piece, piece)


def _escape(found: re.Match[str], *, inside: bool) -> str:
    piece = found[0]
    if found[1]:
        return re.escape(chr(ord(found[1].upper()) - 64))
    if found[2]:
        return re.escape(chr(int(found[2], 16)))
    name = found[3] or found[4]
    if name is not None:
        return _class_of(name.rpartition("=")[2], no=found[4] is not None, inside=inside)
    ascii_classes = {r"\d": "0-9", r"\w": "A-Za-z0-9_", r"\s": _SPACE}
    if piece in ascii_classes:
        return ascii_classes[piece] if inside else f"[{ascii_classes[piece]}]"
    if piece in {r"\D", r"\W", r"\S"} and not inside:
        return f"[^{ascii_classes[piece.lower()]}]"
    return "/" if piece == r"\/" else f"(?P={found[5]})" if found[5] else piece


def _class_of(name: str, *, no: bool, inside: bool) -> str:
    said = _category(_LONG.get(name, name))
    if not said:
        raise Beyond(f"\\p{{{name}}} is more than Python's re can say")
    if no and inside:
        raise Beyond(f"\\P{{{name}}} inside of brackets is more than Python's re can say")
    return said if inside else f"[{'^' if no else ''}{said}]"


@lru_cache(maxsize=32)
def _category(name: str) -> str:
    """The characters of a Unicode category ("L", "Lu", "N" …), as what stands between brackets."""
    spans: list[list[int]] = []
    for number in range(sys.maxunicode + 1):
        if unicodedata.category(chr(number)).startswith(name):
            if spans and spans[-1][1] == number - 1:
                spans[-1][1] = number
            else:
                spans.append([number, number])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in spans)


_LONG = {
    "Letter": "L",
    "Alphabetic": "L",
    "Uppercase_Letter": "Lu",
    "Uppercase": "Lu",
    "Lowercase_Letter": "Ll",
    "Lowercase": "Ll",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Mark": "M",
}
"""Long names of categories."""
