"""Defects of the limits: none at all, and limits that hold nobody back, or the wrong people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market.base import Market, Operation
from pytest_launchready.demo.market.limits import Limit
from pytest_launchready.demo.market.problems import Problem

NEVER = 10.0**9
"""Seconds."""
CLAIM = 2
"""Seconds that a limit says it lasts."""


class _Keyed:
    """A limiter that counts under another key."""

    def __init__(self, inner: Any, key: Callable[[str], str]) -> None:
        self._inner = inner
        self._key = key

    def take(self, name: str, key: str) -> Callable[[], None]:
        """Counts one try under the other key."""
        given_back: Callable[[], None] = self._inner.take(name, self._key(key))
        return given_back


class OncePerRequest:
    """A limiter for one request, in which all tries by one key count as one."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._seen: set[tuple[str, str]] = set()

    def take(self, name: str, key: str) -> Callable[[], None]:
        """Counts the first try by a key."""
        if (name, key) in self._seen:
            return lambda: None
        self._seen.add((name, key))
        given_back: Callable[[], None] = self._inner.take(name, key)
        return given_back


class _None:
    """A limiter that lets everybody through."""

    def take(self, _name: str, _key: str) -> Callable[[], None]:
        """Counts nothing."""
        return lambda: None


def _with(market: Market, limiter: Any) -> Market:
    return replace(market, limiter=limiter)


async def _unlimited(proceed: Operation, market: Market, *args: Any) -> Any:
    return await proceed(_with(market, _None()), *args)


async def _by_address_too(proceed: Operation, market: Market, data: Any, *args: Any) -> Any:
    """The last argument is where the request seems to come from."""
    return await proceed(_with(market, _Keyed(market.limiter, lambda key: f"{key} at {args[-1]}")), data, *args)


async def _as_typed(proceed: Operation, market: Market, data: Any, *args: Any) -> Any:
    typed = str(data.get("email"))
    return await proceed(_with(market, _Keyed(market.limiter, lambda key: typed if "@" in key else key)), data, *args)


async def _one_for_all(proceed: Operation, market: Market, *args: Any) -> Any:
    return await proceed(_with(market, _Keyed(market.limiter, lambda _: "everybody")), *args)


async def _crash(proceed: Operation, market: Market, *args: Any) -> Any:
    try:
        return await proceed(market, *args)
    except Problem as problem:
        if problem.status == 429:
            raise RuntimeError("no page for this refusal") from problem
        raise


async def _for_good(proceed: Operation, market: Market, *args: Any) -> Any:
    limit = Limit(8, NEVER, claims=CLAIM)
    return await proceed(_with(market, market.limiter.changed(login_account=limit)), *args)


async def _right_guess(proceed: Operation, market: Market, *args: Any) -> Any:
    try:
        return await proceed(market, *args)
    except Problem as refusal:
        if refusal.status != 429:
            raise
        try:
            return await proceed(_with(market, _None()), *args)
        except Problem:
            raise refusal from None


DEFECTS = (
    Defect("login-unlimited", "Passwords can be guessed as often as anybody likes.", ("login",), _unlimited),
    Defect("reset-unlimited", "An address can be flooded with reset mails.", ("request_reset",), _unlimited),
    Defect("invite-unlimited", "Invites can be sent by the thousand.", ("create_invite",), _unlimited),
    Defect("limit-forwarded", "A forged X-Forwarded-For starts a new count of log-ins.", ("login",), _by_address_too),
    Defect(
        "limit-by-url", "Each spelling of the address has a count of log-ins of its own.", ("login",), _by_address_too
    ),
    Defect("limit-as-typed", "Each spelling of an e-mail address has a count of its own.", ("login",), _as_typed),
    Defect("limit-crashes", "Too many log-ins end in an internal error.", ("login",), _crash),
    Defect("limit-for-good", "An account that was limited stays so, whatever its refusal says.", ("login",), _for_good),
    Defect("limit-for-all", "One person's failed log-ins keep everybody out.", ("login",), _one_for_all),
    Defect("limit-right-guess", "A limited account is still opened by a right guess.", ("login",), _right_guess),
    Defect("limit-by-request", "Many tries in one GraphQL document count as one."),
)
