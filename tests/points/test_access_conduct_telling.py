"""Who is told of accounts, and what a checkout that is sent again does, in shops of several styles."""

import itertools

import pytest

from pytest_launchready.probes.access.conduct import double_submit, enumeration

PEOPLE = """
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", username = "{{ account.username }}", password = "{{ account.password }}" }
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.forgot_password]
request = "POST /forgot"
json = { email = "{{ account.email }}" }
ok = [200, 202, 404]
expect = "status() != `404`"
[steps.me]
request = "GET /me"
capture = { id = "id" }
"""


class Shop:
    """Answers alike to everybody, unless `answers` says otherwise: line → a function of request and account."""

    def __init__(self, anyone, **answers):
        self.anyone = anyone
        self.answers = {name.replace("_", " /"): answer for name, answer in answers.items()}
        self.numbers = itertools.count(1000)

    def __call__(self, request):
        """The answer to a request."""
        match request.line:
            case "GET /me":
                person = self.anyone.by_token(request.bearer)
                return (200, {"id": person["id"]}) if person else (401, None)
            case "POST /sessions":
                token = self.anyone.enter(request.json["email"], request.json["password"])
                if token:
                    return 200, {"token": token}
        known = self.anyone.people.get(request.json["email"])
        if request.line == "POST /people" and not known:
            self.anyone.join(**request.json)
        if answer := self.answers.get(request.line):
            return answer(request, known)
        plain = {"POST /people": 202, "POST /sessions": 401, "POST /forgot": 202}[request.line]
        return plain, {"message": f"thank you, {request.json['email']}", "request": f"r-{next(self.numbers)}"}


def outcomes(found):
    return {name: verdict if isinstance(verdict, str) else verdict.outcome for name, verdict in found.items()}


def test_a_shop_that_answers_alike_tells_nothing(conduct, anyone):
    """The address itself, ids and numbers of requests are no difference."""
    found = conduct(Shop(anyone), PEOPLE, enumeration.checks)
    assert outcomes(found) == dict.fromkeys(
        ("enumeration.login", "enumeration.signup", "enumeration.forgot_password"), "passed"
    )


@pytest.mark.parametrize(
    ("line", "answer", "told"),
    [
        ("POST_sessions", lambda _, known: (401, {"error": "wrong password" if known else "no such user"}), "text"),
        ("POST_sessions", lambda _, known: (401 if known else 404, {"error": "no"}), "status"),
        ("POST_sessions", lambda _, known: (400, {"error": "no", "code": 1002 if known else 1001}), "codes"),
        ("POST_sessions", lambda _, known: (401, {"error": "no", **({"left": 3} if known else {})}), "form"),
        ("POST_sessions", lambda _, known: (401, {}, {"set-cookie": "who=1"} if known else {}), "cookies"),
        ("POST_sessions", lambda _, known: (401, f"<p>{'Falsches Passwort' if known else 'Unbekannt'}</p>"), "text"),
        ("POST_forgot", lambda _, known: (202 if known else 404, {"message": "done"}), "status"),
        ("POST_people", lambda _, known: (409 if known else 202, {"message": "done"}), "status"),
        ("POST_people", lambda _, known: (202, {"message": "taken" if known else "welcome"}), "text"),
    ],
)
def test_a_shop_that_tells(conduct, anyone, line, answer, told):
    """By status, text, code, form, cookie; in whatever language; and only the step that tells is a finding."""
    found = conduct(Shop(anyone, **{line: answer}), PEOPLE, enumeration.checks)
    failing = [verdict for verdict in found.values() if verdict.outcome == "failed"]
    assert len(failing) == 1
    assert told in failing[0].failure.title
    assert failing[0].failure.control.answer is not None


def test_what_changes_from_time_to_time_tells_nothing(conduct, anyone):
    """A difference counts only where it is the same each time."""
    words = itertools.cycle(["Hm.", "Sorry!", "No luck.", "Try again?", "Oh dear."])
    found = conduct(Shop(anyone, POST_sessions=lambda *_: (401, {"error": next(words)})), PEOPLE, enumeration.checks)
    assert found["enumeration.login"].outcome == "passed"


@pytest.mark.parametrize("status", [429, 500])
def test_a_limiter_decides_nothing(conduct, anyone, status):
    """429 says nothing of an account, nor does a server that fails."""
    app = Shop(anyone, POST_sessions=lambda _, known: (status if known else 401, {}))
    verdict = conduct(app, PEOPLE, enumeration.checks, only="enumeration.login")["enumeration.login"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "no-answer")


def test_a_reset_that_does_not_work_for_an_account_is_inconclusive(conduct, anyone):
    """Refused alike for want of a captcha: nobody has learnt what it tells."""
    app = Shop(anyone, POST_forgot=lambda *_: (422, {"error": "captcha"}))
    verdict = conduct(app, PEOPLE, enumeration.checks)["enumeration.forgot_password"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "control")


def test_few_log_ins_are_tried_and_never_on_the_buyer(conduct, anyone):
    """Two wrong passwords at most for one account, and that is a spare one."""
    tried = []

    def answer(request, known):
        tried.append((known or {}).get("email"))
        return 401, {"error": "wrong" if known else "unknown"}

    conduct(Shop(anyone, POST_sessions=answer), PEOPLE, enumeration.checks)
    spare = conduct.market._company._people["buyer-2"].identity["email"]
    assert tried == [spare, None, spare, None]


def test_a_user_name_that_is_taken_is_told_where_log_in_goes_by_address(conduct, anyone):
    """User names are for all to see; what is tried is what opens an account."""

    def answer(request, known):
        taken = [person for person in anyone.people.values() if person["username"] == request.json["username"]]
        return 409 if len(taken) > (0 if known else 1) else 202, {}

    found = conduct(Shop(anyone, POST_people=answer), PEOPLE, enumeration.checks)
    assert found["enumeration.signup"].outcome == "passed"


def test_a_form_that_comes_again_is_compared_by_what_is_read(conduct, anyone):
    """HTML with a new hidden token each time, and cookies: log-in is a GET and a POST, and answers 200."""
    numbers = itertools.count(1)

    def app(tells):
        def answer(request):
            number = f"{next(numbers):040x}"
            form = f"<form><input type='hidden' name='csrf' value='{number}'><input name='email'></form>"
            match request.line:
                case "POST /people":
                    return 201, {"id": anyone.join(**request.json)["id"]}
                case "GET /enter":
                    return 200, form, {"set-cookie": f"csrf={number}"}
                case "POST /enter":
                    if request.cookies["csrf"] != request.form["csrf"]:
                        return 403, "<p>forged</p>"
                    token = anyone.enter(request.form["email"], request.form["password"])
                    if token:
                        return 302, None, {"location": "/me", "set-cookie": f"sid={token}"}
                    unknown = tells and request.form["email"] not in anyone.people
                    return 200, f"<p>{'Who are you?' if unknown else 'No.'}</p>{form}"
            person = anyone.by_token(request.cookies.get("sid"))
            return (200, f"<p>{person['email']}</p>") if person else (302, None, {"location": "/enter"})

        return answer

    text = (
        '[auth]\ncookies = true\ncsrf = { field = "csrf" }\n'
        + PEOPLE.partition("[steps.login]")[0].partition('bearer = "token"')[2].replace("[auth]", "")
        + """
[[steps.login.requests]]
request = "GET /enter"
[[steps.login.requests]]
request = "POST /enter"
form = { email = "{{ account.email }}", password = "{{ account.password }}" }
ok = [302]
[steps.me]
request = "GET /me"
expect = "contains(text(), {{ account.email }})"
capture = { id = "regex(text(), '>(.+)<')" }
"""
    )
    for tells, wanted in ((False, "passed"), (True, "failed")):
        verdict = conduct(app(tells), text, enumeration.checks, only="enumeration.login")["enumeration.login"]
        assert verdict.outcome == wanted, verdict


def test_what_staff_does_is_not_judged(conduct, anyone):
    """Accounts that an admin makes tell nobody else."""
    text = PEOPLE.replace("[steps.signup]\n", '[steps.signup]\nactor = "admin"\n')
    found = conduct(Shop(anyone), text, enumeration.checks, only="enumeration.signup")
    assert found["enumeration.signup"] == "access.enumeration.signup: admin does it, with a session"


ORDERS = """
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[[steps.checkout.requests]]
request = "POST /carts"
capture = { cart_id = "id" }
[[steps.checkout.requests]]
request = "POST /orders"
json = { cart = "{{ cart_id }}" }
capture = { id = "id", total = "total" }
[[steps.checkout.requests]]
request = "GET /orders/{{ id }}"
"""
LIST = '[steps.list_orders]\nrequest = "GET /orders"\nitems = "[]"\ncapture = { id = "id" }\n'
DIRECT = (
    ORDERS.partition("[[steps.checkout")[0]
    + '[steps.checkout]\nrequest = "POST /orders"\ncapture = { id = "id", total = "total" }\n'
)


class Till:
    """Takes orders; `replay` says what it does with one that it has seen."""

    def __init__(self, anyone, replay):
        self.anyone, self.replay = anyone, replay
        self.orders, self.keys = [], {}
        self.numbers = itertools.count(70)

    def __call__(self, request):  # noqa: PLR0911 - a table of routes
        """The answer to a request."""
        match request.line:
            case "POST /people":
                return 201, {"id": self.anyone.join(**request.json)["id"]}
            case "POST /sessions":
                return 200, {"token": self.anyone.enter(**request.json)}
            case "POST /carts":
                return 201, {"id": f"cart-{next(self.numbers)}"}
            case "GET /orders":
                return 200, self.orders
            case "POST /orders":
                key = request.headers["idempotency-key"]
                if key in self.keys and self.replay != "again":
                    return {"same": (200, self.keys[key]), "refused": (409, {}), "down": (503, {})}[self.replay]
                self.keys[key] = {"id": next(self.numbers), "total": "9.00"}
                self.orders.append(self.keys[key])
                return 201, self.keys[key]
        return 200, self.orders[-1]


@pytest.mark.parametrize("listed", [LIST, ""], ids=["listed", "not-listed"])
@pytest.mark.parametrize(
    ("replay", "wanted"), [("same", "passed"), ("refused", "passed"), ("again", "failed"), ("down", "inconclusive")]
)
def test_a_checkout_that_is_sent_again(conduct, anyone, replay, wanted, listed):
    """The same order, or a refusal, is right; a second one is seen in the list, or by its id."""
    verdict = conduct(Till(anyone, replay), ORDERS + listed, double_submit.checks)["double_submit"]
    assert verdict.outcome == wanted
    if wanted == "failed":
        assert "sent twice with the same cart_id, makes two orders" in verdict.failure.title
        assert "order 71" in verdict.failure.expected
        assert "there is now 72" in verdict.failure.got


def test_the_replay_is_the_same_to_the_byte(conduct, anyone):
    """Key, session and body are those of the first."""
    seen = []
    app = Till(anyone, "same")

    def watched(request):
        if request.line == "POST /orders":
            seen.append((request.body, {name: request.headers[name] for name in ("idempotency-key", "authorization")}))
        return app(request)

    conduct(watched, ORDERS + LIST, double_submit.checks)
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_a_shop_that_never_promised_it_is_not_judged(conduct, anyone):
    """No key in the map, no cart to be used up: the second order is told, and is no failure."""
    reason = conduct(Till(anyone, "again"), DIRECT + LIST, double_submit.checks)["double_submit"]
    assert "nothing says that it should not" in reason
    keyed = DIRECT.replace("capture", 'headers = { Idempotency-Key = "{{ unique }}" }\ncapture')
    verdict = conduct(Till(anyone, "again"), keyed + LIST, double_submit.checks)["double_submit"]
    assert "the same Idempotency-Key, makes two orders" in verdict.failure.title
    assert conduct(Till(anyone, "same"), DIRECT + LIST, double_submit.checks)["double_submit"].outcome == "passed"


def test_a_graphql_checkout_promises_it_by_an_argument(conduct, anyone):
    """The document names the key; the second order is another id in the answer."""

    class Graph(Till):
        def __call__(self, request):
            if request.path != "/graphql":
                return super().__call__(request)
            return 200, {"data": {"buy": {"id": next(self.numbers), "total": "9.00"}}}

    text = (
        ORDERS.partition("[[steps.checkout")[0]
        + """
[steps.checkout]
graphql = "mutation ($key: String) { buy(idempotencyKey: $key) { id total } }"
variables = { key = "{{ unique }}" }
capture = { id = "data.buy.id", total = "data.buy.total" }
[contract]
graphql = "/graphql"
"""
    )
    verdict = conduct(Graph(anyone, "again"), text, double_submit.checks)["double_submit"]
    assert "the same idempotencyKey, makes two orders" in verdict.failure.title


def test_a_list_that_needs_its_owner_is_filled_in(conduct, anyone):
    """A filter by owner in the map's list is rendered as for the owner."""
    listed = '[resources.order]\nlist = { request = "GET /orders", query = { of = "{{ owner.email }}" }, items = "[]", '
    listed += 'capture = { id = "id" } }\n'
    verdict = conduct(Till(anyone, "again"), ORDERS + listed, double_submit.checks)["double_submit"]
    assert verdict.outcome == "failed"


def test_a_given_account_is_left_without_failed_tries(conduct, anyone):
    """Where nobody signs up the team's own account is tried, and a good log-in follows each bad one."""
    anyone.join("ada@example.com", "adas-own-secret")
    tried = []

    def app(request):
        if request.line == "GET /me":
            return 200, {"id": 1, "email": "ada@example.com"}
        token = anyone.enter(request.json["email"], request.json["password"])
        if request.json["email"] == "ada@example.com":
            tried.append(bool(token))
        return (200, {"token": token}) if token else (401, {"error": "no"})

    given = '[people.buyer]\nemail = "ada@example.com"\npassword = "env:ADA"\n'
    text = PEOPLE.partition("[steps.signup]")[0] + given + "[steps.login]" + PEOPLE.partition("[steps.login]")[2]
    found = conduct(app, text, enumeration.checks, only="enumeration.login", environ={"ADA": "adas-own-secret"})
    assert found["enumeration.login"].outcome == "passed"
    assert tried == [True, False, True]
