"""The exchanges of a run in sum: how many by step, what was answered, how long it took."""

from __future__ import annotations

from typing import Any

from pytest_launchready.core.exchange import Exchange


class Tally:
    """Counts exchanges as they happen; `facts` is plain data that travels between workers."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, Any]] = {}

    def add(self, exchange: Exchange) -> None:
        """Counts one exchange, under its step, or as a raw request."""
        step = self._steps.setdefault(
            exchange.step or "raw request", {"sent": 0, "unanswered": 0, "seconds": 0.0, "slowest": 0.0, "statuses": {}}
        )
        step["sent"] += 1
        step["seconds"] += exchange.seconds
        step["slowest"] = max(step["slowest"], exchange.seconds)
        if exchange.answer is None:
            step["unanswered"] += 1
        else:
            status = str(exchange.answer.status)
            step["statuses"][status] = step["statuses"].get(status, 0) + 1

    def facts(self) -> dict[str, dict[str, Any]]:
        """The sums by step."""
        return {name: {**step, "statuses": dict(step["statuses"])} for name, step in self._steps.items()}


def merged(tallies: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The sums of several processes as one, steps in order of their names."""
    found: dict[str, dict[str, Any]] = {}
    for tally in tallies:
        for name, step in tally.items():
            if name not in found:
                found[name] = {**step, "statuses": dict(step["statuses"])}
                continue
            sum_ = found[name]
            for key in ("sent", "unanswered", "seconds"):
                sum_[key] += step[key]
            sum_["slowest"] = max(sum_["slowest"], step["slowest"])
            for status, count in step["statuses"].items():
                sum_["statuses"][status] = sum_["statuses"].get(status, 0) + count
    for step in found.values():
        step |= {"seconds": round(step["seconds"], 4), "slowest": round(step["slowest"], 4)}
        step["statuses"] = dict(sorted(step["statuses"].items()))
    return dict(sorted(found.items()))
