"""What the web adds: bodies, headers, cookies, photos, pages, GraphQL documents."""

import json
import zlib

import pytest

REST_TYPES = {"content-type": "application/json"}


def post(person, path, content, content_type="application/json"):
    return person.client.post(path, content=content, headers={"content-type": content_type})


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"title": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "application/json", 413),
        (b"{}", "application/json; charset=utf-8", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(person, content, content_type, status):
    """Bad JSON is 400, a wrong type 415, too much 413, missing fields 422: always a problem document."""
    response = post(person, "/api/listings", content, content_type)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


def test_every_wrong_field_is_named(person):
    """A form can show all mistakes at once."""
    answer = person.do("create_listing", title=" ", price="1.999", stock=-1, description=7)
    assert answer.status == 422
    assert answer.body["code"] == "invalid"
    assert [error["field"] for error in answer.body["errors"]] == ["title", "description", "price", "stock"]
    assert "title: must have 1 to 120 characters" in answer.body["detail"]


@pytest.mark.parametrize("price", [True, "abc", "1e400", "Infinity", None, 0, -1, "1000000.01", [], "1e999999"])
def test_a_price_must_be_money(person, price):
    """What is no amount from 0.01 to a million is refused with 422."""
    assert person.do("create_listing", title="x", price=price).status == 422


@pytest.mark.parametrize("price", [0.1, "0.10", 1_000_000, 19.99, "7"])
def test_an_amount_is_kept_to_the_cent(person, price):
    """Numbers and texts arrive exactly."""
    assert float(person.do("create_listing", title="x", price=price)["price"]) == float(price)


@pytest.mark.parametrize(
    "values",
    [
        {"email": "no-at-sign", "password": "12345678"},
        {"email": "a@b", "password": "12345678"},
        {"email": "a@b.example", "password": "short"},
        {"email": "a@b.example", "password": 12345678},
        {"email": "a@b.example"},
        {"password": "12345678"},
        {"email": "a\0@b.example", "password": "12345678"},
        {"email": "a@b.example", "password": "12345678", "name": "\ud800"},
        {"email": "a@b.example", "password": "12345678", "name": "x" * 101},
    ],
)
def test_a_sign_up_is_checked(web, values):
    """Address, password and name must be what they are."""
    content = json.dumps(values).encode()
    response = web.post("/api/signup", content=content, headers=REST_TYPES)
    assert response.status_code == 422


@pytest.mark.parametrize(
    "query", ["page=0", "per_page=101", "page=x", "sort=odd", "min_price=x", "q=%00", "page=9999999"]
)
def test_a_query_is_checked(web, query):
    """A search that makes no sense is 422, not an empty page."""
    assert web.get(f"/api/listings?{query}").status_code == 422


def test_a_bad_choice_is_named(person, mine):
    """Shipping methods, cards and ids of lines are checked before anything is bought."""
    other = person.do("create_address", street="a", city="b", postcode="c", country="SE")["id"]
    for wrong in ({"shipping": "drone"}, {"payment": "gold"}, {"listing_ids": []}, {"listing_ids": ["x"]}):
        answer = person.send("POST", "/orders", json={"address_id": other, **wrong})
        assert answer.status == 422, wrong
    assert person.send("POST", "/orders", json={"address_id": other}).body["code"] == "cart_empty"
    assert (
        person.send("POST", "/orders", json={"address_id": other, "listing_ids": [mine]}).body["code"] == "not_in_cart"
    )
    assert person.send("POST", "/orders", json={}).status == 422
    long_key = {"Idempotency-Key": "x" * 256}
    assert person.send("POST", "/orders", json={"address_id": other}, headers=long_key).status == 422


def test_wrong_methods_and_paths_are_problems_too(person):
    """405 names what is possible, 404 says so; nothing shows a stack."""
    wrong = person.client.put("/api/me")
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].split(", ")) == {"DELETE", "GET", "HEAD", "PATCH"}
    assert wrong.json()["code"] == "http_405"
    missing = person.client.get("/api/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert person.client.delete("/api/orders/ord_1").status_code == 405, "orders stay"
    assert person.client.get(f"/api/listings/{2**63}").status_code == 404


def test_answers_say_what_may_be_kept(person, mine, web):
    """Answers about people are never cached, a listing is asked for again; all carry build and security headers."""
    listing = f"/api/listings/{mine}"
    for path in ("/api/me", listing, "/api/nothing", "/healthz"):
        headers = person.client.get(path).headers
        assert headers["x-build"] == "test-7"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["server-timing"].startswith("db;dur=")
        kept = "public, no-cache" if path == listing else "no-store"
        assert path == "/api/nothing" or headers["cache-control"] == kept
    tag = web.get(listing).headers["etag"]
    again = web.get(listing, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert web.get(listing, headers={"If-None-Match": '"other"'}).status_code == 200
    assert person.client.head("/api/me").status_code == 200
    nobody = web.get("/api/me")
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert "server" not in nobody.headers


@pytest.mark.parametrize("value", ["Basic abc", "Bearer", "Bearer nonsense"])
def test_a_wrong_authorization_is_nobody(web, value):
    """Whatever is no valid bearer token answers 401."""
    assert web.get("/api/me", headers={"authorization": value}).status_code == 401


def test_forwarding_headers_are_not_believed(web):
    """Nobody escapes a limit by writing another address into a header."""
    answers = [
        web.post(
            "/api/login",
            json={"email": "guess@example.com", "password": f"wrong {number}"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
        for number in range(9)
    ]
    assert [answer.status_code for answer in answers] == [401] * 8 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20


def test_operators_can_ask(web):
    """Health, readiness, version."""
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json()["checks"] == {"database": "ok"}
    assert web.get("/version").json() == {"name": "launchready-demo", "build": "test-7"}
    assert web.get("/_mail").status_code == 422


def test_random_bytes_never_crash_the_server(person):
    """Whatever is sent, the answer is a refusal, never a 500."""
    for number in range(40):
        noise = zlib.compress(str(number).encode() * 9)
        for path in ("/api/login", "/graphql", "/api/cart/items"):
            assert 400 <= post(person, path, noise).status_code < 500
