"""Points 1 and 8 of what real marketplaces need: how a session is carried, per person."""

import asyncio
import base64
import threading

import pytest

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.failures import StepFailure

PEOPLE = """
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
"""
ME = """
[steps.me]
request = "GET /me"
expect = "email == {{ account.email }}"
capture = { id = "id" }
"""


def basic_of(request):
    scheme, _, content = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(content).decode() if scheme == "Basic" else None


def members_only(register, find, let_in):
    """A marketplace with /people, /sessions and /me; `find` tells who asks, `let_in` answers a log-in."""

    def app(request):
        match request.line:
            case "POST /people":
                return 201, {"id": register.join(**request.json)["id"]}
            case "POST /sessions":
                token = register.enter(**request.json)
                return let_in(token) if token else (401, {"detail": "wrong password"})
            case "GET /me":
                person = find(request)
                return (200, {"id": person["id"], "email": person["email"]}) if person else (401, {"detail": "who?"})
        return 404, None

    return app


def test_bearer_token_from_the_login_answer(serve, open_shop, anyone):
    """`bearer` takes the token out of the body and sends it as `Authorization: Bearer`, but not with log-in itself."""
    app = members_only(anyone, lambda r: anyone.by_token(r.bearer), lambda token: (200, {"auth": {"jwt": token}}))
    server = serve(app)
    buyer = open_shop(f'[auth]\nbearer = "auth.jwt"\n{PEOPLE}{ME}', server.url).get_actor("buyer")

    assert server.lines() == ["POST /people", "POST /sessions", "GET /me"]
    assert ["authorization" in request.headers for request in server.seen] == [False, False, True]
    assert buyer.account.id == 1
    assert buyer.account.token == "token-00000002"


def test_bearer_token_from_an_answer_header(serve, open_shop, anyone):
    """`bearer` may be any JMESPath, and so take the token from a header of the log-in answer."""
    app = members_only(anyone, lambda r: anyone.by_token(r.bearer), lambda token: (200, {}, {"X-Auth-Token": token}))
    server = serve(app)
    market = open_shop(f"[auth]\nbearer = \"header('x-auth-token')\"\n{PEOPLE}{ME}", server.url)

    assert market.get_actor("buyer").account.id == 1


def test_a_login_without_the_token_is_a_failure_that_says_where_it_was_looked_for(serve, open_shop, anyone):
    """A token that is not where `bearer` says fails the log-in, with the place and the answer."""
    app = members_only(anyone, lambda _: None, lambda token: (200, {"key": token}))
    market = open_shop(f'[auth]\nbearer = "access_token"\n{PEOPLE}', serve(app).url)

    with pytest.raises(StepFailure, match="expected: a token at access_token") as caught:
        market.get_actor("buyer")
    assert "token-0000" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ('authorization = "Token {{ account.token }}"', ("authorization", "Token ")),
        ('x-auth = "{{ account.token }}"', ("x-auth", "")),
    ],
    ids=["another scheme", "a header without a scheme"],
)
def test_other_header_schemes(serve, open_shop, anyone, header, sent):
    """`headers` says how the token travels where it is not `Authorization: Bearer`."""
    name, scheme = sent

    def find(request):
        value = request.headers.get(name, "")
        return anyone.by_token(value.removeprefix(scheme)) if value.startswith(scheme) else None

    server = serve(members_only(anyone, find, lambda token: (200, {"token": token})))
    market = open_shop(f'[auth]\nbearer = "token"\nheaders = {{ {header} }}\n{PEOPLE}{ME}', server.url)
    market.get_actor("buyer")

    assert server.last("GET /me").headers[name] == f"{scheme}token-00000002"
    assert name not in server.last("POST /sessions").headers


def test_a_token_from_sign_up_where_there_is_no_login(serve, open_shop, anyone):
    """Where sign-up itself hands out the token, no log-in step is needed; when it expires there is no way back."""

    def app(request):
        person = anyone.by_token(request.bearer)
        if request.line == "POST /people":
            anyone.join(**request.json)
            return 201, {"id": 1, "token": anyone.enter(**request.json)}
        return (200, {"id": 1, "email": person["email"]}) if person else (401, None)

    server = serve(app)
    text = PEOPLE.partition("[steps.login]")[0]
    buyer = open_shop(f'[auth]\nbearer = "token"\n{text}{ME}', server.url).get_actor("buyer")
    assert buyer.call("me").id == 1
    anyone.tokens.clear()

    with pytest.raises(StepFailure, match="me failed, as buyer"):
        buyer.call("me")
    assert server.count("POST /people") == 1


def test_headers_may_use_what_login_captures(serve, open_shop, anyone):
    """`headers` needs no `bearer`: a capture of log-in is enough."""
    find = lambda request: anyone.by_token(request.headers.get("x-key"))  # noqa: E731 - one expression
    server = serve(members_only(anyone, find, lambda token: (200, {"key": token})))
    market = open_shop(
        f'[auth]\nheaders = {{ x-key = "{{{{ account.key }}}}" }}\n{PEOPLE}capture = {{ key = "key" }}\n{ME}',
        server.url,
    )

    assert market.get_actor("buyer").account.id == 1


def test_basic_on_every_call_needs_no_login(serve, open_shop, anyone):
    """With `basic` and no log-in step, `me` still proves the account and gives its id; sign-up goes out without."""

    def find(request):
        email, _, password = (basic_of(request) or "").partition(":")
        return next(
            (one for one in anyone.people.values() if (one["email"], one["password"]) == (email, password)), None
        )

    server = serve(members_only(anyone, find, None))
    text = PEOPLE.partition("[steps.login]")[0].replace('capture = { id = "id" }', "")
    market = open_shop(f'[auth]\nbasic = "{{{{ account.email }}}}:{{{{ account.password }}}}"\n{text}{ME}', server.url)
    buyer = market.get_actor("buyer")

    assert buyer.account.id == 1
    assert buyer.get("/me").json()["email"] == buyer.account.email
    assert server.lines() == ["POST /people", "GET /me", "GET /me"]
    assert "authorization" not in server.seen[0].headers
    assert "authorization" not in market.get_actor("anonymous").get("/me").request.headers


def test_a_given_account_with_basic_on_every_call(serve, open_shop, anyone):
    """A given account that needs no log-in is ready at once and stays so in the next test."""
    anyone.join("boss@example.com", "bosses-only")

    def find(request):
        return anyone.people["boss@example.com"] if basic_of(request) == "boss@example.com:bosses-only" else None

    server = serve(members_only(anyone, find, None))
    market = open_shop(
        f"""
        [auth]
        basic = "{{{{ account.email }}}}:{{{{ account.password }}}}"
        [people.admin]
        email = "boss@example.com"
        password = "env:BOSS"
        {ME}
        """,
        server.url,
        environ={"BOSS": "bosses-only"},
    )
    admin = market.get_actor("admin")

    assert admin.account.id == 1
    assert admin.call("me").id == 1


def test_a_person_may_prove_the_log_in_elsewhere(serve, open_shop, anyone):
    """`me` beside `login` in [people.X] names the step that proves this person's log-in."""

    def app(request):
        match request.line:
            case "POST /people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST /sessions":
                return 200, {"token": anyone.enter(**request.json)}
            case "GET /staff/me" if request.headers.get("authorization", "").startswith("Basic "):
                return 200, {"id": "staff-1"}
            case "GET /me" if anyone.by_token(request.bearer):
                return 200, {"id": anyone.by_token(request.bearer)["id"], "email": request.bearer}
        return 403, None

    server = serve(app)
    staff = """
[people.admin]
email = "env:STAFF"
password = "env:STAFF_KEY"
me = "staff_me"
[people.admin.auth]
basic = "{{ account.email }}:{{ account.password }}"
[steps.staff_me]
request = "GET /staff/me"
capture = { id = "id" }
"""
    people = PEOPLE + '[steps.me]\nrequest = "GET /me"\ncapture = { id = "id" }\n'
    environ = {"STAFF": "staff@shop.example", "STAFF_KEY": "correct horse"}
    market = open_shop(f'[auth]\nbearer = "token"\n{people}{staff}', server.url, environ=environ)
    assert market.get_actor("buyer").account.id == 1
    assert market.get_actor("admin").account.id == "staff-1"
    assert server.count("GET /me") == 1


def test_basic_on_the_login_call_only(serve, open_shop, anyone):
    """A step's own `basic` goes with that request; afterwards the bearer token counts."""

    def app(request):
        match request.line:
            case "POST /people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST /sessions":
                token = anyone.enter(*(basic_of(request) or ":").split(":", 1))
                return (200, {"token": token}) if token else (401, None)
            case "GET /me":
                person = anyone.by_token(request.bearer)
                return (200, {"id": person["id"], "email": person["email"]}) if person else (401, None)
        return 404, None

    server = serve(app)
    login = '[steps.login]\nrequest = "POST /sessions"\nbasic = "{{ account.email }}:{{ account.password }}"\n'
    market = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE.partition("[steps.login]")[0]}{login}{ME}', server.url)
    market.get_actor("buyer")

    assert server.last("POST /sessions").headers["authorization"].startswith("Basic ")
    assert server.last("GET /me").headers["authorization"] == "Bearer token-00000002"


def cookie_market(register):
    """A marketplace with a session cookie, and a CSRF cookie that unsafe calls must copy to a header."""

    def app(request):
        person = register.by_token(request.cookies.get("sid"))
        match request.line:
            case "POST /people":
                return 201, {"id": register.join(**request.json)["id"]}
            case "POST /sessions":
                token = register.enter(**request.json)
                return (
                    204,
                    None,
                    [("set-cookie", f"sid={token}; Path=/; HttpOnly"), ("set-cookie", "csrf=abc123def456; Path=/")],
                )
            case "GET /me":
                return (200, {"id": person["id"], "email": person["email"]}) if person else (401, None)
            case "POST /things":
                if request.headers.get("x-csrf") != request.cookies.get("csrf") or not person:
                    return 403, {"detail": "CSRF"}
                return 201, {"id": 5}
        return 404, None

    return app


THINGS = """
[steps.make_thing]
request = "POST /things"
capture = { id = "id" }
"""


def test_a_cookie_jar_is_the_default(serve, open_shop, anyone):
    """Without [auth] a person keeps cookies; each person has a jar of their own."""
    server = serve(cookie_market(anyone))
    market = open_shop(PEOPLE + ME, server.url)

    assert market.get_actor("buyer").account.id != market.get_actor("seller").account.id
    assert market.get_actor("anonymous").get("/me").status_code == 401


def test_csrf_cookie_is_copied_to_a_header(serve, open_shop, anyone):
    """`csrf = { cookie, header }` copies the cookie on unsafe calls, and only there."""
    server = serve(cookie_market(anyone))
    market = open_shop(f'[auth]\ncsrf = {{ cookie = "csrf", header = "X-CSRF" }}\n{PEOPLE}{ME}{THINGS}', server.url)
    buyer = market.get_actor("buyer")

    assert buyer.call("make_thing").id == 5
    assert buyer.post("/things").status_code == 201
    assert server.last("POST /things").headers["x-csrf"] == "abc123def456"
    assert "x-csrf" not in server.last("GET /me").headers


def test_without_the_csrf_header_the_same_call_is_refused(serve, open_shop, anyone):
    """The marketplace above does need the header."""
    buyer = open_shop(PEOPLE + ME + THINGS, serve(cookie_market(anyone)).url).get_actor("buyer")

    with pytest.raises(StepFailure, match="403 Forbidden"):
        buyer.call("make_thing")


def test_cookies_are_dropped_in_header_mode(serve, open_shop, anyone):
    """With `bearer` no cookie is kept, so that what passes is the token; `cookies = true` keeps them."""
    let_in = lambda token: (200, {"token": token}, {"set-cookie": f"sid={token}; Path=/"})  # noqa: E731
    server = serve(members_only(anyone, lambda r: anyone.by_token(r.bearer), let_in))
    open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}', server.url).get_actor("buyer")
    without = server.last("GET /me")
    open_shop(f'[auth]\nbearer = "token"\ncookies = true\n{PEOPLE}{ME}', server.url).get_actor("seller")

    assert without.cookies == {}
    assert server.last("GET /me").cookies["sid"].startswith("token-")


def test_csrf_from_a_hidden_field_of_the_last_page(serve, open_shop, anyone):
    """`csrf = { field }` sends the hidden field of the last HTML page with a form, for log-in and later forms alike."""
    pages = iter(range(100, 200))

    def page(text=""):
        return f'<form><input name=q><INPUT type="hidden" value="t&amp;{next(pages)}" name="csrf_token">{text}</form>'

    issued = []

    def app(request):
        person = anyone.by_token(request.cookies.get("sid"))
        if request.method == "POST" and request.path != "/people" and request.form.get("csrf_token") != issued[-1]:
            return 403, "<h1>CSRF</h1>"
        match request.line:
            case "POST /people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "GET /login" | "GET /sell":
                html = page()
                issued.append(html.split('value="')[1].split('"')[0].replace("&amp;", "&"))
                return 200, html
            case "POST /login":
                token = anyone.enter(request.form["user"], request.form["password"])
                return 302, None, {"location": "/", "set-cookie": f"sid={token}; Path=/"}
            case "POST /sell":
                return (302, None, {"location": "/items/lamp-77/"}) if person else (403, "<h1>no</h1>")
        return 404, None

    server = serve(app)
    market = open_shop(
        """
        [auth]
        csrf = { field = "csrf_token" }
        [steps.signup]
        request = "POST /people"
        json = { email = "{{ account.email }}", password = "{{ account.password }}" }
        capture = { id = "id" }
        [[steps.login.requests]]
        request = "GET /login"
        [[steps.login.requests]]
        request = "POST /login"
        form = { user = "{{ account.email }}", password = "{{ account.password }}" }
        ok = [302]
        [[steps.create_listing.requests]]
        request = "GET /sell"
        [[steps.create_listing.requests]]
        request = "POST /sell"
        multipart = { title = "{{ listing.title }}" }
        ok = [302]
        capture = { id = "segment(header('location'))" }
        """,
        server.url,
    )
    server_form = market.get_actor("seller")

    with pytest.raises(StepFailure, match="403"):  # this server reads urlencoded forms only
        server_form.create_listing()
    assert server.last("POST /login").form["csrf_token"] == "t&100"
    assert b'name="csrf_token"\r\n\r\nt&101' in server.last("POST /sell").body


def test_a_session_header_that_the_client_makes_up_first(serve, open_shop, anyone):
    """The first value is the client's own, for anonymous too; log-in's answer supplies the next one."""

    def app(request):
        session = request.headers.get("session-id", "")
        match request.line:
            case "POST /people" if session.startswith("ANON:"):
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST /sessions" if session.startswith("ANON:"):
                return 204, None, {"Session-Id": anyone.enter(**request.json)}
            case "GET /me":
                person = anyone.by_token(session)
                return (200, {"id": person["id"], "email": person["email"]}) if person else (401, None)
            case "GET /home":
                return (200, {}) if session.startswith("ANON:") else (400, None)
        return 400, {"detail": f"session {session!r}?"}

    server = serve(app)
    market = open_shop(
        f"""
        [auth]
        headers = {{ session-id = "{{{{ account.sid | default('ANON:' ~ account.unique) }}}}" }}
        {PEOPLE}
        capture = {{ sid = "header('session-id')" }}
        {ME}
        """,
        server.url,
    )

    assert market.get_actor("buyer").account.id == 1
    assert market.get_actor("anonymous").get("/home").status_code == 200
    first, second = server.seen[0].headers["session-id"], server.last("GET /home").headers["session-id"]
    assert first != second


class ShortTokens:
    """A marketplace whose tokens stop working when `expire` is called."""

    def __init__(self, register):
        self.register = register
        self.together = threading.Barrier(5)
        self.wait_for_all = False

    def expire(self):
        """End every session."""
        self.register.tokens.clear()

    def __call__(self, request):
        """Answer as a function would."""
        register = self.register
        match request.line:
            case "POST /people":
                return 201, {"id": register.join(**request.json)["id"]}
            case "POST /sessions":
                return 200, {"token": register.enter(**request.json), "expires_in": 60}
            case "GET /me":
                person = register.by_token(request.bearer)
                return (200, {"id": person["id"], "email": person["email"]}) if person else (401, None)
            case "GET /orders":
                known = register.by_token(request.bearer)
                if self.wait_for_all and not known:
                    self.together.wait(5)  # all requests are under way before the first is refused
                return (200, [{"id": 1, "total": "2.50"}]) if known else (401, {"detail": "expired"})
        return 404, None


ORDERS = '[steps.list_orders]\nrequest = "GET /orders"\nitems = "@"\ncapture = { id = "id", total = "total" }\n'


def test_an_expired_token_means_log_in_again_once(serve, open_shop, anyone):
    """A call that meets an expired token logs in again and is repeated; mapped and raw requests alike."""
    shop = ShortTokens(anyone)
    server = serve(shop)
    buyer = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}{ORDERS}', server.url).get_actor("buyer")
    shop.expire()
    assert [order.id for order in buyer.list_orders()] == [1]
    shop.expire()
    assert buyer.get("/orders").status_code == 200

    assert server.count("POST /sessions") == 3
    assert server.count("GET /orders") == 4


def test_calls_at_the_same_time_share_one_new_login(serve, open_shop, anyone):
    """Five calls at once with an expired token log in once between them."""
    shop = ShortTokens(anyone)
    server = serve(shop)
    market = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}{ORDERS}', server.url, client_args={"connections": 5})
    buyer = market.get_actor("buyer")
    shop.expire()
    shop.wait_for_all = True

    async def five():
        return await asyncio.gather(*(buyer.list_orders() for _ in range(5)))

    assert [len(orders) for orders in asyncio.run(five())] == [1] * 5
    assert server.count("POST /sessions") == 2


def test_a_call_during_a_new_login_waits_for_its_session(serve, open_shop, anyone):
    """A call that starts while somebody logs in again goes out with the new session, never with none."""
    shop = ShortTokens(anyone)
    logging_in, go_on = threading.Event(), threading.Event()

    def app(request):
        if request.line == "POST /sessions" and shop.wait_for_all:
            logging_in.set()
            go_on.wait(5)
        return shop(request)

    server = serve(app)
    buyer = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}{ORDERS}', server.url).get_actor("buyer")
    shop.expire()
    shop.together = threading.Barrier(1)
    shop.wait_for_all = True

    async def second_during_first():
        first = asyncio.ensure_future(buyer.list_orders())
        await asyncio.to_thread(logging_in.wait, 5)
        second, third = asyncio.ensure_future(buyer.list_orders()), asyncio.ensure_future(buyer.get("/orders"))
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, second, third)

    asyncio.run(second_during_first())
    assert server.count("POST /sessions") == 2
    assert all(request.bearer for request in server.seen if request.path == "/orders")


def test_a_login_that_is_refused_during_a_renewal_says_so(serve, open_shop, anyone):
    """An account that was closed meanwhile: the call that met the expired token fails with the log-in's failure."""
    shop = ShortTokens(anyone)

    def app(request):
        return (403, {"detail": "closed"}) if request.line == "POST /sessions" and shop.wait_for_all else shop(request)

    server = serve(app)
    buyer = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}{ORDERS}', server.url).get_actor("buyer")
    shop.expire()
    shop.together = threading.Barrier(1)
    shop.wait_for_all = True

    with pytest.raises(StepFailure, match="login failed, as buyer"):
        buyer.list_orders()
    assert server.count("POST /sessions") == 2


def test_a_session_that_stays_refused_is_reported_and_not_retried_for_ever(serve, open_shop, anyone):
    """A 401 after the new log-in is the answer; the failure names the layer."""

    def app(request):
        if request.line == "GET /orders":
            return 401, {"detail": "not you"}
        return ShortTokens(anyone)(request)

    server = serve(app)
    buyer = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}{ORDERS}', server.url).get_actor("buyer")

    with pytest.raises(StepFailure, match="layer:    auth"):
        buyer.list_orders()
    assert server.count("GET /orders") == 2


def test_expired_may_show_in_the_body(serve, open_shop, anyone):
    """`expired` is a condition of the map where the marketplace answers 200 to an expired session."""
    shop = ShortTokens(anyone)

    def app(request):
        status, body, *rest = shop(request)
        return (200, {"error": "SESSION_EXPIRED"}) if status == 401 else (status, body, *rest)

    server = serve(app)
    auth = '[auth]\nbearer = "token"\nexpired = "error == \'SESSION_EXPIRED\'"\n'
    buyer = open_shop(f"{auth}{PEOPLE}{ME}{ORDERS}", server.url).get_actor("buyer")
    shop.expire()

    assert len(buyer.list_orders()) == 1


def test_me_proves_the_login(serve, open_shop, anyone):
    """A token is no proof: where `me` does not show the person, log-in has failed."""
    app = members_only(anyone, lambda _: {"id": 0, "email": "guest"}, lambda token: (200, {"token": token}))
    market = open_shop(f'[auth]\nbearer = "token"\n{PEOPLE}{ME}', serve(app).url)

    with pytest.raises(StepFailure, match="me failed, as buyer"):
        market.get_actor("buyer")


@pytest.mark.parametrize("auth", ['bearer = "token"', 'headers = { x-key = "{{ account.token }}" }\nbearer = "token"'])
def test_two_accounts_with_one_token_are_inconclusive(serve, open_shop, anyone, auth):
    """Two people who receive the same token are one account: no check could tell them apart."""
    app = members_only(anyone, None, lambda _: (200, {"token": "the-same-for-all"}))
    market = open_shop(f"[auth]\n{auth}\n{PEOPLE}", serve(app).url)
    market.get_actor("buyer")

    with pytest.raises(Inconclusive, match=r"seller and buyer .*same token.*steps\.login"):
        market.get_actor("seller")


def test_two_accounts_with_one_captured_key_are_inconclusive(serve, open_shop, anyone):
    """The same holds where the token has another name and travels in a header of its own."""
    app = members_only(anyone, None, lambda _: (200, {"key": "the-same-for-all"}))
    auth = '[auth]\nheaders = { x-key = "{{ account.key }}", x-app = "7" }\n'
    market = open_shop(f'{auth}{PEOPLE}capture = {{ key = "key" }}', serve(app).url)
    market.get_actor("buyer")

    with pytest.raises(Inconclusive, match=r"seller and buyer .*same session"):
        market.get_actor("seller")


def test_two_accounts_with_one_id_are_inconclusive(serve, open_shop, anyone):
    """So does the same id under different addresses."""
    app = members_only(anyone, None, lambda token: (200, {"token": token}))
    text = PEOPLE.replace('{ id = "id" }', """{ id = "'7'" }""")
    market = open_shop(f'[auth]\nbearer = "token"\n{text}', serve(app).url)
    market.get_actor("buyer")

    with pytest.raises(Inconclusive, match="the same id"):
        market.get_actor("seller")


def test_static_headers_by_path_prefix_and_the_gate_of_a_staging_site(serve, open_shop, anyone):
    """Headers of the target go on every request, or below one path; the gate where nobody else says who they are."""
    server = serve(members_only(anyone, lambda r: anyone.by_token(r.bearer), lambda token: (200, {"token": token})))
    market = open_shop(
        f"""
        [targets.here]
        kind = "staging"
        api = "$API"
        headers = {{ x-client = "smoke", "/me" = {{ x-publishable-key = "pk-1" }} }}
        basic = "env:GATE"
        [auth]
        bearer = "token"
        {PEOPLE}{ME}
        """,
        server.url,
        environ={"GATE": "team:open sesame"},
    )
    market.get_actor("buyer")
    market.get_actor("anonymous").get("/me")
    signup, _, me, anonymous = server.seen

    assert [request.headers.get("x-client") for request in server.seen] == ["smoke"] * 4
    assert [request.headers.get("x-publishable-key") for request in server.seen] == [None, None, "pk-1", "pk-1"]
    assert basic_of(signup) == basic_of(anonymous) == "team:open sesame"
    assert me.headers["authorization"].startswith("Bearer ")


def test_one_person_may_log_in_another_way(serve, open_shop, anyone):
    """`[people.X.auth]` and `login` replace how one person gets in and is known."""
    anyone.join("boss@example.com", "bosses-only")

    def app(request):
        match request.line:
            case "POST /staff":
                return 204, None, {"set-cookie": f"staff={anyone.enter(**request.form)}; Path=/"}
            case "GET /reports":
                return (200, {}) if anyone.by_token(request.cookies.get("staff")) else (403, None)
        return members_only(anyone, lambda r: anyone.by_token(r.bearer), lambda t: (200, {"token": t}))(request)

    server = serve(app)
    market = open_shop(
        f"""
        [auth]
        bearer = "token"
        {PEOPLE}
        [steps.staff_login]
        request = "POST /staff"
        form = {{ email = "{{{{ account.email }}}}", password = "{{{{ account.password }}}}" }}
        [steps.reports]
        actor = "admin"
        request = "GET /reports"
        [people.admin]
        email = "boss@example.com"
        password = "bosses-only"
        login = "staff_login"
        auth = {{ cookies = true }}
        """,
        server.url,
    )
    market.get_actor("buyer").call("reports")

    assert server.last("GET /reports").cookies["staff"].startswith("token-")
    assert "authorization" not in server.last("GET /reports").headers


def test_a_page_without_the_hidden_field_leaves_the_last_one_in_force(serve, open_shop, anyone):
    """An HTML answer to a form, such as the text of a redirect, has no field: the next form still carries it."""

    def app(request):
        match request.line:
            case "POST /people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST /sessions":
                return 200, {"token": anyone.enter(**request.json)}
            case "GET /me":
                return 200, f'<input name="_token" value="form-77"><i>{anyone.by_token(request.bearer)["id"]}</i>'
            case "POST /notes" if request.form.get("_token") == "form-77":
                return 302, '<html>You are being <a href="/">redirected</a>.</html>', {"location": "/"}
        return 422, "<h1>rejected</h1>"

    server = serve(app)
    market = open_shop(
        f"""
        [auth]
        bearer = "token"
        csrf = {{ field = "_token" }}
        {PEOPLE}
        [steps.me]
        request = "GET /me"
        capture = {{ id = "regex(text(), '<i>([^<]+)')" }}
        [steps.note]
        request = "POST /notes"
        form = {{ text = "{{{{ text }}}}" }}
        ok = [302]
        """,
        server.url,
    )
    buyer = market.get_actor("buyer")
    buyer.call("note", text="one")
    buyer.call("note", text="two")
    assert [request.form["_token"] for request in server.seen if request.path == "/notes"] == ["form-77", "form-77"]
