"""What answers say of themselves: whether they worked, and whether the application crashed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange

_CODES: Final = frozenset({"INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "INTERNAL"})
"""Codes by which GraphQL servers say in a 200 what HTTP says with a 500."""
_MESSAGE: Final = re.compile(
    r"internal (?:server )?error|unexpected error|something went wrong|cannot read propert|is not a function|"
    r"undefined|nonetype|typeerror|valueerror|nullpointer|null reference|sql|syntax error|"
    r"database|prisma|sequelize|mongo|unhandled",
    re.IGNORECASE,
)
"""What such an error says where nobody has thought of it; by default a refusal in words has the same code."""


def worked(exchange: Exchange) -> bool:
    """Whether an answer gives what was asked for: a 2xx, and no GraphQL errors."""
    answer = exchange.answer
    return answer is not None and 200 <= answer.status < 300 and not graphql_errors(answer)


def crashed(answer: Answer) -> bool:
    """Whether the application failed: a status of 500 and above, or GraphQL's way of saying so."""
    return answer.status >= 500 or any(
        _code(error) in _CODES and _MESSAGE.search(str(error.get("message", "internal error")))
        for error in graphql_errors(answer)
    )


def graphql_errors(answer: Answer) -> list[Any]:
    """The errors of a GraphQL answer; none of any other."""
    document = answer.json
    errors = document.get("errors") if isinstance(document, Mapping) else None
    return errors if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else []


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, Mapping) else None
    return str(extensions.get("code", "")).upper() if isinstance(extensions, Mapping) else ""
