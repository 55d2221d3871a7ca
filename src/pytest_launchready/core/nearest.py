"""The nearest match to a word that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that looks most like the given one, or None where none is near."""
    import difflib

    found = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A sentence that names the nearest match, with a leading space, or nothing."""
    found = nearest(word, allowed)
    return f" Did you mean {found!r}?" if found else ""
