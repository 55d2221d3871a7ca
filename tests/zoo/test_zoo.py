"""The audit against back ends that no probe was written for: every hole is found, and nothing else is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BACK_ENDS = sorted(path.parent.name for path in HERE.glob("*/truth.toml"))
HOLES = [
    (name, hole) for name in BACK_ENDS for hole in tomllib.loads((HERE / name / "truth.toml").read_text())["holes"]
]


@pytest.mark.parametrize(("name", "opened"), [("rails", False), ("basic", True)], ids=["closed", "open"])
def test_two_of_them_in_every_run(audit, name, opened):
    """The access checks alone, where they are quick: forms with no hole open, ids in queries with all."""
    holes = audit.truth(name).together() if opened else ()
    outcome = audit(name, holes, "--launchready-audit=access")
    assert not outcome.false_alarms, str(outcome) + outcome.output
    missed = [one for one in outcome.missed if "limits." not in one]
    assert not missed, outcome


@pytest.mark.long
@pytest.mark.parametrize("name", BACK_ENDS)
def test_every_map_drives_its_back_end(audit, name):
    """All steps work, so that what the access checks find is about access."""
    outcome = audit(name, (), "--launchready-audit=flows")
    assert not outcome.undecided, outcome.output
    assert " failed" not in outcome.output, outcome.output


@pytest.mark.long
@pytest.mark.parametrize("name", BACK_ENDS)
def test_a_healthy_back_end_has_no_finding(audit, name):
    """With all holes closed nothing fails but what is part of the back end."""
    outcome = audit(name, ())
    assert not outcome.false_alarms, str(outcome) + outcome.output
    assert not outcome.missed, outcome


@pytest.mark.long
@pytest.mark.parametrize("name", BACK_ENDS)
def test_all_holes_are_found_at_once(audit, name):
    """With all holes open each is found, and what is safe stays clean."""
    outcome = audit(name, audit.truth(name).together())
    assert not outcome.false_alarms, str(outcome) + outcome.output
    assert not outcome.missed, outcome


@pytest.mark.long
@pytest.mark.parametrize(("name", "hole"), HOLES)
def test_each_hole_is_found_alone(audit, name, hole):
    """One open hole needs no other to be found; only its own checks are run."""
    truth = audit.truth(name)
    opened = (hole, *truth.beside.get(hole, ()))
    outcome = audit(name, opened, f"--launchready-checks={','.join(truth.holes[hole])}")
    assert hole in outcome.found, outcome.output
