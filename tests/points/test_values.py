"""Point 6: what values are when they reach the server."""

import re
from decimal import Decimal

import pytest

from pytest_launchready.core.errors import UseError

SIGNUP = """
[steps.signup]
request = "POST /people"
capture = { id = "id" }
"""


@pytest.fixture
def send(serve, open_shop, tmp_path):
    """A function: a step that makes a listing → the request that the server saw, and the listing."""

    def run(step, *, environ=None, tables="", **values):
        server = serve(lambda _: (201, {"id": 1, "cents": 1999, "text": "19.99"}))
        market = open_shop(
            f'{tables}{SIGNUP}[steps.create_listing]\nrequest = "POST /listings"\n{step}', server.url, environ=environ
        )
        made = market.get_actor("seller").create_listing(**values)
        return server.last("POST /listings"), made

    return run


ID = '\ncapture = { id = "id" }'


def test_money_is_a_json_number_a_text_or_cents(send):
    """A Decimal goes out as a JSON number with its digits, as text by `| string`, as cents by `| minor`."""
    seen, listing = send(
        'json = { n = "{{ listing.price }}", t = "{{ listing.price | string }}", c = "{{ listing.price | minor }}" }'
        + ID,
        price="25.00",
    )

    assert seen.body == b'{"n":25.00,"t":"25.00","c":2500}'
    assert listing.price == Decimal("25.00")
    assert isinstance(listing.price, Decimal)


@pytest.mark.parametrize(("path", "price"), [("text", "19.99"), ("major(cents)", "19.99"), ("id", "1")])
def test_money_in_answers_is_decimal(send, path, price):
    """Text, a number, or cents by `major()`: `.price` is a Decimal."""
    _, listing = send(f'capture = {{ id = "id", price = "{path}" }}')

    assert listing.price == Decimal(price)
    assert isinstance(listing.price, Decimal)


def test_hyperlinked_ids(serve, open_shop):
    """An API whose ids are URLs: the map puts the address of the API into the body."""

    def app(request):
        if request.line == "POST /messages":
            return (
                (201, {"url": f"http://{request.headers['host']}/messages/5/"})
                if "/listings/7/" in request.json["about"]
                else (422, None)
            )
        return 201, {"id": 7}

    server = serve(app)
    market = open_shop(
        SIGNUP
        + """
        [steps.create_listing]
        request = "POST /listings"
        capture = { id = "id" }
        [steps.send_message]
        request = "POST /messages"
        json = { about = "{{ target.api }}/listings/{{ listing.id }}/", text = "{{ message.text }}" }
        capture = { id = "segment(url)", url = "url" }
        [steps.delete_message]
        request = "DELETE {{ message.url }}"
        """,
        server.url,
    )
    buyer = market.get_actor("buyer")
    message = buyer.send_message(buyer.create_listing(), "Hello")
    buyer.call("delete_message", message=message)

    assert server.last("POST /messages").json == {"about": f"{server.url}/listings/7/", "text": "Hello"}
    assert message.id == "5"
    assert server.lines()[-1] == "DELETE /messages/5/"


def test_an_api_on_several_hosts(serve, open_shop):
    """A named host stands at the start of a request target; the session goes there too."""
    images = serve(lambda _: (200, {"id": 3}))
    server = serve(lambda _: (200, {"id": 1, "token": "a-token-of-mine"}))
    market = open_shop(
        f"""
        [targets.here]
        kind = "local"
        api = "$API"
        hosts = {{ images = "{images.url}" }}
        [auth]
        bearer = "token"
        {SIGNUP}
        [steps.login]
        request = "POST /login"
        [steps.upload]
        request = "PUT {{{{ target.hosts.images }}}}/v1/{{{{ name }}}}"
        capture = {{ id = "id" }}
        """,
        server.url,
    )

    assert market.get_actor("seller").call("upload", name="a b").id == 3
    assert images.lines() == ["PUT /v1/a%20b"]
    assert images.seen[0].headers["authorization"] == "Bearer a-token-of-mine"


def test_unique_values_are_new_for_each_call_and_the_same_within_one(serve, open_shop):
    """`unique` and `canary` serve SKUs, handles and slugs: letters and digits, one value per step call."""
    server = serve(lambda _: (201, {"id": 1}))
    market = open_shop(
        SIGNUP
        + """
        [[steps.make.requests]]
        request = "POST /a"
        json = { sku = "SKU{{ unique }}", note = "{{ canary }}", code = "{{ canary_number }}" }
        [[steps.make.requests]]
        request = "POST /b"
        json = { slug = "{{ unique | lower }}" }
        """,
        server.url,
    )
    buyer = market.get_actor("buyer")
    buyer.call("make")
    buyer.call("make")
    bodies = [request.json for request in server.seen[1:]]

    assert bodies[0]["sku"] == f"SKU{bodies[1]['slug']}"
    assert bodies[0]["sku"] != bodies[2]["sku"]
    assert re.fullmatch(r"SKUlrpoints\d+", bodies[0]["sku"])
    assert bodies[0]["note"] != bodies[2]["note"]
    assert isinstance(bodies[0]["code"], int)


def test_types_survive(send):
    """A lone `{{ }}` keeps numbers, truth, null and lists; inside a text it is text."""
    seen, _ = send(
        """
        capture = { id = "id" }
        [steps.create_listing.json]
        n = "{{ values.n }}"
        yes = "{{ values.yes }}"
        ids = "{{ values.ids }}"
        one = ["{{ values.n }}"]
        t = "no. {{ values.n }}"
        nothing = "{{ none }}"
        """,
        tables='[values]\nn = 7\nyes = true\nids = [1, "two", 3.5]\n',
    )

    assert seen.json == {"n": 7, "yes": True, "ids": [1, "two", 3.5], "one": [7], "t": "no. 7", "nothing": None}


def test_values_from_the_environment_and_from_files(send, tmp_path):
    """`env:`, `secret:`, `json:` and `file:` stand for what is not written in the map."""
    (tmp_path / "key").write_text("  mounted-secret\n")
    (tmp_path / "ids.json").write_text('{"category": 12, "tags": ["a"]}')
    (tmp_path / "terms.txt").write_text("All {{ sales }} are final.")
    seen, _ = send(
        """
        capture = { id = "id" }
        [steps.create_listing.json]
        region = "{{ values.region }}"
        key = "{{ values.key }}"
        cat = "{{ values.shop.category }}"
        tags = "{{ values.shop.tags }}"
        terms = "{{ values.terms }}"
        """,
        tables='[values]\nregion = "env:REGION"\nkey = "secret:key"\n'
        'shop = "json:ids.json"\nterms = "file:terms.txt"\n',
        environ={"REGION": "eu-west"},
    )

    assert seen.json == {
        "region": "eu-west",
        "key": "mounted-secret",
        "cat": 12,
        "tags": ["a"],
        "terms": "All {{ sales }} are final.",
    }


def test_values_of_one_target_win(serve, open_shop):
    """Ids differ between staging and production: [targets.X.values] and people lie over the common ones."""
    server = serve(lambda _: (201, {"id": 1}))
    market = open_shop(
        """
        [targets.here]
        kind = "staging"
        api = "$API"
        values = { shop = 2 }
        people = { buyer = { role = "TESTER" } }
        [values]
        shop = 1
        country = "NL"
        [steps.signup]
        request = "POST /people"
        capture = { id = "id" }
        [steps.signup.json]
        shop = "{{ values.shop }}"
        country = "{{ values.country }}"
        role = "{{ account.role }}"
        on = "{{ target.name }}/{{ target.kind }}"
        """,
        server.url,
    )
    market.get_actor("buyer")

    assert server.seen[0].json == {"shop": 2, "country": "NL", "role": "TESTER", "on": "here/staging"}


def test_listing_values_are_generated_unless_given(send):
    """Title, price and description are made up; what is given goes out, the title with the run's tag."""
    body = """
    capture = { id = "id" }
    [steps.create_listing.json]
    title = "{{ listing.title }}"
    text = "{{ listing.description }}"
    price = "{{ listing.price }}"
    size = "{{ listing.size | default(0) }}"
    """
    seen, listing = send(body, title="Desk lamp", size=3)
    made_up, _ = send(body)

    assert seen.json["title"].startswith("Desk lamp lrpoints")
    assert listing.title == seen.json["title"]
    assert seen.json["size"] == 3
    assert "lrpoints" in made_up.json["text"]
    assert 5 <= made_up.json["price"] <= 200


def test_what_cannot_be_text_is_an_error_and_not_a_wrong_address(send):
    """Null in a request line would ask for something else, so nothing is sent."""
    with pytest.raises(UseError, match=r"step create_listing, as seller: .*null cannot be written as text"):
        send('headers = { x-size = "s{{ listing.description }}" }' + ID, description=None)
