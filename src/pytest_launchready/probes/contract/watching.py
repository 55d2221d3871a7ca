"""Every answer of a run against what is promised (`[contract] mode = "all"`): what differs, each kind once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_launchready.contracts.deviations import Deviation
from pytest_launchready.core.errors import LaunchreadyError, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import curl, shorten
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows.trail import route_of
from pytest_launchready.probes.contract.promises import Judges, judges
from pytest_launchready.probes.contract.sources import Unobtainable
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.origins import origin_of

MOST: Final = 200
"""Kinds of deviations that are kept."""


@dataclass(slots=True)
class Seen:
    """One kind of deviation, as it was first seen."""

    exchange: Exchange
    deviation: Deviation
    judged: bool
    """Whether it is a failure."""
    count: int = 1


@dataclass
class Watcher:
    """Judges each exchange as it ends, and remembers what differs."""

    context: Context
    judges: Judges
    _seen: dict[tuple[str, ...], Seen] = field(default_factory=dict)
    _lost: int = 0

    def __post_init__(self) -> None:
        mapped = self.context.marketplace.map
        self._strict = mapped.contract.unknown == "fail"
        self._origin = origin_of(mapped.target.api)
        self._places: dict[str, bool] = {}
        self._steps = mapped.steps.keys()
        where = mapped.contract.openapi or ""
        self._own = urlsplit(where).path if where.startswith(("/", "http")) else None

    def saw(self, exchange: Exchange) -> None:
        """Judges an exchange of the target's API; a description itself is not judged by itself."""
        answer = exchange.answer
        parts = urlsplit(exchange.url)
        if answer is None or parts.path == self._own or not self._ours(f"{parts.scheme}://{parts.netloc}"):
            return
        try:
            found = self.judges.judge(exchange)
        except UseError as error:
            found = [
                Deviation(
                    "document",
                    f"{exchange.method} {route_of(exchange)}",
                    "a description by which answers can be judged",
                    str(error),
                )
            ]
        for deviation in found:
            judged = self._judged(exchange, deviation)
            if judged is not None:
                self._note(exchange, deviation, judged=judged)

    def findings(self, secrets: Secrets) -> list[dict[str, Any]]:
        """What differs as plain data without secrets, failures first."""
        found = sorted(self._seen.values(), key=lambda one: (not one.judged, one.exchange.method, one.exchange.path))
        told = [_told(one, secrets) for one in found]
        if self._lost:
            told.append({"rule": "more", "about": f"{self._lost} further kinds were not kept", "failed": False})
        return told

    def _ours(self, place: str) -> bool:
        if place not in self._places:
            self._places[place] = origin_of(place) == self._origin
        return self._places[place]

    def _judged(self, exchange: Exchange, deviation: Deviation) -> bool | None:
        """True for a failure, False for a note, None for what is no answer of the API."""
        if deviation.rule == "unknown field":
            return self._strict
        if deviation.rule == "undocumented operation":
            if exchange.answer is None or exchange.answer.json is None:
                return None
            return exchange.step in self._steps
        return True

    def _note(self, exchange: Exchange, deviation: Deviation, *, judged: bool) -> None:
        about = deviation.about if deviation.rule != "undocumented operation" else ""
        key = (exchange.method, route_of(exchange), exchange.step or "", deviation.rule, _kind(about))
        if key in self._seen:
            self._seen[key].count += 1
        elif len(self._seen) < MOST:
            self._seen[key] = Seen(exchange, deviation, judged)
        else:
            self._lost += 1


async def watcher(context: Context) -> Watcher | dict[str, Any]:
    """What judges every exchange from now on, or the finding that a description cannot be had."""
    try:
        return Watcher(context, await judges(context))
    except (Unobtainable, LaunchreadyError) as error:
        return {
            "rule": "document",
            "about": context.marketplace.secrets.mask(str(error).removeprefix("not covered: ")),
            "expected": "a description by which answers can be judged",
            "got": "none",
            "failed": True,
            "count": 1,
        }


def merged(traces: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The findings of all processes of a run, each kind once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for trace in traces:
        for one in trace.get("contract", ()):
            key = tuple(one.get(name) for name in ("rule", "route", "step", "about"))
            if key in found:
                found[key]["count"] = found[key].get("count", 1) + one.get("count", 1)
            else:
                found[key] = dict(one)
    return list(found.values())


def line_of(finding: Mapping[str, Any]) -> str:
    """A finding in a line."""
    where = f"{finding['request']}: " if finding.get("request") else ""
    said = f"{where}{finding['rule']}: {finding['about']}"
    if finding.get("expected"):
        said += f": expected {finding['expected']}, got {finding['got']}"
    return said if finding.get("count", 1) == 1 else f"{said} ({finding['count']} times)"


def _told(one: Seen, secrets: Secrets) -> dict[str, Any]:
    exchange, deviation = one.exchange, one.deviation
    texts = {
        "rule": deviation.rule,
        "about": deviation.about,
        "expected": shorten(deviation.expected),
        "got": shorten(deviation.got),
        "route": f"{exchange.method} {route_of(exchange)}",
        "request": exchange.line,
    }
    masked = {name: secrets.mask(text) for name, text in texts.items()}
    also = [secrets.mask(shorten(line)) for line in deviation.also]
    return masked | {
        "also": also,
        "step": exchange.step,
        "again": curl(exchange, secrets),
        "failed": one.judged,
        "count": one.count,
    }


def _kind(about: str) -> str:
    """What a deviation is about, less places in lists."""
    return "".join(letter for letter in about if not letter.isdigit()) if "[" in about else about
