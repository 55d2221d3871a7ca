"""The plugin's table of contents: each hook is one call downward."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_launchready import markers, options
from pytest_launchready.reporting import outcomes
from pytest_launchready.session import ending, state

pytest_plugins = (
    "pytest_launchready.fixtures.target",
    "pytest_launchready.fixtures.actors",
    "pytest_launchready.fixtures.awaiting",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", markers.DESCRIPTION)
    settings = options.read_settings(config)
    if settings["target"] is not None:
        state.begin(config, settings)
        ending.treat_sigterm_as_interrupt(config)
        ending.join_html_report(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return ending.header(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        markers.marks_of(item)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in markers.marks_of(item):
        state.require(item.config, mark.requires)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    outcomes.classify(item, call, report)
    return report


def pytest_report_teststatus(report: Any) -> Any:
    return outcomes.status(report) if isinstance(report, pytest.TestReport) else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    ending.finish(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ending.summarize(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    ending.finish(config)  # where the end of the session was cut short
    ending.stop(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    ending.tell_worker(node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    ending.hear_worker(node)
