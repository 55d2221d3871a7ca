"""Checks of the catalogue as assertions of a team's own tests, and the notes that checks leave."""

from pytest_launchready.reporting.terminal import note_lines


def test_a_check_passes_from_a_plain_and_an_async_test(shop):
    """One call, awaited where the test is async."""
    result = shop(
        source="""
        def test_plain(assert_check):
            assert_check("safety.hosts", "flows.search")

        async def test_async(assert_check):
            await assert_check("flows.checkout")
        """
    )
    result.assert_outcomes(passed=2)


def test_a_failed_check_fails_the_test_and_explains_itself(shop, pytester):
    """What was seen, what it costs, and the other checks that failed, in a line each."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace("POST /orders", "POST /orderz").replace("GET /listings", "GET /listingz"))
    result = shop(source="def test_it(assert_check): assert_check('flows.search', 'flows.checkout')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*flows.search: search failed, as buyer",
            "*request:  GET /listingz*404 Not Found*",
            "*proves:   search works, else launch-blocked",
            "*failed: flows.checkout: checkout failed, as buyer",
        ]
    )


def test_a_check_that_cannot_run_is_not_covered(shop):
    """Skipped, with the reason."""
    result = shop(source="def test_it(assert_check): assert_check('build.*')")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["not covered: build.same: * does not say where the build is told *"])


def test_a_check_that_there_is_not_is_named_with_the_nearest(shop):
    """And without any name the call says what it wants."""
    result = shop(
        source="""
        def test_unknown(assert_check): assert_check("flows.serch")
        def test_none(assert_check): assert_check()
        """
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*no check matches 'flows.serch'. Did you mean 'flows.search'?*",
            '*assert_check() wants the id of a check, or a glob, as in assert_check("access.session.[*]")*',
        ]
    )


def test_a_forgotten_await_names_the_assertion(shop):
    """By its own name: it belongs to nobody."""
    result = shop(source="async def test_it(assert_check): assert_check('flows.search')")
    result.assert_outcomes(failed=1)
    call = "assert_check('flows.search')"
    result.stdout.fnmatch_lines([f"{call} was never awaited *Write: await {call}"])


def test_notes_are_told_once_with_the_checks_that_say_them():
    """However many checks say the same."""
    notes = [("access.order.read.stranger", "ids can be guessed"), ("access.order.list.stranger", "ids can be guessed")]
    assert note_lines([*notes, ("limits.login", "no Retry-After")]) == [
        "note: ids can be guessed (access.order.list.stranger, access.order.read.stranger)",
        "note: no Retry-After (limits.login)",
    ]
