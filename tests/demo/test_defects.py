"""Each defect breaks what it says, in every dialect, and nothing else."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_launchready.demo import start
from pytest_launchready.demo.defects import CATALOGUE, DEFECTS, chosen, faults
from pytest_launchready.demo.faults.basics import SLOW_SECONDS

NAMES = ["search-500", "slow-search", "checkout-refuses", "signup-closed"]


@pytest.fixture(scope="module")
def broken():
    """A marketplace for each defect, by name; they start side by side."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        started = pool.map(lambda name: start(defects=[name], admin_password="admin-password-1"), NAMES)
    running = dict(zip(NAMES, started, strict=True))
    yield running
    for demo in running.values():
        demo.stop()


@pytest.mark.parametrize("name", NAMES)
def test_a_defect_breaks_what_it_says_and_no_more(name, broken, open_shop):
    """Search, checkout and sign-up: the named one fails as announced, the others work, in every dialect."""
    shops = [open_shop(broken[name], dialect) for dialect in ("rest", "cookie", "graphql")]
    with ThreadPoolExecutor(len(shops)) as pool:
        list(pool.map(lambda shop: _holds(name, shop), shops))


def _holds(name, shop):
    guest = shop.somebody()
    seen = guest.do("signup", email=guest.email, password="12345678x")
    assert seen.status == 403 if name == "signup-closed" else seen.ok
    admin = shop.admin()
    listing = admin.do("create_listing", title=f"Lamp {shop.dialect}", price="5")["id"]

    began = time.monotonic()
    found = admin.do("search", q=f"lamp {shop.dialect}")
    took = time.monotonic() - began
    if name == "search-500":
        assert found.status == 500
        assert "index" not in str(found.body), "what went wrong inside stays inside"
        assert "Traceback" in shop.demo.log.read_text()
    else:
        assert [item["id"] for item in found["items"]] == [listing]
    assert (took >= SLOW_SECONDS) == (name == "slow-search")

    if name != "signup-closed":
        bought = shop.person().buy(listing)
        assert bought.status == 402 if name == "checkout-refuses" else bought.ok


def test_every_defect_is_described():
    """Names are unique, sentences are sentences, and whatever changes operations has what runs in their place."""
    assert set(NAMES) <= set(DEFECTS)
    assert len(CATALOGUE) == len(DEFECTS)
    assert all(defect.breaks.endswith(".") for defect in CATALOGUE)
    assert all(bool(defect.operations) == (defect.fault is not None) for defect in CATALOGUE)


def test_an_unknown_defect_is_refused_with_the_nearest():
    """The message names it, the allowed ones and the nearest match."""
    with pytest.raises(ValueError, match="unknown demo defect") as caught:
        start(defects=["serch-500"])
    allowed = ", ".join(sorted(DEFECTS))
    assert str(caught.value) == f"unknown demo defect 'serch-500'; allowed: {allowed}. Did you mean 'search-500'?"
    with pytest.raises(ValueError, match=rf"allowed: {allowed}\.$"):
        chosen(["?"])


def test_a_name_given_twice_counts_once():
    """And several defects of one operation act one around the other."""
    both = chosen(["search-500", "slow-search", "search-500"])
    assert [defect.name for defect in both] == ["search-500", "slow-search"]
    assert len(faults(both)["search"]) == 2
