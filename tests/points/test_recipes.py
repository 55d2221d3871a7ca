"""Every recipe of docs/map.md, against a small shop that needs exactly that."""

import base64
import json
import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.mapping.filters import totp
from pytest_launchready.probes.access.conduct.enumeration import asks_for_a_way_in
from pytest_launchready.probes.access.conduct.mass_assignment import own_update
from pytest_launchready.probes.access.conduct.session_ends import password_change
from pytest_launchready.probes.access.objects.trials import cells_of
from pytest_launchready.probes.limits.steps import plans

PAGE = Path(__file__).parents[2] / "docs/map.md"
ADMIN = {"SHOP_ADMIN_EMAIL": "boss@shop.example", "SHOP_ADMIN_PASSWORD": "boss-password"}

PLAIN = """
[auth]
bearer = "token"

[steps.signup]
request = "POST /signup"
json    = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /login"
json    = { email = "{{ account.email }}", password = "{{ account.password }}" }

[steps.me]
request = "GET /me"
expect  = "email == {{ account.email }}"
capture = { id = "id" }

[steps.create_listing]
request = "POST /listings"
json    = { title = "{{ listing.title }}", price = "{{ listing.price }}" }
capture = { id = "id" }

[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"

[steps.search]
request = "GET /listings/mine"
items   = "@"
capture = { id = "id" }

[steps.checkout]
request = "POST /orders"
json    = { listing = "{{ listing.id }}" }
capture = { id = "id", total = "total" }
"""


def recipes():
    """Heading → the maps of each recipe of the page."""
    part = PAGE.read_text(encoding="utf-8").partition("\n## Recipes\n")[2].partition("\n## Reference\n")[0]
    return {
        section.partition("\n")[0]: re.findall(r"^```toml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        for section in part.split("\n### ")[1:]
    }


def chapters(text):
    """The lines of a map by table: "auth", "steps.login", "people.seller" and so on."""
    found, name = {}, ""
    for line in text.splitlines():
        header = re.match(r"\[{1,2}([a-z]\w*(?:\.[\w-]+)*)\]{1,2}\s*$", line)
        if header:
            name = ".".join(header[1].split(".")[:2])
        found.setdefault(name, []).append(line)
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


RECIPES = recipes()
TRIED = {}


def recipe(heading):
    """Marks the function that tries the recipe of this heading."""

    def keep(function):
        TRIED[heading] = function
        return function

    return keep


class Shop:
    """A plain shop with bearer tokens; a recipe changes single routes and the way in which people are known."""

    def __init__(self, register, serve, open_shop, folder, heading):
        self.people = register
        self.routes = {}
        self.rows = []
        self.folder = folder
        self.who = lambda request: register.by_token(request.bearer)
        self.server = serve(self)
        self._serve = serve
        self._open = open_shop
        [self.text] = RECIPES[heading]
        self.boss = register.join("boss@shop.example", "boss-password")

    def __call__(self, request):
        """The answer: that of the recipe, else of the plain shop."""
        for line, answer in self.routes.items():
            found = re.fullmatch(line, request.line)
            if found:
                return answer(request, *found.groups())
        return self._plain(request)

    def _plain(self, request):  # noqa: PLR0911 - a table of routes
        match request.method, request.parts:
            case "POST", ["signup"]:
                return 201, {"id": self.people.join(**request.json)["id"]}
            case "POST", ["login"]:
                token = self.people.enter(request.json["email"], request.json["password"])
                return (200, {"token": token}) if token else (401, {"detail": "wrong password"})
        person = self.who(request)
        if person is None:
            return 401, {"detail": "who are you?"}
        match request.method, request.parts:
            case "GET", ["me"]:
                return 200, {"id": person["id"], "email": person["email"]}
            case "POST", ["listings"]:
                self.rows.append({"id": len(self.rows) + 1, "owner": person["id"], **request.json})
                return 201, self.rows[-1]
            case "GET", ["listings", "mine"]:
                return 200, self.rows
            case "DELETE", ["listings", number]:
                self.rows = [row for row in self.rows if str(row["id"]) != number]
                return 204, None
            case "POST", ["orders"]:
                return 201, {"id": 77, "total": 25, "of": request.json}
        return 404, None

    def on(self, line):
        """Answers requests whose method and path match instead of the plain shop."""

        def keep(answer):
            self.routes[line] = answer
            return answer

        return keep

    def another(self, app):
        """One more server."""
        return self._serve(app)

    def open(self, environ=None, **hosts):
        """The marketplace by the plain map with the recipe laid over it; `hosts` are addresses instead of examples."""
        own = chapters(self.text)
        text = "".join(({**chapters(PLAIN), **own}).values())
        text = re.sub(r"\[targets\.(?:staging|prod)\]", "[targets.here]", text)
        for host, url in {"api.shop.example": self.server.url, **hosts}.items():
            text = text.replace(f"https://{host}", url)
        return self._open(text, self.server.url, environ=environ)

    def buyer(self, environ=None):
        """A buyer by that map."""
        return self.open(environ).get_actor("buyer")


@pytest.mark.parametrize("heading", RECIPES)
def test_recipe(heading, anyone, serve, open_shop, tmp_path):
    """Each recipe of the page works against a shop that needs it; one that nobody tries fails here."""
    TRIED[heading](Shop(anyone, serve, open_shop, tmp_path, heading))


def test_no_recipe_is_tried_that_the_page_does_not_have():
    """A recipe that was renamed or removed takes its test along."""
    assert set(TRIED) == set(RECIPES)


@recipe("The token comes in a header")
def token_in_a_header(shop):
    @shop.on("POST /login")
    def login(request):
        return 200, {}, {"X-Auth-Token": shop.people.enter(**request.json)}

    assert shop.buyer().account.id == 2


@recipe("The scheme is not Bearer")
def another_scheme(shop):
    shop.who = lambda request: shop.people.by_token(request.headers.get("authorization", "").removeprefix("Token "))
    shop.buyer()
    assert shop.server.last("GET /me").headers["authorization"].startswith("Token token-")


@recipe("A token without a scheme, in a header of its own")
def no_scheme(shop):
    shop.who = lambda request: shop.people.by_token(request.headers.get("x-access-key"))
    assert shop.buyer().account.key.startswith("token-")


@recipe("Cookie and CSRF token")
def cookies_and_csrf(shop):
    shop.who = lambda request: shop.people.by_token(request.cookies.get("sid"))

    @shop.on("POST /login")
    def login(request):
        return 200, {}, [("set-cookie", f"sid={shop.people.enter(**request.json)}"), ("set-cookie", "csrftoken=c5%3D")]

    shop.buyer().create_listing()
    assert shop.server.last("POST /listings").headers["x-csrftoken"] == "c5="
    assert "x-csrftoken" not in shop.server.last("GET /me").headers


@recipe("CSRF token in a hidden field")
def hidden_field(shop):
    shop.who = lambda request: shop.people.by_token(request.cookies.get("sid"))
    shop.on("GET /login")(lambda _: (200, '<form><input type="hidden" name="_token" value="t&amp;1"></form>'))

    @shop.on("POST /login")
    def login(request):
        if request.form["_token"] != "t&1":
            return 419, "page expired"
        token = shop.people.enter(request.form["email"], request.form["password"])
        return 302, None, {"set-cookie": f"sid={token}", "location": "/home"}

    assert shop.buyer().account.id == 2
    assert "GET /home" not in shop.server.lines()


@recipe("The log-in form answers 200 when it refuses")
def refusal_with_200(shop):
    @shop.on("POST /login")
    def login(request):
        token = shop.people.enter(request.form["email"], request.form["password"])
        return (200, {"token": token}) if token else (200, "<p>Wrong password</p>")

    buyer = shop.buyer()
    with pytest.raises(StepFailure, match="login failed"):
        buyer.login(password="wrong-password-1A")


@recipe("HTTP Basic on every call")
def basic_everywhere(shop):
    shop.who = lambda request: by_basic(shop, request)
    assert shop.buyer().account.id == 2
    assert "POST /login" not in shop.server.lines()


@recipe("HTTP Basic on the log-in only")
def basic_at_login(shop):
    @shop.on("POST /login")
    def login(request):
        person = by_basic(shop, request)
        return 200, {"token": shop.people.enter(person["email"], person["password"])}

    shop.buyer()
    assert shop.server.last("GET /me").bearer.startswith("token-")


def by_basic(shop, request):
    kind, _, content = request.headers.get("authorization", "").partition(" ")
    email, _, password = base64.b64decode(content).decode().partition(":") if kind == "Basic" else ("", "", "")
    person = shop.people.people.get(email)
    return person if person and person["password"] == password else None


@recipe("API keys instead of a log-in")
def api_keys(shop):
    keys = {"key-of-bo": shop.people.join("bo@shop.example", "unused")}
    shop.who = lambda request: keys.get(request.headers.get("x-api-key"))
    assert shop.buyer({"BUYER_KEY": "key-of-bo"}).account.id == 2
    assert shop.server.lines() == ["GET /me"]


@recipe("Log-in in several requests")
def login_in_two(shop):
    waiting = {}

    @shop.on("POST /login")
    def login(request):
        waiting["abc"] = shop.people.enter(**request.json)
        return 200, {"challenge": "abc"}

    shop.on("POST /login/second")(
        lambda r: (200, {"token": waiting[r.json["challenge"]]} if r.json["answer"] == "ABC" else {})
    )
    assert shop.buyer().account.id == 2


@recipe("A session id that the client makes up")
def made_up_session(shop):
    shop.who = lambda request: shop.people.by_token(request.headers.get("session-id"))

    @shop.on("POST /login")
    def login(request):
        assert request.headers["session-id"].startswith("ANON:")
        return 200, {}, {"session-id": shop.people.enter(**request.json)}

    market = shop.open()
    assert market.get_actor("buyer").account.id == 2
    market.get_actor("anonymous").get("/listings/mine")
    assert shop.server.last("GET /listings/mine").headers["session-id"].startswith("ANON:")


@recipe("Sign-up is the log-in")
def signup_logs_in(shop):
    @shop.on("POST /signup")
    def signup(request):
        person = shop.people.join(**request.json)
        return 201, {"id": person["id"], "token": shop.people.enter(**request.json)}

    assert shop.buyer().account.id == 2
    assert "POST /login" not in shop.server.lines()


@recipe("Sign-up in several requests")
def several_requests(shop):
    shop.on("POST /signup/start")(lambda request: (200, {"ticket": f"ticket-for-{request.json['email']}"}))

    @shop.on("POST /signup/finish")
    def finish(request):
        email = request.bearer.removeprefix("ticket-for-")
        return 201, {"id": shop.people.join(email, request.json["password"])["id"]}

    assert shop.buyer().account.id == 2


@recipe("Confirmation mail, from a folder")
def mail_from_a_folder(shop):
    folder = shop.folder / "outbox"
    folder.mkdir()
    confirm_by_code(shop, lambda to, text: (folder / "1.eml").write_bytes(letter(to, text)))
    assert shop.buyer().account.id == 2


@recipe("Confirmation mail, from a mail catcher")
def mail_from_a_catcher(shop):
    sent = {}
    confirm_by_code(shop, sent.__setitem__)
    catcher = shop.another(lambda request: (200, {"messages": [{"body": sent[request.query["to"][0]]}]}))
    assert shop.open(**{"mail.shop.example": catcher.url}).get_actor("buyer").account.id == 2


def letter(to, text):
    message = EmailMessage()
    message["To"] = to
    message.set_content(text)
    return message.as_bytes()


def confirm_by_code(shop, send):
    @shop.on("POST /signup")
    def signup(request):
        person = shop.people.join(**request.json, waiting="482913")
        send(person["email"], "Your code: 482913")
        return 201, {"id": person["id"]}

    @shop.on("POST /signup/confirm")
    def confirm(request):
        person = next(one for one in shop.people.people.values() if one["id"] == request.json["id"])
        return (204, None) if person.pop("waiting") == request.json["code"] else (403, None)

    @shop.on("POST /login")
    def login(request):
        waiting = "waiting" in shop.people.people[request.json["email"]]
        return (403, None) if waiting else (200, {"token": shop.people.enter(**request.json)})


@recipe("One-time codes")
def one_time_codes(shop):
    secret = "JBSWY3DPEHPK3PXP"
    shop.on("POST /signup")(lambda r: (201, {"id": shop.people.join(**r.json)["id"], "otp": {"secret": secret}}))

    @shop.on("POST /login")
    def login(request):
        email, password, code = (request.json[name] for name in ("email", "password", "code"))
        return (200, {"token": shop.people.enter(email, password)}) if code == totp(secret) else (401, None)

    assert shop.buyer().account.id == 2


@recipe("Passwords with other rules")
def own_passwords(shop):
    buyer = shop.buyer()
    assert re.fullmatch("Pw[0-9a-f]{10}", shop.people.people[buyer.account.email]["password"])
    with pytest.raises(StepFailure, match="login failed"):
        buyer.login(nonce="wrong")


@recipe("Captcha at sign-up")
def given_accounts(shop):
    accounts = [{"email": f"{name}@shop.example", "password": f"password-of-{name}"} for name in ("ann", "bob")]
    for account in accounts:
        shop.people.join(**account)
    shop.people.join("seller@shop.example", "password-of-seller")
    (shop.folder / "buyers.json").write_text(json.dumps(accounts))

    market = shop.open({"SELLER_PASSWORD": "password-of-seller"})

    names = [market.get_actor(name).account.email for name in ("buyer", "stranger", "seller")]
    assert (set(names), len(set(names))) == ({"ann@shop.example", "bob@shop.example", "seller@shop.example"}, 3)
    assert "POST /signup" not in shop.server.lines()


@recipe("People who log in by user name")
def by_user_name(shop):
    shop.people.join("bo", "password-of-bo")
    shop.on("POST /login")(lambda r: (200, {"token": shop.people.enter(r.json["login"], r.json["password"])}))
    shop.on("GET /me")(lambda request: (200, {"id": shop.who(request)["id"], "email": ""}))
    shop.text += '[steps.me]\nrequest = "GET /me"\ncapture = { id = "id" }\n'
    assert shop.buyer({"BUYER_PASSWORD": "password-of-bo"}).account.id == 2


@recipe("Products are created by staff")
def staff_creates(shop):
    market = shop.open(ADMIN)
    market.get_actor("seller").create_listing()
    assert shop.rows[0]["owner"] == shop.boss["id"]
    market.leave()
    assert shop.rows == []


@recipe("Sellers have a role of their own")
def roles(shop):
    market = shop.open()
    assert [
        market.get_actor(name) and shop.server.last("POST /signup").json["role"] for name in ("seller", "buyer")
    ] == [
        "SELLER",
        "BUYER",
    ]


@recipe("Staff has to approve an account")
def approval(shop):
    approved = []
    shop.on("POST /admin/approve/(.+)")(lambda r, n: (204, approved.append((shop.who(r)["id"], n))))
    buyer = shop.buyer(ADMIN)
    assert approved == [(shop.boss["id"], str(buyer.account.id))]


@recipe("A listing needs a shop first")
def shop_first(shop):
    removed = []
    shop.on("POST /stores")(lambda r: (201, {"id": 31, "owner": shop.who(r)["id"]}))
    shop.on("DELETE /stores/(.+)")(lambda _, number: (204, removed.append(number)))
    shop.on("POST /stores/31/listings")(lambda _: (201, {"id": 5}))
    market = shop.open()
    seller = market.get_actor("seller")
    assert seller.create_listing().id == 5
    assert seller.call("create_listing", store=seller.call("create_store")).id == 5
    assert shop.server.count("POST /stores") == 2
    market.leave()
    assert removed == ["31", "31"]


@recipe("A create that returns no id")
def no_id(shop):
    plain = shop._plain
    shop.on("POST /listings")(lambda request: (plain(request)[0], None))
    listing = shop.buyer().create_listing(price="19.50")
    assert (listing.id, str(listing.price)) == (1, "19.50")


@recipe("The order number stands in a URL")
def number_in_a_url(shop):
    answer = (201, {"message": "Thank you! No. 4711 is on its way", "total": 25}, {"location": "/orders/a%20b/"})
    shop.on("POST /orders")(lambda _: answer)
    buyer = shop.buyer()
    order = buyer.checkout(buyer.create_listing())
    assert (order.id, order.number) == ("a b", "4711")


@recipe("The answer is XML or HTML")
def xml(shop):
    shop.on("POST /orders")(lambda r: (201, f"<made><id>8</id><total>25.00</total>{r.body.decode()}</made>"))
    order = shop.buyer().checkout(3)
    assert (order.id, str(order.total)) == ("8", "25.00")
    sent = shop.server.last("POST /orders")
    assert (sent.headers["content-type"], sent.body) == ("text/xml", b"<order><listing>3</listing></order>")


@recipe("Objects are named by URL")
def hyperlinks(shop):
    shop.on("POST /orders")(lambda r: (201, {"url": f"{r.json['listing']}/orders/9/", "total": 25}))
    buyer = shop.buyer()
    assert buyer.checkout(buyer.create_listing()).id == "9"
    assert shop.server.last("POST /orders").json == {"listing": f"{shop.server.url}/listings/1"}


@recipe("Ids are numbers here and text there")
def ids_of_two_types(shop):
    plain = shop._plain

    @shop.on("POST /listings")
    def create(request):
        status, row = plain(request)
        return status, {**row, "id": str(row["id"])}

    assert shop.buyer().create_listing().id == 1


@recipe("Cents instead of decimals")
def cents(shop):
    listing = shop.buyer().create_listing(price="25.00")
    assert (shop.rows[0]["price_cents"], listing.price) == (2500, 25)


@recipe("GraphQL")
def graphql(shop):
    stale = []

    @shop.on("POST /graphql")
    def answer(request):
        query, values = request.json["query"], request.json["variables"]
        if "login" in query:
            token = shop.people.enter(values["email"], values["password"])
            error = {"errors": [{"message": "wrong password", "extensions": {"code": "BAD_LOGIN"}}]}
            return 200, {"data": {"login": {"token": token}}} if token else error
        if shop.who(request) is None or request.bearer in stale:
            return 200, {"data": None, "errors": [{"message": "who?", "extensions": {"code": "UNAUTHENTICATED"}}]}
        return 200, {"data": {"search": [{"id": 5, "title": values["q"]}]}}

    buyer = shop.buyer()
    stale.append(buyer.account.token)
    assert [found.title for found in buyer.search('la"mp')] == ['la"mp']
    with pytest.raises(StepFailure, match="a GraphQL answer without errors"):
        buyer.login(password="wrong-password-1A")


@recipe("The search index lags")
def late_reads(shop):
    states = iter(["new", "new", "paid"])
    shop.on("GET /orders/77")(lambda _: (200, {"status": next(states)}))
    buyer = shop.buyer()
    assert buyer.checkout(buyer.create_listing()).total == 25
    assert shop.server.count("GET /orders/77") == 3


@recipe("There is no search")
def filtered_list(shop):
    buyer = shop.buyer()
    buyer.create_listing(title="Chair")
    lamp = buyer.create_listing(title="Lamp")
    assert buyer.search(lamp.title) == [lamp]
    assert buyer.wait_until_found(lamp).title == lamp.title


@recipe("The search is a page")
def search_page(shop):
    shop.text += (
        '[targets.staging]\nkind = "local"\napi = "https://api.shop.example"\nweb = "https://api.shop.example"\n'
    )
    shown = iter(["", "", "Lamp"])
    shop.on("GET /find")(lambda r: (200, f"<li>{r.query['q'][0] if next(shown) else ''}</li>"))
    buyer = shop.buyer()
    buyer.wait_until_found(buyer.create_listing(title="Lamp"))
    assert shop.server.count("GET /find") == 3


@recipe("Several hosts, and a photo")
def several_hosts(shop):
    photos = shop.another(lambda request: (201, {"id": "p1", "png": b"\x89PNG" in request.body}))
    shop.open(**{"upload.shop.example": photos.url}).get_actor("seller").create_listing()
    assert photos.lines() == ["POST /photos"]
    assert b'filename="picture.png"' in photos.seen[0].body
    assert shop.rows[0]["photos"] == ["p1"]


@recipe("Staging behind a gate")
def gate(shop):
    shop.who = lambda request: shop.people.by_token(request.headers.get("x-token"))
    shop.buyer({"STAGING_GATE": "gate:keeper"})
    assert {request.headers.get("authorization") for request in shop.server.seen} == {"Basic Z2F0ZTprZWVwZXI="}


@recipe("A publishable key on one part of the API")
def publishable_key(shop):
    shop.buyer({"SHOP_KEY": "pk_staging"}).search("x")
    keys = {request.path: request.headers.get("x-publishable-key") for request in shop.server.seen}
    assert keys == {"/signup": None, "/login": None, "/me": None, "/listings/mine": "pk_staging"}
    assert {request.headers["x-client"] for request in shop.server.seen} == {"smoke"}


@recipe("A feature that is off on one target")
def feature_off(shop):
    buyer = shop.buyer()
    with pytest.raises(NotCovered, match="not covered: checkout: payments are off on staging"):
        buyer.checkout(1)


@recipe("Other ids on another target")
def other_ids(shop):
    shop.buyer().create_listing()
    assert shop.rows[0]["category"] == "test-lamps"


@recipe("What cannot be deleted")
def cancelled(shop):
    undone = []
    shop.on("POST /orders/77/(cancel|archive)")(lambda _, verb: (200, undone.append(verb)))
    market = shop.open()
    market.get_actor("buyer").checkout(1)
    assert ("order", "77") not in market.leave().left
    assert undone == ["cancel", "archive"]


@recipe("Only staff can delete accounts")
def staff_deletes(shop):
    removed = []
    shop.on("DELETE /people/(.+)")(lambda r, n: (204, removed.append((shop.who(r)["id"], n))))
    market = shop.open(ADMIN)
    buyer = market.get_actor("buyer")
    market.leave()
    assert removed == [(shop.boss["id"], str(buyer.account.id))]


@recipe("One step inside another")
def inner_steps(shop):
    shop.on("POST /carts")(lambda _: (201, {"id": 5}))
    shop.on("GET /shipping")(lambda _: (200, {"methods": [{"code": "fast", "price": 5}, {"code": "slow", "price": 0}]}))
    shop.on("POST /carts/5/pay")(lambda r: (201, {"id": 9, "total": 25, "by": r.json}))
    order = shop.buyer().checkout(1, quantity=3)
    assert (order.id, order.raw["by"]) == (9, {"shipping": "slow"})
    assert shop.server.last("POST /carts").json == {"listing": 1, "quantity": 3}


@recipe("The own account is changed")
def own_account(shop):
    @shop.on("POST /me/password")
    def change(request):
        person = shop.who(request)
        assert request.json["old"] == person["password"]
        person["password"] = request.json["new"]
        return 204, None

    shop.on("PATCH /me")(lambda request: (200, request.json))
    market = shop.open()
    buyer = market.get_actor("buyer")
    assert buyer.call("update_me").raw == {"name": buyer.account.name}
    buyer.call("change_password", new_password="another-one")
    assert shop.people.people[buyer.account.email]["password"] == "another-one"
    assert password_change(market.map).step.name == "change_password"
    assert own_update(market.map).name == "update_me"


@recipe("A forgotten password")
def forgotten(shop):
    shop.on("POST /password-resets")(lambda request: (202, {"sent": request.json["email"]}))
    market = shop.open()
    buyer = market.get_actor("buyer")
    assert buyer.call("request_reset").raw == {"sent": buyer.account.email}
    assert asks_for_a_way_in(market.map.steps["request_reset"])
    assert [plan.kind for plan in plans(market.map) if plan.name == "request_reset"] == ["reset"]


@recipe("A refusal looks like an answer")
def refused_with_200(shop):
    gone = []
    shop.text += chapters(PLAIN)["steps.create_listing"] + 'undo = "delete_listing"\n'
    shop.on("DELETE /listings/(.+)")(lambda _, number: (200, gone.append(number)))
    shop.on("GET /listings/(.+)")(lambda _, number: (200, {"state": "deleted" if number in gone else "there"}))
    market = shop.open()
    market.get_actor("seller").create_listing()
    assert (market.leave().failed, gone) == ((), ["1"])
    assert market.map.auth.refused.find(Answer(200, (), '{"error": "forbidden"}'), {})


@recipe("Whose is it, and who else may see it")
def whose(shop):
    mapped = shop.open().map
    cells = [cell.check.id for cell in cells_of(mapped, mapped.resources["order"])]
    assert cells == [
        f"access.order.{end}" for end in ("read.stranger", "read.anonymous", "read.logged-out", "existence")
    ]
