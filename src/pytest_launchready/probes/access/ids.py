"""Ids that never existed but look like those that do, and ids that can be guessed."""

from __future__ import annotations

import re
import secrets
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any, Final
from uuid import UUID, uuid4

FAR: Final = 987_000_000
"""An integer that no marketplace of ours has reached, and that every 32-bit column takes."""
NEAR: Final = 700_000
"""How far a second try stands off, where a server could not bear the first."""
LONG: Final = 16
"""Characters from which a text of small and capital letters and digits was drawn at random."""
_HEX: Final = "0123456789abcdef"


def never(value: Any, *, near: bool = False) -> Any:
    """An id of the same shape and type that does not exist, another at each call; `near`: a smaller step away."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return _number(value, near=near)
    text = str(value)
    return _text(text, near=near)


def guessable(value: Any) -> bool:
    """Whether somebody who has one id can find others: numbers, names, addresses, and what only encodes them."""
    text = str(value).strip()
    if is_uuid(text):
        return UUID(text).version == 1
    inner = unwrapped(text)
    if inner is not None:
        return guessable(inner)
    if "@" in text or "/" in text:
        return True
    if len(text) >= LONG and all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
        return False
    tail = re.split(r"[^A-Za-z0-9]", text)[-1] or text
    letters = set(tail)
    varied = len(letters) >= 8 and bool(letters & set(string.digits)) and bool(letters & set(string.ascii_letters))
    return not (len(tail) >= 12 and varied) and not (tail.isdigit() and len(tail) >= 15)


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        return len(text) >= 32 and UUID(text) is not None
    except ValueError:
        return False


def unwrapped(text: str) -> str | None:
    """What a text in base64 says, if that is readable and says which object it is, as "Order:17"."""
    if not re.fullmatch(r"[A-Za-z0-9+/_-]{6,}={0,2}", text) or text.isdigit():
        return None
    try:
        plain = urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)).decode("ascii")
    except (Error, ValueError):
        return None
    return plain if re.fullmatch(r"[\w:/.|#-]*[:/|#_-][\w-]+|\d+", plain) else None


def _number(value: int, *, near: bool) -> int:
    if near or abs(value) < 10:
        # A server with small columns may take no large number at all.
        return abs(value) + NEAR + secrets.randbelow(99_000) if near else FAR + secrets.randbelow(999_000)
    if abs(value) < 2**31 - 1:
        return FAR + secrets.randbelow(999_000)
    digits = len(str(abs(value)))
    return int(str(abs(value))[:2] + "".join(secrets.choice(string.digits) for _ in range(digits - 2)))


def _text(text: str, *, near: bool) -> str:  # noqa: PLR0911 - a table of shapes
    if is_uuid(text):
        fresh = str(uuid4()) if "-" in text else uuid4().hex
        return fresh.upper() if text.isupper() else fresh
    if text.isdigit():
        return str(_number(int(text), near=near)) if text[0] != "0" else _like(text)
    inner = unwrapped(text)
    if inner is not None:
        fresh = urlsafe_b64encode(_text(inner, near=near).encode()).decode()
        return fresh if text.endswith("=") or "=" not in fresh else fresh.rstrip("=")
    if "@" in text:
        name, _, domain = text.partition("@")
        return f"{_like(name)}@{domain}"
    if "/" in text:
        head, slash, last = text.rstrip("/").rpartition("/")
        return f"{head}{slash}{_text(last, near=near) if last else _like(last)}{'/' if text.endswith('/') else ''}"
    prefix, sign, tail = _parted(text)
    if tail.isdigit() and len(tail) < 15:
        return (
            f"{prefix}{sign}9{_like(tail[1:])}"
            if tail.startswith("0")
            else f"{prefix}{sign}{_number(int(tail), near=near)}"
        )
    return f"{prefix}{sign}{_like(tail)}"


def _parted(text: str) -> tuple[str, str, str]:
    """A prefix that says what kind of object it is ("ord_", "INV-"), and the rest."""
    found = re.fullmatch(r"([A-Za-z]{1,12})([_:-])(.+)", text)
    if found and not re.search(r"[_:-]", found[3]) and re.search(r"\d", found[3]):
        return found[1], found[2], found[3]
    return "", "", text


def _like(text: str) -> str:
    """Random characters, each of the kind that stands there."""
    digits_and_hex = set(text.lower()) <= set(_HEX) and len(text) >= 8
    fresh = []
    for place, char in enumerate(text):
        if char.isdigit():
            # The first of a ULID bounds its time, and a leading zero may be cut off.
            fresh.append(char if place == 0 else secrets.choice(string.digits))
        elif digits_and_hex:
            letter = secrets.choice("abcdef")
            fresh.append(letter.upper() if char.isupper() else letter)
        elif char.isascii() and char.isalpha():
            letter = secrets.choice("abcdefghjkmnpqrstvwxyz")
            fresh.append(letter.upper() if char.isupper() else letter)
        else:
            fresh.append(char)
    return "".join(fresh)
