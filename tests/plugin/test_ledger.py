"""The ledger that `--launchready-json` writes."""

import json

import pytest

TESTS = """
    import pytest, pytest_launchready

    @pytest.mark.launchready(impact="trust-broken")
    def test_bad(buyer):
        assert 1 == 2

    def test_good(listing):
        pass

    def test_undecided():
        pytest_launchready.inconclusive("the clock stood still")

    @pytest.mark.launchready(requires="send_message")
    def test_absent():
        pass

    @pytest.mark.skip(reason="not today")
    def test_skipped():
        pass

    @pytest.mark.xfail(reason="known")
    def test_known():
        assert False
"""


@pytest.fixture
def ledger(shop, pytester):
    """Runs pytest and reads the ledger that it wrote."""

    def run(*arguments, source=TESTS):
        shop("--launchready-json=out/ledger.json", *arguments, source=source)
        return json.loads((pytester.path / "out/ledger.json").read_text())

    return run


def test_the_ledger_has_every_test_with_its_verdict(ledger):
    """Verdict, reason, impact and duration, in order of ids; folders on the way to it are made."""
    found = ledger()
    name = "test_the_ledger_has_every_test_with_its_verdict.py::"
    told = {test["id"].removeprefix(name): (test["verdict"], test["reason"], test["impact"]) for test in found["tests"]}
    assert told == {
        "test_absent": ("not covered", "send_message: no messages yet", None),
        "test_bad": ("failed", "assert 1 == 2", "trust-broken"),
        "test_good": ("passed", None, None),
        "test_known": ("expected failure", "known", None),
        "test_skipped": ("skipped", "not today", None),
        "test_undecided": ("inconclusive", "the clock stood still", None),
    }
    assert [test["id"] for test in found["tests"]] == sorted(test["id"] for test in found["tests"])
    assert all(test["seconds"] >= 0 for test in found["tests"])
    assert found["counts"] == dict.fromkeys(
        ("passed", "skipped", "not covered", "expected failure", "inconclusive", "failed"), 1
    )
    assert found["not_covered"] == [{"id": f"{name}test_absent", "reason": "send_message: no messages yet"}]


def test_the_ledger_says_what_the_run_was(ledger):
    """Schema, target, settings with their sources, people, exchanges in sum, what is left, environment."""
    found = ledger("--launchready-seed=7")
    assert found["schema"] == 1
    assert (found["state"], found["exit_status"]) == ("finished", 1)
    assert found["tool"]["name"] == "pytest-launchready"
    assert found["run"]["seed"] == 7
    assert found["target"]["name"] == "shop"
    assert found["target"]["api"] == "http://shop.test"
    assert found["settings"]["seed"] == {"value": 7, "source": "flag --launchready-seed"}
    assert found["settings"]["read-only"] == {"value": False, "source": "default"}
    assert {"name": "seller", "role": "seller", "account": "signed up"} in found["people"]
    assert found["exchanges"]["steps"]["create_listing"]["statuses"] == {"201": 1}
    assert found["exchanges"]["sent"] == sum(step["sent"] for step in found["exchanges"]["steps"].values())
    assert found["undo"]["undone"] == 3
    assert found["undo"]["left_behind"] == []
    assert found["build"] == {"expected": None, "verdict": None}
    assert found["environment"]["workers"] == 0
    assert found["environment"]["pytest"] == pytest.__version__


def test_a_check_is_in_the_ledger_with_what_it_found(ledger, pytester):
    """What it proves, what it costs, the evidence, the request that shows it and the command that repeats it."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace('request = "GET /listings"', 'request = "GET /finds"'))
    found = ledger("--launchready-audit=flows", source="def test_own(): pass")
    checks = {check["id"]: check for check in found["checks"]}
    bad, good, absent = checks["flows.search"], checks["flows.signup"], checks["flows.send_message"]
    assert (bad["verdict"], bad["code"], bad["impact"]) == ("failed", "step-failed", "launch-blocked")
    assert bad["reason"] == "flows.search: search failed, as buyer"
    assert "GET /finds" in bad["request"]
    assert bad["again"].startswith("curl -i -X GET ")
    assert good["verdict"] == "passed"
    assert good["evidence"][0].endswith("was made, and deleted by leave")
    assert (absent["verdict"], absent["reason"]) == ("not covered", "send_message: no messages yet")
    assert absent["proves"] == "send_message works"
    assert {test["id"] for test in found["tests"]} == {"test_a_check_is_in_the_ledger_with_what_it_found.py::test_own"}


def test_a_check_that_is_cut_short_has_a_code_too(ledger):
    """By the budget, for instance: the same word as a test of the team's would have."""
    found = ledger("--launchready-checks=flows.checkout", "--launchready-max-requests=2", source="def test_own(): pass")
    assert [(check["verdict"], check["code"]) for check in found["checks"]] == [("inconclusive", "budget")]


def test_the_ledger_is_the_same_with_workers(ledger, pytester):
    """Merged from all of them: the same keys, tests, verdicts and reasons, and everything that any of them made."""

    def skeleton(found):
        tests = [(test["id"], test["verdict"], test["reason"], test["impact"]) for test in found["tests"]]
        checks = [(check["id"], check["verdict"], check["proves"], check["reason"]) for check in found["checks"]]
        return sorted(found), tests, checks, found["counts"], found["not_covered"], found["undo"]["not_undone"]

    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace('request = "GET /listings"', 'request = "GET /finds"'))
    alone, parallel = ledger("--launchready-audit=flows"), ledger("--launchready-audit=flows", "-n", "2")
    assert skeleton(alone) == skeleton(parallel)
    assert parallel["environment"]["workers"] == 2
    assert parallel["exchanges"]["steps"]["create_listing"] != {}
    assert len(parallel["undo"]["left_behind"]) == len(alone["undo"]["left_behind"]) == 1


def test_a_test_that_is_run_again_counts_once(ledger):
    """With its last verdict, and how often it was run again."""
    pytest.importorskip("pytest_rerunfailures")
    found = ledger(
        "--reruns=2",
        source="""
        TRIES = []

        def test_flaky():
            TRIES.append(1)
            assert len(TRIES) == 2
    """,
    )
    assert [(test["verdict"], test["reruns"]) for test in found["tests"]] == [("passed", 1)]


def test_what_cannot_be_collected_is_in_the_ledger(ledger):
    """A run that never began is not an empty, clean one."""
    found = ledger(source="import nothing_of_this_name")
    assert found["exit_status"] == 2
    assert len(found["collection_errors"]) == 1
    assert found["tests"] == []


def test_no_secret_is_in_the_ledger(ledger, pytester):
    """Whatever a test says: what opens an account is masked."""
    ledger(
        source="""
        def test_leak(buyer):
            assert False, f"key-for-person-{buyer.account.id} {buyer.account.password}"
    """
    )
    text = (pytester.path / "out/ledger.json").read_text()
    assert "key-for-person" not in text
    assert "***" in text


def test_a_killed_run_does_not_leave_an_earlier_ledger(shop, pytester):
    """What is there says that the run did not end."""
    (pytester.path / "ledger.json").write_text('{"state": "finished", "exit_status": 0}')
    pytester.makepyfile(
        """
        import json, pathlib

        def test_it():
            assert json.loads(pathlib.Path("ledger.json").read_text())["state"] == "running"
    """
    )
    shop("--launchready-json=ledger.json").assert_outcomes(passed=1)
    assert json.loads((pytester.path / "ledger.json").read_text())["state"] == "finished"


def test_a_list_of_tests_is_no_finished_run(ledger):
    """`--collect-only` ends with status 0 and proves nothing."""
    assert ledger("--collect-only")["state"] == "listed"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("here", "*here is a folder: give the path of a file"), ("file/x.json", "*cannot be written: *")],
)
def test_a_path_that_cannot_be_written_is_a_usage_error(shop, pytester, path, reason):
    """Said at the start, and not after an hour of tests."""
    (pytester.path / "here").mkdir()
    (pytester.path / "file").write_text("")
    result = shop(f"--launchready-json={path}", source="def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --launchready-json: {reason}"])
