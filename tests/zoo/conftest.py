"""The zoo: small back ends that no probe was written for, each with a map and a table of what is true of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAMILIES = os.environ.get("ZOO_FAMILIES", "access,limits")
LONGEST = 240
"""Seconds that one audit may take."""


@dataclass(frozen=True)
class Truth:
    """What is true of one back end: hole → the checks of which at least one has to fail."""

    holes: Mapping[str, list[str]]
    also: Mapping[str, list[str]]
    """Hole → further checks that may fail because of it."""
    always: Mapping[str, list[str]]
    """Holes that cannot be closed: they are part of what the back end is."""
    hides: Mapping[str, list[str]]
    """Hole → what is always there but cannot be told while it is open."""
    beside: Mapping[str, list[str]]
    """Hole → what has to be open too, or it is not to be seen."""
    apart: frozenset[str]
    """Holes that hide others, so they are not opened together with them."""

    @classmethod
    def of(cls, name: str) -> Truth:
        """Reads the table beside the server."""
        data = tomllib.loads((HERE / name / "truth.toml").read_text())
        tables = (data.get(name, {}) for name in ("also", "always", "hides", "beside"))
        return cls(data["holes"], *tables, frozenset(data.get("apart", ())))

    def together(self) -> list[str]:
        """The holes that can be open at once."""
        return [name for name in self.holes if name not in self.apart]


@dataclass(frozen=True)
class Outcome:
    """How an audit compares with the truth."""

    server: str
    planted: int
    found: list[str]
    missed: list[str]
    false_alarms: list[str]
    undecided: list[str]
    passed: int
    requests: int
    seconds: float
    output: str = field(repr=False)

    def __str__(self) -> str:
        """One line of the table, and a line for all that is wrong."""
        line = (
            f"{self.server:<28} {len(self.found):>3} of {self.planted:<3} found  {len(self.false_alarms):>2} false"
            f"  {len(self.undecided):>2} inconclusive  {self.passed:>3} passed  {self.requests:>5} requests"
            f"  {self.seconds:>5.1f} s"
        )
        more = [f"    missed: {one}" for one in self.missed] + [f"    FALSE ALARM: {one}" for one in self.false_alarms]
        return "\n".join([line, *more, *(f"    inconclusive: {one}" for one in self.undecided)])


@contextmanager
def serving(name: str, holes: Iterable[str]):
    """The address of a back end that runs until the end of the block."""
    command = [sys.executable, HERE / name / "server.py", ",".join(holes)]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            url = server.stdout.readline().strip()
            assert url, server.communicate()[1]
            yield url
        finally:
            server.terminate()


def audited(name: str, holes: Iterable[str], folder: Path, asked: str) -> Outcome:
    """Runs the audit as a user would, in an empty folder, and compares its ledger with the truth."""
    truth, opened, ledger = Truth.of(name), list(holes), folder / "ledger.json"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "LAUNCHREADY"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder)]
    command += ["--launchready-target=zoo", f"--launchready-config={HERE / name / 'launchready.toml'}"]
    command += [asked, f"--launchready-json={ledger}"]
    (folder / "pytest.ini").write_text("[pytest]\n")
    with serving(name, opened) as url:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**env, "ZOO_URL": url},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    output = done.stdout + done.stderr
    (folder / "output.txt").write_text(output)
    assert ledger.exists(), output
    return compared(f"{name} {'clean' if not opened else ' '.join(opened)}"[:28], truth, opened, ledger, output)


def compared(server: str, truth: Truth, opened: list[str], ledger: Path, output: str) -> Outcome:
    """What the ledger says, against what is true."""
    data = json.loads(ledger.read_text())
    assert data["state"] == "finished", output
    verdicts: dict[str, list[str]] = {}
    for check in data["checks"]:
        verdicts.setdefault(check["verdict"], []).append(check["id"])
    failed = verdicts.get("failed", [])
    hidden = {name for hole in opened for name in truth.hides.get(hole, ())}
    expected = {hole: truth.holes[hole] for hole in opened}
    expected |= {name: globs for name, globs in truth.always.items() if name not in hidden}
    allowed = [glob for globs in expected.values() for glob in globs]
    allowed += [glob for hole in opened for glob in truth.also.get(hole, ())]
    missed = [f"{hole} ({', '.join(globs)})" for hole, globs in expected.items() if not matching(failed, globs)]
    undecided = [
        f"{check['id']}: {check.get('code')} {check.get('reason')}"
        for check in data["checks"]
        if check["verdict"] == "inconclusive"
    ]
    return Outcome(
        server,
        planted=len(expected),
        found=[hole for hole, globs in expected.items() if matching(failed, globs)],
        missed=missed,
        false_alarms=[check for check in failed if not matching([check], allowed)],
        undecided=undecided,
        passed=len(verdicts.get("passed", [])),
        requests=data["exchanges"]["sent"],
        seconds=data["seconds"],
        output=output,
    )


def matching(checks: Iterable[str], globs: Iterable[str]) -> list[str]:
    """The checks that one of the globs names."""
    return [check for check in checks if any(fnmatchcase(check, glob) for glob in globs)]


@pytest.fixture(scope="session")
def table(request):
    """Collects outcomes; they are shown at the end."""
    rows: list[Outcome] = []
    yield rows
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if rows and reporter:
        with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
            reporter.write_line("")
            for row in rows:
                reporter.write_line(str(row))


@pytest.fixture
def audit(tmp_path, table):
    """A function: back end, open holes and what is asked → the outcome, which also joins the table."""

    def run(name: str, holes: Iterable[str], asked: str = f"--launchready-audit={FAMILIES}") -> Outcome:
        outcome = audited(name, holes, tmp_path, asked)
        table.append(outcome)
        return outcome

    run.truth = Truth.of
    return run
