"""The plugin's table of contents: each hook is one call downward.

What a run with a target needs beyond this is registered only then (session/hooks.py), so an idle plugin costs nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_launchready import markers, options
from pytest_launchready.fixtures import access, actors, checks, contract, latency, limits, target
from pytest_launchready.reporting import outcomes


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", markers.DESCRIPTION)
    for fixtures in (
        target,
        access,
        actors,
        checks,
        contract,
        latency,
        limits,
    ):  # named in `pytest_plugins`, each would cost a search of all installed packages
        config.pluginmanager.register(fixtures)
    settings = options.read_settings(config)
    if settings.get("target") is not None:
        from pytest_launchready.session import hooks

        hooks.begin(config, settings)
        if settings.get("audit") or settings.get("checks"):
            config.pluginmanager.import_plugin("pytest_launchready.suite.plugin")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        markers.marks_of(item)


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [name for mark in markers.marks_of(item) for name in mark.requires]
    if needed:
        from pytest_launchready.session import state

        state.require(item.config, needed)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    outcomes.classify(item, call, report)
    outcomes.show_message_only(call, report)
    return report


def pytest_report_teststatus(report: Any) -> Any:
    return outcomes.status(report) if isinstance(report, pytest.TestReport) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes.explain(terminalreporter)
