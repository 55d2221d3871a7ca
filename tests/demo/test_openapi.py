"""The description of the API, against the routes and against what they answer."""

import json
import re
from importlib.resources import files

import jsonschema
import pytest

from pytest_launchready.demo.app import all_routes
from pytest_launchready.demo.web.pages import Pages

DOCUMENT = json.loads(files("pytest_launchready.demo").joinpath("openapi.json").read_bytes())
VERBS = {"get", "post", "put", "patch", "delete"}


def operations():
    return {
        (path, verb): operation
        for path, item in DOCUMENT["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS
    }


def test_the_document_and_the_routes_agree():
    """Every route is described, and nothing else is."""
    routes = {
        (re.sub(r":\w+\}", "}", route.path), method.lower())
        for route in all_routes(Pages(), catch_mail=True)
        for method in route.methods - {"HEAD"}
    }
    assert set(operations()) == routes


def test_operations_have_their_own_names():
    """Generated clients need them."""
    names = [operation["operationId"] for operation in operations().values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere():
    """And every part is used."""
    text = json.dumps(DOCUMENT)
    used = set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', text))
    made = {(kind, name) for kind in ("schemas", "responses") for name in DOCUMENT["components"][kind]}
    assert used == made


def test_every_schema_is_json_schema():
    """OpenAPI 3.1 uses draft 2020-12 as it is."""
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_path_parameters_are_described():
    """Each name in a path has its schema."""
    for path, item in DOCUMENT["paths"].items():
        described = {parameter["name"] for parameter in item.get("parameters", ())}
        for verb in VERBS & set(item):
            described |= {p["name"] for p in item[verb].get("parameters", ()) if p["in"] == "path"}
        assert set(re.findall(r"\{(\w+)\}", path)) == described, path


def test_the_server_serves_it(web):
    """As it is in the package."""
    assert web.get("/openapi.json").json() == DOCUMENT


@pytest.mark.parametrize("prefix", ["/api", "/cookie"])
def test_answers_are_as_described(prefix, rest_shop, cookie_shop):
    """A round through the marketplace: each status and body is one that the document allows."""
    shop = rest_shop if prefix == "/api" else cookie_shop
    seller, buyer = watch(shop.somebody()), watch(shop.person())
    seller.do("signup", email=seller.email, password=seller.password, name="Ada")
    seller.login()
    seller.do("signup", email=seller.email, password=seller.password)
    listing = seller.do("create_listing", title="Lamp", price="3.30", stock=4)["id"]
    seller.do("create_listing", title="", price="3.30")
    photos = f"{prefix}/listings/{listing}/photos"
    csrf = {"X-CSRF-Token": seller.client.cookies.get("csrf_token", "")}
    seller.client.post(photos, files={"photo": b"\xff\xd8\xff"}, headers=csrf)
    thread = buyer.do("send_message", listing_id=listing, text="Hi")
    bought = buyer.buy(listing)
    buyer.buy(listing, payment="test_card_declined")
    address = buyer.do("create_address", street="a", city="b", postcode="c", country="SE")["id"]
    invite = buyer.do("create_invite", email="x@example.com")["id"]
    for operation in (
        *("me", "search", "list_threads", "list_messages", "get_cart", "list_orders"),
        *("list_addresses", "list_invites", "list_sales", "list_users", "begin_otp"),
    ):
        buyer.do(operation)
    for operation, values in {
        "get_listing": {"id": listing},
        "update_listing": {"id": listing, "title": "not mine"},
        "get_thread": {"id": thread["thread_id"]},
        "reply": {"thread_id": thread["thread_id"], "text": "x"},
        "get_message": {"id": thread["id"]},
        "update_message": {"id": thread["id"], "text": "y"},
        "get_order": {"id": bought["id"]},
        "update_order": {"id": bought["id"], "note": "n"},
        "get_address": {"id": address},
        "update_address": {"id": address, "city": "c"},
        "get_invite": {"id": invite},
        "update_me": {"name": "Bob"},
        "confirm_otp": {"otp": "x"},
        "delete_address": {"id": address},
        "delete_invite": {"id": invite},
        "delete_message": {"id": thread["id"]},
        "empty_cart": {},
        "delete_listing": {"id": listing},
        "request_reset": {"email": "nobody@example.com"},
        "logout": {},
    }.items():
        buyer.do(operation, **values)
    buyer.do("me")
    seller.do("list_sales")
    admin = watch(shop.admin())
    admin.do("list_users")
    admin.do("list_all_orders")
    admin.client.event_hooks = {}


def watch(person):
    """The person, whose every answer is held against the document from now on."""
    person.client.event_hooks = {"response": [_check]}
    return person


def _check(response):
    response.read()
    path = response.request.url.path
    operation = next(
        operation
        for (template, verb), operation in operations().items()
        if verb == response.request.method.lower() and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    )
    described = operation["responses"].get(str(response.status_code))
    assert described is not None, (operation["operationId"], response.status_code, response.text)
    if "$ref" in described:
        described = DOCUMENT["components"]["responses"][described["$ref"].rpartition("/")[2]]
    kind = response.headers.get("content-type")
    assert (kind is None) == ("content" not in described), operation["operationId"]
    if kind is not None:
        schema = {**described["content"][kind]["schema"], "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(closed(schema)).validate(response.json())


def closed(schema):
    """The schema with every object closed: an answer must not hold more than is described."""
    if isinstance(schema, dict):
        inner = {name: closed(value) for name, value in schema.items()}
        if inner.get("type") == "object" and "properties" in inner:
            inner.setdefault("additionalProperties", False)
        return inner
    return [closed(item) for item in schema] if isinstance(schema, list) else schema
