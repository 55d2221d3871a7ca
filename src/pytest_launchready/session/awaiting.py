"""A test that forgot to await a call fails, by name; one that caught what could not be decided is inconclusive.

Wrappers of the old style: one of the new style would stand, as a frame of its own, in the traceback of every failing
fixture.
"""

from __future__ import annotations

from collections.abc import Generator

import pluggy
import pytest

from pytest_launchready.session.engine import engine_if_started, set_running

Phase = Generator[None, pluggy.Result[object], None]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Phase:
    """Watches the calls of a test's fixtures."""
    yield from _watched(item)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Phase:
    """Watches the calls of the test itself."""
    yield from _watched(item)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Phase:
    """Watches the calls that fixtures make after a test."""
    yield from _watched(item)


def _watched(item: pytest.Item) -> Phase:
    set_running(item.config, item.nodeid)
    outcome = yield
    set_running(item.config, None)
    engine = engine_if_started(item.config)
    sentences = engine.take_unawaited(item.nodeid) if engine else []
    undecided = engine.take_undecided(item.nodeid) if engine else None
    error = outcome.exception
    if error is None:
        if undecided is not None and not undecided.read:
            # A broad `except`, or `raises(Exception)`, took a refusal of ours for an answer of the marketplace.
            outcome.force_exception(undecided)
        if sentences:
            outcome.force_exception(pytest.fail.Exception("\n".join(sentences), pytrace=False))
        return
    # The test keeps its own failure, which a forgotten await may well explain.
    for sentence in sentences:
        if sentence.partition(" was never ")[0] + " was not awaited" not in str(error):
            error.add_note(sentence)
