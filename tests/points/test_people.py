"""Points 2 and 3: who acts, what people are called, and how they come in."""

import email.message
import json
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.accounts import Accounts
from pytest_launchready.flows.actor import Actor
from pytest_launchready.mapping.filters import totp

SIGNUP = """
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", username = "{{ account.username }}", password = "{{ account.password }}" }
capture = { id = "id" }
"""
LOGIN = """
[auth]
bearer = "token"
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
"""
REPORT = """
[steps.logout]
request = "GET /report"
[steps.report]
request = "GET /report"
capture = { by = "by" }
"""


@pytest.fixture
def bazaar(serve, anyone):
    """A marketplace with people, where listings and a report exist."""

    def app(request):
        person = anyone.by_token(request.bearer)
        match request.line:
            case "POST /people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST /sessions":
                token = anyone.enter(**request.json)
                if not token:
                    return 401, {"detail": "wrong password"}
                return 200, {"token": token, "id": anyone.by_token(token)["id"]}
            case "POST /listings":
                return (201, {"id": 9, "by": person["email"]}) if person else (401, None)
            case "GET /report":
                return 200, {"by": person["email"] if person else "nobody"}
        return 404, None

    return serve(app)


def test_two_ordinary_people_a_seller_and_nobody(bazaar, open_shop):
    """Buyer, seller and stranger sign up when first asked for; the anonymous one has no account and no session."""
    market = open_shop(f'{SIGNUP}{LOGIN}[steps.report]\nrequest = "GET /report"\ncapture = {{ by = "by" }}', bazaar.url)
    people = [market.get_actor(name) for name in ("buyer", "seller", "stranger")]
    more = market.new_actor("seller")

    assert len({person.account.email for person in [*people, more]}) == 4
    assert [person.call("report").by for person in people] == [person.account.email for person in people]
    assert market.get_actor("anonymous").call("report").by == "nobody"
    assert market.get_actor("buyer").name == "buyer"
    assert bazaar.count("POST /people") == 4


def test_names_are_letters_and_digits_only(serve, open_shop, anyone):
    """A marketplace that refuses `+` and `-` in addresses and user names takes the people we make."""

    def app(request):
        person = request.json
        if not re.fullmatch(r"[a-z0-9]+@[a-z0-9.]+", person["email"]) or not person["username"].isalnum():
            return 422, {"detail": "letters and digits only"}
        return 201, {"id": anyone.join(**person)["id"]}

    market = open_shop(SIGNUP, serve(app).url)

    assert market.get_actor("buyer").account.id == 1


def test_each_step_says_who_acts(bazaar, open_shop, anyone):
    """A shop whose staff makes the products: `actor` decides, whoever the verb was called on."""
    anyone.join("boss@example.com", "bosses-only")
    market = open_shop(
        f"""
        {SIGNUP}{LOGIN}
        [people.admin]
        email = "boss@example.com"
        password = "env:BOSS"
        [steps.create_listing]
        actor = "admin"
        request = "POST /listings"
        capture = {{ id = "id", by = "by" }}
        """,
        bazaar.url,
        environ={"BOSS": "bosses-only"},
    )

    assert market.get_actor("buyer").create_listing().by == "boss@example.com"


def test_one_more_seller_acts_for_itself(bazaar, open_shop):
    """`actor = "seller"` is met by any seller: a second one is not replaced by the first."""
    market = open_shop(
        f'{SIGNUP}{LOGIN}[steps.create_listing]\nactor = "seller"\nrequest = "POST /listings"\n'
        'capture = { id = "id", by = "by" }',
        bazaar.url,
    )
    second = market.new_actor("seller")

    assert second.create_listing().by == second.account.email
    assert market.get_actor("buyer").create_listing().by == market.get_actor("seller").account.email


def test_accounts_that_staff_makes(serve, open_shop, anyone):
    """`actor` on sign-up: the admin, who signs up alone, makes everybody else's account with the admin's session."""

    def app(request):
        match request.line:
            case "POST /people":
                by = anyone.by_token(request.bearer)
                return 201, {"id": anyone.join(**request.json, by=by and by["email"])["id"]}
            case "POST /sessions":
                token = anyone.enter(**request.json)
                return 200, {"token": token, "id": anyone.by_token(token)["id"]}
        return 404, None

    signup = SIGNUP.replace("[steps.signup]", '[steps.signup]\nactor = "admin"').replace(
        'username = "{{ account.username }}", ', ""
    )
    market = open_shop(f'{signup}{LOGIN}[people.admin]\nrole = "STAFF"\n', serve(app).url, client_args={"seconds": 5})
    buyer, admin = market.get_actor("buyer"), market.get_actor("admin")

    assert anyone.people[admin.account.email]["by"] is None
    assert anyone.people[buyer.account.email]["by"] == admin.account.email


def test_given_accounts_only_log_in(bazaar, open_shop, anyone):
    """A person with a password exists: no sign-up is sent."""
    anyone.join("vip@example.com", "very-important")
    market = open_shop(
        f'{SIGNUP}{LOGIN}[people.buyer]\nemail = "vip@example.com"\npassword = "env:VIP"\n',
        bazaar.url,
        environ={"VIP": "very-important"},
    )

    assert market.get_actor("buyer").account.email == "vip@example.com"
    assert bazaar.lines() == ["POST /sessions"]


@pytest.mark.parametrize("way", ["in the map", "in a file"])
def test_a_pool_of_accounts_is_handed_out_one_by_one(bazaar, open_shop, anyone, tmp_path, way):
    """`accounts` is a pool: no two people get one account, and when all are in use the message says so."""
    pool = [{"email": f"vip{number}@example.com", "password": f"vip-pass-{number}"} for number in (1, 2)]
    for account in pool:
        anyone.join(**account)
    (tmp_path / "pool.json").write_text(json.dumps(pool))
    inline = ", ".join(f'{{ email = "{one["email"]}", password = "{one["password"]}" }}' for one in pool)
    accounts = f"[{inline}]" if way == "in the map" else '"json:pool.json"'
    market = open_shop(f"{LOGIN}[people.buyer]\naccounts = {accounts}\n", bazaar.url)

    assert {market.get_actor("buyer").account.email, market.new_actor("buyer").account.email} == {
        "vip1@example.com",
        "vip2@example.com",
    }
    with pytest.raises(Inconclusive, match=r"people\.buyer gives 2 account\(s\) and all are in use"):
        market.new_actor("buyer")


def test_a_pool_is_shared_between_runs_at_the_same_time(bazaar, open_shop, anyone):
    """Two runs (or workers) on one machine take different accounts, and a run gives its own back at the end."""
    for number in (1, 2):
        anyone.join(f"p{number}@example.com", "pool-password")
    text = (
        LOGIN
        + '[people.buyer]\naccounts = [{ email = "p1@example.com", password = "pool-password" }, '
        + ('{ email = "p2@example.com", password = "pool-password" }]\n')
    )
    first, second = open_shop(text, bazaar.url), open_shop(text, bazaar.url)
    one, other = first.get_actor("buyer").account.email, second.get_actor("buyer").account.email
    first.leave()

    assert {one, other} == {"p1@example.com", "p2@example.com"}
    assert second.new_actor("buyer").account.email == one


def test_an_account_in_use_is_waited_for(bazaar, open_shop, anyone, monkeypatch):
    """A run that finds every account of a pool in use elsewhere goes on as soon as one is given back."""
    for number in (1, 2):
        anyone.join(f"w{number}@example.com", "pool-password")
    text = (
        LOGIN
        + '[people.buyer]\naccounts = [{ email = "w1@example.com", password = "pool-password" }, '
        + '{ email = "w2@example.com", password = "pool-password" }]\n'
    )
    first, second = open_shop(text, bazaar.url), open_shop(text, bazaar.url)
    first.get_actor("buyer")
    first.new_actor("buyer")
    refused, lock = threading.Event(), Accounts._lock

    def watched(self, account):
        locked = lock(self, account)
        if not locked:
            refused.set()
        return locked

    monkeypatch.setattr(Accounts, "_lock", watched)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(second.get_actor, "buyer")
        assert refused.wait(5)
        first.leave()
        assert waiting.result(5).account.email in {"w1@example.com", "w2@example.com"}


def test_accounts_may_be_known_by_user_name(serve, open_shop):
    """A pool whose accounts have a user name and no address works as well."""

    def app(request):
        known = request.json == {"user": "vip", "pass": "very-important"}
        return (200, {"id": 1, "token": "a-token-for-vip"}) if known else (401, None)

    market = open_shop(
        """
        [auth]
        bearer = "token"
        [people.buyer]
        accounts = [{ username = "vip", password = "very-important" }]
        [steps.login]
        request = "POST /sessions"
        json = { user = "{{ account.username }}", pass = "{{ account.password }}" }
        capture = { id = "id" }
        """,
        serve(app).url,
    )

    assert market.get_actor("buyer").account.username == "vip"


def test_no_admin_is_not_covered(bazaar, open_shop):
    """Without [people.admin] whatever needs one is not covered, with the reason."""
    market = open_shop(SIGNUP + LOGIN, bazaar.url)

    with pytest.raises(NotCovered, match=r"admin: the map gives no account for one \(\[people\.admin\]\)"):
        market.get_actor("admin")


def test_an_unknown_person_is_named_with_the_nearest(bazaar, open_shop):
    """A role that nobody has is refused with what is allowed."""
    market = open_shop(SIGNUP + LOGIN, bazaar.url)

    with pytest.raises(
        UseError, match=r"no person 'sellr': allowed are buyer, seller, stranger.* Did you mean 'seller'"
    ):
        market.get_actor("sellr")


def test_further_keys_of_a_person_are_of_the_account(serve, open_shop, anyone):
    """Any other key of [people.X] is `account.KEY`; a stranger copies the buyer; others use the default."""
    server = serve(lambda request: (201, {"id": anyone.join(request.json["email"], "")["id"]}))
    market = open_shop(
        """
        [people.buyer]
        role = "CUSTOMER"
        [people.vendor]
        role = "VENDOR"
        [steps.signup]
        request = "POST /people"
        json = { email = "{{ account.email }}", role = "{{ account.role | default('USER') }}" }
        capture = { id = "id" }
        """,
        server.url,
    )
    for name in ("buyer", "stranger", "vendor", "seller"):
        market.get_actor(name)

    assert [request.json["role"] for request in server.seen] == ["CUSTOMER", "CUSTOMER", "VENDOR", "USER"]


def test_signup_in_several_requests_with_short_lived_tokens(serve, open_shop, anyone):
    """Each request of a sign-up sends the token that the one before has given."""
    issued = []

    def short(step):
        issued.append(f"{step}-short-lived-{len(issued)}")
        return issued[-1]

    def app(request):
        if request.line == "POST /signup/start":
            return 200, {"next": short("start")}
        if request.path.startswith("/signup/") and request.headers.get("x-flow") != issued.pop():
            return 403, {"detail": "stale token"}
        match request.line:
            case "PUT /signup/profile":
                return 200, {"next": short("profile")}
            case "PUT /signup/password":
                return 200, None, {"x-next": short("password")}
            case "POST /signup/finish":
                return 201, "<p>Welcome! Your number is 4711.</p>"
        return 404, None

    server = serve(app)
    market = open_shop(
        r"""
        [steps.signup]
        headers = { x-flow = "{{ ticket | default('none yet') }}" }
        [[steps.signup.requests]]
        request = "POST /signup/start"
        json = { email = "{{ account.email }}" }
        capture = { ticket = "next" }
        [[steps.signup.requests]]
        request = "PUT /signup/profile"
        json = { name = "{{ account.name }}", phone = "{{ account.phone }}" }
        capture = { ticket = "next" }
        [[steps.signup.requests]]
        request = "PUT /signup/password"
        json = { password = "{{ account.password }}" }
        capture = { ticket = "header('x-next')" }
        [[steps.signup.requests]]
        request = "POST /signup/finish"
        ok = [201]
        capture = { id = "regex(text(), 'number is (\\d+)')" }
        """,
        server.url,
    )

    assert market.get_actor("buyer").account.id == "4711"
    assert len(server.seen) == 4


MAIL = r"""
[steps.signup]
[[steps.signup.requests]]
request = "POST /people"
json = { email = "{{ account.email }}" }
capture = { id = "id" }
[[steps.signup.requests]]
mail = "{{ account.email }}"
wait = 5
capture = { link = "regex(text(), '(http\\S+/confirm/\\w+)')" }
[[steps.signup.requests]]
request = "GET {{ link }}"
"""


def confirming(deliver):
    """A marketplace that sends a link by `deliver(address, text)` and lets nobody in who has not followed it."""

    def app(request):
        match request.method, request.parts:
            case "POST", ["people"]:
                address = request.json["email"]
                deliver(
                    address, f"Hello!\nPlease follow http://{request.headers['host']}/confirm/{address[:9]} soon.\n"
                )
                return 201, {"id": 3}
            case "GET", ["confirm", _]:
                return 200, "<p>Thank you</p>"
        return 404, None

    return app


def test_mail_from_a_folder(serve, open_shop, tmp_path):
    """`files` is a folder of mails; the newest to the address counts, others are let alone."""
    folder = tmp_path / "outbox"

    def deliver(address, text):
        folder.mkdir()
        mails = [("other@example.com", "wrong"), (f"Some Body <{address}>", "stale"), (address, "right")]
        for age, (to, word) in zip((1, 60, 2), mails, strict=True):
            letter = email.message.EmailMessage()
            letter["To"], letter["Subject"] = to, "Confirm"
            letter.set_content(re.sub(r"confirm/\w+", f"confirm/{word}", text))
            letter.add_alternative("<p>html</p>", subtype="html")
            (folder / f"{word}.eml").write_bytes(bytes(letter))
            os.utime(folder / f"{word}.eml", (time.time() - age,) * 2)

    server = serve(confirming(deliver))
    market = open_shop(f'[mail]\nfiles = "outbox"\n{MAIL}', server.url)
    market.get_actor("buyer")

    assert server.lines()[-1] == "GET /confirm/right"


def test_mail_from_a_mail_catcher(serve, open_shop):
    """`url` asks a mail catcher; it may stand on another origin and sees no credentials of the marketplace."""
    box = {}
    catcher = serve(
        lambda request: (200, [{"body": box[request.query["to"][0]]}]) if request.query["to"][0] in box else (404, [])
    )
    server = serve(confirming(box.__setitem__))
    market = open_shop(
        f"""
        [targets.here]
        kind = "local"
        api = "$API"
        headers = {{ x-api-key = "for the shop only" }}
        basic = "gate:keeper-of-it"
        [mail]
        url = "GET {catcher.url}/mails?to={{{{ address }}}}"
        {MAIL.replace("text()", "[0].body")}
        """,
        server.url,
    )
    market.get_actor("buyer")

    assert server.lines()[-1].startswith("GET /confirm/")
    assert {"x-api-key", "authorization"}.isdisjoint(catcher.seen[0].headers)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_mail_from_a_hook(serve, open_shop, monkeypatch, kind):
    """`hook` is the team's own function, plain or async; it gets the address and gives text, JSON or None."""
    box = {}
    module = type(sys)("our_mail")
    asked = []

    def plain(address):
        asked.append(address)
        return box.get(address) if len(asked) > 1 else None  # not there yet at the first look

    async def awaited(address):
        return {"body": plain(address)}

    module.read = plain if kind == "plain" else awaited
    monkeypatch.setitem(sys.modules, "our_mail", module)
    server = serve(confirming(box.__setitem__))
    text = MAIL if kind == "plain" else MAIL.replace("text()", "body")
    open_shop(f'[mail]\nhook = "our_mail:read"\n{text}', server.url).get_actor("buyer")

    assert asked == ["lrpoints1@example.com"] * 2
    assert server.lines()[-1] == "GET /confirm/lrpoints1"


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (
            'files = "nowhere"',
            r"mail to lrpoints1@example.com: no mail to it was found in 0.1 s. Looked in the folder .*nowhere",
        ),
        (
            'hook = "our_mail:read"',
            r"1 mail\(s\) to it held nothing that the captures want .*Looked in the hook our_mail:read",
        ),
        ('hook = "our_mail:lost"', r"mail.hook 'our_mail:lost' cannot be loaded"),
        ('domain = "mail.example.org"', r"says nowhere to look: give files, url or hook"),
    ],
)
def test_mail_that_does_not_come_is_said_with_where_it_was_looked_for(serve, open_shop, monkeypatch, mail, said):
    """Whoever reads the message learns the address, the time and the place."""
    module = type(sys)("our_mail")
    module.read = lambda _: "Hello, no link here"
    monkeypatch.setitem(sys.modules, "our_mail", module)
    market = open_shop(
        f"[mail]\n{mail}\n{MAIL.replace('wait = 5', 'wait = 0.1')}", serve(confirming(lambda *_: None)).url
    )

    with pytest.raises(UseError, match=said.replace("lrpoints1@example.com", r"lrpoints1@\S+")):
        market.get_actor("buyer")


def test_people_get_addresses_of_the_domain_that_the_team_owns(bazaar, open_shop):
    """`[mail] domain` is where generated people live."""
    market = open_shop(f'[mail]\ndomain = "smoke.example.net"\n{SIGNUP}{LOGIN}', bazaar.url)

    assert market.get_actor("buyer").account.email.endswith("@smoke.example.net")


def test_one_time_codes(serve, open_shop):
    """The `totp` filter answers a second factor from the secret that sign-up has shown."""
    secret = "JBSWY3DPEHPK3PXP"

    def app(request):
        if request.line == "POST /people":
            return 201, {"id": 1, "otp_secret": secret}
        codes = {totp(secret, time.time() - 30), totp(secret), totp(secret, time.time() + 1)}
        return (200, {"token": "a-token-for-one"}) if request.json["code"] in codes else (401, {"detail": "code"})

    market = open_shop(
        """
        [auth]
        bearer = "token"
        [steps.signup]
        request = "POST /people"
        capture = { id = "id", otp = "otp_secret" }
        [steps.login]
        request = "POST /sessions"
        json = { code = "{{ account.otp | totp }}" }
        """,
        serve(app).url,
    )

    assert market.get_actor("buyer").account.token == "a-token-for-one"


def test_log_out_and_in_again(bazaar, open_shop):
    """A person can log out, try a wrong password, and log in; a refused log-in says so without the password."""
    text = SIGNUP + LOGIN + REPORT
    market = open_shop(text, bazaar.url)
    buyer = market.get_actor("buyer")
    buyer.logout()
    assert buyer.call("report").by == "nobody"
    with pytest.raises(StepFailure, match="login failed, as buyer") as caught:
        buyer.login(password="not the password")
    buyer.login()

    assert buyer.call("report").by == buyer.account.email
    assert buyer.account.password not in str(caught.value)


def test_the_next_test_finds_a_person_logged_in_again(bazaar, open_shop):
    """Who logged out in one test is logged in again in the next."""
    text = SIGNUP + LOGIN + REPORT
    market = open_shop(text, bazaar.url)
    buyer = market.get_actor("buyer")
    market._engine.current_test = "test one"
    buyer.logout()
    assert buyer.get("/report").json() == {"by": "nobody"}
    market._engine.current_test = "test two"

    assert buyer.get("/report").json() == {"by": buyer.account.email}


def test_the_anonymous_one_cannot_log_in_without_saying_as_whom(bazaar, open_shop):
    """Log-in of nobody needs an address; with one and a password it is an ordinary log-in."""
    market = open_shop(SIGNUP + LOGIN, bazaar.url)
    buyer, anonymous = market.get_actor("buyer"), market.get_actor("anonymous")

    with pytest.raises(UseError, match="anonymous has no account to log in with: give email= and password="):
        anonymous.login()
    assert anonymous.login(email=buyer.account.email, password=buyer.account.password).token


def test_sign_up_of_one_more_person(bazaar, open_shop):
    """`signup` makes one more account and leaves the actor who it is."""
    market = open_shop(SIGNUP + LOGIN, bazaar.url)
    buyer = market.get_actor("buyer")
    before = buyer.account.email
    new = buyer.signup()

    assert new.email != before == buyer.account.email
    assert market.get_actor("anonymous").signup().id


def test_a_login_that_is_not_mapped_is_inconclusive(bazaar, open_shop):
    """A test that logs in where the map has no log-in cannot be decided."""
    market = open_shop(SIGNUP, bazaar.url)

    with pytest.raises(Inconclusive, match=r"step 'login' is not mapped in .*\[steps\.login\]"):
        market.get_actor("buyer").login()


def test_a_team_adds_a_verb_of_its_own(bazaar, open_shop):
    """A subclass with one `async def` gives every person one more verb, of either colour."""

    class Ours(Actor):
        async def who(self):
            return (await self.call("report")).by

    market = open_shop(SIGNUP + LOGIN + REPORT, bazaar.url, actor_class=Ours)
    buyer = market.get_actor("buyer")

    assert buyer.who() == buyer.account.email


def test_a_login_that_is_declared_absent_is_no_obstacle(bazaar, open_shop):
    """`skip` on log-in means that people are ready after sign-up."""
    market = open_shop(f'{SIGNUP}[steps.login]\nskip = "the shop knows us by our address"', bazaar.url)

    assert market.get_actor("buyer").account.id == 1
    with pytest.raises(NotCovered, match="not covered: login: the shop knows us by our address"):
        market.get_actor("buyer").login()
