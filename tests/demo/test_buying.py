"""Addresses, cart, checkout and orders, the same in all three dialects."""


def test_addresses_are_kept_changed_and_removed(buyer):
    """The book of addresses, with the account's name where none is given."""
    made = buyer.do("create_address", street="2 Rd", city="Ystad", postcode="27100", country="se")
    assert (made["name"], made["country"]) == ("Bob Buyer", "SE")
    assert buyer.do("update_address", id=made["id"], city="Malmö")["city"] == "Malmö"
    assert buyer.do("get_address", id=made["id"])["street"] == "2 Rd"
    assert made["id"] in [address["id"] for address in buyer.do("list_addresses").body]
    assert buyer.do("delete_address", id=made["id"]).ok
    assert buyer.do("get_address", id=made["id"]).status == 404


def test_an_order_can_go_to_a_kept_address(buyer, listing):
    """`address_id` names an address of the book."""
    kept = buyer.do("create_address", street="9 Ln", city="Lund", postcode="1", country="SE")["id"]
    bought = buyer.buy(listing, address=None, address_id=kept, shipping="pickup")
    assert bought["address"]["street"] == "9 Ln"
    assert bought["charged"] == bought["total"]


def test_the_cart_holds_each_listing_once(buyer, seller, listing):
    """Adding again replaces the quantity; lines and cart can be taken out."""
    buyer.do("empty_cart")
    other = seller.do("create_listing", title="Vase", price="4.10")["id"]
    buyer.do("add_to_cart", listing_id=listing)
    buyer.do("add_to_cart", listing_id=other, quantity=1)
    cart = buyer.do("add_to_cart", listing_id=other, quantity=3)
    assert cart["total"] == "37.30"
    assert [line["quantity"] for line in cart["items"]] == [1, 3]
    assert buyer.do("remove_from_cart", listing_id=other).ok
    assert buyer.do("remove_from_cart", listing_id=other).ok, "taking out what is not in it is no error"
    assert buyer.do("get_cart")["total"] == "25.00"
    assert buyer.do("empty_cart").ok
    assert buyer.do("get_cart")["items"] == []


def test_an_order_takes_only_the_chosen_lines(buyer, seller, listing):
    """The rest of the cart stays, and does not enter the total."""
    other = seller.do("create_listing", title="Bowl", price="7")["id"]
    buyer.do("empty_cart")
    buyer.do("add_to_cart", listing_id=other)
    assert buyer.buy(listing, quantity=2)["total"] == "50.00"
    assert [line["title"] for line in buyer.do("get_cart")["items"]] == ["Bowl"]


def test_own_listings_cannot_be_bought(seller, listing):
    """Buying from oneself is refused with 409."""
    assert seller.buy(listing).status == 409


def test_stock_runs_out(buyer, seller):
    """The last piece is sold once; then the listing leaves search and carts refuse it."""
    scarce = seller.do("create_listing", title="Only two left", price="1", stock=2)["id"]
    assert buyer.do("add_to_cart", listing_id=scarce, quantity=3).status == 409
    buyer.do("add_to_cart", listing_id=scarce, quantity=2)
    seller.do("update_listing", id=scarce, stock=1)
    seller.do("update_listing", id=scarce, stock=2)
    assert buyer.buy(scarce, quantity=2).ok
    assert buyer.buy(scarce).status == 409
    assert seller.do("search", q="only two left")["total"] == 0
    assert seller.do("get_listing", id=scarce)["stock"] == 0


def test_stock_that_was_sold_meanwhile_is_noticed_at_checkout(shop, seller):
    """Two carts, one piece: the second order is refused and buys nothing."""
    first, second = shop.person(), shop.person()
    scarce = seller.do("create_listing", title="One piece", price="1", stock=1)["id"]
    second.do("add_to_cart", listing_id=scarce)
    first.buy(scarce)
    seller.do("update_listing", id=scarce, stock=0)
    assert second.place(scarce, None).status == 409
    assert second.do("list_orders")["total"] == 0


def test_a_declined_card_buys_nothing(buyer, listing):
    """Payment is in test mode, with one card that is refused: 402, no order, and the cart is as it was."""
    before = buyer.do("list_orders")["total"]
    assert buyer.buy(listing, payment="test_card_declined").status == 402
    assert buyer.do("list_orders")["total"] == before
    assert str(listing) in [str(line["listing_id"]) for line in buyer.do("get_cart")["items"]]


def test_the_same_key_gives_the_same_order(buyer, listing):
    """A retry after a lost answer must not buy twice."""
    first = buyer.buy(listing, key=f"key-{listing}")
    if hasattr(buyer, "place_prepared"):
        again = buyer.place_prepared({"payment_id": first["payment"]["id"]}, f"key-{listing}")
    else:
        again = buyer.buy(listing, key=f"key-{listing}")
    assert again["id"] == first["id"]


def test_a_key_is_for_one_request(buyer, listing):
    """The same key with another body is a mistake of the client: 422."""
    buyer.buy(listing, key=f"once-{listing}")
    if hasattr(buyer, "place_prepared"):
        other = buyer.place_prepared({"payment_id": "pay_other"}, f"once-{listing}")
    else:
        other = buyer.buy(listing, key=f"once-{listing}", note="other")
    assert other.status == 422


def test_keys_belong_to_people(buyer, stranger, listing):
    """Two people may choose the same key and get their own orders."""
    mine, theirs = buyer.buy(listing, key="shared"), stranger.buy(listing, key="shared")
    assert mine["id"] != theirs["id"]
    assert theirs["buyer"]["name"] == "Sue Stranger"


def test_an_order_takes_a_note_and_nothing_else(buyer, order):
    """The note changes; total and status do not, whatever is sent."""
    changed = buyer.do("update_order", id=order["id"], note="Ring")
    assert (changed["note"], changed["total"], changed["status"]) == ("Ring", "25.00", "paid")


def test_the_seller_sees_the_sale(seller, order):
    """What was sold and where to send it, but not who pays by mail address."""
    sale = next(sale for sale in seller.do("list_sales").body if sale["order_id"] == order["id"])
    assert (sale["title"], sale["quantity"], sale["address"]["city"]) == ("Desk lamp", 1, "Lund")
    assert "email" not in str(sale)
