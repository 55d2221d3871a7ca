"""Limits of other steps than a log-in of one JSON request: forms, codes, resets, invites, sign-up, GraphQL."""

import itertools
import json
import re

import pytest

from tests.points.limited import MAP, Counter, audit, open_to_all, refusing, shop

TOO_MANY = (429, {"error": "slow down"}, {"Retry-After": "60"})
RESET = """
[steps.forgot]
request = "POST /forgot"
json = { email = "{{ account.email }}" }
"""
CODE = """
[steps.verify_code]
request = "POST /code"
json = { code = "{{ code }}" }
"""
INVITE = """
[steps.invite]
request = "POST /invites"
json = { email = "{{ unique }}@example.com" }
ok = [201]
capture = { id = "id" }
undo = "delete_invite"
[steps.delete_invite]
request = "DELETE /invites/{{ invite.id }}"
[limits.invite]
within = 5
"""


def by(line, answer):
    """What a shop does beside its log-in: one line, and what answers it."""
    return lambda request: answer(request) if request.line == line else None


@pytest.fixture
def audited(serve, open_shop, anyone):
    """A function: map, and what else the shop does → verdicts of the named checks, and the server."""

    def start(text, more, *names, limit=open_to_all):
        server = serve(shop(anyone, limit, more=more))
        return audit(open_shop(MAP + text, server.url), *names), server

    return start


def limited(counter, key, plain):
    """Answers plainly until a key has tried too often."""
    return lambda request: TOO_MANY if counter.full(key(request)) else plain


def test_a_reset_is_limited_by_the_account_it_is_for(audited):
    """Nothing is declared, and five are let through."""
    found, _ = audited(RESET, by("POST /forgot", limited(Counter(5), lambda r: r.json["email"].lower(), (202, None))))
    assert found["limits.forgot"].outcome == "passed"
    assert found["limits.forgot.isolation"].outcome == "passed"
    assert found["limits.forgot.bypass"].outcome == "passed"


def test_a_reset_without_a_limit_is_a_finding(audited):
    """Forty mails and three more: each is one that somebody gets."""
    found, server = audited(RESET, by("POST /forgot", lambda _: (202, None)), "limits.forgot")
    assert found["limits.forgot"].failure.title == "forgot has no limit that was seen within 43 tries"
    assert server.count("POST /forgot") == 43


@pytest.mark.parametrize("answer", [TOO_MANY, (200, {"message": "Please wait 60 seconds"})], ids=["429", "a text"])
def test_a_limit_of_one_try_is_found(audited, answer):
    """One reset a minute is usual."""
    counter = Counter(1)

    def more(request):
        return answer if counter.full(request.json["email"].lower()) else (200, {"message": "Sent"})

    found, _ = audited(RESET, by("POST /forgot", more))
    assert found["limits.forgot"].outcome == "passed"
    assert found["limits.forgot"].evidence[0].measured["through"] == 1
    assert found["limits.forgot.bypass"].outcome == "passed"


def test_a_session_that_ends_meanwhile_is_no_limit(audited):
    """A token may live for a minute: with a new one the codes are tried again."""
    tries = []

    def more(request):
        tries.append(request.bearer)
        return 401 if tries.count(request.bearer) > 4 else 400, {"error": "wrong code" if len(tries) < 5 else "who?"}

    found, _ = audited(CODE, by("POST /code", more), "limits.verify_code")
    assert (found["limits.verify_code"].outcome, found["limits.verify_code"].code) == ("inconclusive", "no-baseline")
    assert "the session ended while it was tried" in found["limits.verify_code"].reason


def test_a_reset_that_does_not_work_is_no_proof(audited):
    """All are refused from the first on: nothing is known of a limit."""
    found, _ = audited(RESET, by("POST /forgot", lambda _: (422, {"error": "captcha needed"})), "limits.forgot")
    assert (found["limits.forgot"].outcome, found["limits.forgot"].code) == ("inconclusive", "no-baseline")
    assert "one of the first tries, which should work, does not" in found["limits.forgot"].reason


def test_a_one_time_code_is_guessed_with_six_digits(audited):
    """As somebody who is logged in; the name in the template says which part is the code."""
    counter = Counter(5)
    found, server = audited(
        CODE, by("POST /code", limited(counter, lambda r: r.bearer, (401, {"error": "wrong code"})))
    )
    assert found["limits.verify_code"].outcome == "passed"
    codes = [request.json["code"] for request in server.seen if request.path == "/code"]
    assert all(re.fullmatch(r"\d{6}", code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_a_one_time_code_without_a_limit_is_a_finding(audited):
    """A million codes are soon tried."""
    found, _ = audited(CODE, by("POST /code", lambda _: (401, {"error": "wrong code"})), "limits.verify_code")
    assert found["limits.verify_code"].failure.title.startswith("verify_code has no limit that was seen within")


def test_what_the_map_says_of_a_try_is_sent(audited):
    """[limits.STEP] values, new for each try."""
    text = (
        CODE.replace("verify_code", "use_coupon")
        + '[limits.use_coupon]\nwithin = 4\nvalues = { code = "C{{ canary_number }}" }\n'
    )
    found, server = audited(text, by("POST /code", limited(Counter(4), lambda r: r.bearer, (404, {"error": "none"}))))
    assert found["limits.use_coupon"].outcome == "passed"
    assert all(request.json["code"].startswith("C") for request in server.seen if request.path == "/code")


def test_what_tries_make_is_undone(serve, open_shop, anyone):
    """Invites that were let through are taken back; refused ones made nothing."""
    invites, numbers, counter = {}, itertools.count(1), Counter(5)

    def more(request):
        if request.line == "POST /invites":
            if counter.full(request.bearer):
                return TOO_MANY
            number = next(numbers)
            invites[str(number)] = request.json
            return 201, {"id": number}
        if request.line.startswith("DELETE /invites/"):
            return (204, None) if invites.pop(request.parts[1], None) else (404, None)
        return None

    market = open_shop(MAP + INVITE, serve(shop(anyone, open_to_all, more=more)).url)
    found = audit(market, "limits.invite", "limits.invite.isolation", "limits.invite.bypass")
    assert {verdict.outcome for verdict in found.values()} == {"passed"}
    assert len(invites) == 6
    market.leave()
    assert invites == {}


def test_an_invite_without_a_limit_is_not_covered_where_none_is_declared(audited):
    """It may well be so; twenty are tried."""
    text = INVITE.partition("[limits")[0].replace('undo = "delete_invite"', "")
    found, server = audited(text, by("POST /invites", lambda _: (201, {"id": 1})), "limits.invite")
    assert "no limit was seen within" in found["limits.invite"]
    assert server.count("POST /invites") <= 23


def test_sign_up_is_only_tried_where_a_limit_is_declared(serve, open_shop, anyone):
    """Each try makes an account."""
    counter = Counter(6)
    plain = shop(anyone, open_to_all)

    def app(request):
        return TOO_MANY if request.line == "POST /people" and counter.full("all") else plain(request)

    server = serve(app)
    found = audit(open_shop(MAP + "[limits.signup]\nwithin = 5\n", server.url), "limits.signup")
    assert found["limits.signup"].outcome == "passed", found
    assert len(anyone.people) == 6


FORM_MAP = """
[auth]
cookies = true
csrf = { field = "csrf" }
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[[steps.login.requests]]
request = "GET /login"
[[steps.login.requests]]
request = "POST /login"
form = { email = "{{ account.email }}", password = "{{ account.password }}" }
ok = [302]
[steps.me]
request = "GET /me"
capture = { id = "id" }
[limits.login]
within = 5
"""


def form(text, key):
    """A page with a form and its hidden field."""
    return f'<html><p>{text}</p><form><input type="hidden" name="csrf" value="{key}"></form></html>'


def form_shop(anyone, healthy):
    """A shop of pages: each log-in wants the field of the page before."""
    counter, keys, numbers = Counter(5), {}, itertools.count(1)

    def app(request):
        if request.line == "POST /people":
            return 201, {"id": anyone.join(**request.json)["id"]}
        if request.line == "GET /me":
            person = anyone.by_token(request.cookies.get("sid"))
            return (200, {"id": person["id"]}) if person else (401, None)
        if request.line == "GET /login":
            sid = f"pre-{next(numbers)}-abcdefgh"
            keys[sid] = f"key-{next(numbers)}-abcdefgh"
            return 200, form("Log in", keys[sid]), {"Set-Cookie": f"pre={sid}; Path=/"}
        return log_in(request.form, keys.get(request.cookies.get("pre")))

    def log_in(sent, key):
        if key is None or sent.get("csrf") != key:
            return 403, "<h1>Forbidden</h1>"
        if healthy and counter.full(sent["email"].lower()):
            return 200, form("Your account is locked. Too many attempts.", key)
        token = anyone.enter(sent["email"], sent["password"])
        if token is None:
            return 200, form("Wrong e-mail or password.", key)
        counter.forgive(sent["email"])
        return 302, None, {"Location": "/me", "Set-Cookie": f"sid={token}; Path=/"}

    return app


@pytest.mark.parametrize("healthy", [True, False])
def test_a_form_is_tried_with_its_hidden_field(serve, open_shop, anyone, healthy):
    """The page is fetched anew where a session was ended; a lock shows as the page again, with status 200."""
    found = audit(open_shop(FORM_MAP, serve(form_shop(anyone, healthy)).url))
    login = found["limits.login"]
    assert (login.outcome, login.code) == (("passed", None) if healthy else ("failed", "no-limit")), login
    if healthy:
        assert found["limits.login.bypass"].outcome == "passed"
        assert found["limits.login.isolation"].outcome == "passed"


GRAPH_MAP = """
[contract]
graphql = "/graphql"
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /login"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.me]
request = "GET /me"
capture = { id = "id" }
[steps.send_reset]
graphql = "mutation ($e: String!) { sendReset(email: $e) }"
variables = { e = "{{ account.email }}" }
[limits.send_reset]
within = 5
"""


@pytest.mark.parametrize(("by_field", "outcome"), [(True, "passed"), (False, "failed")])
def test_many_tries_in_one_request_count_as_many(serve, open_shop, anyone, by_field, outcome):
    """Aliases in one GraphQL document: a limiter that counts requests lets all of them through."""
    counter = Counter(5)

    def graph(request):
        sent = request.json
        if isinstance(sent, list):
            return 400, {"errors": [{"message": "one operation, please"}]}
        email = sent["variables"]["e"].lower()
        names = re.findall(r"(\w+): sendReset", sent["query"]) or ["sendReset"]
        if not by_field:
            full = counter.full(email)
            refused = dict.fromkeys(names, full)
        else:
            refused = {name: counter.full(email) for name in names}
        errors = [{"message": "Too many requests", "path": [name]} for name, full in refused.items() if full]
        answer = {"data": {name: None if full else True for name, full in refused.items()}}
        return 200, answer | ({"errors": errors} if errors else {})

    server = serve(shop(anyone, open_to_all, more=by("POST /graphql", graph)))
    found = audit(open_shop(GRAPH_MAP, server.url), "limits.send_reset", "limits.send_reset.bypass")
    assert found["limits.send_reset"].outcome == "passed", found
    bypass = found["limits.send_reset.bypass"]
    assert bypass.outcome == outcome, bypass
    if outcome == "failed":
        assert bypass.failure.title == "the limit of send_reset can be bypassed by many aliases in one request"
        assert "count every operation of a request" in bypass.failure.change


GIVEN = """
[auth]
bearer = "token"
[people.seller]
email = "ada@shop.test"
password = "env:PASSWORD"
[people.stranger]
email = "ada@shop.test"
password = "env:PASSWORD"
[people.buyer]
email = "ada@shop.test"
password = "env:PASSWORD"
[steps.login]
request = "POST /login"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.me]
request = "GET /me"
capture = { id = "id" }
[limits.login]
within = 5
"""


@pytest.mark.parametrize(("healthy", "outcome"), [(True, "passed"), (False, "inconclusive")])
def test_accounts_that_the_map_gives_are_never_locked(serve, open_shop, anyone, healthy, outcome):
    """An address without an account is tried instead; seen there it is a limit, not seen it may be one of accounts."""
    anyone.join("ada@shop.test", "correct-horse-9")
    limit = refusing(Counter(5), TOO_MANY) if healthy else open_to_all
    server = serve(shop(anyone, limit))
    found = audit(open_shop(GIVEN, server.url, environ={"PASSWORD": "correct-horse-9"}), "limits.login")["limits.login"]
    assert found.outcome == outcome, found
    assert all(json.loads(request.body)["email"] != "ada@shop.test" for request in server.seen)


def test_without_consent_nothing_is_tried_on_production(serve, open_shop, anyone):
    """A reset is a write, and so is the sign-up of spare people: not covered, by name."""
    server = serve(shop(anyone, open_to_all))
    head = '[targets.here]\nkind = "production"\napi = "$API"\n'
    found = audit(open_shop(head + MAP + RESET, server.url))
    assert "not covered: forgot: no consent: step signup would write on the production target" in found["limits.forgot"]
    assert server.seen == []
