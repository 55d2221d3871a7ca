"""The ledger of this session: what its reports, its workers and its settings say, written where it is wanted."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from pytest_launchready import __version__
from pytest_launchready.reporting.ledger import FACTS, FOUND, NOTES, Ledger, write
from pytest_launchready.reporting.outcomes import code_of
from pytest_launchready.session.building import BUILD

if TYPE_CHECKING:
    from pytest_launchready.session.state import State


class Recording:
    """Listens to the session and writes its ledger; workers only send along what their reports need."""

    def __init__(self, config: pytest.Config, run: State) -> None:
        self._config = config
        self._run = run
        self._ledger = Ledger()
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._path = None if hasattr(config, "workerinput") else _path(config, run)
        if self._path is not None:
            try:
                # A run that is killed leaves this, and not the ledger of an earlier run that was green.
                self._write("running", None)
            except OSError as error:
                raise pytest.UsageError(
                    f"--launchready-json: {self._path} cannot be written: {error.strerror or error}"
                ) from None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pluggy.Result[pytest.TestReport], None]:
        """Sends what the marker and the check say along with the report."""
        outcome = yield
        if outcome.exception is not None:
            return
        facts: dict[str, Any] = {}
        impacts = (mark.kwargs.get("impact") for mark in item.iter_markers("launchready"))
        impact = next((impact for impact in impacts if impact), None)
        if impact is not None:
            facts["impact"] = impact
        if call.excinfo is not None and (code := code_of(call.excinfo.value)) is not None:
            facts["code"] = code
        if FOUND in item.stash:
            facts["check"] = item.stash[FOUND]
        if notes := item.stash.get(NOTES, []):
            facts["notes"] = list(notes)
            notes.clear()  # the next phase has not left them
        setattr(outcome.get_result(), FACTS, facts)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a phase of a test, wherever it ran."""
        self._ledger.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes what could not be collected."""
        self._ledger.note_collection(report)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Writes the ledger once everything is undone and every worker has told what it left."""
        yield
        if self._path is not None:
            # What was only listed is not proven, though its exit status is 0.
            self._write("listed" if self._config.option.collectonly else "finished", int(session.exitstatus))

    def _write(self, state: str, exit_status: int | None) -> None:
        assert self._path is not None
        facts = {**_facts(self._config, self._run), "state": state, "exit_status": exit_status}
        facts |= {"started": self._started.isoformat(timespec="seconds")}
        facts |= {"seconds": round(time.monotonic() - self._clock, 3)}
        write(self._path, self._ledger.document(facts, self._run.traces), self._run.secrets.mask)


def _path(config: pytest.Config, run: State) -> Path | None:
    """Where the ledger goes: from where pytest was started, or, named in the ini file, from its root folder."""
    given = run.settings.values["json"]
    if given.value is None:
        return None
    base = config.rootpath if given.source == "ini" else config.invocation_params.dir
    path = base / str(given.value)
    if path.is_dir():
        raise pytest.UsageError(f"--launchready-json: {path} is a folder: give the path of a file")
    return path


def _facts(config: pytest.Config, run: State) -> dict[str, Any]:
    """What is known of the run besides its tests."""
    target = run.mapped.target
    return {
        "tool": {"name": "pytest-launchready", "version": __version__},
        "run": {"id": run.run.id, "seed": run.run.seed},
        "target": {
            "name": target.name,
            "kind": target.kind,
            "api": "the embedded marketplace" if run.demo else target.api,
            "web": target.web,
            "hosts": dict(target.hosts),
            "writes": sorted(target.writes),
        },
        "map": run.mapped.source,
        "network": None if run.network() is None else str(run.network()),
        "build": config.stash.get(BUILD, {"expected": run.settings.get("expect-build"), "verdict": None}),
        "settings": {
            name: {"value": "***" if value.setting.secret else value.value, "source": value.origin}
            for name, value in run.settings.values.items()
        },
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "pytest": pytest.__version__,
            "workers": getattr(config.option, "numprocesses", None) or 0,
            "ci": bool(os.environ.get("CI")),
        },
    }
