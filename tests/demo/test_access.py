"""Who may see and change what, in all three dialects."""

import pytest

OWN = (
    *("me", "list_invites", "list_addresses", "list_threads", "list_messages", "get_cart", "list_orders", "list_sales"),
    *("list_users", "list_all_orders", "delete_me", "logout", "begin_otp", "empty_cart"),
)


@pytest.mark.parametrize("operation", OWN)
def test_nobody_is_refused(shop, operation):
    """Without a session everything that belongs to somebody answers 401."""
    assert shop.somebody().do(operation).status == 401


def test_nobody_changes_a_listing(shop, listing):
    """Reading is for everybody, writing is not."""
    nobody = shop.somebody()
    assert nobody.do("get_listing", id=listing)["title"] == "Desk lamp"
    assert nobody.do("update_listing", id=listing, title="Mine").status == 401
    assert nobody.do("delete_listing", id=listing).status == 401
    assert nobody.do("create_listing", title="x", price="1").status == 401
    assert nobody.do("get_listing", id=listing)["title"] == "Desk lamp"


def test_a_stranger_changes_no_listing(stranger, listing):
    """Another member may see a listing (403 on change, not 404), and it stays as it is."""
    assert stranger.do("update_listing", id=listing, title="Mine now").status == 403
    assert stranger.do("delete_listing", id=listing).status == 403
    assert stranger.do("delete_photo", listing_id=listing, id="pic_1").status == 403
    assert stranger.do("get_listing", id=listing)["title"] == "Desk lamp"


def test_the_admin_may_change_any_listing(shop, listing):
    """Moderation: an admin edits and removes what is not theirs."""
    admin = shop.admin()
    assert admin.do("update_listing", id=listing, title="Moderated")["title"] == "Moderated"
    assert admin.do("delete_listing", id=listing).ok


def test_an_order_is_its_buyers(shop, seller, stranger, buyer, order):
    """Stranger and even the seller get what an order that never existed gets; nobody gets 401."""
    never = stranger.do("get_order", id="ord_00000000000000000000")
    for person in (stranger, seller):
        seen = person.do("get_order", id=order["id"])
        assert (seen.status, seen.body) == (404, never.body)
        assert person.do("update_order", id=order["id"], note="hacked").status == 404
    assert shop.somebody().do("get_order", id=order["id"]).status == 401
    assert buyer.do("get_order", id=order["id"])["note"] == ""


@pytest.mark.parametrize("operation", ["get_address", "delete_address"])
def test_an_address_is_its_owners(buyer, stranger, listing, operation):
    """A stranger gets 404, and the address stays."""
    address = buyer.do("create_address", street="3 St", city="Lund", postcode="1", country="SE")["id"]
    assert stranger.do(operation, id=address).status == 404
    assert stranger.do("update_address", id=address, street="Mine").status == 404
    assert stranger.buy(listing, address=None, address_id=address).status == 404
    assert buyer.do("get_address", id=address)["street"] == "3 St"


def test_a_thread_is_of_two(buyer, stranger, listing):
    """Nobody else reads it, writes in it, or sees its messages."""
    sent = buyer.do("send_message", listing_id=listing, text="secret offer")
    assert stranger.do("get_thread", id=sent["thread_id"]).status == 404
    assert stranger.do("reply", thread_id=sent["thread_id"], text="hi").status == 404
    assert stranger.do("get_message", id=sent["id"]).status == 404
    assert stranger.do("update_message", id=sent["id"], text="hi").status == 404
    assert stranger.do("delete_message", id=sent["id"]).status == 404
    assert "secret offer" not in str(stranger.do("list_messages").body)
    assert buyer.do("get_message", id=sent["id"])["text"] == "secret offer"


def test_an_invite_is_its_senders(buyer, stranger):
    """A stranger can neither see nor withdraw it."""
    invite = buyer.do("create_invite", email="guest@example.com")["id"]
    assert stranger.do("get_invite", id=invite).status == 404
    assert stranger.do("delete_invite", id=invite).status == 404
    assert buyer.do("get_invite", id=invite).ok


def test_what_is_not_there_is_not_found(buyer):
    """Ids that no object has answer 404, also those that are too large for the database."""
    for number in (999_999, 2**63 - 1):
        for operation in ("get_listing", "get_thread", "get_message", "get_address", "get_invite"):
            assert buyer.do(operation, id=number).status == 404
        assert buyer.do("send_message", listing_id=number, text="x").status == 404
        assert buyer.do("add_to_cart", listing_id=number).status == 404
    assert buyer.do("get_listing", id=2**63).status in {404, 422}
    assert buyer.do("get_order", id="nothing").status == 404
