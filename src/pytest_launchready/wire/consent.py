"""Who may write: on production only what the map names, raw writes only for a stated reason, never when read-only.

The guard stands in the transport, so a team's raw requests obey it too. What a call is about to do travels with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx

from pytest_launchready.core.errors import Inconclusive

if TYPE_CHECKING:
    from pytest_launchready.core.exchange import Exchange

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110, section 9.2.1."""
OVERRIDES = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""Headers by which common frameworks let a POST or GET stand for another method."""


class WriteRefused(Inconclusive):
    """A write that nobody has consented to; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a call is about to do."""

    step: str
    consents: frozenset[str]
    """Names by which the map may allow it: the step, the step that it undoes, `resource.verb`."""
    safe: bool | None = None
    """What the map says of the request; None leaves it to the request itself."""
    session: bool = False
    """Log-in, log-out and token refresh: always allowed."""


INTENT: ContextVar[Intent | None] = ContextVar("launchready_intent", default=None)
REASON: ContextVar[str | None] = ContextVar("launchready_reason", default=None)


@contextmanager
def intending(intent: Intent) -> Iterator[None]:
    """Says what the requests inside are about to do."""
    token = INTENT.set(intent)
    try:
        yield
    finally:
        INTENT.reset(token)


@contextmanager
def allow_writes(reason: str) -> Iterator[None]:
    """Allows raw writes inside, also on production; the report records the reason. Raises ValueError without one."""
    if not reason.strip():
        raise ValueError('allow_writes() wants a reason that the report can show, as in allow_writes("clear my cart")')
    token = REASON.set(reason)
    try:
        yield
    finally:
        REASON.reset(token)


class Consent:
    """The policy that lets writes pass or refuses them."""

    def __init__(
        self, *, target: str, production: bool, writes: frozenset[str], read_only: bool, graphql: str | None
    ) -> None:
        self._target = target
        self._production = production
        self._writes = writes
        self._read_only = read_only
        self._graphql = graphql
        self.reasons: dict[str, int] = {}
        """Reasons given for raw writes → how many were sent."""

    async def before(self, request: httpx.Request) -> None:
        """Raises WriteRefused for a write that is not consented to."""
        if not (self._production or self._read_only):
            return
        intent = INTENT.get()
        if (intent is not None and intent.session) or not self._writes_something(request, intent):
            return
        what = f"step {intent.step}" if intent else f"the raw {request.method} {request.url.path}"
        if self._read_only:
            raise WriteRefused(f"{what} would write, and this run is --launchready-read-only: nothing was sent")
        if intent is not None:
            if not self._consented(intent):
                raise WriteRefused(
                    f"{what} would write on the production target {self._target}, and targets.{self._target}.writes "
                    f'does not name it: nothing was sent. To allow it, add "{intent.step}" there'
                )
            return
        reason = REASON.get()
        if reason is None:
            raise WriteRefused(
                f"{what} would write on the production target {self._target}: nothing was sent. "
                'To allow it, send it inside `with target.allow_writes("reason"):`'
            )
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def after(self, exchange: Exchange) -> None:
        """Needs to know nothing of what came of it."""

    def over(self, request: httpx.Request) -> None:
        """Holds nothing for the length of a request."""

    def _consented(self, intent: Intent) -> bool:
        return any(fnmatchcase(name, allowed) for name in intent.consents for allowed in self._writes)

    def _writes_something(self, request: httpx.Request, intent: Intent | None) -> bool:
        # Read raw: a look-up in httpx's headers takes 5 to 10 µs, and this is asked for every request.
        for name, value in request.headers.raw:
            if name.lower() in OVERRIDES and value.decode("ascii", "replace").strip().upper() not in SAFE_METHODS:
                return True
        if intent is not None and intent.safe is not None:
            return not intent.safe
        at_graphql = self._graphql is not None and request.url.path == self._graphql
        if request.method in SAFE_METHODS:
            return writes_by_query(request.url, strict=at_graphql)
        return not (request.method == "POST" and at_graphql and reads_only(request.content))


def writes_by_query(url: httpx.URL, *, strict: bool) -> bool:
    """Whether a GET carries a GraphQL operation that writes; at a GraphQL endpoint also one that cannot be read."""
    values = parse_qsl(url.query.decode("ascii", "replace"), keep_blank_values=True)
    if strict and values and not any(name == "query" for name, _ in values):
        return True  # a persisted operation, of which only the server knows what it does
    kinds = [operations(value) for name, value in values if name == "query"]
    return any((kind is None and strict) or (kind is not None and kind != {"query"}) for kind in kinds)


def reads_only(body: bytes) -> bool:
    """Whether a GraphQL request, or every one of a batch, is made of queries; one that cannot be read is not."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    batch: list[Any] = document if isinstance(document, list) else [document]
    texts = [entry.get("query") if isinstance(entry, dict) else None for entry in batch]
    return bool(texts) and all(isinstance(text, str) and operations(text) == {"query"} for text in texts)


def operations(text: str) -> set[str] | None:
    """The kinds of operation in a GraphQL document, or None if it is none."""
    from graphql import GraphQLError, OperationDefinitionNode, parse

    try:
        document = parse(text, no_location=True)
    except (GraphQLError, RecursionError):
        return None
    kinds = {node.operation.value for node in document.definitions if isinstance(node, OperationDefinitionNode)}
    return kinds or None
