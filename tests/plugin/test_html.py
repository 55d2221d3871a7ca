"""What the HTML report says before its table."""

import html
import re

import pytest

SOURCE = """
    import pytest_launchready

    def test_good(buyer, listing):
        assert buyer.search(listing.title)

    def test_absent(buyer, listing):
        buyer.send_message(listing)
"""


@pytest.fixture
def report(shop, pytester):
    """A function that runs a suite and gives the report's text up to its table."""

    def run(source, *arguments):
        shop("--html=report.html", "--self-contained-html", *arguments, source=source)
        return (pytester.path / "report.html").read_text().partition("<body")[2]

    return run


def test_the_report_names_target_run_verdict_and_what_was_left(report):
    """A reader sees in five seconds what was tested and what came of it, without any script."""
    text = report(SOURCE)
    assert "Launch readiness of shop" in text
    assert ">PASSED</b> · 1 passed, 0 failed, 0 inconclusive, 1 skipped" in text
    assert "shop (local) at http://shop.test · run lr" in text
    assert "<b>Not covered</b>" in text
    assert "send_message: no messages yet (1 test)" in text
    assert "4 objects undone" in text


def test_a_failure_makes_the_verdict_failed(report):
    """One failed test is enough; an error in a fixture counts too."""
    text = report(SOURCE + "\n    def test_bad(buyer): buyer.checkout('nothing')\n")
    assert ">FAILED</b> · 1 passed, 1 failed" in text


def test_the_worst_failure_stands_first(report, pytester):
    """By impact, each with its reason in a line; what was not covered and what is only noted is folded away."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text().replace("GET /listings", "GET /finds").replace("POST /orders", "POST /buys"))
    text = report(
        """
        import pytest

        @pytest.mark.launchready(impact="slow-core-flow")
        def test_slow(buyer): assert False, "too slow"

        def test_checks(assert_check): assert_check("flows.search")

        @pytest.mark.launchready(impact="data-exposed")
        def test_private(buyer): assert False, "<b>everybody</b> reads it"
        """
    )
    listed = text[text.index("What failed, the worst first") :]
    order = [listed.index(words) for words in ("data-exposed: ", "slow-core-flow: ", "no impact given: ")]
    assert order == sorted(order)
    assert "&lt;b&gt;everybody&lt;/b&gt; reads it" in listed


def test_undecided_is_not_passed(report):
    """Green means proven."""
    text = report(SOURCE + "\n    def test_open(): pytest_launchready.inconclusive('who <knows>')\n")
    assert ">NOT PROVEN</b> · 1 passed, 0 failed, 1 inconclusive" in text
    assert "test_open: who &lt;knows&gt;" in text


@pytest.mark.parametrize("allowed", [False, True])
def test_the_row_of_an_undecided_test_says_so(report, allowed):
    """Not Failed, Error or Skipped, wherever it ended."""
    text = report(
        """
        import pytest, pytest_launchready

        @pytest.fixture
        def open_question():
            pytest_launchready.inconclusive("who knows")

        def test_open(): pytest_launchready.inconclusive("who knows")
        def test_open_at_setup(open_question): pass
        """,
        *(["--launchready-allow-inconclusive"] if allowed else []),
    )
    results = re.findall(r"col-result[^>]*>(\w+)<", html.unescape(text).replace('\\"', '"'))
    assert results == ["Inconclusive", "Inconclusive"]


def test_a_run_of_skips_proves_nothing(report):
    """Only not covered is no pass."""
    assert ">NOTHING WAS TRIED</b>" in report("def test_absent(buyer, listing): buyer.send_message(listing)")


def test_no_secret_is_in_the_report(report):
    """A failure's command names a variable in place of the token."""
    text = report("def test_bad(buyer): buyer.checkout('nothing')")
    assert "BUYER_TOKEN" in text
    assert "key-for-person" not in text


def test_without_pytest_html_nothing_breaks(shop):
    """`-p no:html` is a way to run."""
    shop("-p", "no:html", source=SOURCE).assert_outcomes(passed=1, skipped=1)
