"""The sample suite: green on every dialect of the demo, and red exactly where a planted defect should show."""

import pytest

DIALECTS = ("demo", "demo-cookie", "demo-graphql")

SEARCH = {
    "test_a_stranger_can_buy",
    "test_a_new_listing_is_found",
    "test_two_searches_at_once_agree",
    "test_a_search_answers_while_people_wait",
    "test_a_seller_can_take_a_listing_down",
}
NEEDS_NOBODY = {"test_the_shop_window_answers", "test_a_search_answers_while_people_wait"}
RED = {
    "search-500": SEARCH | {"test_the_shop_window_answers"},  # the home page lists what the search gives
    "slow-search": {"test_a_search_answers_while_people_wait"},
    "checkout-refuses": {"test_a_stranger_can_buy", "test_an_order_is_listed"},
    "signup-closed": None,  # everybody but visitors
}


class Seen:
    """A plugin of the inner run that remembers which tests ran and which failed in any phase."""

    def __init__(self):
        self.every, self.bad = set(), set()

    def pytest_runtest_logreport(self, report):
        """Every phase of every test, also from workers."""
        name = report.nodeid.rpartition("::")[2]
        self.every.add(name)
        if report.failed:
            self.bad.add(name)


@pytest.fixture
def suite(pytester):
    """A function that runs a copy of the sample suite, and what its tests came to."""
    pytester.copy_example("smoke_suite")

    def run(*arguments):
        seen = Seen()
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments, plugins=[seen]), seen

    return run


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sample_suite_is_green_on_the_demo(suite, dialect):
    """Only the map differs between bearer tokens, cookies and GraphQL; nothing but orders is left behind."""
    result, seen = suite(f"--launchready-target={dialect}")
    assert (seen.bad, len(seen.every)) == (set(), 13)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["* objects undone", "left behind, the map has no undo for them: 2 orders (*)"])
    result.stdout.no_fnmatch_line("could not undo*")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("defect", RED)
def test_a_planted_defect_is_seen_where_it_should_be(suite, dialect, defect):
    """Each defect turns its own tests red and no other."""
    result, seen = suite(f"--launchready-target={dialect}", f"--launchready-demo-defects={defect}")
    expected = RED[defect]
    assert seen.bad == (seen.every - NEEDS_NOBODY if expected is None else expected)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_sample_suite_is_green_in_parallel(suite):
    """Four workers share one demo and never meet."""
    result, seen = suite("--launchready-target=demo", "-n", "4")
    assert (result.ret, seen.bad, len(seen.every)) == (pytest.ExitCode.OK, set(), 13)
    result.stdout.no_fnmatch_line("could not undo*")
