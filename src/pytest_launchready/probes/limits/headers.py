"""What an answer's headers say of a limit: how long to wait, how many tries are left, of how many.

Two generations of `RateLimit` fields are in use (draft-ietf-httpapi-ratelimit-headers): three plain headers, often with
an `X-` in front, and structured ones. A field that is not well formed is ignored, as the draft wants it.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.wire.patience import told_to_wait

PREFIXES: Final = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
EPOCH: Final = 1_000_000_000
"""A reset above this is a point in time in seconds (2001 or later), not a span of 30 years."""
LARGEST: Final = 10**15
_PAIR: Final = re.compile(r"\s*(limit|remaining|reset)\s*=\s*(\d{1,15})\s*")
_ITEM: Final = re.compile(
    r'\s*(?:"(?:[^"\\]|\\.)*"|[A-Za-z*][\w:/.*+-]*)((?:\s*;\s*[a-z*][a-z0-9_.*-]*(?:=[^;,]*)?)*)\s*'
)
_PARAMETER: Final = re.compile(r";\s*([a-z*][a-z0-9_.*-]*)(?:=([^;,]*))?")


@dataclass(frozen=True, slots=True)
class Announced:
    """What the `RateLimit` fields of one answer say; None where they say nothing."""

    limit: int | None = None
    """Tries in a window."""
    remaining: int | None = None
    reset: float | None = None
    """Seconds until there are tries again."""
    window: int | None = None
    """Seconds."""

    def __bool__(self) -> bool:
        return self != Announced()

    def __str__(self) -> str:
        words = (
            (self.limit, f"a limit of {self.limit}"),
            (self.window, f"in {self.window} s"),
            (self.remaining, f"{self.remaining} left"),
            (self.reset, f"reset in {self.reset or 0:g} s"),
        )
        return ", ".join(text for value, text in words if value is not None)


def waits(answer: Answer | None) -> float | None:
    """Seconds until the next try is worth it: Retry-After, which wins (draft, section 5), else the fields' reset."""
    if answer is None:
        return None
    asked = told_to_wait(answer)
    return announced(answer).reset if asked is None else asked


def announced(answer: Answer) -> Announced:
    """The fields of whichever generation the answer carries; the newest wins."""
    newest = _structured(answer.header("ratelimit"), answer.header("ratelimit-policy"))
    return newest or _combined(answer.header("ratelimit")) or _plain(answer)


def _structured(field: str | None, policy: str | None) -> Announced:
    """`RateLimit: "default";r=5;t=3` with `RateLimit-Policy: "default";q=10;w=60`; of several the scarcest."""
    states = [item for item in _items(field) if "r" in item]
    policies = [item for item in _items(policy) if "q" in item]
    if not states and not policies:
        return Announced()
    state = min(states, key=lambda item: item["r"], default={})
    rule = min(policies, key=lambda item: item["q"], default={})
    return Announced(rule.get("q"), state.get("r"), state.get("t"), rule.get("w"))


def _items(field: str | None) -> list[dict[str, int]]:
    """The whole numbers among the parameters of each item; nothing at all for a field that is not a list of items."""
    found, rest = [], field or ""
    while rest:
        item = _ITEM.match(rest)
        if item is None or (item.end() < len(rest) and rest[item.end()] != ","):
            return []
        pairs = _PARAMETER.findall(item[1])
        found.append({name: int(value) for name, value in pairs if re.fullmatch(r"\d{1,15}", value.strip())})
        rest = rest[item.end() + 1 :]
    return found


def _combined(field: str | None) -> Announced:
    """`RateLimit: limit=10, remaining=5, reset=3` (draft 07)."""
    values = {}
    for pair in (field or "").split(","):
        found = _PAIR.fullmatch(pair)
        if found is None:
            return Announced()
        values[found[1]] = int(found[2])
    return Announced(values.get("limit"), values.get("remaining"), values.get("reset"))


def _plain(answer: Answer) -> Announced:
    """Three headers (drafts 00 to 06, and those that came before); `X-RateLimit-Limit: 10, 10;w=60` too."""
    for prefix in PREFIXES:
        limit, remaining, reset = (
            _number(answer.header(f"{prefix}{word}")) for word in ("limit", "remaining", "reset")
        )
        if limit is not None or remaining is not None or reset is not None:
            return Announced(
                None if limit is None else int(limit), None if remaining is None else int(remaining), _span(reset)
            )
    return Announced()


def _number(value: str | None) -> float | None:
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:,.*)?", value or "")
    return float(found[1]) if found else None


def _span(reset: float | None) -> float | None:
    """A reset in seconds from now; some servers write the point in time, in seconds or in milliseconds."""
    if reset is None or reset < EPOCH:
        return reset
    point = reset / 1000 if reset > EPOCH * 1000 else reset
    return max(0.0, point - time.time())
