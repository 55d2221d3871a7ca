"""Points 13 and 14: what a run made is undone in the right order; what a product lacks is declared."""

import pytest

from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.made import Undone

SESSION = """
[auth]
headers = { x-me = "{{ account.id }}" }
"""
SIGNUP = """
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}" }
capture = { id = "id" }
"""
LISTINGS = """
[steps.create_listing]
actor = "seller"
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id" }
undo = "delete_listing"
[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"
"""
LEAVE = """
[steps.leave]
request = "DELETE /people/{{ account.id }}"
"""


class Shop:
    """Numbers everything it makes; answers a DELETE with the status that a test has set for it."""

    def __init__(self, **statuses):
        self.made = 0
        self.statuses = {path.replace("_", "/"): status for path, status in statuses.items()}

    def __call__(self, request):
        """Answer as a function would."""
        if request.method == "POST":
            self.made += 1
            return 201, {"id": self.made, "total": "5.00"}
        return self.statuses.get(request.path.strip("/"), 204), None


def deletes(server):
    return [request.line for request in server.seen if request.method != "POST"]


def test_objects_newest_first_then_accounts(serve, open_shop):
    """Every object goes before every account, and the newest first."""
    server = serve(Shop())
    market = open_shop(SIGNUP + 'undo = "leave"\n' + LISTINGS + LEAVE, server.url)
    market.new_listing()
    market.get_actor("buyer")
    market.new_listing()

    assert market.leave() == Undone(undone=4)
    assert deletes(server) == ["DELETE /listings/4", "DELETE /listings/2", "DELETE /people/3", "DELETE /people/1"]


def test_the_undo_is_sent_by_whoever_made_it(serve, open_shop):
    """An undo without an actor of its own runs as the owner, with the owner's session."""
    server = serve(Shop())
    market = open_shop(SESSION + SIGNUP + LISTINGS, server.url)
    market.new_listing()
    market.leave()

    assert server.last("DELETE /listings/2").headers["x-me"] == str(market.get_actor("seller").account.id)


def test_an_undo_by_somebody_else_names_what_it_undoes(serve, open_shop):
    """An undo by the admin has every name of the undone step, `account` too: the admin must not delete itself."""
    server = serve(Shop())
    market = open_shop(
        SESSION
        + SIGNUP
        + """
        undo = "remove_person"
        [people.admin]
        email = "boss@example.com"
        [steps.remove_person]
        actor = "admin"
        request = "DELETE /people/{{ account.id }}"
        """,
        server.url,
    )
    buyer = market.get_actor("buyer")

    assert market.leave().undone == 2
    assert deletes(server) == [f"DELETE /people/{buyer.account.id}", "DELETE /people/2"]
    assert [request.headers["x-me"] for request in server.seen[-2:]] == ["2", "2"]


def test_accounts_that_others_need_go_last_even_if_they_came_first_or_only_now(serve, open_shop):
    """The admin undoes others, so the admin's own account is the last to go, whenever it was made."""
    text = (
        SIGNUP
        + """
        undo = "leave"
        [people.admin]
        role = "STAFF"
        """
        + LISTINGS.replace("[steps.delete_listing]", '[steps.delete_listing]\nactor = "admin"')
        + LEAVE
    )
    for admin_first in (True, False):
        server = serve(Shop())
        market = open_shop(text, server.url)
        if admin_first:
            market.get_actor("admin")
        market.new_listing()
        admin = market.get_actor("admin").account.id if admin_first else 3
        market.leave()

        assert deletes(server)[0].startswith("DELETE /listings/")
        assert deletes(server)[-1] == f"DELETE /people/{admin}"
        assert len(deletes(server)) == 3


@pytest.mark.parametrize("status", [404, 405, 410])
def test_what_is_gone_already_is_undone(serve, open_shop, status):
    """A cascade, or a probe's own delete, may have been faster."""
    market = open_shop(SIGNUP + LISTINGS, serve(Shop(listings_2=status)).url)
    market.new_listing()

    assert market.leave() == Undone(undone=1, left=(("account", "1"),))


@pytest.mark.parametrize(("status", "reason"), [(500, "500 Internal Server Error"), (403, "403 Forbidden")])
def test_an_undo_that_fails_is_reported_and_does_not_stop_the_others(serve, open_shop, status, reason):
    """The report has kind, id, step and the exchange; everything else is still undone."""
    market = open_shop(SIGNUP + 'undo = "leave"\n' + LISTINGS + LEAVE, serve(Shop(listings_3=status)).url)
    market.new_listing()
    market.new_listing()
    undone = market.leave()

    assert undone.undone == 2
    ((kind, number, why),) = undone.failed
    assert (kind, number) == ("listing", "3")
    assert why.startswith(f"delete_listing: DELETE /listings/3 → {reason} in ")


def test_a_list_of_undo_steps(serve, open_shop):
    """Several steps undo one object: first cancelled, then removed; one that is gone does not stop the next."""
    server = serve(Shop(orders_2_cancel=404))
    market = open_shop(
        SIGNUP
        + """
        [steps.checkout]
        request = "POST /orders"
        capture = { id = "id", total = "total" }
        undo = ["cancel_order", "delete_order"]
        [steps.cancel_order]
        request = "PUT /orders/{{ order.id }}/cancel"
        [steps.delete_order]
        request = "DELETE /orders/{{ order.id }}"
        """,
        server.url,
    )
    market.get_actor("buyer").checkout("lamp")

    assert market.leave().undone == 1
    assert deletes(server) == ["PUT /orders/2/cancel", "DELETE /orders/2"]


def test_what_the_map_cannot_undo_is_left_behind_by_name(serve, open_shop):
    """An honest list of what stays, with kind and id."""
    market = open_shop(SIGNUP + LISTINGS.replace('undo = "delete_listing"', ""), serve(Shop()).url)
    market.new_listing()

    assert market.leave() == Undone(left=(("listing", "2"), ("account", "1")))


def test_a_step_of_the_teams_own_is_undone_too(serve, open_shop):
    """No resource is needed: its captures, its `unique` and what call() gave are in the undo's scope."""
    server = serve(Shop())
    market = open_shop(
        SIGNUP
        + """
        [steps.make_coupon]
        request = "POST /coupons"
        json = { code = "{{ unique }}" }
        capture = { id = "id" }
        undo = "drop_coupon"
        [steps.drop_coupon]
        request = "DELETE /{{ kind }}/{{ id }}"
        query = { code = "{{ unique }}" }
        """,
        server.url,
    )
    market.get_actor("buyer").call("make_coupon", kind="coupons")

    assert market.leave().undone == 1
    assert server.last("DELETE /coupons/2").query["code"] == [server.last("POST /coupons").json["code"]]


def test_search_then_delete_where_no_id_was_returned(serve, open_shop):
    """An undo is a step like any other: it may look for what it removes."""

    def app(request):
        if request.line == "GET /listings":
            return 200, [{"key": "abc", "title": server.last("POST /listings").json["title"]}]
        return Shop()(request)

    server = serve(app)
    market = open_shop(
        SIGNUP
        + LISTINGS.partition("[steps.delete_listing]")[0]
        + """
        [[steps.delete_listing.requests]]
        request = "GET /listings"
        capture = { key = "[?title == {{ listing.title }}] | [0].key" }
        [[steps.delete_listing.requests]]
        request = "DELETE /listings/{{ key }}"
        """,
        server.url,
    )
    market.new_listing()

    assert market.leave().undone == 1
    assert server.lines()[-1] == "DELETE /listings/abc"


def test_who_was_logged_out_logs_in_to_undo(serve, open_shop):
    """A person whom a test left logged out comes back for the undo."""
    server = serve(Shop())
    market = open_shop(
        SESSION.replace("account.id", "account.sid")
        + SIGNUP
        + LISTINGS
        + '[steps.login]\nrequest = "POST /login"\ncapture = { sid = "id" }\n[steps.logout]\nrequest = "PUT /logout"\n',
        server.url,
    )
    seller = market.get_actor("seller")
    seller.create_listing()
    seller.logout()
    market.leave()

    assert server.lines()[-2:] == ["POST /login", "DELETE /listings/3"]
    assert server.seen[-1].headers["x-me"] == "4"


def test_what_a_test_deletes_itself_is_not_undone_again(serve, open_shop):
    """A delete by the test is remembered, whether it names the object or its id."""
    server = serve(Shop())
    market = open_shop(SIGNUP + LISTINGS, server.url)
    market.get_actor("seller").delete_listing(market.new_listing())
    market.get_actor("seller").delete_listing(market.new_listing().id)

    assert market.leave().undone == 0
    assert deletes(server) == ["DELETE /listings/2", "DELETE /listings/3"]


def test_what_is_only_asked_for_was_not_made(serve, open_shop):
    """Log-in and `me` describe an account that exists already: a test that calls them leaves nothing behind."""
    market = open_shop(
        SIGNUP
        + 'undo = "leave"\n[steps.me]\nrequest = "GET /me"\ncapture = { id = "status()" }\n'
        + '[steps.login]\nrequest = "POST /login"\nexpect = "id"\n'
        + LEAVE,
        serve(Shop()).url,
    )
    buyer = market.get_actor("buyer")
    buyer.call("me")
    buyer.call("login")

    assert market.leave() == Undone(undone=1)


def test_a_login_that_fails_leaves_no_doubt(serve, open_shop):
    """A log-in answered by its form again has made nothing."""
    server = serve(lambda request: (200, "<form>") if request.path == "/login" else (201, {"id": 1}))
    market = open_shop(SIGNUP + '[steps.login]\nrequest = "POST /login"\nexpect = "token"\n', server.url)
    with pytest.raises(StepFailure):
        market.get_actor("buyer")

    assert market.leave() == Undone(left=(("account", "1"),))


def test_what_a_broken_step_may_have_made_is_told_and_undone_if_it_can_be(serve, open_shop):
    """A step that ends badly after a write may have made something, with or without a resource."""
    server = serve(lambda request: (500, None) if request.path == "/coupons" else (201, {"id": 1}))
    market = open_shop(
        SIGNUP
        + """
        [steps.make_coupon]
        request = "POST /coupons"
        json = { code = "{{ unique }}" }
        capture = { id = "id" }
        undo = "drop_coupon"
        [steps.drop_coupon]
        request = "DELETE /coupons/{{ unique }}"
        """,
        server.url,
    )
    with pytest.raises(StepFailure):
        market.get_actor("buyer").call("make_coupon")

    assert market.leave().undone == 1
    assert server.lines()[-1] == f"DELETE /coupons/{server.last('POST /coupons').json['code']}"


def test_consent_to_a_step_covers_its_undo(serve, open_shop):
    """On production the map names what may be made; undoing that needs no further name, whoever undoes it."""
    server = serve(Shop())
    market = open_shop(
        """
        [targets.here]
        kind = "production"
        api = "$API"
        writes = ["signup", "create_listing", "make_coupon"]
        """
        + SIGNUP
        + 'undo = "leave"\n'
        + LISTINGS
        + """
        [steps.make_coupon]
        request = "POST /coupons"
        capture = { id = "id" }
        undo = "drop_coupon"
        [steps.drop_coupon]
        actor = "buyer"
        request = "DELETE /coupons/{{ id }}"
        """
        + LEAVE,
        server.url,
    )
    lamp = market.new_listing()
    market.get_actor("seller").call("make_coupon")
    with pytest.raises(Inconclusive, match="step drop_coupon would write on the production target here"):
        market.get_actor("seller").call("drop_coupon", id=77)

    assert market.leave() == Undone(undone=4)
    assert deletes(server)[:2] == ["DELETE /coupons/3", f"DELETE /listings/{lamp.id}"]


def test_leaving_twice_undoes_once(serve, open_shop):
    """A second end of the run finds nothing to do."""
    server = serve(Shop())
    market = open_shop(SIGNUP + LISTINGS, server.url)
    market.new_listing()
    market.leave()

    assert market.leave() == Undone()
    assert len(deletes(server)) == 1


def test_an_undo_that_cannot_be_written_is_reported_with_its_reason(serve, open_shop):
    """A name that the undo needs and nobody gave is a reason in the report, not a crash."""
    market = open_shop(
        SIGNUP
        + """
        [steps.make_it]
        request = "POST /its"
        undo = "drop_it"
        [steps.drop_it]
        request = "DELETE /its/{{ colour }}"
        """,
        serve(Shop()).url,
    )
    market.get_actor("buyer").call("make_it")

    ((kind, number, why),) = market.leave().failed
    assert (kind, number) == ("make_it", "without id")
    assert "colour" in why


def test_needs_are_made_first(serve, open_shop):
    """A step that mentions a listing or an order gets one made, by whoever makes such things."""
    server = serve(Shop())
    market = open_shop(
        SIGNUP
        + LISTINGS
        + """
        [steps.checkout]
        request = "POST /orders"
        json = { listing = "{{ listing.id }}" }
        capture = { id = "id", total = "total" }
        [steps.complain]
        request = "POST /complaints"
        json = { order = "{{ order.id }}" }
        capture = { id = "id" }
        """,
        server.url,
    )
    market.get_actor("buyer").call("complain")

    assert server.lines() == ["POST /people", "POST /people", "POST /listings", "POST /orders", "POST /complaints"]
    assert server.last("POST /complaints").json == {"order": 4}


def test_a_step_that_is_declared_absent_is_not_covered(serve, open_shop):
    """`skip` says why; calling the step ends the test as not covered, and sends nothing."""
    market = open_shop(SIGNUP + '[steps.send_message]\nskip = "no messages yet"', serve(Shop()).url)

    with pytest.raises(NotCovered, match="not covered: send_message: no messages yet"):
        market.get_actor("buyer").send_message(1)


def test_a_step_that_is_absent_on_this_target_only(serve, open_shop):
    """[targets.X.skip] turns a mapped step off here, as a feature flag does."""
    market = open_shop(
        f'[targets.here]\nkind = "local"\napi = "$API"\nskip = {{ checkout = "payments are off here" }}\n{SIGNUP}'
        '[steps.checkout]\nrequest = "POST /orders"\ncapture = { id = "id", total = "total" }',
        serve(Shop()).url,
    )

    with pytest.raises(NotCovered, match="not covered: checkout: payments are off here"):
        market.get_actor("buyer").checkout("lamp")


def test_a_step_that_is_not_mapped_is_inconclusive_and_says_how_to_map_it(serve, open_shop):
    """The message shows both ways out, and the nearest step."""
    market = open_shop(SIGNUP + LISTINGS, serve(Shop()).url)

    with pytest.raises(Inconclusive) as caught:
        market.get_actor("buyer").call("create_listin")
    text = str(caught.value)
    assert "step 'create_listin' is not mapped in " in text
    assert "Did you mean 'create_listing'?" in text
    assert '[steps.create_listin]  request = "METHOD /path"' in text
    assert '[steps.create_listin]  skip = "why the product has no such thing"' in text


def test_an_object_that_no_step_makes_is_inconclusive(serve, open_shop):
    """A step that needs an order where nothing makes one cannot be decided."""
    market = open_shop(
        SIGNUP + '[steps.complain]\nrequest = "POST /complaints"\njson = { order = "{{ order.id }}" }',
        serve(Shop()).url,
    )

    with pytest.raises(Inconclusive, match=r"no step in .* makes 'order': give one, or map a step that makes it"):
        market.get_actor("buyer").call("complain")


def test_every_verb_of_a_shop(serve, open_shop):
    """Each public verb plays its step; an object or its id will do."""
    server = serve(Shop())
    items = 'items = "[@]"\ncapture = { id = "id", total = "total" }'
    one = 'capture = { id = "id", total = "total" }'
    market = open_shop(
        SIGNUP
        + LISTINGS
        + f"""
        [steps.update_listing]
        request = "POST /listings/{{{{ listing.id }}}}"
        json = {{ price = "{{{{ listing.price }}}}" }}
        [steps.get_listing]
        request = "POST /get/{{{{ listing.id }}}}"
        {one}
        [steps.search]
        request = "POST /search"
        json = {{ q = "{{{{ search.text }}}}" }}
        {items}
        [steps.send_message]
        request = "POST /messages"
        json = {{ about = "{{{{ listing.id }}}}", text = "{{{{ message.text }}}}" }}
        {one}
        [steps.list_messages]
        request = "POST /inbox"
        {items}
        [steps.add_to_cart]
        request = "POST /cart"
        json = {{ n = "{{{{ quantity }}}}" }}
        {one}
        [steps.checkout]
        request = "POST /orders"
        json = {{ n = "{{{{ quantity }}}}" }}
        {one}
        [steps.get_order]
        request = "POST /orders/{{{{ order.id }}}}"
        {one}
        [steps.list_orders]
        request = "POST /history"
        {items}
        """,
        server.url,
    )
    buyer, lamp = market.get_actor("buyer"), market.new_listing()

    assert buyer.update_listing(lamp, price="7.50").price == 7.5
    assert server.seen[-1].body == b'{"price":7.50}'
    assert buyer.get_listing(lamp.id).total == 5
    assert buyer.search("lamp")[0].kind == "listing"
    assert buyer.send_message(lamp).text.endswith(")")
    assert buyer.list_messages()[0].kind == buyer.list_messages(lamp)[0].kind == "message"
    assert buyer.add_to_cart(lamp, 3).kind == "cart"
    assert server.seen[-1].json == {"n": 3}
    order = buyer.checkout(lamp)
    assert (order.listing, order.total) == (lamp, 5)
    assert buyer.get_order(order).kind == buyer.list_orders()[0].kind == "order"
    assert market.new_order().listing != lamp
    assert market.sent == len(server.seen)
    assert "here" in repr(market)
    assert repr(buyer) == "<Actor buyer>"


def test_a_maker_that_gives_a_list_cannot_make_one(serve, open_shop):
    """Where the step that should make an object gives a list, the message names it."""
    market = open_shop(
        SIGNUP
        + """
        [resources.gift]
        made_by = "list_gifts"
        [steps.list_gifts]
        request = "POST /gifts"
        items = "[@]"
        capture = { id = "id" }
        [steps.open_gift]
        request = "POST /gifts/{{ gift.id }}"
        """,
        serve(Shop()).url,
    )

    with pytest.raises(UseError, match="step list_gifts gives a list, so it cannot make one gift"):
        market.get_actor("buyer").call("open_gift")
