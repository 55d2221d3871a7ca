"""The filters that `{{ }}` adds to Jinja's own, and how a value reads as text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any


def as_text(value: Any) -> str:
    """The value as it stands in a URL, a header or a form field; Decimal is plain, true and lists are as in JSON.

    Raises ValueError for None and bytes: an empty or garbled part of a URL would ask for something else.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_json_default)
    if value is None or isinstance(value, bytes | bytearray):
        raise ValueError(f"{'null' if value is None else 'binary content'} cannot be written as text")
    return str(value)


def _json_default(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else as_text(value)


def minor(value: Any) -> int:
    """An amount of money in its smallest unit: 25.00 → 2500, half a cent rounds up."""
    try:
        cents = (Decimal(str(value)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError(f"minor wants an amount such as 25.00, got {value!r}") from None
    return int(cents)


def b64(value: Any) -> str:
    """The value in base64."""
    content = bytes(value) if isinstance(value, bytes | bytearray) else as_text(value).encode()
    return base64.b64encode(content).decode("ascii")


def totp(secret: Any, at: float | None = None) -> str:
    """The one-time code of a base32 secret for this moment: RFC 6238, SHA-1, 6 digits, 30 seconds."""
    text = as_text(secret).replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        # The secret itself stays out of the message.
        raise ValueError("totp wants a secret in base32 (letters A to Z, digits 2 to 7)") from None
    counter = int(time.time() if at is None else at) // 30
    digest = hmac.new(key, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


FILTERS: Mapping[str, Callable[[Any], Any]] = {"minor": minor, "string": as_text, "b64": b64, "totp": totp}
"""By the name that a map uses."""
