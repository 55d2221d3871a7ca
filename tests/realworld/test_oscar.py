"""The sample suite against django-oscar: the map says everything, no Python is added."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

SUITE = Path(__file__).parents[2] / "examples" / "smoke_suite"
NO_MESSAGES = "send_message: Oscar has no messages between people"
NO_SESSION = "logout: HTTP Basic has no session to end"
NO_RESET = "request_reset: launchready.toml maps no step or resource of that name"
NO_DOCUMENT = "launchready.toml names no OpenAPI document ([contract] openapi)"
ABSENT = {
    "test_a_message_arrives": NO_MESSAGES,
    "test_nobody_floods_an_inbox": NO_RESET,
    "test_a_listing_keeps_its_contract": NO_DOCUMENT,
}
"""Tests of the suite that this shop can neither pass nor fail → what it lacks."""
ABSENT_WITH_BASIC = {**ABSENT, "test_people_can_log_out_and_in_again": NO_SESSION}
ENDED = r"^=+ (.+) in [\d.]+s.* =+$"
UNDONE = r"^\d+ requests sent, (\d+) objects? undone"
MONEY = """
def test_what_is_charged(seller, buyer):
    lamp = seller.create_listing(title="Desk lamp", price="25.00")
    assert buyer.get_listing(lamp.id).price == lamp.price
    order = buyer.checkout(lamp, quantity=2)
    assert order.total == 2 * lamp.price
    assert buyer.get_order(order.id).total == order.total
    buyer.add_to_cart(lamp)
"""
"""What the sample suite does not ask: a quantity, the price as read again, a cart left full."""


@dataclass(frozen=True)
class Done:
    """A run of the suite that has ended."""

    status: int
    text: str
    skipped: Mapping[str, str]
    """Test → reason."""

    def find(self, pattern: str) -> str:
        """What the first group matches in a line of the output."""
        found = re.search(pattern, self.text, re.MULTILINE)
        assert found, f"no line like {pattern} in:\n{self.text}"
        return found[1]


@pytest.fixture
def smoke(oscar, tmp_path):
    """Runs a copy of the sample suite against the shop with one of its maps, or tests given as text."""
    suite, report = tmp_path / "suite", tmp_path / "report.xml"
    shutil.copytree(SUITE, suite, ignore=shutil.ignore_patterns("__pycache__", "launchready.toml"))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LAUNCHREADY"))}
    env |= oscar.environment()

    def run(way: str, *more: str, tests: str | None = None) -> Done:
        if tests is not None:
            (suite / "test_given.py").write_text(tests)
            more = (*more, "test_given.py")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *more]
        command += ["--launchready-target=oscar"]
        (suite / "launchready.toml").write_text(oscar.whole_map(way))
        done = subprocess.run(
            command,
            cwd=suite,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        text = done.stdout + done.stderr
        assert report.exists(), text
        cases = [(case.get("name", ""), case.find("skipped")) for case in ET.parse(report).iter("testcase")]
        skipped = {name: skip.get("message", "") for name, skip in cases if skip is not None}
        return Done(done.returncode, text, skipped)

    return run


def test_the_sample_suite_passes_on_a_shop_that_nobody_here_wrote(smoke, oscar):
    """By cookie and anti-forgery header: all that the shop has passes, and only what it cannot delete stays."""
    done = smoke("cookie")
    check_outcome(done, ABSENT)
    check_traces(done, oscar)


@pytest.mark.parametrize("way", ["cookie", "header", "basic"])
def test_money_is_read_from_the_shop_and_a_forgotten_cart_is_emptied(smoke, oscar, way):
    """Prices and totals are those that the shop shows, for any quantity; a cart is deleted as its owner."""
    done = smoke(way, tests=MONEY)
    assert done.find(ENDED) == "1 passed", done.text
    assert done.find(UNDONE) == "2"
    check_traces(done, oscar)


@pytest.mark.long
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
@pytest.mark.parametrize(
    ("way", "absent"),
    [("cookie", ABSENT), ("header", ABSENT), ("basic", ABSENT_WITH_BASIC)],
    ids=["cookie", "header", "basic"],
)
def test_every_way_to_log_in_is_only_another_map(smoke, oscar, way, absent, workers):
    """Cookies, a session header that the client makes up, HTTP Basic: the suite is the same, and all of it passes."""
    done = smoke(way, *workers)
    check_outcome(done, absent)
    check_traces(done, oscar)


SAFE = (
    *("cart.read", "cart.delete", "line.update", "order.read", "order.list", "order_lines.read"),
    *("listing.update", "listing.delete", "address.read", "address.list", "address.update", "address.delete"),
)
"""What this shop refuses to a second account and to anonymous callers, by many statuses, a 500 and a 200 with []."""
TELLS = {"access.cart.existence", "access.order.existence"}
"""Where it answers 403 for what is somebody else's and 404 for what never existed, with ids that count up."""


@pytest.mark.long
@pytest.mark.parametrize("way", ["cookie", "header", "basic"])
def test_what_is_known_of_its_objects_is_what_the_audit_says(oscar, tmp_path, way):
    """Nobody reaches what is somebody else's; two refusals tell what exists; nothing is left undecided."""
    (tmp_path / "launchready.toml").write_text(oscar.whole_map(way))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LAUNCHREADY"))}
    globs = ",".join(f"access.{kind}.*" for kind in ("listing", "cart", "line", "order", "order_lines", "address"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--launchready-target=oscar"]
    command += [f"--launchready-checks={globs}", "--launchready-json=ledger.json"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env | oscar.environment(), capture_output=True, text=True, timeout=120, check=False
    )
    checks = json.loads((tmp_path / "ledger.json").read_text())["checks"]
    said = {check["id"]: check["verdict"] for check in checks}
    for verb in SAFE:
        for who in ("stranger", "anonymous"):
            assert said[f"access.{verb}.{who}"] == "passed", done.stdout
    assert {name for name, verdict in said.items() if verdict not in {"passed", "not covered"}} == TELLS, done.stdout


def check_outcome(done: Done, absent: Mapping[str, str]) -> None:
    """Every test has passed, but those that need what the shop lacks: these are skipped, and the summary says so."""
    total = sum(
        len(re.findall(r"^(?:async )?def test_", path.read_text(), re.MULTILINE)) for path in SUITE.glob("*.py")
    )
    assert done.skipped == absent, done.text
    assert done.find(ENDED) == f"{total - len(absent)} passed, {len(absent)} skipped", done.text
    assert done.status == 0, done.text
    for reason, count in Counter(absent.values()).items():
        assert f"\nnot covered: {reason} ({count} test{'s' if count > 1 else ''})\n" in done.text


def check_traces(done: Done, oscar) -> None:
    """The shop's own API agrees with the summary: products are gone, accounts and orders have stayed."""
    run = done.find(r"^launchready: target oscar \(local\) at .*, run (\w+), seed \d+")
    users = {number(user["url"]) for user in oscar.ask("/api/admin/users/") if run in str(user["email"])}
    orders = [order for order in oscar.ask("/api/admin/orders/") if number(order["owner"]) in users]
    products = [product["title"] for product in oscar.ask("/api/products/") if run in str(product["title"])]
    assert products == []
    assert int(done.find(UNDONE)) >= len(orders)
    left = done.find(r"^left behind, the map has no undo for them: (.+)$")
    counts = {kind.removesuffix("s"): int(count) for count, kind in re.findall(r"(\d+) (\w+) \(", left)}
    assert counts == {"account": len(users), "order": len(orders)}
    assert orders
    assert "could not undo" not in done.text


def number(url: object) -> str:
    """The number at the end of a user's URL; staff are shown another URL than the user is."""
    return str(url).rstrip("/").rpartition("/")[2]
