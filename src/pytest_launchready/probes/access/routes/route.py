"""One request that reads, and what is known of it before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_launchready.mapping.records import Request
from pytest_launchready.probes.access.routes.route_words import ADMIN, PERHAPS_ADMIN, says

Rank = Literal["", "perhaps", "declared"]
_FOR_ADMIN = re.compile(
    r"\b(?:for|only|as|be|requires?|needs?|role|sol[oa]|nur|für|rol|réservé aux|apenas) "
    r"(?:the |an? |role |los |para )?"
    r"(?:super)?admin|"
    r"\badmin(?:istrator)?s?(?: role|-| )(?:only|required|access|permission|privilege)|\badmins? only",
    re.IGNORECASE,
)
"""What says of an operation that nobody but the admin may do it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One request that reads."""

    name: str
    """A step, "order.read", "GET /orders/{id}", "query orders"."""
    request: Request
    scope: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kind: str | None = None
    """The kind of private object that it is about."""
    secured: Rank = ""
    """Whether the document demands credentials: of this operation, or perhaps, since of all."""
    open: bool = False
    """Whether it is for everybody, as the map says or its name tells."""
    own: bool = False
    """Whether everybody has such a thing, guests too."""
    admin: Rank = ""
    """Whether it is the admin's: as the map, its path, tags or scopes say, or perhaps, as its description does."""
    why_admin: str = ""
    actor: str = "buyer"
    """Whose answer is the control."""
    ours: bool = True
    """Whether all that it names is the run's own; else no person is sent there."""


@dataclass(frozen=True, slots=True)
class Untried:
    """What could not be asked, and why."""

    name: str
    why: str


def admin_by(names: Iterable[str], marks: Iterable[str], texts: Iterable[str]) -> tuple[Rank, str]:
    """Whether words say that something is the admin's: of its name, of its marks, or of what describes it."""
    names, marks, texts = tuple(names), tuple(marks), tuple(texts)
    if word := says((*names, *marks), ADMIN):
        return "declared", f"it says {word}"
    if found := next((found for text in texts if (found := _FOR_ADMIN.search(text))), None):
        return "declared", f"it says {found[0]!r}"
    if word := says(texts, ADMIN) or says((*names, *marks), PERHAPS_ADMIN):
        return "perhaps", f"it says {word}"
    return "", ""


def written_path(request: Request) -> str:
    """The target as the map writes it, without its query, and with something in the place of each value."""
    return re.sub(r"\{\{.*?\}\}", "1", str(request.target.source)).partition("?")[0]


def written(request: Request) -> tuple[str, ...]:
    """What tells one request from another, as the map or a description writes it."""
    body = request.body.content.source if request.body is not None else None
    if isinstance(body, Mapping) and "query" in body:
        body = {**body, "query": str(body["query"])}
    query = request.query.source if request.query is not None else None
    return request.method, str(request.target.source), str(query), str(body)
