"""Words of routes, what answers show, and documents of GraphQL: without a socket."""

import json

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.objects import Order
from pytest_launchready.mapping.load import load_map
from pytest_launchready.probes.access.objects.case import Side
from pytest_launchready.probes.access.routes.facts import (
    Facts,
    Mark,
    marks_in,
    of_one_kind,
    people_in,
    same_data,
    same_entry,
    told_apart,
)
from pytest_launchready.probes.access.routes.function import like_admin
from pytest_launchready.probes.access.routes.graph import read_graph, tells_schema
from pytest_launchready.probes.access.routes.graphql_tries import nested, ran, trace_shown
from pytest_launchready.probes.access.routes.map_routes import MapRoutes
from pytest_launchready.probes.access.routes.route import admin_by
from pytest_launchready.probes.access.routes.route_values import Values
from pytest_launchready.probes.access.routes.route_words import ACTS, ADMIN, OPEN, says, segments, singular, words


def answer(document, status=200):
    """An answer of JSON."""
    return Answer(status, (), json.dumps(document))


def exchange(document, url="http://shop.test/orders", body=b""):
    """One request and its answer."""
    return Exchange("GET", url, (), body, 0.1, answer(document))


class Somebody:
    """A person as far as a side needs one."""

    name = "buyer"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/api/adminUsers/{user_id}", ["api", "admin", "users", "user", "id"]),
        ("getHTTPStatus", ["get", "http", "status"]),
        ("back-office", ["back", "office"]),
    ],
)
def test_words_of_every_spelling(text, parts):
    """Camel case, snake case and kebab case come apart alike."""
    assert words(text) == parts


@pytest.mark.parametrize(
    ("plural", "one"), [("orders", "order"), ("addresses", "address"), ("categories", "category"), ("status", "status")]
)
def test_singulars(plural, one):
    """English plurals lose their ending."""
    assert singular(plural) == one


@pytest.mark.parametrize(
    "path", ["/admin", "/api/adminUsers", "/back-office/x", "/BackOffice", "/super_user", "/staff"]
)
def test_paths_of_admins(path):
    """Words for admins are known in one piece and apart."""
    assert says(segments(path), ADMIN)


@pytest.mark.parametrize("path", ["/administrative-regions", "/roots", "/orders", "/badminton", "/modern"])
def test_paths_that_only_look_like_it(path):
    """A word inside another is none."""
    assert says(segments(path), ADMIN - {"root"}) is None


def test_what_describes_an_admins_operation():
    """A path or tag declares; a description does where it says so plainly; other words only perhaps."""
    assert admin_by(["users"], ["Admin"], [])[0] == "declared"
    assert admin_by(["users"], [], ["Lists accounts. Only for admins."])[0] == "declared"
    assert admin_by(["users"], [], ["Requires role ADMIN"])[0] == "declared"
    assert admin_by(["users"], [], ["Write to an address that the admin reads"])[0] == "perhaps"
    assert admin_by(["pages"], [], ["Pages made by the admin"])[0] == "perhaps"
    assert admin_by(["listings"], ["Listing Management"], [])[0] == "perhaps"
    assert admin_by(["orders"], ["shop"], ["My orders"]) == ("", "")


def test_what_acts_and_what_is_open():
    """A GET that acts is left alone; a catalogue is for everybody."""
    assert says(["users", "logout"], ACTS) == "logout"
    assert says(["resetPassword"], ACTS) == "reset"
    assert says(["products"], OPEN) == "products"
    assert says(["orders"], ACTS | OPEN) is None


class TestFacts:
    """What shows that something has got out."""

    def test_a_mark_in_an_answer(self):
        """It is masked, and not taken from what the request itself said."""
        facts = Facts((Mark("anna@shop.test", "buyer's email", "buyer"),), {}, frozenset())
        shown = exchange({"mail": "Anna@shop.test"})
        assert facts.shown_in(shown) == "buyer's email (anna…)"
        assert facts.shown_in(shown, besides=["buyer"]) is None
        assert facts.shown_in(exchange({"mail": "anna@shop.test"}, "http://shop.test/?q=anna%40shop.test")) is None
        assert facts.shown_in(exchange({"mail": "joanna@shop.testing"})) is None

    def test_marks_of_an_object(self):
        """Its own opaque id and long texts; not ids of others, states, times, prices, or what is on offer anyway."""
        order = Order(
            {
                "id": "ord_8f3a99c2d1",
                "sellerId": "usr_8f3a99c2d1",
                "title": "Old desk lamp",
                "state": "awaiting_payment",
                "at": "2026-01-01T10:00:00Z",
                "note": "leave it at the door 7",
            }
        )
        marks = marks_in(Side(Somebody(), order, {}), "order", ["Old desk lamp"])
        assert {mark.text for mark in marks} == {"ord_8f3a99c2d1", "leave it at the door 7"}

    def test_lists_of_accounts(self):
        """Two addresses beside what only accounts have; a team page and shops with an address are none."""
        rows = [{"email": f"{name}@shop.test", "role": "user"} for name in ("anna", "bob")]
        assert people_in(answer({"data": rows})) == "a list of 2 accounts (anna…)"
        assert people_in(answer(rows[:1])) is None
        assert people_in(answer([{"email": f"{name}@shop.test", "city": "Ulm"} for name in ("a", "b")])) is None

    def test_things_of_one_kind(self):
        """A list of what looks like the run's own order is one of orders, whoever's they are."""
        mine = answer([{"id": 7, "total": "25.00", "state": "paid"}])
        assert of_one_kind(answer({"rows": [{"id": 3, "total": "9.00", "state": "new"}]}), mine, "7") == "3"
        assert of_one_kind(answer([{"id": 3, "name": "lamp", "price": "9.00"}]), mine, "7") is None
        assert of_one_kind(answer({"id": 3, "total": "9.00", "state": "new"}), mine, "7") is None
        assert of_one_kind(answer([]), mine, "7") is None

    def test_the_same_data(self):
        """Two values that are equal at the same places, and most of all; zeros and what was asked do not count."""
        theirs = answer({"turnover": 812.5, "orders": 31, "at": "10:00"})
        assert same_data(exchange({"turnover": 812.5, "orders": 31, "at": "10:01"}), theirs)
        assert not same_data(exchange({"turnover": 0, "orders": 0, "at": "10:00"}), theirs)
        assert not same_data(exchange({"turnover": 812.5}), theirs)
        assert not same_data(exchange({"turnover": 812.5, "orders": 31}, "http://shop.test/x?orders=31"), theirs)
        assert not same_data(
            exchange({"items": [], "name": "a", "kind": "b"}), answer({"items": [], "name": "a", "kind": "b"})
        )

    def test_entries_that_leave_values_out(self):
        """An entry with some values hidden is the same thing; one that shows no more than one value says nothing."""
        whole = {"id": 1, "name": "anna", "email": "anna@shop.test"}
        assert same_entry({"id": 1, "name": "anna", "email": None}, whole)
        assert not same_entry({"id": 1, "email": None}, whole)
        assert not same_entry({"id": 1, "name": "bob"}, whole)

    def test_what_an_ordinary_account_may_see_of_the_admins(self):
        """Its own entries are its own; the others are not. A short number is somebody only under an id."""
        rows = [{"id": 1, "total": 5.5, "count": 2}, {"id": 2, "total": 7.5, "count": 1}]
        control = answer(rows)
        assert like_admin(exchange(rows), control, {"1"}) == "1 of the entries that the admin gets"
        assert like_admin(exchange(rows[:1]), control, {"1"}) is None
        assert like_admin(exchange({"data": []}), control, set()) is None


KIND = {"kind": "NON_NULL", "ofType": {"kind": "LIST", "ofType": {"kind": "OBJECT", "name": "Post"}}}
TYPES = [
    {
        "kind": "OBJECT",
        "name": "Query",
        "fields": [
            {
                "name": "post",
                "type": {"kind": "OBJECT", "name": "Post"},
                "args": [{"name": "id", "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": "ID"}}}],
            },
            {"name": "now", "type": {"kind": "SCALAR", "name": "String"}, "args": []},
            {"name": "broken"},
            "nonsense",
        ],
    },
    {
        "kind": "OBJECT",
        "name": "Post",
        "fields": [
            {"name": "id", "type": {"kind": "SCALAR", "name": "ID"}},
            {"name": "answers", "type": KIND, "args": None},
        ],
    },
    {"kind": "SCALAR", "name": "ID"},
    {"kind": "SCALAR", "name": "String"},
    None,
]


class TestGraphs:
    """Introspection, read as servers give it."""

    def test_fields_arguments_and_documents(self):
        """Root fields with their arguments become documents; what is broken is passed over."""
        graph = read_graph({"data": {"__schema": {"queryType": {"name": "Query"}, "types": TYPES}}})
        assert list(graph.queries) == ["post", "now", "broken"]
        assert graph.mutations == {}
        assert graph.queries["post"].required["id"].written == "ID!"
        assert graph.document(graph.queries["post"], {"id": "7"}) == (
            "query ($id: ID!) { post(id: $id) { id answers { id answers { id } } } }",
            {"id": "7"},
        )
        assert graph.document(graph.queries["now"], {}) == ("query { now }", {})

    def test_a_circle_and_the_documents_that_go_round_it(self):
        """The flat document ends at the first list, the deep one goes round, both for what never existed."""
        graph = read_graph({"data": {"__schema": {"queryType": {"name": "Query"}, "types": TYPES}}})
        ((root, way),) = graph.circles()
        values, flat, deep = nested(root, way)
        assert values == {"id": "launchready-never-existed"}
        assert flat == "query ($id: ID!) { post(id: $id) { answers { __typename } } }"
        assert deep.count("answers") == 15

    def test_a_circle_without_a_list_is_none(self):
        """One thing inside one thing costs no more than its depth."""
        single = {"kind": "OBJECT", "name": "Post", "fields": [{"name": "parent", "type": KIND["ofType"]["ofType"]}]}
        types = [TYPES[0], single, *TYPES[2:]]
        graph = read_graph({"data": {"__schema": {"queryType": {"name": "Query"}, "types": types}}})
        assert list(graph.circles()) == []

    @pytest.mark.parametrize("document", [None, [], {"data": None}, {"data": {"__schema": None}}, {"errors": [{}]}])
    def test_what_is_no_schema(self, document):
        """Anything else gives none."""
        assert read_graph(document) is None
        assert not tells_schema(document)

    def test_whether_a_document_was_run(self):
        """Errors of fields arise while it runs; others before."""
        assert ran(answer({"data": {"a": None}}))
        assert ran(answer({"data": None, "errors": [{"message": "no", "path": ["a"]}]}))
        assert not ran(answer({"data": None, "errors": [{"message": "too deep"}]}))
        assert not ran(answer({"errors": [{"message": "too deep"}]}, 400))
        assert not ran(answer([{}]))
        assert not ran(answer({"message": "welcome"}))

    def test_stack_traces(self):
        """Under a name of their own, or as lines; a message alone is none."""
        assert trace_shown(answer({"errors": [{"extensions": {"exception": {"stacktrace": ["at x"]}}}]}))
        assert trace_shown(
            answer({"errors": [{"debug": 'Traceback (most recent call last):\n  File "a.py", line 3, in b'}]})
        )
        assert trace_shown(answer({"errors": [{"message": "Cannot query field x", "trace": None}]})) is None


def test_what_two_people_share_marks_neither():
    """Made-up telephone numbers are few: one that somebody else has as well is no proof of whose an answer is."""
    shared = [Mark("+12025550123", "buyer's phone", "buyer"), Mark("+12025550123", "seller's phone", "seller")]
    own = Mark("+12025550124", "stranger's phone", "stranger")
    assert told_apart([*shared, own, own]) == [own, own]


def test_what_proves_a_log_in_is_nobodys_privilege(tmp_path):
    """Whatever its path is called; another step of such a path may be the admin's."""
    (tmp_path / "launchready.toml").write_text(
        """
        [targets.shop]
        kind = "local"
        api = "http://shop.test"
        [steps.me]
        request = "GET /dashboard"
        capture = { id = "id" }
        [steps.figures]
        request = "GET /dashboard/figures"
        """
    )
    mapped = load_map(tmp_path / "launchready.toml", "shop", environ={})
    routes = MapRoutes(Values(mapped, {}, frozenset(), {}), None).all()
    assert {route.name: route.admin for route in routes} == {"me": "", "figures": "perhaps"}
