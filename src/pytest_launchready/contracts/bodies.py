"""The body of an answer as contracts read it."""

from __future__ import annotations

from typing import Any, Final

from pytest_launchready.core import documents
from pytest_launchready.core.answer import Answer

MOST_VALUES: Final = 1_000_000
"""Values of a body that is judged: ten thousand rows of a hundred fields. They take 112 MB of memory at most."""


def body_of(answer: Answer) -> tuple[Any, str | None]:
    """The body as JSON, or None and what is wrong with it; larger ones than steps read."""
    flaw = answer.flaw
    if flaw is None or answer.broken is not None or not flaw.startswith("JSON of more than"):
        return answer.json, flaw
    try:
        return documents.read(answer.text, most=MOST_VALUES), None
    except documents.Flaw as larger:
        return None, str(larger)
