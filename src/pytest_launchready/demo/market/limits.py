"""How often something may be tried: sliding windows, kept in memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_launchready.demo.market.problems import Problem

MOST_KEYS = 10_000
"""Windows kept at most before empty ones are dropped, so that made-up addresses cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in so many seconds."""

    tries: int
    seconds: float
    claims: int | None = None
    """What a refusal says to wait, if that is not the truth."""


# Per account a limit stops guessing; per address it must let a whole suite through, which runs from one address.
LIMITS = {
    "signup.address": Limit(600, 60),
    "login.account": Limit(8, 6),  # short, so that an audit need not wait long for it to end
    "login.address": Limit(200, 60),
    "reset.account": Limit(5, 60),
    "reset.address": Limit(100, 60),
    "reset_confirm.address": Limit(30, 60),
    "otp.account": Limit(5, 30),
    "invite.account": Limit(10, 60),
}


class Limiter:
    """Counts tries by name and key."""

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, Limit] | None = None) -> None:
        self._clock = clock
        self._tries: dict[tuple[str, str], deque[float]] = {}
        self._limits = LIMITS if limits is None else limits

    def changed(self, **limits: Limit) -> Limiter:
        """A limiter on the same counts, with other limits by name ("login_account")."""
        named = {name.replace("_", ".", 1): limit for name, limit in limits.items()}
        other = Limiter(self._clock, {**self._limits, **named})
        other._tries = self._tries
        return other

    def take(self, name: str, key: str) -> Callable[[], None]:
        """Counts one try, and gives a function that takes it back; raises Problem 429 where there were too many.

        A try counts before its outcome is known: a burst in parallel must not slip through.
        """
        limit, now = self._limits[name], self._clock()
        tries = self._tries.setdefault((name, key), deque())
        while tries and tries[0] <= now - limit.seconds:
            tries.popleft()
        if len(tries) >= limit.tries:
            wait = limit.claims or max(1, math.ceil(tries[0] + limit.seconds - now))
            raise Problem(429, "rate_limited", f"Too many tries. Try again in {wait} s.", retry_after=wait)
        tries.append(now)
        if len(self._tries) > MOST_KEYS:
            self._drop_old(now)

        def give_back() -> None:
            if now in tries:
                tries.remove(now)

        return give_back

    def _drop_old(self, now: float) -> None:
        self._tries = {
            (name, key): tries
            for (name, key), tries in self._tries.items()
            if tries and tries[-1] > now - self._limits[name].seconds
        }
