"""What every operation of the marketplace works with, and the seam at which named defects act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from pytest_launchready.demo.market.limits import Limiter
from pytest_launchready.demo.market.mail import MailFolder
from pytest_launchready.demo.market.store import Store

P = ParamSpec("P")
T = TypeVar("T")
Operation = Callable[..., Awaitable[Any]]
Fault = Callable[..., Awaitable[Any]]
"""Runs in place of an operation: called with the operation, the market and the operation's arguments."""
Data = Mapping[str, object]
View = dict[str, object]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in."""

    id: str
    email: str
    name: str
    role: str
    session: str
    csrf: str

    @property
    def is_admin(self) -> bool:
        """Whether this person may do what only the admin may."""
        return self.role == "admin"


@dataclass(frozen=True, slots=True)
class Market:
    """A running marketplace."""

    store: Store
    mail: MailFolder
    limiter: Limiter
    clock: Callable[[], float]
    """Seconds since 1970."""
    build: str
    session_seconds: float
    faults: Mapping[str, tuple[Fault, ...]]
    """Defects that are switched on, by the operation that they change."""
    defects: frozenset[str] = frozenset()
    """Their names."""

    def broken(self, defect: str) -> bool:
        """Whether a defect is switched on."""
        return defect in self.defects


def operation(
    function: Callable[Concatenate[Market, P], Awaitable[T]],
) -> Callable[Concatenate[Market, P], Awaitable[T]]:
    """Makes a function an operation: all three dialects call it, and a defect can take its place by name."""

    @wraps(function)
    def call(market: Market, /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        proceed: Callable[..., Awaitable[T]] = function
        for fault in market.faults.get(function.__name__, ()):
            proceed = _around(fault, proceed)
        return proceed(market, *args, **kwargs)

    return call


def _around(fault: Fault, proceed: Operation) -> Operation:
    def call(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        return fault(proceed, *args, **kwargs)

    return call


def when(seconds: float) -> str:
    """A time as ISO 8601 text in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(cents: int) -> str:
    """An amount as decimal text."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
