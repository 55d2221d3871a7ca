"""Words that depend on a number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number with its noun, as in "1 order" and "2 orders"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
