"""Inconclusive and not covered as outcomes of a test."""

from __future__ import annotations

from typing import Literal

import pytest

from pytest_launchready.core.errors import Inconclusive, NotCovered

ALLOWED = pytest.StashKey[bool]()
"""Whether the team said that what could not be decided fails no run."""
Verdict = Literal["inconclusive", "not covered"]
_BAD = pytest.StashKey[bool]()
"""Whether an earlier phase of a test has failed or was inconclusive."""
PROPERTY = "launchready"
"""The key under which a report carries its verdict and reason, also between xdist workers."""


def classify(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Turns a phase that ended so into its outcome: inconclusive fails, unless allowed; not covered skips."""
    verdict = _verdict(call.excinfo.value) if call.excinfo else None
    before = item.stash.get(_BAD, False) and report.when == "teardown"
    item.stash[_BAD] = report.when != "setup" and item.stash.get(_BAD, False)
    if verdict is None:
        item.stash[_BAD] |= report.failed
        return
    kind, reason = verdict
    if kind == "inconclusive" and before:
        # One verdict a test: it has failed already, or is inconclusive for an earlier reason.
        report.outcome, report.longrepr = "passed", None
        report.sections.append(("Inconclusive teardown", reason))
        return
    report.user_properties.append((PROPERTY, f"{kind}: {reason}"))
    if kind == "inconclusive":
        item.stash[_BAD] = True
        if hasattr(report, "wasxfail"):
            del report.wasxfail  # an expected failure that could not be decided is not expected
        if not item.config.stash.get(ALLOWED, False):
            report.outcome = "failed"
            return
    path, line, _ = item.location
    report.outcome = "skipped"
    report.longrepr = (str(path), (line or 0) + 1, f"inconclusive: {reason}" if kind == "inconclusive" else reason)


def show_message_only(call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Leaves the traceback out of an error that explains itself where no line of it is the user's: our own fixtures."""
    if call.excinfo is None or report.outcome != "failed" or not hasattr(call.excinfo.value, "expected_by_user"):
        return
    if isinstance(report.longrepr, str):
        return  # a check has told it in its own words
    from pytest_launchready.wire.tracebacks import shows_user_frames

    if not shows_user_frames(call.excinfo.value):
        report.longrepr = call.excinfo.getrepr(style="value")


def verdict_of(report: pytest.TestReport) -> tuple[str, str] | None:
    """The verdict and reason that a report carries, or None; a try that was run again says nothing."""
    if report.outcome not in {"failed", "skipped"}:
        return None
    for key, value in report.user_properties:
        if key == PROPERTY:
            kind, _, reason = str(value).partition(": ")
            return kind, reason
    return None


def code_of(error: BaseException) -> str | None:
    """The kind of an inconclusive outcome in one word, as "budget"; of a group, that of its first member with one."""
    if isinstance(error, BaseExceptionGroup):
        return next((code for member in error.exceptions if (code := code_of(member)) is not None), None)
    return error.code if isinstance(error, Inconclusive) else None


def status(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Category, letter and word of an inconclusive test; None leaves the rest to pytest."""
    found = verdict_of(report)
    if found is None or found[0] != "inconclusive":
        return None
    return "inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})


def verdicts_of(reporter: pytest.TerminalReporter) -> list[tuple[str, tuple[str, str]]]:
    """The tests that could not be decided or were not covered, with their reasons."""
    reports = [report for group in reporter.stats.values() for report in group if isinstance(report, pytest.TestReport)]
    return [(report.nodeid, found) for report in reports if (found := verdict_of(report))]


def explain(reporter: pytest.TerminalReporter) -> None:
    """Writes why tests could not be decided: pytest's own sections leave other categories out."""
    if not reporter.stats.get("inconclusive"):
        return
    reporter.write_sep("=", "inconclusive: not proven either way", yellow=True)
    for nodeid, (kind, reason) in verdicts_of(reporter):
        if kind == "inconclusive":
            reporter.write_line(f"{nodeid}: {reason}")


def _verdict(error: BaseException) -> tuple[Verdict, str] | None:
    """What an exception says; of a group, only if all its members say the like."""
    if isinstance(error, BaseExceptionGroup):
        inner = [_verdict(member) for member in error.exceptions]
        known = [verdict for verdict in inner if verdict is not None]
        if len(known) != len(inner):
            return None
        return next((verdict for verdict in known if verdict[0] == "inconclusive"), known[0])
    if isinstance(error, Inconclusive):
        return "inconclusive", str(error)
    return ("not covered", str(error).removeprefix("not covered: ")) if isinstance(error, NotCovered) else None
