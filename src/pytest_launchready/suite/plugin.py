"""The hooks of an audit; pytest loads them only where one is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_launchready.core.checks import Check, choose
from pytest_launchready.probes.catalogue import FAMILIES
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.session.state import State, state_of
from pytest_launchready.suite.items import ROOT, Audit, Folder

CHOSEN = pytest.StashKey[tuple[Check[Context], ...]]()
LADDER = ("marketplace", "launchready_actor_class", "launchready_client_args", "launchready_transport")
"""Fixtures by which a team says how its marketplace is reached."""
NOT_AGAIN = frozenset({"target", "audit", "checks", "json"})
"""Settings that the command for another run says itself, or leaves out."""


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the checks; raises UsageError where there are none, or for a family that there is not."""
    run = state_of(config)
    assert run is not None
    names, globs = run.settings.get("audit"), run.settings.get("checks")
    subject = Subject(run.mapped, run.settings.get("read-only"), run.settings.get("expect-build"))
    try:
        config.stash[CHOSEN] = choose(FAMILIES, names, globs, subject)
    except ValueError as error:
        hint = ""
        if any("/" in name or (config.invocation_params.dir / name).exists() for name in names):
            hint = f" A path goes before the option, or after --launchready-audit=all: {' '.join(names)}"
        raise pytest.UsageError(f"--launchready-audit: {error}{hint}") from None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Adds the checks after the team's tests, before anything is selected by -k or -m."""
    parent: pytest.Collector = session
    for folder in _overriding(session.config):
        parent = Folder.from_parent(parent, name=folder, nodeid=folder)
    audit: Audit = Audit.from_parent(parent, name=ROOT, nodeid=ROOT)
    audit.checks = session.config.stash[CHOSEN]
    items.extend(audit.collect())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The command that runs only the checks again that were not clean."""
    run = state_of(config)
    reports = [
        report for kind in ("failed", "error", "inconclusive") for report in terminalreporter.stats.get(kind, [])
    ]
    ids = [report.nodeid.removeprefix(f"{ROOT}::") for report in reports if report.nodeid.startswith(f"{ROOT}::")]
    if run is not None and ids:
        terminalreporter.write_line(f"only these checks again: {again(run, dict.fromkeys(ids))}")


def again(run: State, ids: Iterable[str]) -> str:
    """A command that runs these checks only, with the settings of this run."""
    given = [value for value in run.settings.given() if value.setting.name not in NOT_AGAIN and value.source == "flag"]
    flags = [
        value.setting.flag if value.setting.type == "switch" else f"{value.setting.flag}={value.shown}"
        for value in given
    ]
    words = [
        "pytest",
        f"--launchready-target={run.mapped.target.name}",
        *flags,
        f"--launchready-checks={','.join(ids)}",
    ]
    return shlex.join([*words, "-k", f"{ROOT}::"])


def _overriding(config: pytest.Config) -> list[str]:
    """The folders, outermost first, whose conftest.py overrides how the marketplace is reached."""
    found = sorted({folder for module in config.pluginmanager.get_plugins() if (folder := _folder(config, module))})
    for outer, inner in pairwise(found):
        if not Path(inner).is_relative_to(outer):
            raise pytest.UsageError(
                f"--launchready-audit: {outer}/conftest.py and {inner}/conftest.py both override how the marketplace "
                "is reached, so which of them counts? Give one folder, or override it in a conftest.py above both"
            )
    return found


def _folder(config: pytest.Config, module: Any) -> str | None:
    """The folder of a conftest.py that overrides a rung of the ladder, below the root folder; else None."""
    path = Path(getattr(module, "__file__", None) or "")
    if path.name != "conftest.py" or not any(hasattr(module, name) for name in LADDER):
        return None
    folder = path.parent
    inside = folder.is_relative_to(config.rootpath) and folder != config.rootpath
    return folder.relative_to(config.rootpath).as_posix() if inside else None
