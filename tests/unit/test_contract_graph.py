"""Answers of a GraphQL endpoint against its schema."""

import json

import pytest
from graphql import build_schema, introspection_from_schema

from pytest_launchready.contracts.graph import Asked, Graph, asked, schema_of
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange

SDL = """
scalar Money
enum State { OPEN SOLD }
interface Node { id: ID! }
type Listing implements Node {
  id: ID! title: String! price: Money! stock: Int rating: Float state: State! tags: [String!]!
}
type Person implements Node { id: ID! name: String! friends: [Person] }
union Found = Listing | Person
type Query { listing(id: ID): Listing found: [Found!]! node: Node me: Person! }
type Mutation { sell(id: ID!): Listing! }
"""
LISTING = "{ listing { id title price stock state tags } }"
GOOD = {"id": "1", "title": "Lamp", "price": "2.50", "stock": None, "state": "OPEN", "tags": ["a"]}


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def graph(request):
    """The schema, judging with each engine in turn."""
    if request.param == "jsonschema-rs":
        pytest.importorskip("jsonschema_rs")
    return Graph(schema_of(SDL), engine=request.param)


def judged(graph, query, value, name=None):
    return [(one.rule, one.about, one.expected) for one in graph.judge_value(Asked(query, name), value)]


def test_an_answer_as_selected_has_no_deviation(graph):
    """Null where the schema allows it, any value of a team's own scalar."""
    assert judged(graph, LISTING, {"data": {"listing": GOOD}}) == []
    assert judged(graph, LISTING, {"data": {"listing": None}}) == []
    assert judged(graph, LISTING, {"data": {"listing": GOOD | {"price": 2.5, "stock": 3}}}) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id": 1}, ("wrong type", "data.listing.id", "text")),
        ({"stock": "3"}, ("wrong type", "data.listing.stock", "an integer or null")),
        ({"title": None}, ("wrong type", "data.listing.title", "text")),
        ({"state": "LOST"}, ("wrong value", "data.listing.state", 'one of "OPEN", "SOLD"')),
        ({"tags": ["a", None]}, ("wrong type", "data.listing.tags[1]", "text")),
        ({"more": 1}, ("unknown field", "data.listing.more", "only the fields that the document describes")),
    ],
)
def test_each_deviation_is_told(graph, change, expected):
    """By where it stands in the answer."""
    assert judged(graph, LISTING, {"data": {"listing": GOOD | change}}) == [expected]


def test_a_scalar_of_ones_own_is_not_null_where_it_must_not_be(graph):
    """Its value may be anything else."""
    [(rule, about, _)] = judged(graph, LISTING, {"data": {"listing": GOOD | {"price": None}}})
    assert (rule, about) == ("wrong type", "data.listing.price")


def test_a_missing_field_is_told(graph):
    """Whatever is selected has to come."""
    missing = {name: value for name, value in GOOD.items() if name != "title"}
    assert judged(graph, LISTING, {"data": {"listing": missing}}) == [
        ("field missing", "data.listing.title", "a field 'title'")
    ]


def test_aliases_and_fragments(graph):
    """An answer has the names that the document gives; what stands twice is one."""
    query = """query A($x: Boolean!) { one: listing { ...F id } two: me { name nick: name @include(if: $x) } }
    fragment F on Listing { id title }"""
    assert judged(graph, query, {"data": {"one": {"id": "1", "title": "a"}, "two": {"name": "b"}}}) == []
    found = judged(graph, query, {"data": {"one": {"id": "1"}, "two": {"name": "b", "nick": 3}}})
    assert found == [("field missing", "data.one.title", "a field 'title'")]


def test_unions_and_interfaces(graph):
    """Each item is one of the types, and `__typename` says which."""
    query = "{ found { __typename ... on Listing { title } ... on Person { name } } node { id } }"
    listing, person = {"__typename": "Listing", "title": "a"}, {"__typename": "Person", "name": "b"}
    assert judged(graph, query, {"data": {"found": [listing, person], "node": {"id": "1"}}}) == []
    found = judged(graph, query, {"data": {"found": [listing, {"__typename": "Person", "name": 3}], "node": None}})
    assert found == [("wrong type", "data.found[1].name", "text")]


def test_errors_may_come_without_data(graph):
    """And without errors there has to be data."""
    assert judged(graph, LISTING, {"errors": [{"message": "no", "path": ["listing"]}]}) == []
    assert judged(graph, LISTING, {"data": None, "errors": [{"message": "no"}]}) == []
    assert judged(graph, LISTING, {"data": None}) == [("wrong type", "data", "an object")]
    assert judged(graph, LISTING, {"errors": [{"code": 3}]})[0][:2] == ("field missing", "errors[0].message")


def test_a_query_that_the_schema_does_not_allow_is_told(graph):
    """Nothing describes its answer; where the server says so itself, nothing is told."""
    [(rule, *_)] = judged(graph, "{ listing { colour } }", {"data": {"listing": {"colour": "red"}}})
    assert rule == "undocumented operation"
    assert judged(graph, "{ listing { colour } }", {"errors": [{"message": "no such field"}]}) == []


def test_of_several_operations_the_named_one_counts(graph):
    """A document may hold more than one."""
    query = "query A { me { name } } query B { me { id } }"
    assert judged(graph, query, {"data": {"me": {"id": "1"}}}, "B") == []
    assert judged(graph, query, {"data": {"me": {"id": "1"}}}, "A")[0][1] == "data.me.name"


def test_a_schema_may_come_by_introspection():
    """As it does from a server."""
    graph = Graph(schema_of(introspection_from_schema(build_schema(SDL))))
    assert judged(graph, LISTING, {"data": {"listing": GOOD | {"id": 1}}}) == [
        ("wrong type", "data.listing.id", "text")
    ]


@pytest.mark.parametrize("what", ["type Query {", {"__schema": {}}])
def test_what_is_no_schema_is_refused(what):
    with pytest.raises(UseError, match="the GraphQL schema cannot be read"):
        schema_of(what)


def exchange(body, text, kind="application/json", status=200):
    answer = Answer(status, (("content-type", kind),), text)
    return Exchange("POST", "https://api.shop.example/graphql", (), json.dumps(body).encode(), 0.01, answer)


def test_an_exchange_is_judged_by_the_query_that_it_holds(graph):
    """What is no GraphQL request is not judged; a page in place of an answer is told."""
    body = {"query": "{ me { name } }", "variables": {}}
    assert graph.judge(exchange(body, '{"data": {"me": {"name": "a"}}}')) == []
    assert [one.about for one in graph.judge(exchange(body, '{"data": {"me": {"name": 3}}}'))] == ["data.me.name"]
    page = graph.judge(exchange(body, "<p>", "text/html"))
    assert [one.rule for one in page] == ["content type", "no JSON"]
    assert graph.judge(exchange({"a": 1}, "{}")) == []
    assert asked(exchange("x", "{}")) is None
