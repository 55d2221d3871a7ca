"""GraphQL endpoints of several habits: what they tell, and how much one request may ask of them."""

import pytest
from graphql import GraphQLError, NoSchemaIntrospectionCustomRule, build_schema, graphql_sync, parse, validate

from pytest_launchready.probes.access.routes import anonymous, function, graphql

SCHEMA = """
type Query {
  me: User
  articles(filter: String, first: Int): [Article!]!
  orderHistory: [Order!]!
  "Only for admins."
  everybody: [User!]!
  ping: String!
}
type User { key: ID! email: String! displayName: String! orders: [Order!]! }
type Article { key: ID! name: String! author: Author! }
type Author { key: ID! displayName: String! articles(first: Int): [Article!]! }
type Order { key: ID! note: String! buyer: User! }
type Mutation { register(mail: String!, secret: String!): User! enter(mail: String!, secret: String!): String }
"""
MAP = """
[contract]
graphql = "/api/graph"

[auth]
bearer = "data.enter"

[steps.signup]
graphql = "mutation ($m: String!, $s: String!) { register(mail: $m, secret: $s) { key } }"
variables = { m = "{{ account.email }}", s = "{{ account.password }}" }
capture = { id = "data.register.key" }

[steps.login]
graphql = "mutation ($m: String!, $s: String!) { enter(mail: $m, secret: $s) }"
variables = { m = "{{ account.email }}", s = "{{ account.password }}" }
expect = "data.enter"
"""
ADMIN = """
[people.admin]
email = "boss@shop.test"
password = "boss-password-1"
"""
PRODUCTION = '[targets.here]\nkind = "production"\napi = "$API"\nwrites = ["signup"]\nbudget = {{ rate = 1000 }}\n'


class Endpoint:
    """A shop behind one endpoint; `habits` are those it has."""

    def __init__(self, people, *habits):
        self.people = people
        self.habits = habits
        self.schema = build_schema(SCHEMA)
        people.join("boss@shop.test", "boss-password-1", boss=True)

    def __call__(self, request):
        """One answer."""
        sent = request.json
        if isinstance(sent, list):
            if "arrays" not in self.habits:
                return 400, {"errors": [{"message": "One at a time."}]}
            return 200, [self.run(request, one)[1] for one in sent]
        return self.run(request, sent)

    def run(self, request, sent):
        """Status and body for one document."""
        person = self.people.by_token(request.bearer)
        try:
            document = parse(sent["query"])
        except GraphQLError as error:
            return 400, {"errors": [self.told(error)]}
        hidden = [NoSchemaIntrospectionCustomRule] if "closed" in self.habits else []
        errors = validate(self.schema, document, hidden) or validate(self.schema, document)
        refused = self.priced(sent["query"]) or errors
        if refused:
            return 400, {"errors": [self.told(error) for error in refused]}
        root = Root(self, person)
        done = graphql_sync(self.schema, sent["query"], root, variable_values=sent.get("variables"))
        body = {"data": done.data}
        return 200, {**body, "errors": [self.told(error) for error in done.errors]} if done.errors else body

    def priced(self, text):
        """Why a document is too dear."""
        if "priced" in self.habits and (text.count("a99") or (text.count("{") > 12 and "__schema" not in text)):
            return [GraphQLError("too dear")]
        return []

    def told(self, error):
        """An error as this endpoint tells it."""
        message = error.message if "helpful" in self.habits else error.message.partition(" Did you mean")[0]
        trace = {"extensions": {"exception": {"stacktrace": ["GraphQLError: x", "    at run (/srv/app.js:3:4)"]}}}
        path = {"path": error.path} if error.path else {}
        return {"message": message, **path, **(trace if "debug" in self.habits else {})}


class Root:
    """The fields of the schema for one caller."""

    def __init__(self, shop, person):
        self.shop = shop
        self.person = person

    def known(self):
        """The caller; refuses nobody."""
        if self.person is None:
            raise GraphQLError("please sign in")
        return self.person

    def me(self, _info):
        """The caller or null."""
        return view(self.person) if self.person else None

    def articles(self, _info, **_arguments):
        """The catalogue is empty."""
        return []

    def orderHistory(self, _info):  # noqa: N802 - the schema's name
        """The caller's, or everybody's."""
        people = self.shop.people.people.values() if "open-orders" in self.shop.habits else [self.known()]
        return [{"key": f"o{one['id']}", "note": "none", "buyer": view(one)} for one in people]

    def everybody(self, _info):
        """Every account."""
        if not self.known().get("boss") and "open-accounts" not in self.shop.habits:
            raise GraphQLError("admins only")
        return [view(one) for one in self.shop.people.people.values()]

    def ping(self, _info):
        """A word."""
        return "pong"

    def register(self, _info, mail, secret):
        """A new account."""
        return view(self.shop.people.join(mail, secret))

    def enter(self, _info, mail, secret):
        """A token or null."""
        return self.shop.people.enter(mail, secret)


def view(person):
    """An account as the schema has it."""
    return {
        "key": person["id"],
        "email": person["email"],
        "displayName": person["email"].partition("@")[0],
        "orders": [],
    }


@pytest.fixture
def endpoint(anyone, conduct):
    """A function: habits → the verdicts by name, of a target of this kind."""

    def run(*habits, part=graphql.checks, text=MAP, kind="local"):
        head = PRODUCTION.format() if kind == "production" else ""
        return conduct(Endpoint(anyone, *habits), head + text, part)

    return run


def outcomes(found):
    """Name → outcome, without what all names begin with."""
    return {name.removeprefix("graphql."): one if isinstance(one, str) else one.outcome for name, one in found.items()}


def test_a_careful_endpoint_passes(endpoint):
    """Introspection off, no suggestions, priced queries, plain errors: all is well, on production too."""
    found = outcomes(endpoint("closed", "priced", kind="production"))
    assert found.pop("depth") == (
        "not covered: access.graphql.depth: without introspection no field is known that can be nested"
    )
    assert found == {"introspection": "passed", "batching": "passed", "errors": "passed"}


def test_introspection_is_a_finding_where_it_is_deployed(endpoint):
    """On production it fails; on a local target it is noted."""
    deployed = endpoint("priced", kind="production")["graphql.introspection"]
    assert deployed.failure.title == "a visitor is told the whole schema"
    assert "5 queries and 2 mutations" in deployed.failure.got
    local = endpoint("priced")["graphql.introspection"]
    assert local.outcome == "passed"
    assert local.notes == (
        "introspection shows 5 queries and 2 mutations to visitors; switch it off where it is deployed",
    )


def test_suggestions_tell_what_introspection_does_not(endpoint):
    """With introspection off, helpful errors still tell the names of fields."""
    found = endpoint("closed", "priced", "helpful", kind="production")["graphql.introspection"]
    assert found.failure.title == "a visitor is told names of the schema"


@pytest.mark.parametrize(
    ("habits", "wrong", "title"),
    [
        ((), {"batching", "depth"}, "aliases are not limited"),
        (("priced", "arrays"), {"batching"}, "arrays of operations are not limited"),
        (("priced", "debug"), {"errors"}, "errors show stack traces"),
        (("priced",), set(), ""),
    ],
)
def test_each_habit_is_seen_by_its_check(endpoint, habits, wrong, title):
    """Aliases, arrays, depth and stack traces: each fails the check that is named after it, and no other."""
    found = endpoint(*habits)
    assert {name for name, outcome in outcomes(found).items() if outcome == "failed"} == wrong
    assert title in {"", *(one.failure.title for one in found.values() if one.failure)}


def test_depth_costs_nothing_to_try(endpoint):
    """The deep query goes round the circle of the schema, below a field that gives nothing."""
    failure = endpoint()["graphql.depth"].failure
    assert failure.got == "15 levels of me → orders → buyer were run"
    assert failure.exchange.request_body.count(b"buyer") == 7
    assert failure.exchange.answer.json == {"data": {"me": None}}


def test_root_fields_are_routes(endpoint):
    """Fields that only the schema knows are asked as a visitor; what is the admin's is left to the other check."""
    found = endpoint("open-orders", "open-accounts", part=anonymous.checks)["anonymous"]
    assert "a visitor without credentials gets buyer's email (" in found.failure.title
    assert "from query orderHistory" in found.failure.title
    assert endpoint("open-accounts", part=anonymous.checks)["anonymous"].outcome == "passed"


def test_what_its_description_leaves_to_the_admin(endpoint):
    """A field that says it is for admins is tried as an ordinary account."""
    found = endpoint("open-accounts", part=function.checks, text=MAP + ADMIN)["function"]
    assert "an ordinary account gets buyer's email (" in found.failure.title
    assert "which is the admin's (it says 'for admin')" in found.failure.title
    assert endpoint(part=function.checks, text=MAP + ADMIN)["function"].outcome == "passed"


def test_maps_without_graphql(anyone, conduct):
    """All four are not covered, by name."""
    found = conduct(lambda _request: (404, None), "", graphql.checks)
    assert set(found) == {"graphql.introspection", "graphql.batching", "graphql.depth", "graphql.errors"}
    assert all("the map names no GraphQL endpoint ([contract] graphql)" in reason for reason in found.values())
