"""Each defect breaks what it says, in every dialect, and nothing else."""

import time

import pytest

from pytest_launchready.demo import start
from pytest_launchready.demo.defects import CATALOGUE, DEFECTS, SLOW_SECONDS, chosen, faults


@pytest.fixture(scope="module", params=["search-500", "slow-search", "checkout-refuses", "signup-closed"])
def broken(request, tmp_path_factory):
    """A marketplace with one defect, and its name."""
    folder = tmp_path_factory.mktemp("broken")
    running = start(defects=[request.param], admin_password="admin-password-1", data_dir=folder)
    yield request.param, running
    running.stop()


@pytest.mark.parametrize("dialect", ["rest", "cookie", "graphql"])
def test_a_defect_breaks_what_it_says_and_no_more(broken, dialect, open_shop):
    """Search, checkout and sign-up: the named one fails as announced, the others work."""
    name, running = broken
    shop = open_shop(running, dialect)
    seen = shop.somebody().do("signup", email=f"{dialect}@example.com", password="12345678x")
    assert (seen.status if name == "signup-closed" else seen.ok) == (403 if name == "signup-closed" else True)
    admin = shop.admin()
    listing = admin.do("create_listing", title="Lamp", price="5")["id"]

    began = time.monotonic()
    found = admin.do("search", q="lamp")
    took = time.monotonic() - began
    if name == "search-500":
        assert found.status == 500
        assert "index" not in str(found.body), "what went wrong inside stays inside"
        assert "Traceback" in running.log.read_text()
    else:
        assert listing in [item["id"] for item in found["items"]]
    assert (took >= SLOW_SECONDS) == (name == "slow-search")

    if name != "signup-closed":
        buyer = shop.person()
        bought = buyer.buy(listing)
        assert bought.status == 402 if name == "checkout-refuses" else bought.ok


def test_every_defect_is_described():
    """Names are unique, sentences are sentences, and the tests above know all of them."""
    assert set(DEFECTS) == {"search-500", "slow-search", "checkout-refuses", "signup-closed"}
    assert len(CATALOGUE) == len(DEFECTS)
    assert all(defect.breaks.endswith(".") and defect.operations for defect in CATALOGUE)


def test_an_unknown_defect_is_refused_with_the_nearest():
    """The message names it, the allowed ones and the nearest match."""
    with pytest.raises(ValueError, match="unknown demo defect") as caught:
        start(defects=["serch-500"])
    assert str(caught.value) == (
        "unknown demo defect 'serch-500'; allowed: checkout-refuses, search-500, signup-closed, slow-search."
        " Did you mean 'search-500'?"
    )
    with pytest.raises(ValueError, match=r"slow-search\.$"):
        chosen(["?"])


def test_a_name_given_twice_counts_once():
    """And several defects of one operation act one around the other."""
    both = chosen(["search-500", "slow-search", "search-500"])
    assert [defect.name for defect in both] == ["search-500", "slow-search"]
    assert len(faults(both)["search"]) == 2
