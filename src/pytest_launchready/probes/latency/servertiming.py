"""What a server says of its own time: the header `Server-Timing` (W3C Server Timing)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_launchready.core.answer import Answer

_METRIC = re.compile(r"""([!#$%&'*+.^_`|~\w-]+)((?:\s*;\s*[\w-]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^;,"]*))?)*)""")
_PARAMETER = re.compile(r"""([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"]*))""")
_QUERIES = re.compile(r"(\d+)\s*(?:quer|sql|statement|db call)|(?:quer|sql|statement)\w*\D{0,3}(\d+)", re.IGNORECASE)
_COUNTED = re.compile(r"quer(?:y|ies)|sql|statements?|db[-_]?(?:count|calls|queries)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the header."""

    name: str
    milliseconds: float | None
    description: str
    count: int | None = None
    """A parameter `count`, which some frameworks add."""


def metrics(answer: Answer | None) -> tuple[Metric, ...]:
    """The entries of every such header, in order; what is malformed is left out."""
    if answer is None:
        return ()
    text = ", ".join(value for name, value in answer.headers if name.lower() == "server-timing")
    return tuple(_metric(found[1], found[2]) for found in _METRIC.finditer(text)) if text else ()


def queries(answer: Answer | None) -> int | None:
    """How many database queries the server says it made, if it does, as in `db;dur=3;desc="14 queries"`."""
    for metric in metrics(answer):
        if metric.count is not None and (_COUNTED.search(metric.name) or metric.name.lower() in {"db", "database"}):
            return metric.count
        found = _QUERIES.search(metric.description)
        if found:
            return int(found[1] or found[2])
        if _COUNTED.fullmatch(metric.name) and metric.description.strip().isdigit():
            return int(metric.description)
    return None


def told(answer: Answer | None) -> str:
    """What it says, in a few words; empty where it says nothing."""
    parts = []
    for metric in metrics(answer):
        words = [metric.name]
        if metric.milliseconds is not None:
            words.append(f"{metric.milliseconds:.4g} ms")
        if metric.description:
            words.append(f"({metric.description})")
        parts.append(" ".join(words))
    return ", ".join(parts)


def _metric(name: str, rest: str) -> Metric:
    values = {found[1].lower(): (found[2] or found[3] or "").strip() for found in _PARAMETER.finditer(rest)}
    count = values.get("count", "")
    return Metric(name, _number(values.get("dur")), values.get("desc", ""), int(count) if count.isdigit() else None)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
