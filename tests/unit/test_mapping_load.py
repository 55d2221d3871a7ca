"""What a map says once it is loaded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.records import CSRF, Map, ReadMail, Request, RunStep, Step, Upload
from pytest_launchready.mapping.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_launchready.mapping.extract import Extractor

    Load = Callable[..., Map]

TARGET = """
[targets.shop]
kind = "staging"
api = "https://api.shop.example/v1/"
"""

TASTE = """
[targets.prod]
kind   = "production"                         # production | staging | local
api    = "https://api.acme.example"
web    = "https://www.acme.example"
writes = ["signup", "create_listing", "send_message", "checkout", "order.update"]

[auth]
bearer = "access_token"

[people.admin]
email    = "env:ACME_ADMIN_EMAIL"
password = "env:ACME_ADMIN_PASSWORD"

[steps.signup]
request = "POST /auth/register"
json    = { email = "{{ account.email }}", password = "{{ account.password }}" }
ok      = [201]
capture = { id = "user.id" }

[steps.create_listing]
actor   = "seller"
request = "POST /listings"
json    = { title = "{{ listing.title }}", price = "{{ listing.price }}" }
capture = { id = "id" }
undo    = "delete_listing"

[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"

[[steps.checkout.requests]]                   # a step of several requests
request = "POST /cart/items"
json    = { listing_id = "{{ listing.id }}" }
[[steps.checkout.requests]]
request = "POST /orders"
capture = { id = "id", total = "total" }

[resources.order]                             # what the access probes need to know
read    = "GET /orders/{{ id }}"
update  = { request = "PATCH /orders/{{ id }}", json = { note = "{{ canary }}" } }
proof   = ["{{ owner.email }}"]

[limits.login]
within  = 10
"""

ADMIN = {"ACME_ADMIN_EMAIL": "admin@acme.example", "ACME_ADMIN_PASSWORD": "open {{ sesame"}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a map from its text."""

    def _load(text: str, target: str = "shop", *, name: str = "launchready.toml", **environ: str) -> Map:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_map(path, target, environ=environ)

    return _load


def request_of(map_: Map, step: str, place: int = 0) -> Request:
    """One request of a step."""
    part = map_.steps[step].parts[place]
    assert isinstance(part, Request)
    return part


def shown(template: Template | None, **scope: Any) -> Any:
    """A template rendered."""
    assert template is not None
    return template.render(scope)


def found(extractor: Extractor | None, body: str, **scope: Any) -> Any:
    """What an expression takes out of a body."""
    assert extractor is not None
    return extractor.find(Answer(200, (), body), scope)


def body_of(request: Request, **scope: Any) -> Any:
    """The rendered body of a request."""
    assert request.body is not None
    return request.body.content.render(scope)


def test_the_taste_of_the_design_loads(load: Load) -> None:
    """The example that explains the map is a map."""
    map_ = load(TASTE, "prod", **ADMIN)
    assert map_.target.kind == "production"
    assert (map_.target.api, map_.target.web) == ("https://api.acme.example", "https://www.acme.example")
    assert "order.update" in map_.target.writes
    assert found(map_.auth.bearer, '{"access_token": "t1"}') == "t1"
    assert not map_.auth.cookies
    assert map_.people["admin"].accounts == ({"email": "admin@acme.example", "password": "open {{ sesame"},)
    signup = request_of(map_, "signup")
    assert (signup.method, shown(signup.target), signup.ok, signup.safe) == (
        "POST",
        "/auth/register",
        frozenset({201}),
        False,
    )
    assert body_of(signup, account={"email": "a@b.test", "password": "p"}) == {"email": "a@b.test", "password": "p"}
    listing = map_.steps["create_listing"]
    assert (listing.actor, listing.undo, listing.makes, listing.needs) == (
        "seller",
        ("delete_listing",),
        "listing",
        frozenset(),
    )
    assert body_of(request_of(map_, "create_listing"), listing={"title": "t", "price": Decimal("2.50")}) == {
        "title": "t",
        "price": Decimal("2.50"),
    }
    assert map_.steps["checkout"].needs == {"listing"}
    assert list(request_of(map_, "checkout", 1).capture) == ["id", "total"]
    order = map_.resources["order"]
    assert (order.made_by, order.deny, set(order.verbs)) == ("checkout", ("stranger", "anonymous"), {"read", "update"})
    assert shown(order.verbs["read"].request.target, id="a/b") == "/orders/a%2Fb"
    assert order.verbs["read"].request.safe
    assert shown(order.proof[0], owner={"email": "e"}) == "e"
    assert map_.limits["login"].within == 10


def test_secrets_are_known_by_name(load: Load) -> None:
    """Whatever came from the environment can be masked, and shown as its variable."""
    map_ = load(TASTE, "prod", **ADMIN)
    assert map_.secrets == {"admin@acme.example": "$ACME_ADMIN_EMAIL", "open {{ sesame": "$ACME_ADMIN_PASSWORD"}


def test_values_from_files(load: Load, tmp_path: Path) -> None:
    """Secrets, documents, uploads and plain data come from files beside the map; braces in them are no templates."""
    (tmp_path / "admin.key").write_text("s3cret-key\n")
    (tmp_path / "pool.json").write_text('[{"email": "a@x.test", "password": "pw-a", "role": "{{ x }}"}]')
    (tmp_path / "lamp.jpg").write_bytes(b"\xff\xd8lamp")
    (tmp_path / "text.txt").write_text("a {{ text }}")
    (tmp_path / "q.graphql").write_text("query Q { me { id } }")
    map_ = load(
        TARGET
        + """
        [people.admin]
        email = "admin@x.test"
        password = "secret:admin.key"
        [people.seller]
        accounts = "json:pool.json"
        [steps.upload]
        request = "POST /photos"
        multipart = { photo = "file:lamp.jpg", title = "{{ title }}" }
        [steps.raw]
        request = "PUT /raw"
        body = "file:lamp.jpg"
        [steps.text]
        request = "PUT /text"
        body = "file:text.txt"
        [steps.ask]
        request = "POST /graphql"
        graphql = "file:q.graphql"
        """
    )
    assert map_.people["admin"].accounts[0]["password"] == "s3cret-key"
    assert map_.secrets == {"s3cret-key": "$ADMIN_KEY"}
    assert map_.people["seller"].accounts == ({"email": "a@x.test", "password": "pw-a", "role": "{{ x }}"},)
    assert type(map_.people["seller"].accounts[0]["email"]) is str
    assert body_of(request_of(map_, "upload"), title="t") == {
        "photo": Upload("lamp.jpg", b"\xff\xd8lamp"),
        "title": "t",
    }
    assert body_of(request_of(map_, "raw")) == b"\xff\xd8lamp"
    assert body_of(request_of(map_, "text")) == "a {{ text }}"
    assert body_of(request_of(map_, "ask")) == {"query": "query Q { me { id } }", "variables": {}}


def test_a_map_in_pyproject(load: Load) -> None:
    """The same tables may stand below tool.launchready."""
    text = '[tool.launchready.targets.shop]\nkind = "local"\napi = "http://127.0.0.1:8000"\n'
    assert load(text, name="pyproject.toml").target.api == "http://127.0.0.1:8000"


def test_a_built_in_target_need_not_be_written(tmp_path: Path) -> None:
    """The map of a demo target leaves its address to the caller."""
    path = tmp_path / "launchready.toml"
    path.write_text(
        '\ufeff[steps.search]\nrequest = "GET {{ target.hosts.any }}/s"\nitems = "@"\ncapture = { id = "id" }\n',
        "utf-8",
    )
    map_ = load_map(path, "demo", environ={}, built_in=True)
    assert (map_.target.name, map_.target.kind, map_.target.api) == ("demo", "local", "")


def test_a_target_in_full(load: Load) -> None:
    """Every key of a target arrives."""
    target = load(
        """
        [targets.shop]
        kind = "staging"
        api = "https://api.shop.example:8443/v1"
        hosts = { upload = "https://up.shop.example/" }
        writes = ["signup", "order.*"]
        budget = { requests = 100, rate = 2.5, concurrency = 2, seconds = 60 }
        payments = { mode = "test", proof = "sandbox" }
        headers = { x-suite = "launchready", "/store" = { x-key = "{{ values.key }}" } }
        basic = "gate:keeper"
        values = { key = "k1" }
        [steps.signup]
        request = "POST {{ target.hosts.upload }}/users"
        capture = { id = "id" }
        [steps.buy]
        request = "POST https://api.shop.example:8443/buy"
        [resources.order]
        made_by = "buy"
        [targets.other]
        kind = "production"
        api = "env:OTHER_API"
        basic = "env:OTHER_GATE"
        hosts = ["https://a.test"]
        """
    ).target
    assert target.hosts == {"upload": "https://up.shop.example"}
    assert target.budget == {"requests": 100, "rate": 2.5, "concurrency": 2, "seconds": 60}
    assert target.payments == {"mode": "test", "proof": "sandbox"}
    assert [(prefix, shown(table, values={"key": "k1"})) for prefix, table in target.headers] == [
        ("", {"x-suite": "launchready"}),
        ("/store", {"x-key": "k1"}),
    ]
    assert shown(target.basic) == "gate:keeper"


def test_a_list_of_hosts(load: Load) -> None:
    """Hosts without a name are origins that may be contacted."""
    hosts = load('[targets.shop]\nkind = "local"\napi = "http://[::1]:80"\nhosts = ["https://a.test/"]\n').target.hosts
    assert list(hosts.values()) == ["https://a.test"]


@pytest.mark.parametrize(
    ("auth", "cookies"),
    [
        ("", True),
        ('bearer = "token"', False),
        ('bearer = "token"\ncookies = true', True),
        ('headers = { authorization = "Token {{ account.token | default(0) }}" }', False),
        ('basic = "{{ account.email }}:{{ account.password }}"', False),
        ('csrf = { cookie = "csrftoken", header = "x-csrftoken" }', True),
        ("cookies = false", False),
    ],
)
def test_cookies_are_kept_where_nothing_else_is_said(load: Load, auth: str, cookies: bool) -> None:  # noqa: FBT001
    """A session is a cookie jar unless the map names another carrier."""
    assert load(TARGET + "[auth]\n" + auth).auth.cookies is cookies


def test_auth_in_full(load: Load) -> None:
    """Every way to carry a session arrives compiled, also one person's own."""
    map_ = load(
        TARGET
        + """
        [auth]
        headers = { session-id = "{{ account.sid | default('ANON:' ~ account.unique) }}" }
        csrf = { field = "csrfmiddlewaretoken" }
        expired = "status() == `440`"
        refused = "errors[0].extensions.code == 'FORBIDDEN'"
        [people.admin]
        email = "a@x.test"
        password = "literal"
        login = "login_basic"
        [people.admin.auth]
        basic = "{{ account.email }}:{{ account.password }}"
        csrf = { cookie = "c", header = "h" }
        [steps.login_basic]
        request = "GET /me"
        capture = { sid = "header('session-id')", id = "id" }
        """
    )
    assert shown(map_.auth.headers, account={"unique": "u"}) == {"session-id": "ANON:u"}
    assert map_.auth.csrf == CSRF(field="csrfmiddlewaretoken")
    assert found(map_.auth.refused, '{"errors": [{"extensions": {"code": "FORBIDDEN"}}]}') is True
    assert found(map_.auth.expired, "") is False
    admin = map_.people["admin"]
    assert admin.login == "login_basic"
    assert admin.auth is not None
    assert shown(admin.auth.basic, account={"email": "e", "password": "p"}) == "e:p"
    assert admin.auth.csrf == CSRF("c", "h")


def test_people(load: Load) -> None:
    """Given accounts, pools, people who sign up, and a target's own additions."""
    map_ = load(
        TARGET
        + """
        [targets.shop.people.seller]
        role = "VENDOR"
        [targets.shop.people.staff]
        username = "root"
        password = "env:ROOT_PASSWORD"
        [people.seller]
        role = "SELLER"
        shop = 7
        [people.buyer]
        email = "fixed@x.test"
        [people.pair]
        accounts = [ { email = "a@x.test", password = "one" }, { email = "b@x.test", password = "two" } ]
        """,
        ROOT_PASSWORD="toor-toor",
    )
    assert map_.people["seller"].values == {"role": "VENDOR", "shop": 7}
    assert map_.people["seller"].accounts == ()
    assert map_.people["staff"].accounts == ({"password": "toor-toor"},)
    assert map_.people["staff"].values == {"username": "root"}
    assert map_.people["buyer"].values == {"email": "fixed@x.test"}
    assert [account["email"] for account in map_.people["pair"].accounts] == ["a@x.test", "b@x.test"]


def test_a_targets_values_and_skips_lie_over_the_maps(load: Load) -> None:
    """Ids differ between targets, and a feature may be off on one of them."""
    map_ = load(
        TARGET
        + """
        values = { country = 2, extra = { a = 1 } }
        skip = { search = "the index is off", logout = "no log-out" }
        [values]
        country = 1
        city = "Ede"
        [steps.search]
        request = "GET /search"
        items = "@"
        capture = { id = "id" }
        [steps.place]
        request = "GET /{{ values.country }}/{{ values.extra.a }}/{{ values.city }}"
        """
    )
    assert map_.values == {"country": 2, "city": "Ede", "extra": {"a": 1}}
    assert map_.steps["search"].skip == "the index is off"
    assert map_.steps["logout"].parts == ()


def test_keys_on_a_step_are_defaults_of_its_requests(load: Load) -> None:
    """Request, actor, headers, ok and basic are written once for all requests of a step."""
    map_ = load(
        TARGET
        + """
        [steps.setup]
        request = "POST /rpc"
        actor = "seller"
        headers = { x-a = "1", x-b = "{{ unique }}" }
        ok = [200, 202]
        basic = "user:{{ account.password }}"
        [[steps.setup.requests]]
        json = { op = 1 }
        capture = { first = "id" }
        [[steps.setup.requests]]
        request = "GET /done/{{ first }}"
        actor = "admin"
        headers = { x-b = "2" }
        ok = [200]
        expect = ["done", "status() == `200`"]
        wait = 5
        """
    )
    first, second = request_of(map_, "setup"), request_of(map_, "setup", 1)
    assert (first.method, first.actor, first.ok, first.wait) == ("POST", "seller", frozenset({200, 202}), 0.0)
    assert shown(first.headers, unique="u") == {"x-a": "1", "x-b": "u"}
    assert shown(first.basic, account={"password": "p"}) == "user:p"
    assert (second.method, second.actor, second.ok, second.wait) == ("GET", "admin", frozenset({200}), 5.0)
    assert shown(second.headers) == {"x-a": "1", "x-b": "2"}
    assert len(second.expect) == 2
    assert second.safe


def test_a_step_may_run_steps_and_read_mail(load: Load) -> None:
    """A list of requests also holds other steps and mails to wait for."""
    map_ = load(
        TARGET
        + """
        [steps.signup]
        requests = [
            { request = "POST /users", capture = { ticket = "ticket" } },
            { mail = "{{ account.email }}", wait = 10, capture = { code = "regex(text(), 'code (x+)')" } },
            { mail = "{{ account.email }}" },
            { request = "POST /users/{{ ticket }}/{{ code }}", capture = { id = "id" } },
        ]
        [steps.add_to_cart]
        request = "POST /cart/{{ listing.id }}"
        capture = { id = "id" }
        [steps.checkout]
        requests = [
            { step = "add_to_cart" },
            { request = "POST /orders/{{ cart.id }}", capture = { id = "id", total = "major(total)" } },
        ]
        """
    )
    first, second = map_.steps["signup"].parts[1:3]
    assert isinstance(first, ReadMail)
    assert isinstance(second, ReadMail)
    assert (first.wait, second.wait) == (10, 30)
    assert shown(first.address, account={"email": "e"}) == "e"
    assert map_.steps["checkout"].parts[0] == RunStep("add_to_cart")
    assert map_.steps["checkout"].needs == {"listing"}
    assert map_.steps["add_to_cart"].makes == "cart"


def test_bodies(load: Load) -> None:
    """Tables, lists, text of JSON with bare values in it, forms and plain text."""
    map_ = load(
        TARGET
        + """
        [steps.text]
        request = "POST /x"
        json = '''{
            "price": {{ listing.price }}, "list": [{{ a }}, "b{{ a }}"], "quote": "\\"{{ a }}", "n": 1.5,
            "m": {"k":{{a}}}
        }'''
        [steps.whole]
        request = "POST /x"
        json = "{{ everything }}"
        [steps.list]
        request = "POST /x"
        json = ["{{ a }}"]
        [steps.form]
        request = "POST /x"
        form = { a = "{{ a }}" }
        [steps.plain]
        request = "POST /x"
        body = "<a>{{ a }}</a>"
        query = { q = "{{ a }}", n = 1 }
        safe = true
        """
    )
    text = body_of(request_of(map_, "text"), a=7, listing={"price": Decimal("2.50")})
    assert text == {"price": Decimal("2.50"), "list": [7, "b7"], "quote": '"7', "n": 1.5, "m": {"k": 7}}
    assert body_of(request_of(map_, "whole"), everything=[1]) == [1]
    assert body_of(request_of(map_, "list"), a=7) == [7]
    assert body_of(request_of(map_, "form"), a=7) == {"a": 7}
    plain = request_of(map_, "plain")
    assert body_of(plain, a=7) == "<a>7</a>"
    assert shown(plain.query, a=7) == {"q": 7, "n": 1}
    assert plain.safe
    assert [str(request_of(map_, step).body)[:16] for step in ("form", "plain")] == [
        "Body(kind='form'",
        "Body(kind='text'",
    ]


def test_graphql(load: Load) -> None:
    """One document, values in variables only; the kind of operation says whether it writes."""
    map_ = load(
        TARGET
        + """
        [contract]
        graphql = "/graphql"
        [steps.read]
        graphql = "query Q($id: ID!) { node(id: $id) { ...F } } fragment F on Node {id}"
        variables = { id = "{{ id }}" }
        [steps.write]
        requests = [ { graphql = "mutation { a }", headers = { x = "1" } }, { graphql = "{ me }", safe = false } ]
        """
    )
    read = request_of(map_, "read")
    assert (read.method, shown(read.target), read.safe) == ("POST", "/graphql", True)
    assert body_of(read, id=3)["variables"] == {"id": 3}
    assert body_of(read, id=3)["query"].startswith("query Q(")
    assert [request_of(map_, "write", place).safe for place in (0, 1)] == [False, False]


def test_resources(load: Load) -> None:
    """Verbs from steps, from a line, from a table; and what follows from the names of steps."""
    map_ = load(
        TARGET
        + """
        [steps.create_address]
        request = "POST /addresses"
        json = { line = "{{ canary }}" }
        capture = { number = "id" }
        [steps.list_addresses]
        request = "GET /addresses"
        [steps.update_address]
        actor = "buyer"
        request = "PUT /addresses/{{ address.number }}"
        [steps.delete_address]
        requests = [ { request = "GET /a" }, { request = "DELETE /a" } ]
        [steps.show]
        request = "GET /show/{{ address.number }}"
        [resources.address]
        made_by = "create_address"
        read = "show"
        delete = { request = "DELETE /addresses/{{ number }}", deny = ["anonymous"] }
        proof = ["{{ canary }}", "Long Street 1"]
        match = "id == {{ id }}"
        verify = "show"
        owner = "buyer"
        deny = ["stranger"]
        public = ["list"]
        capability = true
        gone = "status == 'closed'"
        absent = "00000000"
        """
    )
    address = map_.resources["address"]
    assert {verb: found.step for verb, found in address.verbs.items()} == {
        "read": "show",
        "list": "list_addresses",
        "update": "update_address",
        "delete": None,
    }
    assert address.verbs["update"].request.actor is None
    assert address.verbs["delete"].deny == ("anonymous",)
    assert (address.owner, address.deny, address.public, address.capability) == (
        "buyer",
        ("stranger",),
        frozenset({"list"}),
        True,
    )
    assert address.verify == "show"
    assert shown(address.absent) == "00000000"
    assert found(address.match, '{"id": 4}', id=4) is True
    assert found(address.gone, '{"status": "closed"}') is True
    assert map_.steps["create_address"].makes == "address"
    assert map_.steps["show"].needs == {"address"}


def test_limits_mail_contract_build_and_waivers(load: Load, tmp_path: Path) -> None:
    """What later checks read is validated and carried now."""
    (tmp_path / "openapi.json").write_text("{}")
    (tmp_path / "schemas").mkdir()
    map_ = load(
        TARGET
        + """
        [limits.login]
        none = "an old server"
        limited = "regex(text(), 'locked')"
        values = { code = "{{ canary_number }}" }
        without = ["x-bypass"]
        [mail]
        domain = "mail.shop.example"
        url = "GET http://127.0.0.1:8025/api/messages?to={{ account.email }}"
        [contract]
        openapi = "file:openapi.json"
        schemas = "schemas"
        mode = "strict"
        [build]
        source = "header('x-build')"
        [[waivers]]
        check = "limits.*"
        reason = "the gateway does it"
        owner = "ann"
        expires = 2027-01-31
        [[waivers]]
        check = "a"
        reason = "b"
        owner = "c"
        expires = "2027-02-01"
        [[waivers]]
        check = "a"
        reason = "b"
        owner = "c"
        expires = 2027-02-01T10:00:00
        """
    )
    limit = map_.limits["login"]
    assert (limit.within, limit.none, limit.without) == (None, "an old server", ("x-bypass",))
    assert found(limit.limited, "you are locked") == "locked"
    assert limit.values["code"].render({"canary_number": 5}) == 5
    assert map_.mail.domain == "mail.shop.example"
    assert map_.mail.url is not None
    assert map_.mail.url.method == "GET"
    assert shown(map_.mail.url.target, account={"email": "a@b"}).endswith("?to=a%40b")
    assert map_.contract.openapi == str(tmp_path / "openapi.json")
    assert map_.contract.schemas == str(tmp_path / "schemas")
    assert map_.build == {"source": "header('x-build')"}
    assert map_.waivers[0].expires == dt.date(2027, 1, 31)
    assert [waiver.expires for waiver in map_.waivers[1:]] == [dt.date(2027, 2, 1)] * 2


@pytest.mark.parametrize(
    ("mail", "field", "value"),
    [
        ('files = "outbox"', "files", "outbox"),
        ('hook = "team.mail:latest"', "hook", "team.mail:latest"),
        ('imap = "env:IMAP"', "imap", "imaps://u:p@mail.test"),
    ],
)
def test_ways_to_read_mail(load: Load, tmp_path: Path, mail: str, field: str, value: str) -> None:
    """A folder is found beside the map; a hook and a mailbox are names."""
    found = getattr(load(f"{TARGET}[mail]\n{mail}", IMAP="imaps://u:p@mail.test").mail, field)
    assert found == (str(tmp_path / value) if field == "files" else value)


def test_names_of_the_undone_step_are_in_scope(load: Load) -> None:
    """An undo knows what the step captured that it undoes; a get or an update knows the id."""
    load(
        TARGET
        + """
        [steps.create_listing]
        request = "POST /l"
        capture = { id = "id", handle = "handle" }
        undo = ["delete_listing"]
        [steps.delete_listing]
        request = "DELETE /l/{{ handle }}"
        [steps.update_listing]
        request = "PUT /l/{{ id }}/{{ listing.handle }}"
        found = "id == {{ listing.id }}"
        public = true
        """
    )


def test_a_skipped_step_says_why(load: Load) -> None:
    """What a product lacks is declared with a reason, and what it would make is not judged."""
    map_ = load(
        TARGET
        + """
        [steps.send_message]
        skip = "no messages yet"
        [steps.list_messages]
        request = "GET /messages/{{ message.thread }}"
        items = "@"
        capture = { id = "id" }
        """
    )
    assert map_.steps["send_message"] == Step("send_message", skip="no messages yet", makes="message")
    assert map_.steps["list_messages"].needs == {"message"}


def test_custom_steps_take_arguments(load: Load) -> None:
    """A name that a team's own step does not know is an argument of call()."""
    map_ = load(
        TARGET
        + """
        [auth]
        bearer = "t"
        [steps.rate]
        request = "POST /rate/{{ stars }}"
        [steps.cancel_order]
        request = "POST /orders/{{ id }}"
        capture = { id = "id" }
        [steps.create_address]
        request = "POST /{{ address.city }}/{{ account.token }}/{{ run.tag }}"
        capture = { id = "id" }
        [resources.address]
        made_by = "create_address"
        """
    )
    assert shown(request_of(map_, "rate").target, stars=5) == "/rate/5"


def test_a_built_in_target_beside_others(load: Load) -> None:
    """What a map adds to the demo needs no address, whichever target is chosen."""
    assert load(TARGET + '[targets.demo]\nwrites = ["signup"]\n').target.name == "shop"


def test_steps_may_share_what_they_run(load: Load) -> None:
    """Two ways to the same step are no circle."""
    map_ = load(
        TARGET
        + """
        [steps.a]
        requests = [ { step = "b" }, { step = "c" } ]
        [steps.b]
        requests = [ { step = "d" } ]
        [steps.c]
        requests = [ { step = "d" } ]
        [steps.d]
        request = "GET /{{ listing.id }}"
        """
    )
    assert map_.steps["a"].needs == {"listing"}
