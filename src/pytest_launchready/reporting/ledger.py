"""The ledger: what a run found, as versioned plain data that every report is drawn from.

The same with and without xdist: tests are in order of their ids, whoever ran them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_launchready.flows.tally import merged
from pytest_launchready.flows.timings import summed
from pytest_launchready.probes.contract.watching import merged as findings
from pytest_launchready.reporting.outcomes import verdict_of

SCHEMA = 1
"""Raised by one whenever a key changes its meaning or goes away; new keys do not count."""
FOUND = pytest.StashKey[dict[str, Any]]()
"""What a check says of itself and has found, kept with its item until its report takes it along."""
NOTES = pytest.StashKey[list[str]]()
"""What an assertion wants known though it decides nothing, kept with the test until its report takes it along."""
FACTS = "launchready"
"""The attribute by which a report carries facts for the ledger, also between workers."""
FRESH = {"verdict": "passed", "code": None, "reason": None}
"""What is known of a test before any of its phases has ended."""
RANK = ("passed", "skipped", "not covered", "expected failure", "unexpected pass", "inconclusive", "failed")
"""Verdicts of a test, the worst last: the worst phase decides."""
WORKER = re.compile(r"\[gw\d+\] \w+ -- Python ")
"""The line that a worker of xdist puts above a failure that is told as text."""


class Ledger:
    """Collects what the reports of one session say."""

    def __init__(self) -> None:
        self._tests: dict[str, dict[str, Any]] = {}
        self._errors: list[dict[str, str]] = []

    def note(self, report: pytest.TestReport) -> None:
        """Takes a phase of a test to account; of tests that are run again, the last try."""
        test = self._tests.setdefault(
            report.nodeid,
            {"id": report.nodeid, **FRESH, "impact": None, "seconds": 0.0, "reruns": 0},
        )
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # pytest-rerunfailures adds it
            test.update(FRESH, reruns=test["reruns"] + 1)
            return
        facts: Mapping[str, Any] = getattr(report, FACTS, {})
        test["seconds"] = round(test["seconds"] + report.duration, 4)
        test["impact"] = facts.get("impact", test["impact"])
        if "check" in facts:
            test["check"] = {**test.get("check", {}), **facts["check"]}
        if "notes" in facts:
            test["notes"] = [*test.get("notes", ()), *facts["notes"]]
        verdict, reason = judge(report)
        if RANK.index(verdict) > RANK.index(test["verdict"]):
            test.update(verdict=verdict, code=facts.get("code"), reason=reason)

    def note_collection(self, report: pytest.CollectReport) -> None:
        """Takes a file that could not be collected to account."""
        if report.failed:
            self._errors.append({"id": report.nodeid, "reason": _first_line(report.longreprtext)})

    def document(self, facts: Mapping[str, Any], traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The whole ledger; `facts` are what the session knows, `traces` the workers' own accounts."""
        tests = [self._tests[name] for name in sorted(self._tests)]
        plain = [{key: value for key, value in test.items() if key != "check"} for test in tests]
        return {
            "schema": SCHEMA,
            **facts,
            "counts": {verdict: count for verdict in RANK if (count := _count(tests, verdict))},
            "people": [dict(person) for trace in traces for person in trace.get("people", ())],
            "exchanges": {
                "sent": sum(trace.get("sent", 0) for trace in traces),
                "steps": merged([trace["exchanges"] for trace in traces if "exchanges" in trace]),
            },
            "latency": summed([trace["latency"] for trace in traces if "latency" in trace]),
            "contract": findings(traces),
            "checks": [_check(test) for test in tests if "check" in test],
            "tests": [test for test in plain if "check" not in self._tests[test["id"]]],
            "collection_errors": sorted(self._errors, key=lambda error: error["id"]),
            "not_covered": [_absent(test) for test in tests if test["verdict"] == "not covered"],
            "undo": {
                "undone": sum(trace.get("undone", 0) for trace in traces),
                "left_behind": _things(traces, "left"),
                "not_undone": _things(traces, "failed"),
                "doubtful": _things(traces, "doubtful"),
            },
            "allowed_writes": dict(sum((Counter(trace.get("reasons", {})) for trace in traces), Counter())),
            "waits": _waits(traces),
            "stopped": _stopped(traces),
        }


def judge(report: pytest.TestReport) -> tuple[str, str | None]:
    """The verdict of one phase, and its reason."""
    found = verdict_of(report)
    if found is not None:
        return found
    if hasattr(report, "wasxfail"):
        reason = str(report.wasxfail).removeprefix("reason: ") or None
        return ("expected failure" if report.skipped else "unexpected pass"), reason
    if report.passed:
        return "passed", None
    if report.skipped:
        said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        return "skipped", str(said).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return "failed", _first_line(crash.message if crash is not None else report.longreprtext)


def write(path: Path, document: Mapping[str, Any], mask: Callable[[str], str]) -> None:
    """Writes the ledger, masked, so that a reader sees the whole of it or the one before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(json.dumps(masked(document, mask), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """The value as plain data, every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): masked(inner, mask) for key, inner in value.items()}
    if isinstance(value, Iterable):
        return [masked(inner, mask) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))


def _check(test: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a check: what it says of itself, what it found, what became of its test."""
    same = {key: test[key] for key in ("verdict", "reason", "impact", "seconds", "reruns")}
    same["code"] = test["check"].get("code") or test["code"]  # a check may be cut short: by the budget, by a limiter
    return {key: value for key, value in {**test["check"], **same}.items() if key != "outcome"} | {"test": test["id"]}


def _absent(test: Mapping[str, Any]) -> dict[str, str | None]:
    return {"id": test["id"], "reason": test["reason"]}


def _things(traces: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, str]]:
    names = ("kind", "id", "reason")
    return [dict(zip(names, map(str, thing), strict=False)) for trace in traces for thing in trace.get(key, ())]


def _waits(traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for trace in traces:
        for name, value in (trace.get("waits") or {}).items():
            found[name] = round(found.get(name, 0) + value, 4) if isinstance(value, int | float) else value
    return found


def _stopped(traces: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Why the run stopped sending, each reason once, and how many requests were not sent for it."""
    refused: Counter[str] = Counter()
    for trace in traces:
        refused.update(trace.get("stopped", {}))
    return [{"reason": why, "not_sent": count} for why, count in sorted(refused.items())]


def _count(tests: Sequence[Mapping[str, Any]], verdict: str) -> int:
    return sum(test["verdict"] == verdict for test in tests)


def _first_line(text: str) -> str:
    lines = (line.strip() for line in text.splitlines() if not WORKER.match(line))
    return next(filter(None, lines), "")
