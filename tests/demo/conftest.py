"""One demo server for all tests, and people who speak its three dialects through one vocabulary."""

import itertools
import json
import re
import ssl
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_launchready.demo import Demo, start

ADMIN = ("admin@demo.example", "admin-password-1")
PASSWORD = "correct horse 1"
ADDRESS = {"street": "1 Quay", "city": "Lund", "postcode": "22100", "country": "se"}
NUMBERS = itertools.count(1)
TLS = ssl.create_default_context()  # unused on loopback; making one for each client would take most of the time

VOCABULARY = json.loads(Path(__file__).with_name("vocabulary.json").read_text())
REST, QUERIES, MUTATIONS = (VOCABULARY[part] for part in ("rest", "queries", "mutations"))
"""Operation → "METHOD path"; operation → root field, types of its arguments, selection."""


@dataclass
class Outcome:
    """An answer in the words of REST, whatever the dialect."""

    status: int
    body: Any
    headers: httpx.Headers

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.status < 300

    def __getitem__(self, name: str) -> Any:
        assert self.ok, (self.status, self.body)
        return self.body[name]


@dataclass
class Somebody:
    """A person at one dialect of one server."""

    url: str
    email: str = ""
    password: str = PASSWORD
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=10, verify=TLS)

    def do(self, operation: str, **values: Any) -> Outcome:
        """Calls an operation of the market."""
        raise NotImplementedError

    def login(self, **more: str) -> Outcome:
        """Logs in, and keeps the session."""
        raise NotImplementedError

    def place(self, listing: Any, key: str | None, **choices: Any) -> Outcome:
        """Buys this listing of the cart."""
        raise NotImplementedError

    def buy(self, listing: Any, *, key: str | None = None, quantity: int = 1, **choices: Any) -> Outcome:
        """From cart to order, for this listing only; `place` is what follows the cart."""
        added = self.do("add_to_cart", listing_id=listing, quantity=quantity)
        return self.place(listing, key, **choices) if added.ok else added


class Rest(Somebody):
    """With a bearer token."""

    prefix = "/api"

    def do(self, operation: str, **values: Any) -> Outcome:
        """Calls an operation of the market."""
        method, path = REST[operation].split()
        for name in re.findall(r"\{(\w+)\}", path):
            path = path.replace(f"{{{name}}}", str(values.pop(name)))
        if method == "GET":
            return self.send(method, path, params=values)
        return self.send(method, path, json=values) if method != "DELETE" else self.send(method, path)

    def send(self, method: str, path: str, **arguments: Any) -> Outcome:
        """The answer to one request."""
        response = self.client.request(method, self.prefix + path, **arguments)
        return Outcome(response.status_code, response.json() if response.content else None, response.headers)

    def login(self, **more: str) -> Outcome:
        """Logs in, and keeps the session."""
        outcome = self.send("POST", "/login", json={"email": self.email, "password": self.password, **more})
        if outcome.ok:
            self.client.headers["authorization"] = f"Bearer {outcome['access_token']}"
        return outcome

    def place(self, listing: Any, key: str | None, **choices: Any) -> Outcome:
        """Buys this listing of the cart."""
        body = {"listing_ids": [listing], "address": ADDRESS, **choices}
        return self.send("POST", "/orders", json=body, headers={"Idempotency-Key": key} if key else {})


class Cookie(Rest):
    """With a session cookie."""

    prefix = "/cookie"

    def send(self, method: str, path: str, **arguments: Any) -> Outcome:
        """The answer to one request."""
        csrf = self.client.cookies.get("csrf_token", "")
        return super().send(method, path, **{"headers": {"X-CSRF-Token": csrf}, **arguments})

    def login(self, **more: str) -> Outcome:
        """Logs in, and keeps the session."""
        return self.send("POST", "/login", json={"email": self.email, "password": self.password, **more})

    def place(self, listing: Any, key: str | None, **choices: Any) -> Outcome:
        """Buys this listing of the cart."""
        where = {"address": ADDRESS}
        if "address_id" in choices:
            where = {"address_id": choices.pop("address_id")}
        outcome = self.send("PUT", "/checkout/address", json=where)
        if outcome.ok:
            outcome = self.send("PUT", "/checkout/payment", json={"listing_ids": [listing], **choices})
        if not outcome.ok:
            return outcome
        return self.place_prepared({"payment_id": outcome["payment_id"]}, key)

    def place_prepared(self, body: dict[str, Any], key: str | None) -> Outcome:
        """The last of the four requests."""
        headers = {"X-CSRF-Token": self.client.cookies.get("csrf_token", "")}
        return self.send("POST", "/orders", json=body, headers={**headers, "Idempotency-Key": key} if key else headers)


class Graph(Somebody):
    """With GraphQL documents."""

    def do(self, operation: str, **values: Any) -> Outcome:
        """Calls an operation of the market."""
        kind = "query" if operation in QUERIES else "mutation"
        root, types, selection = (QUERIES if operation in QUERIES else MUTATIONS)[operation]
        given = {camel(name): value for name, value in values.items()}
        if "input" in types:
            outer = {name: given.pop(name) for name in set(types) & set(given)}
            given = {"input": given, **outer}
        if "idempotencyKey" in given and given["idempotencyKey"] is None:
            del given["idempotencyKey"]
        signature = ", ".join(f"${name}: {types[name]}" for name in types)
        arguments = ", ".join(f"{name}: ${name}" for name in types)
        head = (f"({signature})", f"({arguments})") if types else ("", "")
        document = f"{kind} {head[0]} {{ {root}{head[1]} {f'{{ {selection} }}' if selection else ''} }}"
        return self.send(document, given, root)

    def send(self, document: str, variables: dict[str, Any], root: str) -> Outcome:
        """The answer to one request."""
        response = self.client.post("/graphql", json={"query": document, "variables": variables})
        answer = response.json()
        if "errors" in answer:
            extensions = answer["errors"][0]["extensions"]
            status = {"INTERNAL_SERVER_ERROR": 500, "BAD_USER_INPUT": 422}.get(extensions["code"], 400)
            return Outcome(extensions.get("status", status), snaked(answer), response.headers)
        return Outcome(response.status_code, snaked(answer["data"][root]), response.headers)

    def login(self, **more: str) -> Outcome:
        """Logs in, and keeps the session."""
        outcome = self.do("login", email=self.email, password=self.password, **more)
        if outcome.ok:
            self.client.headers["authorization"] = f"Bearer {outcome['access_token']}"
        return outcome

    def place(self, listing: Any, key: str | None, **choices: Any) -> Outcome:
        """Buys this listing of the cart."""
        return self.do("checkout", **{"listing_ids": [listing], "address": ADDRESS, "idempotency_key": key, **choices})


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"[A-Z]", lambda m: f"_{m[0].lower()}", name): snaked(item) for name, item in value.items()}
    return [snaked(item) for item in value] if isinstance(value, list) else value


DIALECTS: dict[str, type[Somebody]] = {"rest": Rest, "cookie": Cookie, "graphql": Graph}


class Shop:
    """One server, in one dialect."""

    def __init__(self, demo: Demo, dialect: str) -> None:
        self.demo = demo
        self.dialect = dialect
        self._people: list[Somebody] = []
        self._admin: Somebody | None = None

    def somebody(self) -> Somebody:
        """Nobody in particular: no account, no session."""
        person = DIALECTS[self.dialect](self.demo.url, f"person{next(NUMBERS)}@example.com")
        self._people.append(person)
        return person

    def person(self, **more: str) -> Somebody:
        """Somebody new, signed up and logged in."""
        person = self.somebody()
        assert person.do("signup", **{"email": person.email, "password": PASSWORD, "name": "Ada", **more}).ok
        assert person.login().ok
        return person

    def admin(self) -> Somebody:
        """The admin, logged in once."""
        if self._admin is None:
            self._admin = self.somebody()
            self._admin.email, self._admin.password = ADMIN
            assert self._admin.login().ok
        return self._admin

    def close(self) -> None:
        """Closes everybody's connections."""
        for person in self._people:
            person.client.close()

    def mails(self, address: str) -> list[dict[str, str]]:
        """What was sent to an address, newest first."""
        found: list[dict[str, str]] = self.somebody().client.get("/_mail", params={"to": address}).json()
        return found


@pytest.fixture(scope="session")
def demo():
    """A clean marketplace."""
    running = start(admin_email=ADMIN[0], admin_password=ADMIN[1], build="test-7")
    yield running
    running.stop()


@pytest.fixture(scope="session", params=list(DIALECTS))
def shop(request, demo):
    """The clean marketplace, in each dialect."""
    opened = Shop(demo, request.param)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def rest_shop(demo):
    """The clean marketplace, in REST only: for what the dialects share."""
    opened = Shop(demo, "rest")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def cookie_shop(demo):
    """The clean marketplace, with cookies only."""
    opened = Shop(demo, "cookie")
    yield opened
    opened.close()


@pytest.fixture
def open_shop():
    """Opens any server in any dialect, and closes its clients afterwards."""
    opened = []

    def open_one(demo: Demo, dialect: str) -> Shop:
        opened.append(Shop(demo, dialect))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def web(demo):
    """A client of nobody."""
    with httpx.Client(base_url=demo.url, timeout=10, verify=TLS) as client:
        yield client


@pytest.fixture(scope="session")
def seller(shop):
    """Somebody who sells, for the whole session."""
    return shop.person(name="Sally Seller")


@pytest.fixture(scope="session")
def buyer(shop):
    """Somebody who buys, for the whole session."""
    return shop.person(name="Bob Buyer")


@pytest.fixture(scope="session")
def stranger(shop):
    """Somebody who has nothing to do with it."""
    return shop.person(name="Sue Stranger")


@pytest.fixture
def listing(seller):
    """A new listing for 25.00, its id."""
    return seller.do("create_listing", title="Desk lamp", price="25.00", description="Brass")["id"]


@pytest.fixture
def order(buyer, listing):
    """A new order of the listing."""
    bought = buyer.buy(listing)
    assert Decimal(bought["total"]) == 25
    return bought.body


@pytest.fixture(scope="session")
def person(rest_shop):
    """Somebody who is logged in with a bearer token."""
    return rest_shop.person()


@pytest.fixture
def mine(person):
    """A listing of theirs."""
    return person.do("create_listing", title='Desk <lamp> & "more"', price="25")["id"]
