"""The hooks of a run with a target: its header, its end, and what xdist's controller and workers tell each other."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_launchready.core.settings import Settings
from pytest_launchready.reporting import outcomes, terminal
from pytest_launchready.session import awaiting, building, contracts, ending, recording, redacting, state, sweeping


def begin(config: pytest.Config, settings: Settings) -> None:
    """Settles what this run is, and joins the hooks that it needs; raises UsageError for a bad map."""
    run = state.begin(config, settings)
    building.refuse(run)
    contracts.refuse(settings)
    ending.treat_sigterm_as_interrupt(config)
    config.stash[outcomes.ALLOWED] = settings.get("allow-inconclusive")
    config.pluginmanager.register(redacting.Redacting(config, run.secrets), "launchready-redacting")
    config.pluginmanager.register(recording.Recording(config, run), "launchready-recording")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(sweeping.Sweeping(config, run), "launchready-sweeping")
    config.pluginmanager.register(awaiting, "launchready-awaiting")
    config.pluginmanager.register(Hooks(run), "launchready-run")
    if config.pluginmanager.hasplugin("html"):
        config.pluginmanager.register(ending.HtmlReport(config, run), "launchready-html")


class Hooks:
    """What pytest asks of a run."""

    def __init__(self, run: state.State) -> None:
        self._run = run

    def pytest_report_header(self) -> list[str]:
        """The target, what tells this run from others, and the settings that are not defaults."""
        swept = [f"launchready: {line}" for line in self._run.swept]
        return terminal.header(self._run.settings, state.facts(self._run)) + swept

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Waits for the expected build, before workers start and anything is collected."""
        building.wait(session.config, self._run)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Undoes what the run has made, after the fixtures are torn down and before reports are written."""
        ending.finish(session.config, self._run)
        if state.was_interrupted(self._run):
            # Every test may have passed: the run is not over all the same, since what it has made is still there.
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        elif contracts.is_broken(self._run) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What could not be decided, what was not covered, what the run left."""
        ending.summarize(terminalreporter, self._run)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Undoes, where the end of the session was cut short, and stops the demo."""
        ending.finish(config, self._run)
        self._run.sharing.close()
        if self._run.demo is not None:
            self._run.demo.stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tells a new worker of xdist what it must know."""
        node.workerinput[state.SHARED] = state.tell_worker(self._run)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes a finished worker's account of what it undid."""
        self._run.traces += getattr(node, "workeroutput", {}).get(state.SHARED, [])
