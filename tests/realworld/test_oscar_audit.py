"""The access audit of django-oscar: what is known of the shop is what is found, cell by cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PRIVATE = {
    "cart": ("read",),
    "line": ("read", "update"),
    "order": ("read",),
    "order_lines": ("read",),
    "address": ("update", "delete"),
    "listing": ("update", "delete"),
}
"""Kind → what neither a second account nor a visitor may do with somebody else's; a refusal may be a 200 with `[]`."""
TRUE = {
    "access.enumeration.signup",  # "A user with this email already exists"
    "access.cart.existence",  # numbers run, and somebody else's is a 403 where an unknown one is a 404
    "access.order.existence",
    "access.line.existence",  # the 404 says whether the basket or the line is missing
}


@pytest.fixture(scope="module")
def verdicts(oscar, tmp_path_factory):
    """Check → verdict of one access audit in an empty folder."""
    folder = tmp_path_factory.mktemp("audit")
    maps = [oscar.maps / "cookie.toml", oscar.maps / "resources.toml"]
    (folder / "launchready.toml").write_text("\n".join(path.read_text() for path in maps))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder)]
    command += ["--launchready-target=oscar", "--launchready-audit=access", f"--launchready-json={folder / 'l.json'}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LAUNCHREADY"))}
    env |= oscar.environment()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=400, check=False)
    assert (folder / "l.json").exists(), done.stdout + done.stderr
    return {check["id"]: check["verdict"] for check in json.loads((folder / "l.json").read_text())["checks"]}


@pytest.mark.long
@pytest.mark.parametrize("who", ["stranger", "anonymous"])
@pytest.mark.parametrize(("kind", "verb"), [(kind, verb) for kind, verbs in PRIVATE.items() for verb in verbs])
def test_what_is_closed_is_proven_closed(verdicts, kind, verb, who):
    """Each cell passes: it is neither a false alarm nor left open."""
    assert verdicts[f"access.{kind}.{verb}.{who}"] == "passed"


@pytest.mark.long
def test_only_what_is_true_is_found(verdicts):
    """Nothing fails but what the shop is known to do."""
    assert {name for name, verdict in verdicts.items() if verdict == "failed"} == TRUE
