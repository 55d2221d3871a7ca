"""The built-in checks as test items: which there are, what becomes of them, how they are chosen."""

import pytest

from pytest_launchready.probes import flows
from pytest_launchready.wire import operations
from pytest_launchready.wire.consent import Consent
from pytest_launchready.wire.transport import Transport

EVERY = [
    *("build.same", "build.expected", "safety.hosts", "safety.writes", "flows.signup", "flows.login", "flows.me"),
    *("flows.create_listing", "flows.search", "flows.send_message", "flows.delete_listing", "flows.checkout"),
    "flows.leave",
]


@pytest.fixture
def audit(shop):
    """Runs an audit of the marketplace in memory, with one test of a team's own beside it."""

    def run(*arguments, source="def test_own(): pass"):
        return shop("--launchready-audit=build,safety,flows", *arguments, source=source)

    return run


@pytest.fixture
def change_map(pytester):
    """Replaces text in the map."""

    def change(old, new):
        path = pytester.path / "launchready.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def ids(result):
    """The check ids that a collection lists, in order."""
    return [line.removeprefix("launchready::") for line in result.outlines if line.startswith("launchready::")]


def test_every_step_is_an_item_in_the_order_of_its_needs(audit):
    """Coming in first, undo after what it undoes, going out last; made from the map, so nothing is sent."""
    result = audit("--collect-only", "-q")
    assert ids(result) == EVERY
    result.stdout.no_fnmatch_line("*requests sent*")


def test_checks_run_beside_the_teams_tests(audit):
    """They pass, or are not covered with the reason, and everything they made is undone or listed."""
    result = audit("-v")
    result.assert_outcomes(passed=10, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "launchready::flows.signup PASSED*",
            "launchready::flows.checkout PASSED*",
            "not covered: build.same: launchready.toml does not say where the build is told *",
            "not covered: safety.writes: target shop is local, and the run is not --launchready-read-only: writes *",
            "not covered: send_message: no messages yet (1 test)",
            "left behind, the map has no undo for them: 1 order (*",
        ]
    )
    assert result.ret == 0


def test_a_family_is_chosen_by_its_name(audit, shop):
    """`--launchready-audit=flows` leaves the others out."""
    result = shop("--launchready-audit=flows,build", "--collect-only", "-q", source="def test_own(): pass")
    assert {one.partition(".")[0] for one in ids(result)} == {"flows", "build"}


def test_checks_are_chosen_by_globs(shop):
    """A list of globs, of ids; asking for checks is asking for an audit."""
    result = shop("--launchready-checks=flows.s*,*.same", "--collect-only", "-q", source="def test_own(): pass")
    assert ids(result) == ["build.same", "flows.signup", "flows.search", "flows.send_message"]


def test_an_unknown_family_is_a_usage_error(shop):
    """Named, with the nearest match and what there is."""
    result = shop("--launchready-audit=flow")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: *: there is no family 'flow' of checks. Did you mean 'flows'? Allowed: build, safety, flows, *"]
    )


def test_a_path_taken_for_a_family_is_explained(shop, pytester):
    """The flag may stand alone, so what follows it may be meant as something else."""
    pytester.makepyfile("def test_own(): pass")
    result = shop("--launchready-audit", "test_a_path_taken_for_a_family_is_explained.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*A path goes before the option, or after --launchready-audit=all: test_a_path_taken_*.py"]
    )


def test_an_audit_of_nothing_is_a_usage_error(audit):
    """A glob that matches nothing names the nearest id and all that there are."""
    result = audit("--launchready-checks=flows.search,flows.serch")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: *: no check matches 'flows.serch'. Did you mean 'flows.search'? There are 13 checks: build.same, *"]
    )


def test_a_failed_check_explains_itself(audit, change_map):
    """The request, how to repeat it, what it costs; the short summary has it in one line."""
    change_map('request = "GET /listings"', 'request = "GET /finds"')
    result = audit()
    result.assert_outcomes(passed=9, failed=1, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "*_ flows.search: search works _*",
            "flows.search: search failed, as buyer",
            "  expected: status 2xx",
            "  got:      404 Not Found: *",
            "  request:  GET /finds?q=* → 404 Not Found in * ms, as buyer",
            "  again:    curl -i -X GET *",
            "  proves:   search works, else launch-blocked",
            "FAILED launchready::flows.search*",
        ]
    )
    result.stdout.no_fnmatch_line("*_take_back*")


def test_the_summary_prints_how_to_run_only_the_failed_checks_again(audit, change_map, pytester):
    """Pasted, it runs these and nothing else, the team's own tests included."""
    change_map('request = "GET /listings"', 'request = "GET /finds"')
    result = audit("--launchready-seed=7", "-v")
    line = next(line for line in result.outlines if line.startswith("only these checks again: "))
    command = line.removeprefix("only these checks again: ")
    assert command == (
        "pytest --launchready-target=shop --launchready-seed=7 --launchready-checks=flows.search -k launchready::"
    )
    second = pytester.runpytest("-p", "no:cacheprovider", *command.split()[1:])
    second.assert_outcomes(failed=1, deselected=1)


def test_what_a_broken_step_is_needed_for_is_inconclusive(audit, change_map):
    """Nobody is blamed for what could not be tried."""
    change_map('request = "POST /people"', 'request = "POST /persons"')
    result = audit("--launchready-checks=flows.*")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "flows.signup: signup failed, as buyer-2",
            "launchready::flows.login: login could not be tried: signup failed, as buyer (prerequisite)",
            "launchready::flows.checkout: checkout could not be tried: signup failed, as buyer (prerequisite)",
        ]
    )
    assert "7 inconclusive" in result.outlines[-1]


def test_an_undo_that_does_not_work_fails_maker_and_undo(audit, change_map):
    """Also where an undo of a run's end would call the thing gone: it has just been made."""
    change_map('request = "DELETE /listings/{{ listing.id }}"', 'request = "DELETE /things/{{ listing.id }}"')
    result = audit("--launchready-checks=flows.create_listing,flows.delete_listing")
    result.stdout.fnmatch_lines(["flows.delete_listing: delete_listing failed, as seller"])
    result.assert_outcomes(passed=2, failed=1)


def test_an_undo_that_is_refused_fails_its_maker(audit, change_map):
    """What the step makes cannot be taken away: the step alone would have been green."""
    change_map('request = "DELETE /listings/{{ listing.id }}"', 'request = "GET /me"\nok = [204]')
    result = audit("--launchready-checks=flows.create_listing")
    result.stdout.fnmatch_lines(
        ["flows.create_listing: listing * cannot be taken away: delete_listing failed, as seller"]
    )


def test_what_needs_an_admin_without_an_account_is_not_covered(audit, change_map):
    """Skipped by name, with what the map would have to say."""
    change_map("[steps.leave]", '[steps.ban]\nactor = "admin"\nrequest = "POST /bans"\n\n[steps.leave]')
    result = audit("--launchready-checks=flows.ban")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["not covered: ban: the map gives no account for admin ([[]people.admin]) (1 test)"])


def test_where_nobody_signs_up_no_account_is_made_or_deleted(audit, change_map):
    """Accounts that exist are not the audit's to delete."""
    account = "email = 'ann@example.com'\npassword = 'correct-horse'\n"
    people = "".join(f"[people.{name}]\n{account}\n" for name in ("buyer", "seller"))
    change_map("[steps.leave]", people + "[steps.leave]")
    result = audit("--launchready-checks=flows.signup,flows.leave")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "not covered: signup: everybody has an account already, so nobody signs up (1 test)",
            "not covered: leave: everybody has an account already, so nobody signs up (1 test)",
            "0 requests sent*",
        ]
    )


def test_without_consent_a_step_is_not_covered(audit, change_map):
    """On production nothing is written that `writes` does not name; the guards prove that first."""
    change_map('kind = "local"', 'kind = "production"\nwrites = ["signup"]')
    result = audit("-rs", "-v")
    result.stdout.fnmatch_lines(
        [
            "launchready::safety.writes PASSED*",
            "launchready::flows.signup PASSED*",
            "launchready::flows.create_listing SKIPPED*",
            "launchready::flows.search PASSED*",
            "*create_listing: no consent: step create_listing would write on the production target shop*",
        ]
    )
    assert result.ret == 0


def test_a_guard_that_lets_writes_pass_is_found(audit, monkeypatch):
    """The check of the guard can fail."""

    async def wave_through(self, request):
        return

    monkeypatch.setattr(Consent, "before", wave_through)
    result = audit("--launchready-read-only", "--launchready-checks=safety.writes")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["safety.writes: POST /launchready-guard was not refused: it is a write without consent", "*it was sent"]
    )


def test_a_guard_that_takes_a_mutation_for_a_read_is_found(audit, change_map, monkeypatch):
    """Where the map names a GraphQL endpoint, a mutation in the query of a GET is tried too."""
    change_map("[auth]", '[contract]\ngraphql = "/graphql"\n\n[auth]')
    given = ("--launchready-read-only", "--launchready-checks=safety.writes")
    audit(*given).assert_outcomes(passed=2)
    monkeypatch.setattr(operations, "writes_by_query", lambda *_, **__: False)
    result = audit(*given)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["safety.writes: GET /graphql?query=mutation* was not refused*"])


def test_a_guard_that_lets_foreign_origins_pass_is_found(audit, monkeypatch):
    """The same for the hosts."""
    monkeypatch.setattr(Transport, "_guard", lambda *_: None)
    result = audit("--launchready-checks=safety.hosts")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["safety.hosts: GET https://launchready-guard.invalid/ was not refused*"])


def test_a_fault_of_ours_shows_its_traceback(audit, monkeypatch):
    """What nobody foresaw is no verdict on the marketplace."""
    monkeypatch.setattr(flows, "_said", lambda *_: 1 / 0)
    result = audit("--launchready-checks=flows.me")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_workers_run_the_same_checks(audit):
    """Under xdist every worker makes the same list, and each check runs once."""
    audit("-n", "2").assert_outcomes(passed=10, skipped=4)


def test_checks_are_selected_and_stopped_as_tests_are(audit, change_map):
    """`-k` by the node id, `-x` after the first that fails."""
    audit("-k", "launchready::safety").assert_outcomes(passed=1, skipped=1, deselected=12)
    change_map('request = "POST /people"', 'request = "POST /persons"')
    audit("-x", "--launchready-checks=flows.*").assert_outcomes(passed=1, failed=1)


def test_importlib_mode_changes_nothing(audit):
    """Checks are no files."""
    audit("--import-mode=importlib").assert_outcomes(passed=10, skipped=4)


def test_what_a_folder_overrides_holds_for_checks(shop, pytester):
    """A conftest.py below the root folder may say how the marketplace is reached."""
    (pytester.path / "smoke").mkdir()
    (pytester.path / "conftest.py").rename(pytester.path / "smoke/conftest.py")
    (pytester.path / "smoke/test_own.py").write_text("def test_own(): pass")
    result = shop("--launchready-audit=build,safety,flows", "-v")
    result.assert_outcomes(passed=10, skipped=4)
    result.stdout.fnmatch_lines(["launchready::flows.signup PASSED*"])


def test_two_folders_that_override_it_differently_are_a_usage_error(shop, pytester):
    """It would not be clear which marketplace is audited."""
    for name in ("one", "two"):
        (pytester.path / name).mkdir()
        (pytester.path / name / "conftest.py").write_text((pytester.path / "conftest.py").read_text())
        (pytester.path / name / f"test_{name}.py").write_text("def test_own(): pass")
    result = shop("--launchready-audit")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --launchready-audit: one/conftest.py and two/conftest.py both override*"])


def test_without_an_audit_there_are_no_checks(shop):
    """The plugin adds nothing that nobody asked for."""
    assert ids(shop("--collect-only", "-q", source="def test_own(): pass")) == []
