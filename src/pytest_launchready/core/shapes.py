"""What keys of well-known services look like: masked wherever they show up, though nobody has registered them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SHAPES = {
    "payment": r"\b(?:[sr]k_(?:live|test)_[0-9A-Za-z]{8,}|whsec_[0-9A-Za-z+/]{16,}|sq0[a-z]{3}-[\w-]{22,})",
    "cloud": r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[\w-]{35}|ya29\.[\w-]{20,})",
    "jwt": r"\beyJ[\w-]{14,}(?:\.[\w-]*){0,4}",
    "private_key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*)",
    "code_host": r"\b(?:gh[pousr]_[0-9A-Za-z]{20,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[0-9A-Za-z]{36})",
    "chat": r"\b(?:xox[a-z]-[0-9A-Za-z-]{10,}|xapp-[0-9A-Za-z-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]{20,})",
    "mail": r"\b(?:SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}\b)",
    "shop": r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}",
    "model": r"\bsk-[\w-]{20,}",
    "header": r"(?<=[Bb]earer )(?=[^\s'\"]*\d)[\w.~+/=-]{16,}|(?<=[Bb]asic )(?=[^\s'\"]*[\d=])[\w+/=-]{12,}",
    "user_info": r"(?<=://)[^/\s:@'\"]+:[^/\s@'\"]+(?=@)",
}
_ANY = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in _SHAPES.items()))
_MARKS = (
    *(
        "k_live_",
        "k_test_",
        "whsec_",
        "sq0",
        "AKIA",
        "ASIA",
        "AIza",
        "ya29.",
        "eyJ",
        "PRIVATE KEY-----",
        "gh",
        "glpat-",
    ),
    *("npm_", "xox", "xapp-", "hooks.slack.com", "SG.", "key-", "shp", "sk-", "earer ", "asic ", "@"),
)
"""One of these is in every text that a shape matches; looking for them costs a tenth of the expression."""


def shaped(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a text has something shaped like a key: start, end, and a name to show for it."""
    if any(mark in text for mark in _MARKS):
        for found in _ANY.finditer(text):
            yield found.start(), found.end(), f"{found.lastgroup}_key".upper()
