"""The hooks of an audit; pytest loads them only where one is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_launchready.core.checks import Check, choose
from pytest_launchready.core.words import counted
from pytest_launchready.probes.catalogue import FAMILIES
from pytest_launchready.probes.subject import Context
from pytest_launchready.session.probing import PLANNED, subject_of
from pytest_launchready.session.state import State, state_of
from pytest_launchready.suite.items import ROOT, Audit

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
    try:
        chosen = config.stash[CHOSEN] = choose(FAMILIES, names, globs, subject_of(config))
    except ValueError as error:
        hint = ""
        if any("/" in name or (config.invocation_params.dir / name).exists() for name in names):
            hint = f" A path goes before the option, or after --launchready-audit=all: {' '.join(names)}"
        raise pytest.UsageError(f"--launchready-audit: {error}{hint}") from None
    if not hasattr(config, "workerinput"):
        config.stash[PLANNED] = frozenset(check.id for check in chosen)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Adds the checks after the team's tests, before anything is selected by -k or -m."""
    audit: Audit = Audit.from_parent(_parent(session, items), name=ROOT, nodeid=ROOT)
    audit.checks = session.config.stash[CHOSEN]
    items.extend(audit.collect())


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    """How much the audit is about to send."""
    checks = [check for check in config.stash[CHOSEN] if check.absent is None]
    about = sum(check.requests for check in checks)
    return f"launchready: audit of {counted(len(checks), 'check')}, about {counted(about, 'request')}"


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


def _parent(session: pytest.Session, items: list[pytest.Item]) -> pytest.Collector:
    """The folder whose conftest.py says how the marketplace is reached, so that it holds for checks; else the root.

    Fixtures are seen by what is below their folder in the tree, whatever its node id.
    """
    config = session.config
    found = sorted({folder for module in config.pluginmanager.get_plugins() if (folder := _folder(config, module))})
    for outer, inner in pairwise(found):
        if not inner.is_relative_to(outer):
            names = " and ".join(f"{folder.relative_to(config.rootpath)}/conftest.py" for folder in (outer, inner))
            raise pytest.UsageError(
                f"--launchready-audit: {names} both override how the marketplace is reached, so which of them counts? "
                "Give one folder, or override it in a conftest.py above both"
            )
    nodes = (node for item in items for node in item.iter_parents() if isinstance(node, pytest.Directory))
    return next((node for node in nodes if found and node.path == found[-1]), session)


def _folder(config: pytest.Config, module: Any) -> Path | None:
    """The folder of a conftest.py that overrides a rung of the ladder, below the root folder; else None."""
    path = Path(getattr(module, "__file__", None) or "")
    if path.name != "conftest.py" or not any(hasattr(module, name) for name in LADDER):
        return None
    inside = path.parent.is_relative_to(config.rootpath) and path.parent != config.rootpath
    return path.parent if inside else None
