"""What becomes of a test that could not be decided, or that the map does not cover."""

from xml.etree import ElementTree as ET

import pytest

UNDECIDED = """
    import pytest, pytest_launchready

    def test_undecided():
        pytest_launchready.inconclusive("the clock stood still")

    def test_good():
        pass
"""


def test_inconclusive_is_an_outcome_of_its_own(shop):
    """It has its own category, letter and section, and the run is not green."""
    result = shop("-q", source=UNDECIDED)
    result.stdout.fnmatch_lines(
        ["?.*", "*inconclusive: not proven either way*", "*test_undecided: the clock stood still"]
    )
    result.stdout.fnmatch_lines(["1 passed, 1 inconclusive in *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_inconclusive_explains_itself_without_a_target(pytester):
    """Also a run without a target says why it is not green."""
    pytester.makepyfile(UNDECIDED)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*test_undecided: the clock stood still"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_inconclusive_is_named_in_verbose_output(shop):
    """`-v` says INCONCLUSIVE."""
    shop("-v", source=UNDECIDED).stdout.fnmatch_lines(["*::test_undecided INCONCLUSIVE*"])


def test_an_expected_failure_that_is_inconclusive_is_not_green(shop):
    """An xfail does not turn undecided into expected."""
    result = shop(
        source="""
        import pytest, pytest_launchready

        @pytest.mark.xfail
        def test_it():
            pytest_launchready.inconclusive("who knows")
    """
    )
    result.stdout.fnmatch_lines(["*1 inconclusive in*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_inconclusive_in_a_task_group_is_inconclusive(shop):
    """A group of undecided calls is undecided, not failed."""
    result = shop(
        source="""
        import asyncio

        async def test_it(buyer, listing):
            async with asyncio.TaskGroup() as group:
                group.create_task(buyer.add_to_cart(listing))
                group.create_task(buyer.add_to_cart(listing))
    """
    )
    result.stdout.fnmatch_lines(["*1 inconclusive in*"])


def test_a_mixed_group_fails(shop):
    """An undecided call beside a failed one does not hide the failure."""
    result = shop(
        source="""
        import asyncio

        async def test_it(buyer, listing):
            await asyncio.gather(buyer.search("x"))
            raise ExceptionGroup("both", [ValueError("broken"), *await asyncio.gather(
                buyer.add_to_cart(listing), return_exceptions=True)])
    """
    )
    result.assert_outcomes(failed=1)


def test_a_step_that_is_not_mapped_is_inconclusive(shop):
    """The message names the step and shows how to map it or to declare it absent."""
    result = shop(source="def test_it(buyer, listing): buyer.add_to_cart(listing)")
    said = "*test_it: step 'add_to_cart' is not mapped in launchready.toml.*"
    how = '[[]steps.add_to_cart]  request = "METHOD /path"*[[]steps.add_to_cart]  skip = *'
    result.stdout.fnmatch_lines([said + how])


def test_a_mistyped_step_is_met_with_the_nearest(shop):
    """`call("serch")` is told about search."""
    result = shop(source="def test_it(buyer): buyer.call('serch')")
    result.stdout.fnmatch_lines(["*step 'serch' is not mapped in launchready.toml. Did you mean 'search'?*"])


def test_a_step_declared_absent_skips_with_the_reason(shop):
    """The reason stands in the short summary and is counted as not covered."""
    result = shop("-rs", source="def test_it(buyer, listing): buyer.send_message(listing)")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["not covered: send_message: no messages yet (1 test)", "SKIPPED*no messages yet"])


@pytest.mark.parametrize(
    ("name", "reason"), [("send_message", "no messages yet"), ("invite", "launchready.toml maps no*")]
)
def test_requires_skips_what_is_not_covered(shop, name, reason):
    """The marker's `requires` skips before anything is sent."""
    result = shop(
        source=f"""
        import pytest

        @pytest.mark.launchready(requires="{name}")
        def test_it(buyer):
            assert False
    """
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"not covered: {name}: {reason} (1 test)"])


def test_requires_runs_what_is_covered(shop):
    """A resource's maker counts: `order` is made by checkout."""
    result = shop(
        source="""
        import pytest

        @pytest.mark.launchready(impact="launch-blocked", requires=("order", "search"))
        def test_it(order):
            assert order.total > 0
    """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('impact="data-exposd"', "impact='data-exposd' is not one of *Did you mean 'data-exposed'?*"),
        ('inpact="data-exposed"', "*unexpected keyword argument 'inpact'*Allowed: impact=, requires="),
        ('"data-exposed"', "*positional argument*Allowed: impact=, requires="),
    ],
)
def test_wrong_marker_arguments_blame_the_test(shop, arguments, message):
    """The run stops with exit status 4 and names the test."""
    result = shop(
        source=f"""
        import pytest

        @pytest.mark.launchready({arguments})
        def test_it():
            pass
    """
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *::test_it: {message}"])


def test_a_failed_step_explains_itself(shop):
    """Title, expected, got, request, a command to repeat it without secrets, and what to change."""
    result = shop(source="def test_it(buyer): buyer.checkout('no-such-listing')")
    result.stdout.fnmatch_lines(
        [
            "E*StepFailure: checkout failed, as buyer",
            "E *expected: status 2xx",
            'E *got:      422 Unprocessable Entity: {"detail":"no such listing"}',
            "E *request:  POST /orders → 422 Unprocessable Entity in * ms, as buyer",
            'E *again:    curl -i -X POST http://shop.test/orders*-H "authorization: Bearer $BUYER_TOKEN"*',
            "E *change:   the answer says why; compare it with steps.checkout in launchready.toml",
        ]
    )
    assert "key-for-person" not in result.stdout.str()


def test_the_traceback_shows_the_users_line_only(shop):
    """No frame of ours stands between the reader and the test."""
    result = shop(source="def test_it(buyer): buyer.checkout('no-such-listing')")
    result.stdout.fnmatch_lines([">*buyer.checkout('no-such-listing')", "*test_the_traceback*.py:1: StepFailure"])
    assert "pytest_launchready/flows" not in result.stdout.str()


def test_a_failed_fixture_explains_itself_without_our_frames(shop):
    """An error at setup shows what was refused, and nothing of how the plugin or pytest got there."""
    text = shop(
        source="""
        import pytest

        @pytest.fixture
        def bargain(buyer):
            return buyer.checkout("no-such-listing")

        def test_it(bargain): pass
    """
    ).stdout.str()
    assert "checkout failed, as buyer" in text
    assert "awaiting.py" not in text
    assert "pluggy" not in text.partition("= ERRORS =")[2]


def test_a_failed_fixture_of_ours_shows_its_message_only(shop, pytester):
    """Where no line of the traceback is the reader's, there is none."""
    text = (pytester.path / "launchready.toml").read_text()
    (pytester.path / "launchready.toml").write_text(text.replace('"POST /people"', '"POST /nowhere"'))
    text = shop(source="def test_it(buyer): pass").stdout.str()
    shown = text.partition("ERROR at setup of test_it")[2].partition("\n")[2]
    assert shown.startswith("signup failed, as buyer\n  expected: status 2xx\n")


PRODUCTION = """
    def test_it(buyer, target):
        with target.allow_writes("a clean slate"):
            buyer.delete("/listings/1")
"""


def test_reasons_for_raw_writes_stand_in_the_summary(shop, pytester):
    """Whoever reads the report sees what was allowed, and how often."""
    text = (pytester.path / "launchready.toml").read_text()
    consent = 'kind = "production"\nwrites = ["signup"]'
    (pytester.path / "launchready.toml").write_text(text.replace('kind = "local"', consent))
    shop(source=PRODUCTION).stdout.fnmatch_lines(["raw writes allowed: a clean slate (1 sent)"])


def test_a_write_without_consent_is_inconclusive(shop, pytester):
    """What could not be tried is not proven; the reason names step and setting."""
    text = (pytester.path / "launchready.toml").read_text()
    (pytester.path / "launchready.toml").write_text(text.replace('kind = "local"', 'kind = "production"'))
    result = shop(source="def test_it(buyer): pass")
    result.stdout.fnmatch_lines(["*step signup would write on the production target shop, and targets.shop.writes*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_proxy_stands_in_the_header(shop, monkeypatch):
    """Without its password."""
    monkeypatch.setenv("http_proxy", "http://me:secret@proxy.test:3128")
    result = shop(source="def test_it(): pass")
    result.stdout.fnmatch_lines(["launchready: through the proxy http://proxy.test:3128"])
    assert "me:secret" not in result.stdout.str()


def test_a_certificate_file_that_cannot_be_used_is_named(shop, pytester):
    """`--launchready-ca-bundle` must be certificates."""
    text = (pytester.path / "launchready.toml").read_text()
    (pytester.path / "launchready.toml").write_text(text.replace("http://shop.test", "https://shop.test"))
    (pytester.path / "conftest.py").unlink()
    (pytester.path / "no.pem").write_text("nothing")
    shop("--launchready-ca-bundle=no.pem", source="def test_it(buyer): pass").stdout.fnmatch_lines(
        ["no.pem cannot be used for TLS: *"]
    )


ALLOWED = "--launchready-allow-inconclusive"


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "workers"])
def test_what_the_team_allows_is_counted_and_fails_nothing(shop, workers):
    """With --launchready-allow-inconclusive the run is green, and still says how much it could not decide, and why."""
    result = shop("-q", ALLOWED, *workers, source=UNDECIDED)
    result.stdout.fnmatch_lines(
        [
            "*inconclusive: not proven either way*",
            "*test_undecided: the clock stood still",
            "1 passed, 1 inconclusive in *",
        ]
    )
    assert result.ret == pytest.ExitCode.OK


def test_without_leave_undecided_is_not_green_under_xdist(shop):
    """The outcome travels from workers."""
    result = shop("-q", "-n4", source=UNDECIDED)
    result.stdout.fnmatch_lines(["*test_undecided: the clock stood still", "1 passed, 1 inconclusive in *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_leave_can_stand_in_the_ini_file_or_the_environment(shop, monkeypatch):
    """As every setting."""
    monkeypatch.setenv("LAUNCHREADY_ALLOW_INCONCLUSIVE", "true")
    assert shop(source=UNDECIDED).ret == pytest.ExitCode.OK


def test_leave_without_a_target_is_a_usage_error(pytester):
    """As every option but the target itself."""
    result = pytester.runpytest(ALLOWED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--launchready-allow-inconclusive needs a target*"])


@pytest.mark.parametrize(("leave", "ran"), [((), 0), ((ALLOWED,), 1)])
def test_exitfirst_stops_at_what_fails_the_run(shop, leave, ran):
    """`-x` agrees with the exit status: it stops at an undecided test unless that is allowed."""
    result = shop("-x", *leave, source=UNDECIDED)
    counts = result.parseoutcomes()
    assert (counts["inconclusive"], counts.get("passed", 0)) == (1, ran)
    assert result.ret == (pytest.ExitCode.OK if leave else pytest.ExitCode.TESTS_FAILED)


@pytest.mark.parametrize(("leave", "xfail"), [((), 1), ((ALLOWED,), 0)])
def test_an_expected_failure_agrees_with_leave(shop, leave, xfail):
    """Also a strict xfail is inconclusive, not expected."""
    source = UNDECIDED.replace("    def test_undecided", "    @pytest.mark.xfail(strict=True)\n    def test_undecided")
    result = shop(*leave, source=source)
    result.stdout.fnmatch_lines(["*1 passed, 1 inconclusive in*"])
    assert int(result.ret) == xfail


def test_last_failed_runs_the_undecided_again(shop, pytester):
    """`--lf` takes what was not proven for failed, unless it was allowed."""
    shop("-p", "cacheprovider", source=UNDECIDED)
    again = pytester.runpytest("--launchready-target=shop", "--lf")
    assert again.parseoutcomes() == {"inconclusive": 1}
    pytester.runpytest("--launchready-target=shop", "--lf", ALLOWED)
    assert pytester.runpytest("--launchready-target=shop", "--lf").parseoutcomes() == {"passed": 1, "inconclusive": 1}


@pytest.mark.parametrize(("leave", "element"), [((), "failure"), ((ALLOWED,), "skipped")])
def test_junit_agrees_with_the_exit_status(shop, pytester, leave, element):
    """A failure with its reason; allowed, a skip with its reason."""
    shop("--junitxml=junit.xml", *leave, source=UNDECIDED)
    suite = ET.parse(pytester.path / "junit.xml").getroot()[0]
    undecided = suite.find("testcase[@name='test_undecided']")
    assert "the clock stood still" in undecided.find(element).get("message")
    assert suite.get({"failure": "failures", "skipped": "skipped"}[element]) == "1"


def test_a_rerun_that_decides_is_decided(shop):
    """With pytest-rerunfailures an undecided test is tried again, and only its last word counts."""
    pytest.importorskip("pytest_rerunfailures")
    source = """
        import pytest_launchready
        TRIES = []

        def test_late():
            TRIES.append(1)
            if len(TRIES) < 3:
                pytest_launchready.inconclusive("too early")

        def test_never():
            pytest_launchready.inconclusive("no clock")
    """
    result = shop("--reruns=2", source=source)
    assert result.parseoutcomes() == {"passed": 1, "inconclusive": 1, "rerun": 4}
    result.stdout.no_fnmatch_line("*too early*")
    result.stdout.fnmatch_lines(["*test_never: no clock"])


@pytest.mark.parametrize(("leave", "status"), [((), 1), ((ALLOWED,), 0)])
def test_an_undecided_subtest_is_no_pass(shop, leave, status):
    """It is inconclusive, and so its test is not green unless that is allowed."""
    result = shop(
        *leave,
        source="""
        import pytest_launchready

        def test_it(subtests):
            with subtests.test("one"):
                pytest_launchready.inconclusive("the clock stood still")
            with subtests.test("two"):
                pass
    """,
    )
    assert int(result.ret) == status


def test_one_verdict_a_test(shop):
    """What is undecided in the test and again in its teardown is counted once; a failure is not softened by it."""
    result = shop(
        "-rA",
        source="""
        import pytest, pytest_launchready

        @pytest.fixture
        def shaky():
            yield
            pytest_launchready.inconclusive("nor at the end")

        def test_open(shaky): pytest_launchready.inconclusive("who knows")
        def test_bad(shaky): assert False
        def test_good(shaky): pass
    """,
    )
    assert result.parseoutcomes() == {"inconclusive": 2, "failed": 1, "passed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    "catching", ["pytest.raises(Exception)", "contextlib.suppress(Exception)", "pytest.raises(WriteRefused)"]
)
def test_a_refusal_that_a_test_catches_is_no_pass(shop, pytester, catching):
    """A broad `except` takes it for the marketplace's answer; the test is inconclusive all the same, and says why."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace('kind = "local"', 'kind = "production"\nwrites = ["signup"]'))
    result = shop(
        source=f"""
        import contextlib
        import pytest
        from pytest_launchready.wire.consent import WriteRefused

        def test_only_sellers_may_list(buyer):
            with {catching}:
                buyer.create_listing()

        async def test_the_same_when_awaited(buyer):
            with {catching}:
                await buyer.create_listing()

        def test_another(buyer):
            buyer.search("x")
        """
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*test_only_sellers_may_list: step create_listing would write*", "*1 passed, 2 inconclusive*"]
    )


@pytest.mark.parametrize("reading", ['match="writes"', ""])
def test_a_test_of_a_refusal_reads_why_and_passes(shop, pytester, reading):
    """By `match=`, or by looking at the message: then the test knows that it was not the marketplace that refused."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace('kind = "local"', 'kind = "production"\nwrites = ["signup"]'))
    shop(
        source=f"""
        import pytest

        def test_the_guard(buyer):
            with pytest.raises(Exception, {reading}) as refusal:
                buyer.create_listing()
            {'assert "writes" in str(refusal.value)' if not reading else ""}
        """
    ).assert_outcomes(passed=1)
