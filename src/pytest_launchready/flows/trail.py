"""What a run was answered, one of each kind: for whoever judges answers that others have asked for."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

from pytest_launchready.core.exchange import Exchange

MOST = 600
"""Exchanges that are kept."""
OF_A_KIND = 2
"""Exchanges that are kept of one kind: the first may be of an empty list."""
LARGEST = 262_144
"""Characters of an answer; of longer ones nothing is kept."""
_ID = re.compile(r"(?<![A-Za-z])(?=[\w-]*\d)[\w-]+")


class Trail:
    """Keeps exchanges as they happen: of each actor, step, route and status the first two."""

    def __init__(self) -> None:
        self._kept: list[Exchange] = []
        self._kinds: Counter[tuple[object, ...]] = Counter()

    def add(self, exchange: Exchange) -> None:
        """Keeps an exchange that has an answer and is of a new kind."""
        answer = exchange.answer
        if answer is None or len(self._kept) >= MOST or len(answer.text) > LARGEST:
            return
        kind = (exchange.actor, exchange.step, exchange.method, route_of(exchange), answer.status)
        if self._kinds[kind] < OF_A_KIND:
            self._kinds[kind] += 1
            self._kept.append(exchange)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Those that are kept, in order."""
        return tuple(self._kept)


def route_of(exchange: Exchange) -> str:
    """The path of a request, less what looks like an id."""
    return _ID.sub("#", urlsplit(exchange.url).path)
