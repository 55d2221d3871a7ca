"""Shared by all tests.

The heavy modules are imported here: an inner pytest run in this process would otherwise import its own copies of them,
whose classes differ from those that the tests see.
"""

import importlib
import os

import pytest

# pytest cuts its summary to the width of the terminal, but not on CI; inner runs must read alike everywhere.
for ci in ("CI", "BUILD_NUMBER"):
    os.environ.pop(ci, None)

pytest_plugins = ["pytester"]

for heavy in (
    "faker",
    "httpx",
    "pytest_launchready.flows.marketplace",
    "pytest_launchready.mapping.load",
    "pytest_launchready.session.hooks",
):
    importlib.import_module(heavy)

SHOP_MAP = """
[targets.shop]
kind = "local"
api = "http://shop.test"

[auth]
bearer = "token"

[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
undo = "leave"

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }

[steps.me]
request = "GET /me"
capture = { id = "id" }

[steps.leave]
request = "DELETE /me"

[steps.create_listing]
actor = "seller"
request = "POST /listings"
json = { title = "{{ listing.title }}", price = "{{ listing.price }}" }
capture = { id = "id" }
undo = "delete_listing"

[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"

[steps.search]
request = "GET /listings"
query = { q = "{{ search.text }}" }
items = "@"
capture = { id = "id", title = "title" }

[steps.checkout]
request = "POST /orders"
json = { listing = "{{ listing.id }}" }
capture = { id = "id", total = "total" }

[steps.send_message]
skip = "no messages yet"
"""

SHOP_CONFTEST = '''
"""A marketplace in memory, at the bottom of the client: no socket is needed to test what the plugin says."""

import itertools
import json

import httpx
import pytest

NUMBERS, PEOPLE, LISTINGS = itertools.count(1), {}, {}


def shop(request):
    body = json.loads(request.content) if request.content else {}
    token = request.headers.get("authorization", "").removeprefix("Bearer key-for-person-")
    match request.method, request.url.path.strip("/").split("/"):
        case "POST", ["people"]:
            PEOPLE[body["email"]] = {"id": next(NUMBERS), **body}
            return httpx.Response(201, json={"id": PEOPLE[body["email"]]["id"]})
        case "POST", ["sessions"]:
            person = PEOPLE.get(body["email"])
            if person is None or person["password"] != body["password"]:
                return httpx.Response(401, json={"detail": "wrong password"})
            return httpx.Response(200, json={"token": f"key-for-person-{person['id']}"})
        case "GET", ["me"]:
            return httpx.Response(200, json={"id": int(token)}) if token else httpx.Response(401)
        case "DELETE", ["me"]:
            return httpx.Response(204)
        case "POST", ["listings"]:
            number = next(NUMBERS)
            LISTINGS[number] = {"id": number, **body}
            return httpx.Response(201, json=LISTINGS[number])
        case "GET", ["listings"]:
            wanted = request.url.params["q"]
            return httpx.Response(200, json=[one for one in LISTINGS.values() if wanted in one["title"]])
        case "DELETE", ["listings", number]:
            return httpx.Response(204 if LISTINGS.pop(int(number), None) else 404)
        case "POST", ["orders"]:
            listing = LISTINGS.get(body["listing"])
            if listing is None:
                return httpx.Response(422, json={"detail": "no such listing"})
            return httpx.Response(201, json={"id": next(NUMBERS), "total": listing["price"]})
    return httpx.Response(404, json={"detail": "not found"})


@pytest.fixture(scope="session")
def launchready_transport():
    return lambda: httpx.MockTransport(shop)
'''


@pytest.fixture
def shop(pytester):
    """A folder with a map and a marketplace in memory, and a function that runs pytest there."""
    pytester.makefile(".toml", launchready=SHOP_MAP)
    pytester.makeconftest(SHOP_CONFTEST)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")

    def run(*arguments, source=None):
        if source is not None:
            pytester.makepyfile(source)
        return pytester.runpytest("--launchready-target=shop", "-p", "no:cacheprovider", *arguments)

    return run
