"""Points 8, 10, 11 and 12: what the map declares for the checks, tried on answers of servers that need it."""

import pytest

from pytest_launchready.mapping.load import load_map
from pytest_launchready.wire.transport import exchange_of

SIGNUP = """
[steps.signup]
request = "POST /people"
capture = { id = "id" }
"""


@pytest.fixture
def answers(serve, open_shop):
    """A function: a map, and what the server answers by path → the map, and a function from path to answer."""

    def start(text, **bodies):
        def app(request):
            return bodies.get(request.path.strip("/").replace("/", "_"), (200, {"id": 7}))

        market = open_shop(SIGNUP + text, serve(app).url)
        anonymous = market.get_actor("anonymous")
        return market.map, lambda path: exchange_of(anonymous.get(f"/{path}")).answer

    return start


@pytest.mark.parametrize(
    ("condition", "refusal", "granted"),
    [
        (
            "errors[0].extensions.code == 'FORBIDDEN'",
            {"errors": [{"extensions": {"code": "FORBIDDEN"}}]},
            {"data": {"x": 1}},
        ),
        ("contains(text(), 'not allowed')", "<p>You are not allowed here</p>", "<p>Order 7</p>"),
        ("data.order == null", {"data": {"order": None}}, {"data": {"order": {"id": 7}}}),
        ("length(items) == `0`", {"items": []}, {"items": [1]}),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 402, 409, 500])
def test_a_refusal_beyond_the_status(answers, condition, refusal, granted, status):
    """`refused` recognises a refusal that comes with any status: a GraphQL code, a text, null, an empty list."""
    mapped, get = answers(f'[auth]\nrefused = "{condition}"', no=(status, refusal), yes=(200, granted))

    assert mapped.auth.refused.find(get("no"), {}) is True
    assert not mapped.auth.refused.find(get("yes"), {})


def test_the_callers_own_object_instead_of_the_one_asked_for(answers):
    """`match` ties an answer to the victim's object: 200 with another object is no leak."""
    mapped, get = answers(
        '[resources.order]\nmade_by = "checkout"\nread = "GET /orders/{{ id }}"\nmatch = "id == {{ id }}"\n'
        '[steps.checkout]\nrequest = "POST /orders"\ncapture = { id = "id", total = "id" }',
        orders_7=(200, {"id": 7}),
        orders_8=(200, {"id": 7}),
    )
    match = mapped.resources["order"].match

    assert match.find(get("orders/7"), {"id": 7}) is True
    assert match.find(get("orders/8"), {"id": 8}) is False


def test_what_the_access_checks_know_of_a_resource(answers):
    """Reads, writes, who must be refused, the proof, and ids that are the secret by design."""
    mapped, _ = answers(
        """
        [steps.checkout]
        request = "POST /orders"
        capture = { id = "id", total = "total" }
        [steps.get_order]
        actor = "buyer"
        request = "POST /order-query"
        json = { id = "{{ order.id }}" }
        capture = { id = "id", total = "total" }
        [steps.list_orders]
        request = "GET /orders"
        items = "@"
        capture = { id = "id", total = "total" }
        [resources.order]
        update = { request = "GET /orders/change?id={{ id }}&note={{ canary }}", safe = false, deny = ["anonymous"] }
        delete = "POST /orders/{{ id }}/cancel"
        proof = ["{{ owner.email }}"]
        gone = "status == 'cancelled'"
        public = ["list"]
        capability = true
        absent = "T3JkZXI6MA=="
        """
    )
    order = mapped.resources["order"]

    assert order.made_by == "checkout"
    assert set(order.verbs) == {"read", "list", "update", "delete"}
    assert (order.verbs["read"].step, order.verbs["read"].request.actor) == ("get_order", None)
    assert order.verbs["update"].request.safe is False
    assert order.verbs["update"].deny == ("anonymous",)
    assert order.deny == ("stranger", "anonymous")
    assert order.proof[0].render({"owner": {"email": "a@example.com"}}) == "a@example.com"
    assert (order.public, order.capability, order.absent.render({})) == ({"list"}, True, "T3JkZXI6MA==")


def test_rate_limits(answers):
    """The promise, what counts as limited besides 429, what each try sends, or that there is none."""
    mapped, get = answers(
        """
        [limits.login]
        within = 20
        limited = "contains(text(), 'locked')"
        without = ["x-smoke-bypass"]
        [limits.verify]
        within = 5
        values = { code = "{{ canary_number }}" }
        [limits.search]
        none = "a public read"
        [steps.login]
        request = "POST /login"
        [steps.verify]
        request = "POST /verify"
        json = { code = "{{ code }}" }
        [steps.search]
        request = "GET /search"
        items = "@"
        capture = { id = "id" }
        """,
        locked=(200, "<p>This account is locked</p>"),
        wrong=(200, "<p>Wrong password</p>"),
    )
    login = mapped.limits["login"]

    assert (login.within, login.without) == (20, ("x-smoke-bypass",))
    assert login.limited.find(get("locked"), {}) is True
    assert login.limited.find(get("wrong"), {}) is False
    assert mapped.limits["verify"].values["code"].render({"canary_number": 123456}) == 123456
    assert mapped.limits["search"].none == "a public read"


def test_contract_sources(tmp_path):
    """An OpenAPI URL or file, a GraphQL endpoint, a folder of schemas, or none."""
    (tmp_path / "openapi.json").write_text("{}")
    (tmp_path / "schemas").mkdir()
    path = tmp_path / "launchready.toml"
    target = '[targets.here]\nkind = "local"\napi = "http://shop.test"\n'
    found = []
    for text in (
        "",
        'openapi = "http://shop.test/openapi.json"',
        'openapi = "openapi.json"\nschemas = "schemas"\ngraphql = "/graphql"',
    ):
        path.write_text(f"{target}[contract]\n{text}\n")
        contract = load_map(path, "here", environ={}).contract
        found.append((contract.openapi, contract.schemas, contract.graphql))

    assert found == [
        (None, None, None),
        ("http://shop.test/openapi.json", None, None),
        (str(tmp_path / "openapi.json"), str(tmp_path / "schemas"), "/graphql"),
    ]
