"""What a map says once it is loaded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.records import CSRF, Map, Request, Upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.template import Template

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
        mode = "all"
        unknown = "fail"
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
    assert (map_.contract.mode, map_.contract.unknown) == ("all", "fail")
    assert map_.build is not None
    assert (map_.build.source.text, map_.build.request) == ("header('x-build')", None)
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


def test_a_built_in_target_beside_others(load: Load) -> None:
    """What a map adds to the demo needs no address, whichever target is chosen."""
    assert load(TARGET + '[targets.demo]\nwrites = ["signup"]\n').target.name == "shop"
