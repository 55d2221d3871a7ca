"""What people do, from sign-up to order, the same in all three dialects."""

import pytest


def test_a_stranger_can_sign_up_buy_and_find_the_order(shop, seller):
    """The whole way: sign up, find, ask, buy, and see the order; shipping is on top of the goods."""
    buyer = shop.person(name="Bea")
    made = seller.do("create_listing", title="Teak shelf", price=120.5)
    found = buyer.do("search", q="shelf TEAK")["items"]
    assert made["id"] in [item["id"] for item in found]
    assert buyer.do("send_message", listing_id=made["id"], text="Still there?")["text"] == "Still there?"
    bought = buyer.buy(made["id"], shipping="express", note="Ring twice")
    assert (bought["total"], bought["charged"], bought["status"]) == ("120.50", "133.40", "paid")
    assert bought["address"] == {
        "name": "Bea",
        "street": "1 Quay",
        "city": "Lund",
        "postcode": "22100",
        "country": "SE",
    }
    assert bought["payment"]["mode"] == "test"
    assert bought["note"] == "Ring twice"
    assert [item["id"] for item in buyer.do("list_orders")["items"]] == [bought["id"]]
    assert buyer.do("get_order", id=bought["id"]).body == bought.body
    assert buyer.do("get_cart")["items"] == []


def test_log_out_ends_the_session(shop):
    """After log-out the same client is nobody; a new log-in works."""
    person = shop.person()
    assert person.do("me")["email"] == person.email
    assert person.do("logout").ok
    assert person.do("me").status == 401
    assert person.login().ok
    assert person.do("me").ok


def test_log_out_ends_that_session_only(shop):
    """Somebody who is logged in twice stays logged in at the other place."""
    person, twin = shop.person(), shop.somebody()
    twin.email = person.email
    assert twin.login().ok
    person.do("logout")
    assert twin.do("me")["email"] == person.email


def test_an_address_is_taken_once(shop):
    """A second sign-up with an address, in whatever case, changes nothing and tells nothing: the owner gets a mail."""
    person, fresh = shop.person(), shop.somebody()
    again = shop.somebody().do("signup", email=person.email.upper(), password="12345678x")
    new = fresh.do("signup", email=fresh.email, password="12345678x")
    assert again.status == new.status
    assert again.body.keys() == new.body.keys()
    assert again["id"] != person.do("me")["id"]
    assert person.login().ok, "the account keeps its password"
    assert "have an account already" in shop.mails(person.email)[0]["subject"]


def test_wrong_password_and_unknown_account_look_alike(shop, buyer):
    """Log-in tells nobody which accounts there are."""
    person, nobody = shop.somebody(), shop.somebody()
    person.email, person.password = buyer.email, "not it at all"
    wrong, unknown = person.login(), nobody.login()
    assert wrong.status == unknown.status == 401
    assert wrong.body == unknown.body


def test_the_account_can_be_changed(shop):
    """Name and phone change at once; nobody becomes admin that way."""
    person = shop.person()
    changed = person.do("update_me", name="Ada L.", phone="+12025550123")
    assert (changed["name"], changed["phone"], changed["role"]) == ("Ada L.", "+12025550123", "member")


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(shop):
    """A stolen session alone cannot take an account over."""
    person, twin = shop.person(), shop.somebody()
    twin.email = person.email
    twin.login()
    assert person.do("update_me", password="another one 2", current_password="wrong").status == 403
    assert person.do("update_me", password="another one 2", current_password=person.password).ok
    assert person.do("me").ok
    assert twin.do("me").status == 401
    assert twin.login().status == 401
    twin.password = "another one 2"
    assert twin.login().ok


def test_an_account_can_be_deleted_and_orders_stay(shop):
    """With the account go its listings and messages; what others bought stays in their orders."""
    seller, buyer = shop.person(), shop.person()
    listing = seller.do("create_listing", title="Oak stool", price="30")["id"]
    message = buyer.do("send_message", listing_id=listing, text="hello")["id"]
    order = buyer.buy(listing)["id"]
    assert seller.do("delete_me").ok
    assert seller.do("me").status == 401
    assert seller.login().status == 401
    assert buyer.do("get_listing", id=listing).status == 404
    assert buyer.do("get_message", id=message).status == 404
    assert buyer.do("get_order", id=order)["items"][0]["title"] == "Oak stool"


def test_listings_change_and_go(shop, seller, listing):
    """A seller changes what is given and nothing else, then removes the listing; search follows at once."""
    changed = seller.do("update_listing", id=listing, price="19.99", stock=3)
    assert (changed["price"], changed["title"], changed["stock"]) == ("19.99", "Desk lamp", 3)
    assert seller.do("update_listing", id=listing, title="Floor lamp", description="")["description"] == ""
    assert seller.do("get_listing", id=listing)["title"] == "Floor lamp"
    assert seller.do("delete_listing", id=listing).body in (None, True)
    assert seller.do("get_listing", id=listing).status == 404
    assert listing not in [item["id"] for item in seller.do("search", q="floor lamp", per_page=100)["items"]]


def test_an_ordered_listing_can_be_deleted(seller, buyer, listing, order):
    """The order keeps what was bought as it was."""
    seller.do("update_listing", id=listing, title="Changed", price="99")
    assert seller.do("delete_listing", id=listing).ok
    kept = buyer.do("get_order", id=order["id"])
    assert kept["items"][0]["title"] == "Desk lamp"
    assert kept["total"] == "25.00"


def test_search_pages_and_sorts(shop):
    """Pages hold what they say, the last has no next, and prices sort as numbers."""
    seller = shop.person()
    who = seller.do("me")["id"]
    for price in (9, 100, 20):
        seller.do("create_listing", title=f"100% wool_{price}", price=price)
    first = seller.do("search", seller=who, sort="price", per_page=2)
    assert [item["price"] for item in first["items"]] == ["9.00", "20.00"]
    assert (first["total"], first["page"], first["per_page"], first["next_page"]) == (3, 1, 2, 2)
    last = seller.do("search", seller=who, sort="price", per_page=2, page=2)
    assert [item["price"] for item in last["items"]] == ["100.00"]
    assert last["next_page"] is None
    down = seller.do("search", seller=who, sort="-price", min_price="10", max_price="100.00")
    assert [item["price"] for item in down["items"]] == ["100.00", "20.00"]
    assert seller.do("search", q="100%", seller=who)["total"] == 3
    assert seller.do("search", q="0%0", seller=who)["total"] == 0
    assert seller.do("search", q="wool_9", seller=who)["total"] == 1


def test_buyer_and_seller_talk_in_a_thread(seller, buyer, listing):
    """The first message opens a thread, the seller answers in it, and both see all of it."""
    sent = buyer.do("send_message", listing_id=listing, text="Is it heavy?")
    again = buyer.do("send_message", listing_id=listing, text="And long?")
    assert sent["thread_id"] == again["thread_id"]
    answer = seller.do("reply", thread_id=sent["thread_id"], text="No.")
    assert answer["sender"]["name"] == "Sally Seller"
    texts = [message["text"] for message in buyer.do("get_thread", id=sent["thread_id"])["messages"]]
    assert texts == ["Is it heavy?", "And long?", "No."]
    thread = seller.do("list_threads").body[0]
    assert (thread["listing"]["title"], thread["count"]) == ("Desk lamp", 3)
    about = seller.do("list_messages", listing_id=listing)
    assert [message["text"] for message in about["items"]] == ["No.", "And long?", "Is it heavy?"]
    assert buyer.do("list_messages")["items"][0]["text"] == "No."
    assert buyer.do("get_message", id=answer["id"]).ok


def test_a_sender_changes_and_takes_back_a_message(seller, buyer, listing):
    """The sender alone may; the thread goes with its last message."""
    sent = buyer.do("send_message", listing_id=listing, text="Helo")
    assert buyer.do("update_message", id=sent["id"], text="Hello")["text"] == "Hello"
    assert seller.do("update_message", id=sent["id"], text="Bye").status == 403
    assert seller.do("delete_message", id=sent["id"]).status == 403
    assert buyer.do("delete_message", id=sent["id"]).ok
    assert buyer.do("get_thread", id=sent["thread_id"]).status == 404


def test_nobody_writes_to_themselves(seller, listing):
    """A seller cannot open a thread on an own listing."""
    assert seller.do("send_message", listing_id=listing, text="me").status == 409


def test_an_invite_counts_as_accepted_when_its_code_is_used(shop, buyer):
    """The code comes by mail only, and works once."""
    guest = shop.somebody()
    invite = buyer.do("create_invite", email=guest.email)
    assert buyer.do("get_invite", id=invite["id"])["accepted"] is False
    code = shop.mails(guest.email)[0]["text"].partition("Your code: ")[2].split()[0]
    assert guest.do("signup", email=guest.email, password=guest.password, invite=code).ok
    assert buyer.do("get_invite", id=invite["id"])["accepted"] is True
    late = shop.somebody()
    assert late.do("signup", email=late.email, password=late.password, invite=code).status == 422
    assert late.login().status == 401, "a refused code makes no account"
    assert invite["id"] in [one["id"] for one in buyer.do("list_invites").body]
    assert buyer.do("delete_invite", id=invite["id"]).ok
    assert buyer.do("get_invite", id=invite["id"]).status == 404


def test_a_forgotten_password_is_reset_by_mail(shop):
    """The token works once and ends every session; an unknown address gets the same answer and no mail."""
    person, nobody = shop.person(), shop.somebody()
    assert nobody.do("request_reset", email=nobody.email).ok
    assert shop.mails(nobody.email) == []
    assert nobody.do("request_reset", email=person.email).ok
    token = shop.mails(person.email)[0]["text"].partition("Your token: ")[2].split()[0]
    assert nobody.do("confirm_reset", token=token, password="brand new pw").ok
    assert person.do("me").status == 401
    assert person.login().status == 401
    person.password = "brand new pw"
    assert person.login().ok
    assert nobody.do("confirm_reset", token=token, password="once more pw").status == 400


def test_the_admin_sees_and_removes(shop, buyer, order, listing):
    """Accounts, orders and listings of everybody; others are refused."""
    admin, victim = shop.admin(), shop.person()
    found = admin.do("list_users", email=victim.email)["items"]
    assert [user["email"] for user in found] == [victim.email]
    assert order["id"] in [one["id"] for one in admin.do("list_all_orders", per_page=50)["items"]]
    assert admin.do("get_order", id=order["id"]).ok
    assert admin.do("delete_user", id=found[0]["id"]).ok
    assert victim.do("me").status == 401
    assert admin.do("delete_user", id=found[0]["id"]).status == 404
    assert admin.do("remove_listing", id=listing).ok
    assert admin.do("remove_listing", id=listing).status == 404
    assert buyer.do("get_listing", id=listing).status == 404
    me = admin.do("me")["id"]
    assert admin.do("delete_user", id=me).status == 409
    assert admin.do("delete_me").status == 409


@pytest.mark.parametrize("operation", ["list_users", "list_all_orders"])
def test_the_admin_area_is_for_the_admin(buyer, operation):
    """A member gets 403."""
    assert buyer.do(operation).status == 403


def test_members_remove_nothing_of_others(buyer, listing, seller):
    """The admin's removals are refused to members."""
    assert buyer.do("remove_listing", id=listing).status == 403
    assert buyer.do("delete_user", id=seller.do("me")["id"]).status == 403
    assert seller.do("get_listing", id=listing).ok
