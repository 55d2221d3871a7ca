"""How a session ends: what is undone, and what is told about it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from pytest_launchready.reporting import html, outcomes, terminal
from pytest_launchready.reporting.ledger import FACTS, judge
from pytest_launchready.session import contracts, state


def treat_sigterm_as_interrupt(config: pytest.Config) -> None:
    """Makes SIGTERM, by which CI cancels a job, end the run as Ctrl-C does: with undo."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

    def restore() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    config.add_cleanup(restore)


def finish(config: pytest.Config, run: state.State) -> None:
    """Undoes what this process has made, once; a worker tells its controller what came of it."""
    state.leave(config, run)
    if hasattr(config, "workeroutput"):
        config.workeroutput[state.SHARED] = run.secrets.mask_all(run.traces)


def summarize(reporter: pytest.TerminalReporter, run: state.State) -> None:
    """Writes what was not covered, and what the run left."""
    verdicts = outcomes.verdicts_of(reporter)
    absent = terminal.not_covered_lines(reason for _, (kind, reason) in verdicts if kind == "not covered")
    if not run.traces and not absent:
        return
    reporter.write_sep("-", f"launchready: {run.mapped.target.name}")
    for line in contracts.lines(run):
        reporter.write_line(line)
    for line in terminal.note_lines(notes_of(reporter)):
        reporter.write_line(line)
    for line in absent:
        reporter.write_line(f"not covered: {line}")
    for line in terminal.trace_lines(run.traces):
        reporter.write_line(line)


def notes_of(reporter: pytest.TerminalReporter) -> list[tuple[str, str]]:
    """The notes of all checks and tests, each with the id."""
    found = []
    for report in (report for group in reporter.stats.values() for report in group):
        facts = getattr(report, FACTS, {})
        check = facts.get("check", {})
        found += [(check["id"], note) for note in check.get("notes", ())]
        found += [(report.nodeid, note) for note in facts.get("notes", ())]
    return list(dict.fromkeys(found))


def failures_of(reporter: pytest.TerminalReporter) -> list[tuple[str | None, str, str]]:
    """Impact, id and reason of every test and check that failed."""
    reports = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
    tests = [report for report in reports if isinstance(report, pytest.TestReport)]
    return [(getattr(test, FACTS, {}).get("impact"), test.nodeid, judge(test)[1] or "") for test in tests]


class HtmlReport:
    """What this run adds to pytest-html's report."""

    def __init__(self, config: pytest.Config, run: state.State) -> None:
        self._config = config
        self._run = run

    def pytest_html_report_title(self, report: Any) -> None:
        """Names the report after the target."""
        report.title = html.title(state.facts(self._run))

    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        """Says Inconclusive where pytest-html knows only Failed, Error and Skipped."""
        found = outcomes.verdict_of(report) if isinstance(report, pytest.TestReport) else None
        if found is not None and found[0] == "inconclusive":
            cells[:] = html.relabel(cells)

    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Puts the verdict and what the run left at the head."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        counts = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "skipped", "error")}
        counts["failed"] += counts["error"]
        risks, notes = terminal.risk_lines(failures_of(reporter)), terminal.note_lines(notes_of(reporter))
        verdicts = outcomes.verdicts_of(reporter)
        prefix.append(html.band(state.facts(self._run), counts, verdicts, self._run.traces, risks, notes))
