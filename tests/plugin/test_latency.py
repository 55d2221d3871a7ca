"""Latency from a team's own tests: the fixtures in both colours, notes, networks, and what the ledger says."""

import json

import pytest

QUICK = """
def test_plain(buyer, assert_p95_under, assert_median_under, assert_all_under):
    assert_p95_under(300, buyer.search, "lamp")
    assert_median_under(300, lambda: buyer.search("lamp"))
    assert_all_under(300, step="search")

async def test_async(buyer, assert_p95_under, assert_phase_under, assert_error_rate_under):
    await assert_p95_under(300, buyer.search, "lamp", samples=59)
    await assert_p95_under(300, lambda: buyer.search("lamp"), samples=59)
    await assert_p95_under(300, "search")
    await assert_phase_under(300, buyer.search, phase="body")
    await assert_error_rate_under(0.05)

def test_a_crowd(buyer, assert_p95_under):
    assert_p95_under(300, buyer.search, users=20)
"""


def test_the_fixtures_work_in_plain_and_in_async_tests(shop):
    """The same names, the same arguments."""
    shop(source=QUICK).assert_outcomes(passed=3)


def test_a_call_that_is_not_awaited_fails_its_test_by_name(shop):
    """Whether it runs on the engine or in the caller's task."""
    source = """
async def test_verb(buyer, assert_p95_under):
    assert_p95_under(300, buyer.search)
async def test_own(buyer, assert_median_under):
    assert_median_under(300, lambda: 1)
"""
    found = shop(source=source)
    found.assert_outcomes(failed=2)
    found.stdout.fnmatch_lines(
        [
            "*assert_p95_under(…) was never awaited (*.py:2). Write: await assert_p95_under(…)",
            "*assert_median_under(…) was never awaited (*.py:4). Write: await assert_median_under(…)",
        ]
    )


def test_a_failure_shows_the_team_s_own_line_only(shop):
    """No line of ours stands between the test and the message."""
    found = shop(source="def test_it(buyer, assert_p95_under):\n    assert_p95_under(0.001, buyer.search)\n")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*latency.search: buyer.search is too slow: its p95 is over 0.001 ms"])
    found.stdout.no_fnmatch_line("*assertions/latency.py*")


def test_notes_of_tests_are_told_and_kept(shop, pytester):
    """At the end of the run, and in the ledger; with how long each step took."""
    with (pytester.path / "launchready.toml").open("a") as file:
        file.write('\n[latency]\nundecided = "note"\n')
    source = """
def test_it(buyer, assert_error_rate_under):
    buyer.search("lamp")
    assert_error_rate_under(0.01)
"""
    found = shop("--launchready-json=found.json", source=source)
    found.assert_outcomes(passed=1)
    note = "0 of * requests of this session failed, which is consistent with fewer than 1.0%; 299 with no more*"
    found.stdout.fnmatch_lines([f"note: {note} (*test_it)"])
    ledger = json.loads((pytester.path / "found.json").read_text())
    assert ledger["tests"][0]["notes"][0].startswith("0 of ")
    assert ledger["latency"]["search"]["calls"] == 1
    assert set(ledger["latency"]["search"]) == {"calls", "p50_ms", "p95_ms", "max_ms"}


def test_an_unknown_network_is_a_usage_error(shop):
    """With the nearest match, and all that there are."""
    found = shop("--launchready-network=slow4g", source="def test_it(): pass")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    said = "*flag --launchready-network: there is no network 'slow4g'. Did you mean 'slow-4g'? "
    said += "Allowed: 3g, 4g, lte, slow-3g, slow-4g, and every [[]networks.NAME[]] of *"
    found.stderr.fnmatch_lines([said])


def test_a_network_needs_sockets(shop):
    """A transport in memory has no connection to put it on."""
    found = shop("--launchready-network=3g", source="def test_it(buyer): pass")
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["the network 3g is put on sockets, and `launchready_transport` replaces them"])


def test_plain_stands_beside_shaped_in_the_ledger(pytester):
    """The same calls with and without what the team's own network adds, which the header tells."""
    pytester.makefile(
        ".toml",
        launchready='[targets.demo]\nkind = "local"\n[networks.tunnel]\nround_trip = 40\ndown = 1000\nup = 500\n'
        '[steps.search]\nrequest = "GET /api/listings"\nquery = { q = "{{ search.text }}" }\nitems = "items"\n'
        'capture = { id = "id" }\n',
    )
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile("def test_it(anonymous):\n    anonymous.search('lamp')\n    anonymous.search('lamp')\n")
    found = pytester.runpytest(
        "--launchready-target=demo", "--launchready-network=tunnel", "--launchready-json=found.json"
    )
    found.assert_outcomes(passed=1)
    found.stdout.fnmatch_lines(
        ["launchready: over the network tunnel: 40 ms a round trip, 1,000 kbit/s down, 500 kbit/s up"]
    )
    ledger = json.loads((pytester.path / "found.json").read_text())
    search = ledger["latency"]["search"]
    assert ledger["network"].startswith("tunnel: 40 ms")
    assert search["p50_ms"] - search["plain"]["p50_ms"] >= 40
