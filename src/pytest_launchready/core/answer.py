"""What a server answered, as plain data that captures and conditions read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

from pytest_launchready.core import documents


@dataclass(frozen=True)
class Answer:
    """One answer: status, header pairs in order, and the decoded body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str
    broken: str | None = None
    """What is wrong with the bytes of the body, if anything; `text` is then what could be read of them."""

    def __repr__(self) -> str:
        # Headers and body hold credentials.
        return f"<Answer {self.reason}, {len(self.text)} characters>"

    @property
    def json(self) -> Any:
        """The body as JSON, or None where it is not JSON that can be relied on."""
        return self._document[0]

    @property
    def flaw(self) -> str | None:
        """Why a body is not JSON ("HTML, not JSON", "JSON nested deeper than 100 levels" …); None for an empty one."""
        return self._document[1]

    @cached_property
    def _document(self) -> tuple[Any, str | None]:
        if self.broken is not None:
            return None, self.broken
        if not self.text or self.text.isspace():
            return None, None
        try:
            return documents.read(self.text), None
        except documents.Flaw as flaw:
            return None, str(flaw)

    @property
    def reason(self) -> str:
        """Status and phrase, as in "404 Not Found"."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)

    def header(self, name: str) -> str | None:
        """The last value of a header, whatever its case, or None."""
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), None)

    def cookie(self, name: str) -> str | None:
        """The value that the answer sets for a cookie, or None."""
        # http.cookies drops a whole header over one unknown attribute (Partitioned, on Python 3.11): split by hand.
        for key, value in reversed(self.headers):
            if key.lower() == "set-cookie":
                found, _, content = value.partition(";")[0].partition("=")
                if found.strip() == name:
                    return content.strip().strip('"')
        return None
