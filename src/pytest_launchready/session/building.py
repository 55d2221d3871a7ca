"""No test runs against another build than the expected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_launchready.session.engine import engine_of

if TYPE_CHECKING:
    from pytest_launchready.flows.build import Watch
    from pytest_launchready.session.state import State

BUILD = pytest.StashKey[dict[str, object]]()
"""What was seen of the build, for the ledger."""


def refuse(run: State) -> None:
    """Raises UsageError for a wait without a build, and for a build where the map does not say how to read one."""
    expected = run.settings.get("expect-build")
    if expected is None:
        if run.settings.values["wait"].source == "flag":
            raise pytest.UsageError("--launchready-wait waits for a build: add --launchready-expect-build=ID")
        return
    from pytest_launchready.core.errors import UseError

    try:
        assert watch(run).build
    except UseError as error:
        raise pytest.UsageError(f"--launchready-expect-build: {error}") from None


def wait(config: pytest.Config, run: State) -> None:
    """Waits for the expected build, once a run; raises UsageError, which says what runs instead."""
    expected, seconds = run.settings.get("expect-build"), run.settings.get("wait")
    if expected is None or config.option.collectonly or hasattr(config, "workerinput"):
        return
    from pytest_launchready.core.errors import UseError
    from pytest_launchready.probes.deployed import explain, wait_for_build

    if seconds:
        _say(config, f"launchready: waiting at most {seconds} s for build {expected}")
    try:
        verdict = engine_of(config).run(lambda: wait_for_build(watch(run), expected, seconds))
    except UseError as error:
        raise pytest.UsageError(f"--launchready-expect-build: {error}") from None
    seen = [{"said": one.said, **one.measured} for one in verdict.evidence]
    config.stash[BUILD] = {"expected": expected, "verdict": verdict.outcome, "code": verdict.code, "evidence": seen}
    if verdict.outcome != "passed":
        raise pytest.UsageError(explain(verdict, run.mapped))
    _say(config, f"launchready: build {expected}: {verdict.evidence[0].said}")


def watch(run: State) -> Watch:
    """How the build of this run's target is read."""
    from pytest_launchready.flows.build import Watch
    from pytest_launchready.wire.client import Trust

    trust = Trust(run.settings.get("ca-bundle"), run.settings.get("client-cert"))
    return Watch(run.live_map(), run.run.id, trust)


def _say(config: pytest.Config, line: str) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(line)
