"""Ids that never existed look like those that do; which ids can be guessed."""

import re
from uuid import UUID

import pytest

from pytest_launchready.probes.access.ids import guessable, is_uuid, never, unwrapped

SHAPES = {
    17: r"98\d{7}",
    4_000_000_123: r"40\d{8}",
    "17": r"98\d{7}",
    "000017": r"0\d{5}",
    "ORD-000017": r"ORD-9\d{5}",
    "INV_17": r"INV_98\d{7}",
    "ord_0f9c1d2e3b4a": r"ord_[0-9a-f]{12}",
    "507f1f77bcf86cd799439011": r"[0-9a-f]{24}",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV": r"0[0-9A-Z]{25}",
    "anna@shop.example": r"[a-z]{4}@shop\.example",
    "/api/orders/17/": r"/api/orders/98\d{7}/",
    "https://shop.example/orders/17": r"https://shop\.example/orders/98\d{7}",
    "desk-lamp": r"[a-z]{4}-[a-z]{4}",
}


@pytest.mark.parametrize(("known", "shape"), SHAPES.items(), ids=map(str, SHAPES))
def test_an_id_that_never_existed_has_the_shape_of_one_that_does(known, shape):
    """Type, length, alphabet, prefix and place stay; each call gives another."""
    made = never(known)
    assert type(made) is type(known)
    assert re.fullmatch(shape, str(made))
    assert made != known
    assert len({str(never(known)) for _ in range(8)}) > 1


def test_a_uuid_stays_one():
    """With or without dashes, in its case."""
    for known in ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3F2504E0-4F89-41D3-9A0C-0305E82C3301", "0" * 31 + "1"):
        made = never(known)
        assert is_uuid(made)
        assert made != known
        assert ("-" in made, made.isupper()) == ("-" in known, known.isupper())
        assert UUID(made).version == 4


def test_what_base64_says_is_changed_inside():
    """`Order:17` becomes another order's number, in base64 again."""
    made = never("T3JkZXI6MTc=")
    assert re.fullmatch(r"Order:98\d{7}", unwrapped(made))


def test_a_second_try_is_nearer():
    """For servers with small columns: a number of six digits, below a million."""
    assert 700_000 <= never(17, near=True) < 1_000_000
    assert never(None) is None


@pytest.mark.parametrize(
    "known", [17, "17", "ORD-000017", "T3JkZXI6MTc=", "desk-lamp", "anna@shop.example", "/orders/17", "inv_2026_17"]
)
def test_numbers_and_names_can_be_guessed(known):
    """Also where they are only wrapped."""
    assert guessable(known)


@pytest.mark.parametrize(
    "known",
    [
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "507f1f77bcf86cd799439011",
        "ord_0f9c1d2e3b4a5f6071",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "V1StGXR8_Z5jdHi6B-myT7hQ9x2k",
    ],
)
def test_random_ids_cannot_be_guessed(known):
    """UUIDs of version 4, ObjectIds, ULIDs and other long random texts."""
    assert not guessable(known)


def test_a_uuid_made_of_time_and_place_can_be_guessed():
    """Version 1 counts ticks of a clock."""
    assert guessable("d9428888-122b-11e1-b85c-61cd3cbb3210")
