"""The heart of the tests: the clean marketplace is all green, and each defect is seen by exactly the right checks.

Which those are stands in the `*.toml` files beside this one: a list of globs, in a table named after a dialect where it
holds for that one only; a text in place of a list says why that dialect has no such defect. The table `inconclusive`
lists globs of checks that a defect leaves without what they need.
"""

import json
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pytest_launchready.demo.defects import DEFECTS

HERE = Path(__file__).parent
DIALECTS = {"rest": "demo", "cookie": "demo-cookie", "graphql": "demo-graphql"}
GREEN = {"passed", "not covered"}
TIME = 240


def seen_by(dialect):
    """Defect → the globs of the checks that see it in a dialect, or why there is no such thing."""
    found = {}
    for path in sorted(HERE.glob("*.toml")):
        table = tomllib.loads(path.read_text())
        found |= {name: globs for name, globs in table.items() if not isinstance(globs, dict)}
        found |= table.get(dialect, {})
    return found


def undecided(defect):
    """Globs of the checks that a defect leaves without what they need."""
    tables = (tomllib.loads(path.read_text()).get("inconclusive", {}) for path in sorted(HERE.glob("*.toml")))
    return [glob for table in tables for glob in table.get(defect, [])]


def audit(folder, dialect, *arguments, defect=None):
    """The checks of one audit of the demo, in the ledger's words, and what was printed."""
    ledger = folder / "ledger.json"
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--launchready-target={DIALECTS[dialect]}"),
        *(f"--launchready-json={ledger}", *([f"--launchready-demo-defects={defect}"] if defect else []), *arguments),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIME, check=False)
    printed = done.stdout + done.stderr
    assert ledger.exists(), printed
    found = json.loads(ledger.read_text())
    assert found["state"] == "finished", printed
    return found["checks"], printed


def judge(checks, globs, blocked=()):
    """What is wrong: expected checks that did not fail, others that were not green."""
    allowed = {"failed": globs, "inconclusive": blocked}
    failed = [check["id"] for check in checks if check["verdict"] == "failed"]
    blind = [f"not seen by {glob}" for glob in globs if not matching(failed, glob)]
    return blind + [
        f"{check['verdict']} {check['id']}: {check['reason']}"
        for check in checks
        if check["verdict"] not in GREEN
        and not any(matching([check["id"]], glob) for glob in allowed.get(check["verdict"], ()))
    ]


def matching(names, glob):
    """The names that a glob matches."""
    return [name for name in names if fnmatchcase(name, glob)]


def cells(dialect):
    """Every defect that a dialect can have."""
    return [name for name, globs in seen_by(dialect).items() if isinstance(globs, list)]


def one_of_each():
    """A defect of REST for each family, and for each room of the access family: `make verify` tries them all."""
    table, first = seen_by("rest"), {}
    for name in cells("rest"):
        for glob in table[name][:1]:
            family, *rest = glob.split(".")
            room = ("objects" if len(rest) == 3 else rest[0]) if family == "access" else ""
            first.setdefault((family, room), name)
    return list(first.values())


def test_every_defect_is_in_the_matrix():
    """None can be added without saying who sees it, and none is named that there is not."""
    for dialect in DIALECTS:
        assert sorted(seen_by(dialect)) == sorted(DEFECTS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_clean_marketplace_is_all_green(dialect, tmp_path):
    """Nothing fails, nothing is left undecided, nothing that could be undone is left behind."""
    checks, printed = audit(tmp_path, dialect, "--launchready-audit")
    assert judge(checks, []) == [], printed
    assert sum(check["verdict"] == "passed" for check in checks) > len(checks) / 2


@pytest.mark.parametrize("defect", one_of_each())
def test_a_defect_is_seen_by_its_checks(defect, tmp_path):
    """The checks that should see it fail; in REST, asked alone, one defect of each kind."""
    globs = seen_by("rest")[defect]
    checks, printed = audit(tmp_path, "rest", f"--launchready-checks={','.join(globs)}", defect=defect)
    assert judge(checks, globs, undecided(defect)) == [], printed


@pytest.mark.long
@pytest.mark.parametrize(
    ("dialect", "defect"), [(dialect, defect) for dialect in DIALECTS for defect in cells(dialect)]
)
def test_a_defect_is_seen_by_exactly_its_checks(dialect, defect, tmp_path):
    """Of the whole audit, in every dialect: those fail, all others stay green."""
    globs = seen_by(dialect)[defect]
    checks, printed = audit(tmp_path, dialect, "--launchready-audit", defect=defect)
    assert judge(checks, globs, undecided(defect)) == [], printed
