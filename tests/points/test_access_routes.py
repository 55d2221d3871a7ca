"""Routes that are open to visitors or to ordinary accounts, on marketplaces with other habits than the demo's."""

from collections import Counter

import pytest

from pytest_launchready.probes.access.routes import anonymous, function

MAP = """
[auth]
bearer = "token"

[steps.signup]
request = "POST /v2/registrations"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /v2/sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }

[steps.checkout]
request = "POST /v2/orders"
json = { what = "lamp" }
capture = { id = "number", total = "amount" }

[contract]
openapi = "/docs/swagger.json"
"""
ADMIN = """
[people.admin]
email = "boss@shop.test"
password = "boss-password-1"
"""
KEY = [{"key": []}]


def op(*parameters, **more):
    """An operation of a document."""
    return {"parameters": [{"name": name, "in": "path", "type": "string"} for name in parameters], **more}


def wanted(name):
    """A parameter that a query must have."""
    return {"name": name, "in": "query", "required": True, "type": "string"}


class Shop:
    """Orders with running numbers and a person's data; `routes` says what else is answered, and to whom."""

    def __init__(self, people, paths, routes=None, **document):
        self.people = people
        self.orders = []
        self.routes = routes or {}
        self.document = {"swagger": "2.0", "basePath": "/v2", "paths": paths, **document}
        self.boss = people.join("boss@shop.test", "boss-password-1", boss=True)

    def __call__(self, request):
        """One answer."""
        match request.line:
            case "GET /docs/swagger.json":
                return 200, self.document
            case "POST /v2/registrations":
                return 201, {"id": self.people.join(**request.json)["id"]}
            case "POST /v2/sessions":
                token = self.people.enter(**request.json)
                return (200, {"token": token}) if token else (401, {"message": "no"})
        return self.answer(request)

    def answer(self, request):
        """What needs a session, and what is said of it."""
        person = self.people.by_token(request.bearer)
        if request.line in self.routes:
            return self.routes[request.line](self, person)
        if person is None:
            return 401, {"message": "please sign in"}
        if request.line == "POST /v2/orders":
            order = {"number": len(self.orders) + 1, "amount": "25.00", "state": "paid", "by": person["id"]}
            self.orders.append(order)
            return 201, order
        return 404, {"message": "nothing here"}


@pytest.fixture
def shop(anyone, conduct):
    """A function: paths of the document and routes → the verdicts of both checks, by name."""

    def run(paths, routes, *parts, text=MAP, **document):
        run.shop = Shop(anyone, paths, routes, **document)
        return conduct(run.shop, text, *(parts or (anonymous.checks, function.checks)))

    return run


def own_orders(shop, person):
    """The caller's orders; nothing for nobody."""
    if person is None:
        return 401, {"message": "please sign in"}
    return 200, [one for one in shop.orders if one["by"] == person["id"]]


def all_orders(shop, _person):
    """Everybody's orders, to everybody."""
    return 200, shop.orders


def accounts(shop, _person):
    """Everybody's accounts, to everybody."""
    return 200, {"data": [{"id": one["id"], "email": one["email"]} for one in shop.people.people.values()]}


def told(verdict):
    """What a verdict says."""
    return verdict if isinstance(verdict, str) else f"{verdict.outcome}: {verdict.reason}"


class TestVisitors:
    """What `access.anonymous` takes for a leak, and what not."""

    def test_a_route_that_only_the_document_knows(self, shop):
        """Numbered orders without a name on them are a leak all the same: a visitor has none."""
        found = shop({"/orders": {"get": op()}}, {"GET /v2/orders": all_orders})
        failure = found["anonymous"].failure
        assert "a visitor without credentials gets order 1 in a list from GET /orders" in failure.title
        assert failure.exchange.path == "/v2/orders"
        assert failure.control.actor == "buyer"

    def test_it_is_closed(self, shop):
        """The same route with a session is no finding, and is named as refused."""
        found = shop({"/orders": {"get": op()}}, {"GET /v2/orders": own_orders})
        assert found["anonymous"].outcome == "passed"
        assert "1 route refused: GET /orders" in [one.said for one in found["anonymous"].evidence]

    def test_one_order_by_its_number(self, shop):
        """The number of the run's own order is put into the path, and its data comes back."""
        paths = {"/orders/{orderNumber}": {"get": op("orderNumber")}}
        found = shop(paths, {"GET /v2/orders/1": lambda shop, _: (200, shop.orders[0])})
        assert "the order that buyer gets from GET /orders/{orderNumber}" in found["anonymous"].failure.title

    def test_accounts_of_others(self, shop):
        """An address of a person of the run in the answer proves it."""
        found = shop({"/customers": {"get": op()}}, {"GET /v2/customers": accounts})
        assert "a visitor without credentials gets buyer's email (" in found["anonymous"].failure.title

    def test_shared_data_behind_a_lock_that_is_open(self, shop):
        """What the document closes, for one operation or for all, and what a visitor gets as a person does."""
        stock = lambda _shop, _person: (200, [{"sku": "A-1", "buying": 17.5}, {"sku": "B-2", "buying": 9.25}])  # noqa: E731
        paths = {"/purchases": {"get": op()}}
        open_to_all = shop(paths, {"GET /v2/purchases": stock}, anonymous.checks)
        assert open_to_all["anonymous"].outcome == "passed"
        for place in ({"security": KEY}, {"paths": {"/purchases": {"get": op(security=KEY)}}}):
            found = shop(place.pop("paths", paths), {"GET /v2/purchases": stock}, anonymous.checks, **place)
            assert "the same data as with the session that the OpenAPI document demands" in told(found["anonymous"])

    @pytest.mark.parametrize(
        "answer",
        [
            (200, {"error": "unauthorized", "code": 401}),
            (200, {"success": False, "message": "please log in"}),
            (200, "<html><form action='/login'><input type='password' name='p'></form></html>"),
            (200, {"items": [], "total": "0.00", "currency": "EUR"}),
            (200, []),
            (200, None),
            (500, {"message": "undefined is not a function"}),
            (302, None, {"location": "/login"}),
        ],
    )
    def test_refusals_in_every_form(self, shop, answer):
        """An error with status 200, a page to log in, an empty cart of a guest, null, a crash: none is a leak."""
        paths = {path: {"get": op(security=KEY)} for path in ("/orders", "/basket", "/profile")}
        empty = {"items": [], "total": "0.00", "currency": "EUR"}
        given = lambda _shop, person: answer if person is None else (200, empty)  # noqa: E731
        found = shop(paths, {f"GET /v2{path}": given for path in paths}, anonymous.checks)
        assert found["anonymous"].outcome == "passed"

    def test_a_guest_has_a_cart_and_settings_of_their_own(self, shop):
        """What guests have of their own looks like what people have, and is nobody's."""
        cart = lambda _shop, _person: (200, {"id": "c-19", "lines": 2, "currency": "EUR", "note": "none yet"})  # noqa: E731
        paths = {path: {"get": op(security=KEY)} for path in ("/cart", "/me/preferences")}
        found = shop(paths, {f"GET /v2{path}": cart for path in paths}, anonymous.checks)
        assert found["anonymous"].outcome == "passed"

    def test_what_shops_show_to_everybody(self, shop):
        """A catalogue, health and version are not even asked, though a global security forgets to leave them out."""
        paths = {path: {"get": op()} for path in ("/products", "/categories", "/health", "/version", "/pages/terms")}
        shown = lambda _shop, _person: (200, {"name": "lamp", "price": "25.00", "contact": "help@shop.test"})  # noqa: E731
        found = shop(paths, {f"GET /v2{path}": shown for path in paths}, anonymous.checks)
        assert "every route that is known is public" in found["anonymous"]

    def test_what_is_not_asked(self, shop):
        """Routes that act, that need what nobody knows, or whose value is the secret are named with the reason."""
        paths = {
            "/logout": {"get": op()},
            "/shipments/{shipmentCode}": {"get": op("shipmentCode")},
            "/orders": {"get": op()},
        }
        found = shop(paths, {"GET /v2/orders": own_orders}, anonymous.checks)
        said = "\n".join(one.said for one in found["anonymous"].evidence)
        assert "1 route not tried, logout may change something, or never end: GET /logout" in said
        assert "1 route not tried, no value is known for shipmentCode: GET /shipments/{shipmentCode}" in said

    def test_guests_may_follow_an_order(self, shop):
        """Number and address together are what lets a guest in: that is no leak, and not asked."""
        paths = {"/track": {"get": {"parameters": [wanted("orderNumber"), wanted("email")]}}, "/orders": {"get": op()}}
        routes = {"GET /v2/orders": own_orders, "GET /v2/track": lambda shop, _: (200, shop.orders[0])}
        found = shop(paths, routes, anonymous.checks)
        said = "\n".join(one.said for one in found["anonymous"].evidence)
        assert found["anonymous"].outcome == "passed"
        assert "1 route not tried, email beside a number is what lets guests in: GET /track" in said

    def test_a_document_that_cannot_be_had(self, shop):
        """It is told, and the map's own routes are tried."""
        steps = '\n[steps.list_orders]\nrequest = "GET /v2/orders"\nitems = "@"\ncapture = { id = "number" }\n'
        text = MAP.replace("/docs/swagger.json", "/docs/gone.json") + steps
        found = shop({}, {"GET /v2/orders": all_orders}, anonymous.checks, text=text)
        assert found["anonymous"].outcome == "failed"
        assert "/docs/gone.json could not be used: 404 Not Found" in found["anonymous"].notes

    def test_a_step_that_the_map_calls_public(self, shop):
        """`public = true` closes the question."""
        steps = """
[steps.list_orders]
public = true
request = "GET /v2/orders"
items = "@"
capture = { id = "number" }
"""
        found = shop({"/orders": {"get": op()}}, {"GET /v2/orders": all_orders}, anonymous.checks, text=MAP + steps)
        assert isinstance(found["anonymous"], str)


class TestAccounts:
    """What `access.function` takes for a breach, and what not."""

    @pytest.mark.parametrize("path", ["/adminUsers", "/back-office/people", "/staff", "/internalAdmin/users"])
    def test_a_list_of_accounts(self, shop, path):
        """An ordinary account that reads others' addresses is a breach, however the route is spelt."""
        found = shop({path: {"get": op()}}, {f"GET /v2{path}": accounts}, function.checks, text=MAP + ADMIN)
        assert "an ordinary account gets buyer's email (" in found["function"].failure.title
        assert found["function"].failure.control.actor == "admin"

    def test_an_ended_session_is_no_refusal(self, shop):
        """The stranger logs in again and asks once more."""

        def users(shop, person):
            log_ins = sum(one is person for one in shop.people.tokens.values())
            return accounts(shop, person) if log_ins > 1 else (401, {"message": "please sign in"})

        found = shop({"/admin/users": {"get": op()}}, {"GET /v2/admin/users": users}, function.checks)
        assert "an ordinary account gets" in found["function"].failure.title

    def test_a_refusal_that_stays_costs_one_log_in(self, shop):
        """However many routes are refused so."""
        names = ("users", "orders", "sales", "logs")
        routes = {f"GET /v2/admin/{name}": lambda _shop, _person: (401, {"message": "no"}) for name in names}
        found = shop({f"/admin/{name}": {"get": op()} for name in names}, routes, function.checks)
        assert found["function"].outcome == "passed"
        log_ins = Counter(person["email"] for person in shop.shop.people.tokens.values())
        assert max(log_ins.values()) == 2  # at the beginning, and once more

    def test_figures_of_the_admins(self, shop):
        """Figures hold nobody's name: what the admin gets is the proof."""
        figures = lambda _shop, person: (200, {"turnover": 812.5, "orders": 31}) if person else (401, None)  # noqa: E731
        paths = {"/reports": {"get": op(tags=["Administration"])}}
        found = shop(paths, {"GET /v2/reports": figures}, function.checks, text=MAP + ADMIN)
        assert (
            "an ordinary account gets the data that the admin gets from GET /reports" in found["function"].failure.title
        )

    def test_figures_without_an_admin_are_undecided(self, shop):
        """A success that nothing can be compared with is neither clean nor a breach."""
        figures = lambda _shop, person: (200, {"turnover": 812.5, "orders": 31}) if person else (401, None)  # noqa: E731
        found = shop({"/admin/reports": {"get": op()}}, {"GET /v2/admin/reports": figures}, function.checks)
        assert (found["function"].outcome, found["function"].code) == ("inconclusive", "no-control")

    def test_everybody_sees_their_own(self, shop):
        """A route of the admin's that gives an ordinary account only what is its own is closed."""
        paths = {"/admin/orders": {"get": op()}, "/admin/profile": {"get": op()}}
        routes = {
            "GET /v2/admin/orders": lambda shop, one: (
                own_orders(shop, one) if one is None or "boss" not in one else (200, shop.orders)
            ),
            "GET /v2/admin/profile": lambda _shop, one: (
                (200, {"id": one["id"], "email": one["email"]}) if one else (401, None)
            ),
        }
        found = shop(paths, routes, function.checks, text=MAP + ADMIN)
        assert found["function"].outcome == "passed"

    @pytest.mark.parametrize(
        "answer",
        [
            (200, {"status": "error", "message": "admins only"}),
            (200, "<html><title>Shop</title><div id='app'></div></html>"),
            (200, {"data": []}),
            (403, "<h1>Forbidden</h1>"),
        ],
    )
    def test_refusals_in_every_form(self, shop, answer):
        """A page of an app, an error with status 200, an empty list: closed."""
        guarded = lambda shop, one: accounts(shop, one) if one and one.get("boss") else answer  # noqa: E731
        found = shop(
            {"/admin/users": {"get": op()}}, {"GET /v2/admin/users": guarded}, function.checks, text=MAP + ADMIN
        )
        assert found["function"].outcome == "passed"

    def test_what_admin_areas_tell_everybody(self, shop):
        """Whether the admin area is alive is no secret."""
        alive = lambda _shop, _person: (200, {"state": "up", "build": "9f1c"})  # noqa: E731
        found = shop(
            {"/admin/health": {"get": op()}}, {"GET /v2/admin/health": alive}, function.checks, text=MAP + ADMIN
        )
        assert found["function"].outcome == "passed"

    def test_nothing_is_the_admins(self, shop):
        """Then the check is not covered, by name."""
        found = shop({"/orders": {"get": op()}}, {"GET /v2/orders": own_orders}, function.checks)
        assert "nothing that is known is the admin's" in found["function"]


LEAVE = """
[steps.remove_member]
actor = "admin"
request = "DELETE /v2/members/{{ account.id }}"
"""
PROMOTE = """
[steps.promote]
actor = "admin"
request = "POST /v2/members/{{ account.id }}/promote"
"""


class TestDeeds:
    """Writes of the admin's, judged by what came of them."""

    @pytest.fixture
    def deed(self, anyone, conduct):
        """A function: what a shop does with `DELETE` or `POST` of a member, and the step → the verdict."""

        def run(do, step):
            shop = Shop(anyone, {})
            plain = shop.answer

            def answer(request):
                if request.parts[1] != "members":
                    return plain(request)
                victim = next((one for one in anyone.people.values() if str(one["id"]) == request.parts[2]), None)
                return do(shop, anyone.by_token(request.bearer), victim)

            shop.answer = answer
            capture = 'capture = { id = "id" }'
            undo = "" if step == PROMOTE else '\nundo = "remove_member"'
            text = MAP.partition("[contract]")[0].replace(capture, capture + undo, 1)
            return conduct(shop, text + ADMIN + step, function.checks)["function"]

        return run

    def removed(self, shop, _person, victim):
        """Takes the member away, whoever asks."""
        shop.people.people.pop(victim["email"])
        return 204, None

    def test_any_account_removes_a_member(self, deed):
        """The member cannot log in any more, though the answer says nothing: a breach."""
        found = deed(lambda shop, person, victim: self.removed(shop, person, victim) if person else (401, None), LEAVE)
        assert found.failure.title.startswith(
            "an ordinary account can do remove_member, which is the admin's, to buyer-"
        )
        assert found.failure.title.endswith(": it is gone")

    def test_only_the_admin_does(self, deed):
        """Others are refused, even where a refusal has status 204; the admin's own try is the control."""
        found = deed(
            lambda shop, person, victim: (
                self.removed(shop, person, victim) if person and person.get("boss") else (204, None)
            ),
            LEAVE,
        )
        assert found.outcome == "passed"

    def test_a_success_that_nothing_shows_is_undecided(self, deed):
        """Nobody can see a promotion here: a 200 for an ordinary account is neither clean nor a breach."""
        found = deed(lambda *_: (200, {"promoted": True}), PROMOTE)
        assert (found.outcome, found.code) == ("inconclusive", "no-control")
        assert "the admin's own try does not show" in found.reason

    def test_a_refusal_needs_no_control(self, deed):
        """A plain refusal is one, though nobody could see the effect."""
        found = deed(lambda _shop, person, _victim: (200, {}) if person and person.get("boss") else (403, {}), PROMOTE)
        assert found.outcome == "passed"


def test_documents_in_yaml_and_under_another_base(anyone, conduct, tmp_path):
    """A file in YAML, whose paths stand below the API's own path, is found to do so by what the map asks for."""
    path = tmp_path / "api.yaml"
    path.write_text("openapi: 3.1.0\npaths:\n  /orders:\n    get: {}\n  /sessions:\n    post: {}\n")
    text = MAP.replace("/docs/swagger.json", str(path))
    shop = Shop(anyone, {}, {"GET /v2/orders": all_orders})
    text = text.replace("/v2/", "/")
    found = conduct(shop, f'[targets.here]\nkind = "local"\napi = "$API/v2"\n{text}', anonymous.checks)
    assert found["anonymous"].failure.exchange.path == "/v2/orders"
