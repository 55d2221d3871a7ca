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
    "search-500": ("demo-cookie", SEARCH | {"test_the_shop_window_answers"}),  # the page lists what the search gives
    "slow-search": ("demo", {"test_a_search_answers_while_people_wait"}),
    "checkout-refuses": (
        "demo-graphql",
        {"test_a_stranger_can_buy", "test_an_order_is_listed", "test_an_order_is_its_buyers_alone"},
    ),
    "signup-closed": ("demo", None),  # everybody but visitors
    "order-readable": ("demo-graphql", {"test_an_order_is_its_buyers_alone"}),
    "reset-unlimited": ("demo-cookie", {"test_nobody_floods_an_inbox"}),
    "slow-first-byte": ("demo-graphql", {"test_a_listing_opens_quickly"}),
    "price-as-string": ("demo-cookie", {"test_a_listing_keeps_its_contract"}),
}
"""Defect → a dialect to try it in (tests/matrix has the others), and the tests that see it."""


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
    assert (seen.bad, len(seen.every)) == (set(), 17)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["* objects undone", "left behind, the map has no undo for them: 4 orders (*)"])
    result.stdout.no_fnmatch_line("could not undo*")


@pytest.mark.parametrize("defect", RED)
def test_a_planted_defect_is_seen_where_it_should_be(suite, defect):
    """Each defect turns its own tests red and no other."""
    dialect, expected = RED[defect]
    result, seen = suite(f"--launchready-target={dialect}", f"--launchready-demo-defects={defect}")
    assert seen.bad == (seen.every - NEEDS_NOBODY if expected is None else expected)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_sample_suite_is_green_in_parallel(suite):
    """Four workers share one demo and never meet."""
    result, seen = suite("--launchready-target=demo", "-n", "4")
    assert (result.ret, seen.bad, len(seen.every)) == (pytest.ExitCode.OK, set(), 17)
    result.stdout.no_fnmatch_line("could not undo*")
