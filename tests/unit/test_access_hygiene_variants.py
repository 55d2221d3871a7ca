"""One value in place of another: where values are, of what kind, and what is sent in the end."""

import pytest

from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.template import Given
from pytest_launchready.probes.access.hygiene.hostile import tries
from pytest_launchready.probes.access.hygiene.variants import LEFT_OUT, Spot, first_spot, spots, typed, value_at, varied

MAP = """
[targets.here]
kind = "local"
api = "http://127.0.0.1:9"

[contract]
graphql = "/graphql"

[steps.create_listing]
request = "POST /listings"
json = { name = "{{ listing.title }}", unitPrice = "{{ listing.price }}", stock = 3, tags = ["new"], draft = false }
capture = { id = "id" }

[steps.add_to_cart]
request = "POST /cart"
form = { sku = "{{ listing.id }}", Menge = "1", token = "abc" }

[steps.get_listing]
request = "GET /listings/{{ listing.id }}"
capture = { id = "id" }

[steps.search]
graphql = "query ($q: String) { search(q: $q, perPage: 100) { id } }"
variables = { q = "{{ search.text }}" }
items = "data.search"
capture = { id = "id" }

[steps.login]
request = "POST /login"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
"""


@pytest.fixture
def steps(tmp_path):
    """The steps of the map."""
    (tmp_path / "launchready.toml").write_text(MAP)
    return load_map(tmp_path / "launchready.toml", "here", environ={}).steps


def kinds(step):
    """Name → kind of every value of a step's request."""
    return {spot.name: spot.kind for spot in spots(step.parts[0])}


def test_values_are_known_by_their_names_and_by_what_fills_them(steps):
    """In several languages and spellings; passwords, tokens and flags are left alone."""
    assert kinds(steps["create_listing"]) == {"name": "text", "unitPrice": "price", "stock": "number", "tags": "text"}
    assert kinds(steps["add_to_cart"]) == {"sku": "id", "Menge": "quantity"}
    assert kinds(steps["get_listing"]) == {"the id in the path": "id"}
    assert kinds(steps["search"]) == {"variables.q": "text", "query": "size"}
    assert kinds(steps["login"]) == {"email": "text"}


def test_one_value_is_replaced_and_the_others_stay(steps):
    """Wherever it travels; what is left out is not sent at all."""
    request, spot = first_spot(steps["create_listing"], "price")
    scope = {"listing": {"title": "Lamp", "price": 5}}
    plain = {"name": "Lamp", "unitPrice": 5, "stock": 3, "tags": ["new"], "draft": False}
    assert value_at(request, spot) == "{{ listing.price }}"
    assert varied(request, spot, -1).body.content.render(scope) == {**plain, "unitPrice": -1}
    gone = varied(request, spot, LEFT_OUT).body.content.render(scope)
    assert gone == {name: value for name, value in plain.items() if name != "unitPrice"}
    tag = next(spot for spot in spots(request) if spot.name == "tags")
    assert varied(request, tag, Given("{{ not ours }}", "x")).body.content.render(scope)["tags"] == ["{{ not ours }}"]


def test_an_id_in_the_path_is_encoded(steps):
    """So that a slash or a quotation mark in it does not make another route."""
    request, spot = first_spot(steps["get_listing"], "id")
    assert varied(request, spot, "a/'{{ x }}").target.render({}) == "/listings/a%2F%27%7B%7B%20x%20%7D%7D"


def test_a_page_size_in_a_graphql_document_is_replaced(steps):
    """A number that no variable carries."""
    request, spot = first_spot(steps["search"], "size")
    document = varied(request, spot, 100_000).body.content.render({"search": {"text": ""}})
    assert document["query"] == "query ($q: String) { search(q: $q, perPage: 100000) { id } }"


def test_a_query_may_get_a_value_that_it_did_not_have(steps):
    """Such as a page."""
    page = Spot("query", ("page",), "size", typed=False)
    assert varied(steps["get_listing"].parts[0], page, "-1").query.render({}) == {"page": "-1"}


def test_numbers_travel_as_the_map_writes_them(steps):
    """As JSON numbers or as text, in units or in cents."""
    price = first_spot(steps["create_listing"], "price")[1]
    quantity = first_spot(steps["add_to_cart"], "quantity")[1]
    assert typed(price, -3) == -3
    assert typed(price, -3, "12.50") == "-3"
    assert typed(quantity, -3) == "-3"


def test_the_most_telling_values_come_first(steps):
    """A quotation mark for a text, a word for a number; a document of GraphQL gets only what parses."""
    first = {spot.name: tries(spot)[0].what for step in steps.values() for spot in spots(step.parts[0])}
    assert first["name"] == "a quotation mark"
    assert first["unitPrice"] == "a word in place of a number"
    assert first["query"] == "a negative number"
