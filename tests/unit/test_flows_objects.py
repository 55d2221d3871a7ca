"""The objects that verbs give back."""

import copy
import pickle
from decimal import Decimal

import pytest

from pytest_launchready.flows.objects import KINDS, Account, Listing, Order, Thing, make, money


def test_equality_is_kind_and_id():
    """An id as number or text is the same id; another kind, or no id, is never equal."""
    assert Listing({"id": 7, "title": "a"}) == Listing({"id": "7"})
    assert hash(Listing({"id": 7})) == hash(Listing({"id": "7"}))
    assert Listing({"id": 7}) != Order({"id": 7})
    assert Listing({"title": "a"}) != Listing({"title": "a"})
    assert Thing({"id": 1}, kind="cart") != Thing({"id": 1}, kind="address")
    assert Listing({"id": 7}) != 7


def test_objects_are_frozen():
    """Setting anything is an error that names it; what `known` gives is a copy."""
    listing = Listing({"id": 7})
    with pytest.raises(AttributeError, match="listing objects are frozen: 'title' was not set"):
        listing.title = "x"
    listing.known()["id"] = 8

    assert listing.id == 7


def test_a_name_that_is_not_known_says_what_is_and_how_to_capture_it():
    """The message names the object, what it has, and the key of the map."""
    with pytest.raises(AttributeError) as caught:
        _ = Order({"id": 1, "total": 2}).status
    assert (
        str(caught.value)
        == "this order has no 'status'; known: id, total. Capture it in the map: capture = { status = … }"
    )
    with pytest.raises(AttributeError, match="this cart has no 'id'; known: nothing"):
        _ = Thing({}, kind="cart").id


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("25.00", Decimal("25.00")),
        (" 7 ", Decimal(7)),
        (19.99, Decimal("19.99")),
        (3, Decimal(3)),
        (Decimal("1.10"), Decimal("1.10")),
        (None, None),
        (True, True),
        ("€ 5", "€ 5"),
    ],
)
def test_money_is_decimal_where_it_can_be_read(value, amount):
    """Floats by their digits; what is no amount stays as it was."""
    assert money(value) == amount
    assert type(money(value)) is type(amount)
    assert Listing({"price": value}).price == amount
    assert Order({"total": value}).total == amount


def test_objects_survive_copy_and_pickle():
    """Objects travel between processes with all they know."""
    order = Order({"id": 1, "total": "2.50"}, {"raw": True})
    for twin in (copy.copy(order), copy.deepcopy(order), pickle.loads(pickle.dumps(order))):
        assert (twin, twin.total, twin.raw, twin.kind) == (order, Decimal("2.50"), {"raw": True}, "order")


def test_what_is_shown_of_an_object():
    """Id, title, total and address; never a token."""
    account = Account({"id": 1, "email": "a@example.com", "token": "s3cret-token"})

    assert repr(account) == "Account(id=1, email='a@example.com')"


def test_the_kind_decides_the_class():
    """The four known kinds have classes of their own; all else is a Thing with its kind's name."""
    assert {kind: type(make(kind, {"id": 1}, None)) for kind in KINDS} == dict(KINDS)
    address = make("address", {"id": 1}, None)
    assert (type(address), address.kind, make(None, {}, None).kind) == (Thing, "address", "thing")
