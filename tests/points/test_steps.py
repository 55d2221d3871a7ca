"""Points 4, 5 and 7: what a step sends, what makes its answer good, and what is taken out of it."""

import base64
from decimal import Decimal

import pytest

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.failures import StepFailure

SIGNUP = """
[steps.signup]
request = "POST /people"
capture = { id = "'1'" }
"""


@pytest.fixture
def run_step(serve, open_shop):
    """A function: an app and a step of a map → what the buyer's `call` gives, and the server."""

    def run(app, step, **values):
        server = serve(lambda request: (201, {}) if request.path == "/people" else app(request))
        people = SIGNUP.replace("'1'", "status()")
        return open_shop(people + step, server.url).get_actor("buyer").call("it", **values), server

    return run


def anything(_):
    return 200, {}


@pytest.mark.parametrize("length", range(1, 9))
def test_a_step_is_a_list_of_requests_with_captures_between(run_step, length):
    """One to eight requests, each of which needs what the one before has given."""

    def app(request):
        number = int(request.parts[-1])
        wanted = f"token-{number - 1}" if number > 1 else None
        return (
            (200, {"next": f"token-{number}", "id": number})
            if request.headers.get("x-token") == wanted
            else (400, None)
        )

    parts = [
        f'[[steps.it.requests]]\nrequest = "POST /part/{number}"\ncapture = {{ token = "next", id = "id" }}\n'
        + ('headers = { x-token = "{{ token }}" }\n' if number > 1 else "")
        for number in range(1, length + 1)
    ]
    made, server = run_step(app, "".join(parts))

    assert (made.id, made.token) == (length, f"token-{length}")
    assert server.count("POST /people") == 1
    assert len(server.seen) == length + 1


def test_keys_on_the_step_are_defaults_of_its_requests(run_step):
    """Request line, headers, good statuses and Basic may stand on the step; a request's own win."""
    _, server = run_step(
        lambda _: (409, {}),
        """
        [steps.it]
        request = "PUT /cart"
        headers = { x-a = "step", x-b = "step" }
        ok = [409]
        basic = "shop:keeper-pass"
        [[steps.it.requests]]
        headers = { x-b = "request" }
        [[steps.it.requests]]
        request = "PUT /order"
        """,
    )
    cart, order = server.seen[1:]

    assert (cart.headers["x-a"], cart.headers["x-b"], order.headers["x-b"]) == ("step", "request", "step")
    assert base64.b64decode(order.headers["authorization"].split()[1]) == b"shop:keeper-pass"
    assert cart.line == "PUT /cart"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method(run_step, method):
    """A request says its method, whatever its intent."""
    _, server = run_step(anything, f'[steps.it]\nrequest = "{method} /x"')

    assert server.lines()[-1] == f"{method} /x"


def test_query_and_path_are_encoded(run_step):
    """What is put into a request line or a query is one value there, whatever it holds."""
    _, server = run_step(
        anything,
        """
        [steps.it]
        request = "GET /shops/{{ name }}/items?sort=new"
        [steps.it.query]
        q = "{{ text }}"
        tag = ["a b", "c&d"]
        page = 2
        all = true
        price = "{{ price }}"
        filter = { a = 1 }
        """,
        name="fish/chips?",
        text="50% off & more",
        price=Decimal("2.50"),
    )
    seen = server.seen[-1]

    assert seen.path == "/shops/fish%2Fchips%3F/items"
    assert seen.query == {
        "sort": ["new"],
        "q": ["50% off & more"],
        "tag": ["a b", "c&d"],
        "page": ["2"],
        "all": ["true"],
        "price": ["2.50"],
        "filter": ['{"a": 1}'],
    }


def test_json_as_table_and_as_text(run_step):
    """A JSON body is a table, a list, or a text of JSON for what does not fit one line; raw scalars too."""
    _, server = run_step(
        anything,
        """
        [[steps.it.requests]]
        request = "POST /a"
        json = { n = "{{ n }}", list = ["{{ n }}"], deep = { text = "n is {{ n }}" } }
        [[steps.it.requests]]
        request = "POST /b"
        json = ["{{ n }}", 2]
        [[steps.it.requests]]
        request = "POST /c"
        json = '''
        {
          "items": [ { "id": {{ n }}, "name": "{{ name }}", "note": "it's {{ name }}" } ],
          "none": null
        }'''
        [[steps.it.requests]]
        request = "POST /d"
        json = '{{ n }}'
        [[steps.it.requests]]
        request = "POST /e"
        json = '"just text"'
        """,
        n=7,
        name='say "hi"\\',
    )
    a, b, c, d, e = (request.json for request in server.seen[1:])

    assert a == {"n": 7, "list": [7], "deep": {"text": "n is 7"}}
    assert b == [7, 2]
    assert c == {"items": [{"id": 7, "name": 'say "hi"\\', "note": 'it\'s say "hi"\\'}], "none": None}
    assert (d, e) == (7, "just text")
    assert server.seen[-1].headers["content-type"] == "application/json"


def test_form(run_step):
    """A form is URL-encoded; numbers, truth values and lists read as a browser would send them."""
    _, server = run_step(
        anything,
        """
        [steps.it]
        request = "POST /x"
        form = { a = "ä & b", n = 2, yes = true, price = "{{ price }}", empty = "" }
        """,
        price=Decimal("10.00"),
    )

    assert server.seen[-1].form == {"a": "ä & b", "n": "2", "yes": "true", "price": "10.00", "empty": ""}
    assert server.seen[-1].headers["content-type"] == "application/x-www-form-urlencoded"


def test_multipart_with_the_built_in_picture_and_a_file(run_step, tmp_path):
    """A multipart form carries texts, the tiny picture, and files under their own names."""
    (tmp_path / "terms.pdf").write_bytes(b"%PDF-1.4 \xff")
    _, server = run_step(
        anything,
        """
        [steps.it]
        request = "POST /x"
        [steps.it.multipart]
        title = "Lamp"
        tag = ["a", "b"]
        photo = "{{ png }}"
        raw = "{{ raw }}"
        terms = "file:terms.pdf"
        """,
        raw=b"\x00\x01",
    )
    seen = server.seen[-1]
    parts = seen.body.split(b"--" + seen.headers["content-type"].partition("boundary=")[2].encode())[1:-1]
    heads = [part.partition(b"\r\n\r\n")[0].decode() for part in parts]

    assert [head.partition("form-data; name=")[2].splitlines()[0] for head in heads] == [
        '"title"',
        '"tag"',
        '"tag"',
        '"photo"; filename="picture.png"',
        '"raw"; filename="file.bin"',
        '"terms"; filename="terms.pdf"',
    ]
    assert ["image/png" in heads[3], "application/pdf" in heads[5]] == [True, True]
    assert b"\x89PNG" in parts[3]
    assert b"%PDF-1.4 \xff" in parts[5]


def test_a_body_of_text(run_step):
    """`body` is sent as it is; its type is a header of the map's."""
    _, server = run_step(
        anything,
        """
        [steps.it]
        request = "POST /x"
        headers = { content-type = "application/xml" }
        body = "<sku>{{ unique }}</sku>"
        """,
    )

    assert server.seen[-1].body.startswith(b"<sku>lrpoints")
    assert server.seen[-1].headers["content-type"] == "application/xml"


GRAPHQL = """
[contract]
graphql = "/graphql"
[steps.it]
graphql = '''
mutation Add($title: String!, $n: Int) {
  add(title: $title, n: $n) { __typename ... on Lamp { id } ... on Refused { why } }
}
'''
variables = { title = "{{ title }}", n = "{{ 2 }}" }
expect = ["data.add.__typename == 'Lamp'"]
capture = { id = "data.add.id" }
"""


def test_graphql(run_step):
    """A GraphQL document goes with its variables to the endpoint of the contract."""
    made, server = run_step(
        lambda _: (200, {"data": {"add": {"__typename": "Lamp", "id": "TGFtcDox"}}}), GRAPHQL, title='a "b" {{ c }}'
    )
    seen = server.seen[-1]

    assert made.id == "TGFtcDox"
    assert seen.line == "POST /graphql"
    assert seen.json["variables"] == {"title": 'a "b" {{ c }}', "n": 2}
    assert seen.json["query"].strip().startswith("mutation Add($title: String!")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"data": None, "errors": [{"message": "title taken"}]},
            r"expected: a GraphQL answer without errors\n.*title taken",
        ),
        ({"data": {"add": {"__typename": "Refused"}}}, r"expected: data\.add\.__typename == 'Lamp'\n  got:      False"),
        ({"data": {"add": {"__typename": "Lamp", "id": None}}}, r"expected: id at data\.add\.id\n"),
        ("<p>nginx</p>", r"expected: a GraphQL answer without errors\n  got:      200 OK: HTML, not JSON: <p>nginx"),
    ],
    ids=["errors", "another type", "null", "no JSON"],
)
def test_graphql_success_is_more_than_a_status(run_step, answer, said):
    """Errors, another `__typename` and null are failures though the status is 200."""
    with pytest.raises(StepFailure, match=said):
        run_step(lambda _: (200, answer), GRAPHQL, title="x")


@pytest.mark.parametrize(
    ("ok", "status", "good"),
    [("", 204, True), ("", 302, False), ("ok = [200, 409]", 409, True), ("ok = [200, 409]", 201, False)],
)
def test_the_set_of_good_statuses(run_step, ok, status, good):
    """Any 2xx is good, or exactly the statuses that the map lists."""
    step = f'[steps.it]\nrequest = "GET /x"\n{ok}'
    if good:
        run_step(lambda _: (status, None), step)
        return
    with pytest.raises(
        StepFailure,
        match=rf"it failed, as buyer\n  expected: status {'2xx' if not ok else '200 or 409'}\n  got:      {status}",
    ):
        run_step(lambda _: (status, None), step)


@pytest.mark.parametrize(
    ("condition", "answer", "good"),
    [
        ("type == 'order'", {"type": "order"}, True),
        ("type == 'order'", {"type": "cart"}, False),
        ("value", {"value": None}, False),
        ("value", {"value": []}, False),
        ("value", {"value": ""}, False),
        ("value", {"value": 0}, True),
        ("items[?id == {{ wanted }}]", {"items": [{"id": 4}, {"id": 5}]}, True),
        ("items[?id == {{ wanted }}]", {"items": [{"id": 4}]}, False),
    ],
)
def test_a_condition_on_the_body(run_step, condition, answer, good):
    """`expect` must hold: false, null, empty text and empty list do not."""
    step = f'[steps.it]\nrequest = "GET /x"\nexpect = "{condition}"'
    if good:
        run_step(lambda _: (200, answer), step, wanted=5)
        return
    with pytest.raises(StepFailure) as caught:
        run_step(lambda _: (200, answer), step, wanted=5)
    assert f"expected: {condition}" in str(caught.value)
    assert "the answer has changed shape, or steps.it.expect in" in str(caught.value)


def test_a_login_form_that_comes_back_with_200_has_failed(serve, open_shop):
    """The same page again is no log-in, whatever its status."""
    server = serve(lambda _: (200, '<form id="login">wrong</form>'))
    market = open_shop(
        """
        [steps.signup]
        request = "POST /people"
        capture = { id = "status()" }
        [steps.login]
        request = "POST /login"
        form = { user = "{{ account.email }}", password = "{{ account.password }}" }
        expect = "!contains(text(), 'id=\\"login\\"')"
        """,
        server.url,
    )

    with pytest.raises(StepFailure, match="login failed, as buyer"):
        market.get_actor("buyer")


def test_captures_from_everywhere(run_step):
    """JMESPath, answer header, cookie, regular expression, last segment of a URL; and optional ones."""

    def app(_):
        headers = [("Location", "/api/things/no%2042/?x=1"), ("Set-Cookie", "cart=c-99; Path=/"), ("X-Total", "12")]
        return 201, {"thing": {"names": ["a", "b"]}, "note": "Order no. 4711 was placed", "cents": 2550}, headers

    made, _ = run_step(
        app,
        r"""
        [steps.it]
        request = "POST /x"
        [steps.it.capture]
        second = "thing.names[1]"
        total  = "header('x-total')"
        cart   = "cookie('cart')"
        number = "regex(note, 'no\\. (\\d+)')"
        slug   = "segment(header('location'))"
        price  = "major(cents)"
        maybe  = "nothing || ''"
        status = "status()"
        """,
    )

    assert (made.second, made.cart, made.number, made.slug) == ("b", "c-99", "4711", "no 42")
    assert (made.total, made.price, made.maybe, made.status) == (Decimal(12), Decimal("25.50"), "", 201)
    assert made.raw["cents"] == 2550


def test_a_capture_that_is_not_there_is_a_failure_that_shows_the_place(run_step):
    """Each capture must be found; the message names capture, expression, answer and key of the map."""
    with pytest.raises(StepFailure) as caught:
        run_step(lambda _: (200, {"ID": 3}), '[steps.it]\nrequest = "GET /x"\ncapture = { id = "id" }')

    assert 'expected: id at id\n  got:      200 OK: {"ID": 3}\n  layer:    contract' in str(caught.value)
    assert "steps.it.capture.id in" in str(caught.value)


def test_an_id_from_a_look_up_afterwards(run_step):
    """A create that returns no id at all: the next request looks it up with a filter."""

    def app(request):
        if request.method == "POST":
            return 204, None
        return 200, [{"id": 8, "title": "other"}, {"id": 9, "title": 'it\'s "mine"'}]

    made, _ = run_step(
        app,
        """
        [[steps.it.requests]]
        request = "POST /things"
        [[steps.it.requests]]
        request = "GET /things"
        capture = { id = "[?title == {{ title }}] | [0].id" }
        """,
        title='it\'s "mine"',
    )

    assert made.id == 9


def test_another_step_in_the_middle(serve, open_shop):
    """`{ step = … }` runs a step; what it makes is in scope, and is undone on its own."""

    def app(request):
        match request.line:
            case "POST /people":
                return 201, {"id": 1}
            case "POST /addresses":
                return 201, {"id": 31}
            case "POST /tokens":
                return 201, {"ticket": "t-1"}
            case "POST /orders" if request.json == {"address": 31, "ticket": "t-1"}:
                return 201, {"id": 50}
            case "DELETE /addresses/31":
                return 204, None
        return 400, None

    server = serve(app)
    market = open_shop(
        """
        [steps.signup]
        request = "POST /people"
        capture = { id = "id" }
        [steps.create_address]
        request = "POST /addresses"
        capture = { id = "id" }
        undo = "drop_address"
        [steps.drop_address]
        request = "DELETE /addresses/{{ address.id }}"
        [steps.ticket]
        request = "POST /tokens"
        capture = { ticket = "ticket" }
        [resources.address]
        made_by = "create_address"
        [[steps.order_it.requests]]
        step = "create_address"
        [[steps.order_it.requests]]
        step = "ticket"
        [[steps.order_it.requests]]
        request = "POST /orders"
        json = { address = "{{ address.id }}", ticket = "{{ ticket }}" }
        capture = { id = "id" }
        """,
        server.url,
    )

    assert market.get_actor("buyer").call("order_it").id == 50
    assert market.leave().undone == 1


def test_one_request_of_a_step_may_be_somebody_elses(serve, open_shop):
    """`actor` on a request: the seller approves in the middle of what the buyer does."""
    server = serve(lambda _: (200, {"id": 1 + len(server.seen)}))
    market = open_shop(
        """
        [steps.signup]
        request = "POST /people"
        capture = { id = "id" }
        [auth]
        headers = { x-me = "{{ account.email }}" }
        [[steps.deal.requests]]
        request = "POST /offer"
        [[steps.deal.requests]]
        actor = "seller"
        request = "POST /approve"
        json = { by = "{{ account.email }}" }
        [[steps.deal.requests]]
        request = "POST /pay"
        """,
        server.url,
    )
    buyer, seller = market.get_actor("buyer"), market.get_actor("seller")
    buyer.call("deal")

    assert [request.headers["x-me"] for request in server.seen[-3:]] == [
        buyer.account.email,
        seller.account.email,
        buyer.account.email,
    ]
    assert server.last("POST /approve").json == {"by": seller.account.email}


def test_a_list_gives_items_with_their_captures(run_step):
    """`items` makes a list; `capture` is read per item, and `.raw` is the item."""
    found, _ = run_step(
        lambda _: (200, {"hits": [{"n": 1, "price": "2.50"}, {"n": 2, "price": 3}]}),
        '[steps.it]\nrequest = "GET /x"\nitems = "hits"\ncapture = { id = "n", price = "price" }',
    )

    assert [(one.id, one.price) for one in found] == [(1, Decimal("2.50")), (2, Decimal(3))]
    assert found[0].raw == {"n": 1, "price": "2.50"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [({"hits": None}, "expected: a list at hits"), ({"hits": [{"n": 1}, {}]}, "expected: id at n")],
)
def test_a_list_that_is_none_is_a_failure(run_step, answer, said):
    """A list that is not there, or an item without its capture, is the contract's failure."""
    with pytest.raises(StepFailure, match=said):
        run_step(lambda _: (200, answer), '[steps.it]\nrequest = "GET /x"\nitems = "hits"\ncapture = { id = "n" }')


def test_a_name_that_nobody_gave_is_an_error_with_the_names_in_scope(run_step):
    """An undefined name in a template sends nothing and lists what there is."""
    with pytest.raises(UseError, match=r"step it, as buyer: .*colour.*account"):
        run_step(anything, '[steps.it]\nrequest = "POST /x"\njson = { c = "{{ colour }}" }')


def test_a_list_where_one_is_wanted(serve, open_shop):
    """A verb that gives one object says that its step gives a list, and which key of the map decides that."""
    server = serve(lambda _: (200, [{"id": 1, "total": 2}]))
    market = open_shop(
        """
        [steps.signup]
        request = "POST /people"
        capture = { id = "[0].id" }
        [steps.get_order]
        request = "GET /orders"
        items = "@"
        capture = { id = "id", total = "total" }
        """,
        server.url,
    )

    with pytest.raises(UseError, match=r"steps\.get_order gives a list \(it has `items`\), but one thing is wanted"):
        market.get_actor("buyer").get_order(1)
