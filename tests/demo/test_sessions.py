"""What cookies add, and GraphQL documents that are odd."""

import pytest


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
