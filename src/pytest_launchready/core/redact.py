"""The only place that knows what is secret."""

from __future__ import annotations

from urllib.parse import quote

SHORTEST = 6
"""Shorter values are not masked: they would hide ordinary words."""


class Secrets:
    """The secret values of one run, and what to show instead of each."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def add(self, value: object, label: str) -> None:
        """Masks a value from now on; shown as `$LABEL` where a command needs it, else as `***`."""
        if isinstance(value, str) and len(value) >= SHORTEST:
            self._labels.setdefault(value, label)
            self._labels.setdefault(quote(value, safe=""), label)

    def mask(self, text: str) -> str:
        """The text with every known secret replaced by `***`."""
        for value in self._longest_first():
            text = text.replace(value, "***")
        return text

    def name(self, text: str) -> str:
        """The text with every known secret replaced by the shell variable `$LABEL`."""
        for value in self._longest_first():
            text = text.replace(value, f"${self._labels[value]}")
        return text

    def _longest_first(self) -> list[str]:
        return sorted(self._labels, key=len, reverse=True)
