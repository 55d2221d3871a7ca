"""What the web adds: bodies, headers, cookies, photos, pages, GraphQL documents."""

import json
import zlib

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
REST_TYPES = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def person(rest_shop):
    """Somebody who is logged in with a bearer token."""
    return rest_shop.person()


@pytest.fixture
def mine(person):
    """A listing of theirs."""
    return person.do("create_listing", title='Desk <lamp> & "more"', price="25")["id"]


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
    """Answers about people are never cached; every answer carries build and security headers."""
    for path in ("/api/me", f"/api/listings/{mine}", "/api/nothing", "/healthz"):
        headers = person.client.get(path).headers
        assert headers["x-build"] == "test-7"
        assert headers["x-content-type-options"] == "nosniff"
        assert path == "/api/nothing" or headers["cache-control"] == "no-store"
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


class TestPhotos:
    """Photos of listings."""

    def upload(self, person, listing, content, name="photo"):
        """The answer to an upload."""
        return person.client.post(f"/api/listings/{listing}/photos", files={name: ("a.gif", content, "image/gif")})

    def test_a_photo_is_shown_and_removed(self, person, mine):
        """What was uploaded is served as what it is, whatever its name said, and may be kept for ever."""
        made = self.upload(person, mine, PNG)
        assert made.status_code == 201
        photo = person.do("get_listing", id=mine)["photos"][0]
        assert photo == made.json()
        served = person.client.get(photo["url"])
        assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
        assert "immutable" in served.headers["cache-control"]
        assert person.do("delete_photo", listing_id=mine, id=photo["id"]).status == 204
        assert person.do("delete_photo", listing_id=mine, id=photo["id"]).status == 404
        assert person.client.get(photo["url"]).status_code == 404

    def test_all_dialects_take_photos(self, shop, seller, listing):
        """The cookie dialect has its own route; GraphQL's token works on the bearer one."""
        prefix = "/cookie" if shop.dialect == "cookie" else "/api"
        headers = {"X-CSRF-Token": seller.client.cookies.get("csrf_token", "")}
        made = seller.client.post(f"{prefix}/listings/{listing}/photos", files={"photo": PNG}, headers=headers)
        assert made.status_code == 201
        assert seller.do("get_listing", id=listing)["photos"][0]["id"] == made.json()["id"]
        assert seller.do("delete_photo", listing_id=listing, id=made.json()["id"]).ok

    @pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0more", b"RIFF\0\0\0\0WEBPVP8 "])
    def test_jpeg_and_webp_are_photos(self, person, mine, content):
        """The usual kinds are taken."""
        assert self.upload(person, mine, content).status_code == 201

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"<svg onload=alert(1)>", 415), (b"", 415), (PNG + b"\0" * 2**21, 413), (PNG + b"\0" * 3_000_000, 413)],
    )
    def test_other_files_are_refused(self, person, mine, content, status):
        """Type and size are checked."""
        assert self.upload(person, mine, content).status_code == status

    def test_forms_are_checked(self, person, mine):
        """A form without the field, a text in it, no form, or a broken one: each is told why."""
        path = f"/api/listings/{mine}/photos"
        assert self.upload(person, mine, PNG, "picture").status_code == 422
        assert person.client.post(path, files={"x": PNG}, data={"photo": "text"}).status_code == 422
        assert person.client.post(path, json={}).status_code == 415
        assert post(person, path, b"nonsense", "multipart/form-data").status_code == 400
        assert post(person, path, b"--x\r\nnonsense", "multipart/form-data; boundary=x").status_code in {400, 422}

    def test_a_listing_has_room_for_eight(self, person, mine):
        """The ninth photo is refused."""
        assert [self.upload(person, mine, PNG).status_code for _ in range(9)] == [201] * 8 + [409]


class TestCookies:
    """The session cookie and its CSRF token."""

    @pytest.fixture
    def guest(self, cookie_shop):
        """Somebody at the cookie dialect."""
        return cookie_shop.person()

    def test_scripts_read_the_csrf_token_and_not_the_session(self, guest):
        """HttpOnly and SameSite are set as they should be, and log-out removes both cookies."""
        cookies = {cookie.partition("=")[0]: cookie for cookie in guest.login().headers.get_list("set-cookie")}
        assert "HttpOnly" in cookies["session"]
        assert "HttpOnly" not in cookies["csrf_token"]
        assert all("SameSite=lax" in cookie and "Path=/" in cookie for cookie in cookies.values())
        assert guest.do("logout").status == 204
        assert dict(guest.client.cookies) == {}

    @pytest.mark.parametrize("token", [None, "", "wrong", "ünicode".encode()])
    def test_an_unsafe_call_without_the_token_is_refused(self, guest, token):
        """No header, an empty or a wrong one: 403, and nothing was done."""
        headers = {} if token is None else {"X-CSRF-Token": token}
        refused = guest.client.post("/cookie/listings", json={"title": "Forged", "price": 1}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        assert guest.client.delete("/cookie/me", headers=headers).status_code == 403
        assert guest.do("me").ok

    def test_the_token_of_another_session_is_refused(self, guest, cookie_shop):
        """A token belongs to one session."""
        stolen = {"X-CSRF-Token": cookie_shop.person().client.cookies["csrf_token"]}
        assert guest.client.post("/cookie/cart/items", json={"listing_id": 1}, headers=stolen).status_code == 403

    def test_sessions_do_not_cross_dialects(self, guest, web):
        """A cookie's value is no bearer token."""
        token = guest.client.cookies["session"]
        assert web.get("/api/me", headers={"authorization": f"Bearer {token}"}).status_code == 401

    def test_a_checkout_goes_step_by_step(self, guest, mine):
        """Payment needs an address, an order a prepared payment of one's own, and a payment is used once."""
        listing = mine
        csrf = {"X-CSRF-Token": guest.client.cookies["csrf_token"]}
        guest.do("add_to_cart", listing_id=listing)
        assert guest.send("PUT", "/checkout/payment", json={}).body["code"] == "no_address"
        assert guest.send("POST", "/orders", json={"payment_id": "pay_0"}).status == 404
        assert guest.send("POST", "/orders", json={}).status == 422
        methods = guest.send("PUT", "/checkout/address", json={"address": {"street": "a"}})
        assert [error["field"] for error in methods.body["errors"]] == ["city", "postcode", "country"]
        where = {"street": "a", "city": "b", "postcode": "c", "country": "SE"}
        methods = guest.send("PUT", "/checkout/address", json={"address": where})
        assert methods["shipping_methods"] == {"standard": "4.90", "express": "12.90", "pickup": "0.00"}
        prepared = guest.send("PUT", "/checkout/payment", json={"shipping": "pickup"})
        assert (prepared["total"], prepared["charged"]) == ("25.00", "25.00")
        body = {"payment_id": prepared["payment_id"]}
        assert guest.client.post("/cookie/orders", json=body, headers=csrf).status_code == 201
        assert guest.client.post("/cookie/orders", json=body, headers=csrf).status_code == 404


class TestPages:
    """Pages for people."""

    def test_the_home_page_shows_and_finds(self, person, mine):
        """New listings, search, paging, the build, and nothing unescaped."""
        page = person.client.get("/", params={"q": 'lamp "more"'})
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert '<meta name="build" content="test-7">' in page.text
        assert "Desk &lt;lamp&gt; &amp; &#34;more&#34;" in page.text
        assert f'href="/listings/{mine}"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "Nothing found" in person.client.get("/?q=zzzz").text
        assert person.client.get("/?page=x").status_code == 422

    def test_pages_can_be_turned(self, person):
        """Older and newer listings are a link away."""
        for number in range(25):
            person.do("create_listing", title=f"turnpage {number}", price=1)
        first, second = person.client.get("/?q=turnpage").text, person.client.get("/?q=turnpage&page=2").text
        assert '<a rel="next" href="?q=turnpage&amp;page=2">' in first
        assert '<a rel="prev" href="?q=turnpage&amp;page=1">' in second

    def test_a_listing_has_a_page(self, person, mine):
        """Title, price, seller and photo; a missing one is a page too."""
        person.client.post(f"/api/listings/{mine}/photos", files={"photo": PNG})
        page = person.client.get(f"/listings/{mine}").text
        assert all(words in page for words in ("$25.00", "Offered by Ada", '<img src="/photos/pic_'))
        assert '<img src="/photos/pic_' in person.client.get("/").text
        missing = person.client.get("/listings/999999", headers={"accept": "text/html"})
        assert (missing.status_code, "There is no such listing." in missing.text) == (404, True)
        assert person.client.get(f"/listings/{2**70}").status_code == 404
        assert "There is nothing here." in person.client.get("/nowhere", headers={"accept": "text/html"}).text
        assert person.client.get("/nowhere", headers={"accept": "application/json"}).json()["status"] == 404

    @pytest.mark.parametrize(("name", "kind"), [("site.css", "text/css"), ("icon.svg", "image/svg+xml")])
    def test_pages_have_style(self, person, name, kind):
        """Style sheet and icon are served, and may be cached."""
        served = person.client.get(f"/static/{name}")
        assert served.headers["content-type"].startswith(kind)
        assert "max-age" in served.headers["cache-control"]


class TestGraphQL:
    """Documents that are odd."""

    def run(self, person, query, **more):
        """The answer to a document."""
        return person.client.post("/graphql", json={"query": query, **more})

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ me { password } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ " + "version { build } " * 1000 + "}", "GRAPHQL_PARSE_FAILED"),
            ("{ me " * 600 + "}" * 600, "GRAPHQL_PARSE_FAILED"),
        ],
    )
    def test_a_document_that_cannot_run_is_400(self, person, query, code):
        """Syntax, unknown fields and endless documents end before anything is done."""
        answer = self.run(person, query)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] in {code, "GRAPHQL_VALIDATION_FAILED"}

    def test_requests_are_checked(self, person):
        """A request that is none is a problem; variables of the wrong type are an error."""
        assert person.client.post("/graphql", json={"query": 7}).json()["code"] == "bad_request"
        assert person.client.get("/graphql").status_code == 405
        wrong = self.run(person, "query ($id: ID!) { listing(id: $id) { id } }", variables={})
        assert wrong.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    def test_money_may_be_written_in_the_document(self, person):
        """Literals work like variables."""
        made = self.run(person, 'mutation { createListing(input: {title: "L", price: 2.5}) { price } }')
        assert made.json()["data"]["createListing"]["price"] == "2.50"

    def test_errors_name_the_fields(self, person):
        """A refusal carries its code, its status and the fields at fault."""
        answer = self.run(person, 'mutation { createListing(input: {title: "", price: "x"}) { id } }')
        extensions = answer.json()["errors"][0]["extensions"]
        assert (extensions["code"], extensions["status"]) == ("BAD_USER_INPUT", 422)
        assert [error["field"] for error in extensions["errors"]] == ["title", "price"]

    def test_one_document_may_ask_for_much(self, person):
        """Fields are answered side by side; one that is refused does not hide what it must not."""
        answer = self.run(person, "{ version { build } search { total } me { email } }").json()
        assert answer["data"]["version"]["build"] == "test-7"
        assert answer["data"]["me"]["email"] == person.email


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
