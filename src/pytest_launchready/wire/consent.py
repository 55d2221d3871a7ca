"""Who may write: on production only what the map names, raw writes only for a stated reason, never when read-only.

The guard stands in the transport, so a team's raw requests obey it too. What a call is about to do travels with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import httpx

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.wire.operations import SAFE_METHODS, overrides, writes

if TYPE_CHECKING:
    from pytest_launchready.core.exchange import Exchange


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
        if overrides(request):
            return True
        if intent is None or intent.safe is None:
            return writes(request, self._graphql)
        # That a GET is safe may be no more than what its method says: what it carries is looked at all the same.
        return not intent.safe or (request.method in SAFE_METHODS and writes(request, None))
