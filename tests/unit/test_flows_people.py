"""Test people and items: recognisable, collision-free, and nobody's real data."""

import re
from decimal import Decimal

import pytest

from pytest_launchready.flows.keys import Key
from pytest_launchready.flows.people import draft_account, draft_listing, draft_text
from pytest_launchready.flows.run import Run, new_run_id, new_seed

SEEDED = ("first_name", "street", "city", "postcode", "phone")


def test_the_seed_decides_names_titles_and_prices():
    """Two runs with one seed meet the same names and prices; another seed gives others."""
    first, again, other = (draft_account(Run(name, seed), None) for name, seed in (("lra", 1), ("lrb", 1), ("lra", 2)))
    lamps = [draft_listing(Run(name, seed), {}) for name, seed in (("lra", 1), ("lrb", 1), ("lra", 2))]

    assert [first[key] for key in SEEDED] == [again[key] for key in SEEDED]
    assert [first[key] for key in SEEDED] != [other[key] for key in SEEDED]
    assert lamps[0]["price"] == lamps[1]["price"]
    assert lamps[0]["title"].removesuffix("lra1") == lamps[1]["title"].removesuffix("lrb1")


def test_the_seed_opens_no_account():
    """Address and user name come from the run, the password from the operating system."""
    first, again = (draft_account(Run(name, 1), None) for name in ("lra", "lrb"))
    twin = draft_account(Run("lra", 1), None)

    assert (first["email"], first["username"]) == ("lra1@example.com", "lra1")
    assert (again["email"], again["username"]) == ("lrb1@example.com", "lrb1")
    assert len({first["password"], again["password"], twin["password"]}) == 3


def test_addresses_are_letters_and_digits_on_a_reserved_or_owned_domain():
    """No `+` and no `-`; the domain is example.com unless the team owns one."""
    assert re.fullmatch(r"[a-z0-9]+@example\.com", draft_account(Run("lra", 1, "gw0"), None)["email"])
    assert draft_account(Run("lra", 1), "mail.acme.example")["email"] == "lra1@mail.acme.example"


def test_workers_and_calls_never_share_a_name():
    """Workers of one run, and calls of one worker, get different names: worker 1, call 11 is not worker 11, call 1."""
    runs = [Run("lra", 1, worker) for worker in ("", "gw1", "gw11")]
    names = [run.unique() for run in runs for _ in range(200)]

    assert len(set(names)) == 600
    assert all(name.isalnum() and name.startswith("lra") for name in names)


def test_phone_numbers_are_fictitious():
    """Only numbers from the range that is kept for fiction."""
    run = Run("lra", 1)

    assert all(re.fullmatch(r"\+120255501\d\d", draft_account(run, None)["phone"]) for _ in range(50))


def test_the_tag_is_visible():
    """Names, titles, descriptions and messages carry the run's tag."""
    run = Run("lra", 1)
    account, lamp = draft_account(run, None), draft_listing(run, {"title": "Desk lamp"})

    assert account["name"].endswith(" Lra")
    assert account["last_name"].endswith(" Lra")
    assert re.fullmatch(r"Desk lamp lra\d+", lamp["title"])
    assert "test item of lra" in lamp["description"]
    assert "(lra" in draft_text(run)


def test_what_is_given_for_a_listing_is_kept():
    """Given values win; a price given as text is money."""
    lamp = draft_listing(Run("lra", 1), {"price": "25.00", "description": "mine", "size": 3})

    assert (lamp["price"], lamp["description"], lamp["size"]) == (Decimal("25.00"), "mine", 3)
    assert isinstance(lamp["price"], Decimal)


def test_generated_prices_are_whole_cents():
    """From 5 to 200, with two digits."""
    prices = [draft_listing(Run("lra", seed), {})["price"] for seed in range(50)]

    assert all(Decimal(5) <= price <= Decimal(200) and price * 100 == int(price * 100) for price in prices)


def test_passwords_pass_usual_rules():
    """Twenty characters with upper and lower case, digit and sign, never the same."""
    key = Key()
    passwords = {key.password(f"lra{number}@example.com") for number in range(100)}

    assert len(passwords) == 100
    assert all(re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*!).{20}", password) for password in passwords)


def test_run_ids_and_seeds():
    """An id is letters only and new each time; a seed has six digits."""
    assert len({new_run_id() for _ in range(100)}) == 100
    assert re.fullmatch(r"lr[a-z]{8}", new_run_id())
    assert 100_000 <= new_seed() <= 999_999


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "username",
        "password",
        "name",
        "first_name",
        "last_name",
        "phone",
        "street",
        "city",
        "postcode",
        "country",
        "unique",
    ],
)
def test_every_name_that_the_map_promises(key):
    """What a template may use of `account` is there before sign-up."""
    assert draft_account(Run("lra", 1), None)[key]
