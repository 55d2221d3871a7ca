"""Safe to aim at production: what the guards forbid never reaches the server. Counted there, not in our code."""

import pytest

from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.wire.consent import WriteRefused

MAP = """
[targets.here]
kind = "{kind}"
api = "$API"
writes = {writes}
{more}

[auth]
bearer = "token"

[contract]
graphql = "/graphql"

[steps.signup]
request = "POST /people"
json = {{ email = "{{{{ account.email }}}}", password = "{{{{ account.password }}}}" }}
capture = {{ id = "id" }}
undo = "leave"

[steps.login]
request = "POST /sessions"
json = {{ email = "{{{{ account.email }}}}", password = "{{{{ account.password }}}}" }}

[steps.logout]
request = "POST /sessions/end"

[steps.leave]
request = "DELETE /me"

[steps.create_listing]
request = "POST /listings"
capture = {{ id = "id" }}
undo = "delete_listing"

[steps.delete_listing]
request = "DELETE /listings/{{{{ listing.id }}}}"

[steps.update_listing]
request = "PATCH /listings/{{{{ listing.id }}}}"

[steps.search]
request = "POST /search"
safe = true
items = "@"
capture = {{ id = "id" }}

[steps.empty_trash]
request = "GET /trash?empty=yes"
safe = false

[steps.like]
graphql = "mutation {{ like }}"

[steps.count]
graphql = "{{ count }}"

[resources.listing]
read = "GET /listings/{{{{ id }}}}"

[steps.fill]
request = "POST /cart"
[[steps.checkout.requests]]
step = "fill"
[[steps.checkout.requests]]
request = "POST /orders"
capture = {{ id = "id", total = "total" }}
"""
ALL = '["signup", "create_listing", "update_listing", "checkout"]'
CARD = '[targets.here.payments]\nmode = "test"\nproof = "4242 4242 4242 4242"'


@pytest.fixture
def shop(serve, open_shop, anyone):
    """A function: consent → a server that records everything, and the marketplace that it serves."""

    def app(request):
        match request.method, request.parts[0]:
            case "POST", "people":
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST", "sessions" if len(request.parts) == 1:
                return 200, {"token": anyone.enter(**request.json)}
            case "POST", "search":
                return 200, []
            case "GET", "go":
                return 307, None, {"location": request.query["to"][0]}
        return 200, {"id": 7, "total": "5", "data": {"count": 1}}

    def start(writes="[]", *, kind="production", more="", **options):
        server = serve(app)
        market = open_shop(MAP.format(kind=kind, writes=writes, more=more), server.url, **options)
        return server, market

    return start


def writes(server):
    """What reached the server that is no plain read and no session request."""
    return [
        request.line
        for request in server.seen
        if request.line not in {"POST /sessions", "POST /sessions/end", "POST /search"}
        and (request.method != "GET" or request.query)
    ]


def test_nothing_is_written_on_production_without_consent(shop):
    """Sign-up is refused by name, with the key to add, and nothing is sent."""
    server, market = shop()
    with pytest.raises(WriteRefused, match=r'step signup would write.*targets\.here\.writes.*add "signup" there'):
        market.get_actor("buyer")
    assert server.seen == []


def test_consent_names_steps_and_covers_their_undo(shop):
    """What is named may write; its undo may, of what the run has made; all else may not."""
    server, market = shop('["signup", "create_listing"]')
    seller = market.get_actor("seller")
    lamp, other = seller.create_listing(), seller.create_listing()
    seller.delete_listing(lamp)
    with pytest.raises(WriteRefused, match="step delete_listing"):
        seller.delete_listing("999")
    with pytest.raises(WriteRefused, match="step update_listing"):
        seller.update_listing(other, price="1")
    assert server.lines().count("DELETE /listings/999") == 0
    market.leave()
    assert writes(server)[-2:] == ["DELETE /listings/7", "DELETE /me"]


def test_consent_to_an_undo_is_for_the_object_that_the_request_names(serve, open_shop):
    """An id given beside an object of this run does not carry its consent to another object."""
    server = serve(lambda _: (200, {"id": 7}))
    text = MAP.replace("DELETE /listings/{{{{ listing.id }}}}", "DELETE /listings/{{{{ id }}}}")
    market = open_shop(text.format(kind="production", writes='["create_listing"]', more=""), server.url)
    visitor = market.get_actor("anonymous")
    lamp = visitor.call("create_listing")
    with pytest.raises(WriteRefused, match="step delete_listing"):
        visitor.call("delete_listing", listing=lamp, id="999")
    visitor.call("delete_listing", listing=lamp, id=lamp.id)
    assert server.lines() == ["POST /listings", "DELETE /listings/7"]


def test_consent_may_name_resource_and_verb(shop):
    """`listing.*` covers update_listing."""
    server, market = shop('["signup", "create_listing", "listing.*"]')
    seller = market.get_actor("seller")
    seller.update_listing(seller.create_listing(), price="1")
    assert server.count("PATCH /listings/7") == 1


def test_consent_to_a_step_covers_its_parts_but_not_what_it_needs(shop):
    """Checkout may fill the cart; the listing that it needs has to be allowed by its own name."""
    server, market = shop('["signup", "checkout"]', more=CARD)
    buyer = market.get_actor("buyer")
    buyer.checkout("7")
    assert writes(server)[-2:] == ["POST /cart", "POST /orders"]
    with pytest.raises(WriteRefused, match="step fill"):
        buyer.call("fill")


def test_safe_on_a_step_overrides_what_the_method_says(shop):
    """A POST that only reads is a read, a GET that changes state is a write."""
    server, market = shop()
    visitor = market.get_actor("anonymous")
    visitor.search("x")
    with pytest.raises(WriteRefused, match="step empty_trash"):
        visitor.call("empty_trash")
    assert server.lines() == ["POST /search"]


def test_graphql_is_judged_by_its_operation(shop):
    """A query passes, a mutation does not: mapped, raw, over GET, in a batch, or where it cannot be read."""
    server, market = shop()
    visitor = market.get_actor("anonymous")
    visitor.call("count")
    visitor.post("/graphql", json={"query": "query A { count }"})
    visitor.get("/graphql", params={"query": "{ count }"})
    passed = len(server.seen)
    mutations = [
        lambda: visitor.call("like"),
        lambda: visitor.post("/graphql", json={"query": "mutation { like }"}),
        lambda: visitor.post("/graphql", json=[{"query": "{ count }"}, {"query": "mutation { like }"}]),
        lambda: visitor.post("/graphql", json={"query": "{ count } mutation B { like }", "operationName": "B"}),
        lambda: visitor.post("/graphql", json={"extensions": {"persistedQuery": {"sha256Hash": "1"}}}),
        lambda: visitor.post("/graphql", content=b"mutation {"),
        lambda: visitor.get("/graphql", params={"query": "mutation { like }"}),
        lambda: visitor.get("/graphql", params={"query": "mutation {"}),
        lambda: visitor.get("/graphql", params={"extensions": "{}"}),
        lambda: visitor.get("/elsewhere", params={"query": "mutation { like }"}),
    ]
    for send in mutations:
        with pytest.raises(WriteRefused):
            send()
    assert len(server.seen) == passed == 3


MUTATION, QUERY = "mutation { like }", "{ count }"
FORM = b'{"query":"{ count }","x":"&query=mutation{like}&"}'
DISGUISES = {
    "the body of a GET": ("GET", "/graphql", {"json": {"query": MUTATION}}),
    "the body of a GET elsewhere": ("GET", "/elsewhere", {"json": {"query": MUTATION}}),
    "the URL of a POST": ("POST", "/graphql", {"params": {"query": MUTATION}, "json": {"query": QUERY}}),
    "a stored operation": ("POST", "/graphql", {"params": {"extensions": "{}"}, "json": {"query": QUERY}}),
    "a stored operation by id": ("POST", "/graphql", {"json": {"query": QUERY, "doc_id": "7"}}),
    "a key given twice": (
        "POST",
        "/graphql",
        {
            "content": b'{"query":"mutation { like }","query":"{ count }"}',
            "headers": {"content-type": "application/json"},
        },
    ),
    "a form that is JSON too": (
        "POST",
        "/graphql",
        {"content": FORM, "headers": {"content-type": "application/x-www-form-urlencoded"}},
    ),
    "another spelling of the path": ("GET", "/graphql/", {"params": {"extensions": "{}"}}),
    "dots in the path": ("GET", "/%2e/graphql", {"params": {"extensions": "{}"}}),
    "after a semicolon": ("GET", "/x?a=1;query=mutation{like}", {}),
    "another spelling of the name": ("GET", "/x", {"params": {"Query": MUTATION}}),
    "in a list": ("GET", "/x", {"params": {"query[]": MUTATION}}),
    "syntax that only some take": (
        "GET",
        "/x",
        {"params": {"query": f"{MUTATION} fragment A($x: Int = 1) on T {{ a }}"}},
    ),
    "too deep to parse": ("GET", "/x", {"params": {"query": "mutation " + "{a" * 3000 + "}" * 3000}}),
    "a method in the query": ("GET", "/x", {"params": {"_method": "delete"}}),
    "a method with underscores": ("GET", "/x", {"headers": {"X_HTTP_Method_Override": "DELETE"}}),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_writes_in_disguise_are_writes(shop, disguise):
    """Wherever some server would look for the operation or the method, ours looks too."""
    server, market = shop()
    method, path, arguments = DISGUISES[disguise]
    with pytest.raises(WriteRefused, match="would write"):
        market.get_actor("anonymous").request(method, path, **arguments)
    assert server.seen == []


def test_reads_that_look_like_writes_pass(shop):
    """Words, ids and bodies that hold no operation are what searches send."""
    server, market = shop()
    visitor = market.get_actor("anonymous")
    visitor.get("/search", params={"query": "a mutation of lamps", "id": "7"})
    visitor.request("GET", "/search", json={"query": {"match": {"title": "lamp"}}})
    visitor.post("/graphql?lang=en", json={"query": QUERY, "variables": {"id": 7}, "extensions": {}})
    assert len(server.seen) == 3


def test_a_step_that_gets_a_mutation_writes(shop):
    """GET alone does not make a mapped request safe: the operation in it counts."""
    more = '[steps.sneak]\nrequest = "GET /graphql?query=mutation%7Blike%7D"'
    server, market = shop(more=more)
    with pytest.raises(WriteRefused, match="step sneak"):
        market.get_actor("anonymous").call("sneak")
    assert server.seen == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"extensions": {"target": b"/graphql?query=mutation{like}"}},
            "the extension 'target' sends a request elsewhere",
        ),
        ({"extensions": {"sni_hostname": "evil.test"}}, "the extension 'sni_hostname' sends a request elsewhere"),
        (
            {
                "content": b"DELETE /me HTTP/1.1\r\n\r\n",
                "headers": {"content-length": "0", "transfer-encoding": "chunked"},
            },
            "Content-Length and Transfer-Encoding contradict each other",
        ),
    ],
)
def test_a_request_is_what_the_guard_has_seen(shop, arguments, message):
    """Nothing may bend it afterwards, or carry a second one behind it."""
    server, market = shop()
    with pytest.raises(UseError, match=f"{message}.*nothing was sent"):
        market.get_actor("anonymous").request("GET", "/x", **arguments)
    assert server.seen == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "PROPFIND"])
def test_raw_writes_are_refused_without_a_reason(shop, method):
    """The message says how to give one."""
    server, market = shop()
    with pytest.raises(WriteRefused, match=r"raw \w+ /orders/1 would write.*with target\.allow_writes"):
        market.get_actor("anonymous").request(method, "/orders/1")
    assert server.seen == []


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_a_method_override_is_the_method(shop, header):
    """A GET that says DELETE is a write."""
    server, market = shop()
    with pytest.raises(WriteRefused):
        market.get_actor("anonymous").get("/orders/1", headers={header: "delete"})
    assert server.seen == []


def test_a_reason_allows_raw_writes_and_is_kept(shop):
    """Inside the block they pass, and the reason is remembered with how often; outside it they are refused again."""
    server, market = shop()
    visitor = market.get_actor("anonymous")
    with market.map.target.allow_writes("clear the cart of the demo account"):
        visitor.post("/cart/clear")
        with pytest.raises(WriteRefused):
            visitor.call("fill")
    with pytest.raises(WriteRefused):
        visitor.post("/cart/clear")
    assert server.lines() == ["POST /cart/clear"]
    assert market.consent.reasons == {"clear the cart of the demo account": 1}


def test_a_reason_must_be_given(shop):
    """An empty one is an error that shows what is wanted."""
    _, market = shop()
    with pytest.raises(ValueError, match="wants a reason"), market.map.target.allow_writes(" "):
        pass


@pytest.mark.parametrize("kind", ["production", "staging", "local"])
def test_read_only_refuses_every_write_but_the_session(shop, anyone, kind):
    """Whatever the kind and the consent; a given account can still log in and out."""
    people = '[people.buyer]\nemail = "env:WHO"\npassword = "env:KEY"\n'
    environ = {"WHO": "somebody@shop.test", "KEY": "correct horse"}
    anyone.join("somebody@shop.test", "correct horse")
    server, market = shop(ALL, kind=kind, more=people, environ=environ, read_only=True)
    buyer = market.get_actor("buyer")
    buyer.search("x")
    buyer.get("/orders")
    buyer.logout()
    with market.map.target.allow_writes("not even so"):
        for send in (lambda: buyer.post("/orders"), buyer.create_listing):
            with pytest.raises(WriteRefused, match=r"--launchready-read-only: nothing was sent"):
                send()
    assert server.lines() == ["POST /sessions", "POST /search", "GET /orders", "POST /sessions/end"]


def test_other_kinds_need_no_consent(shop):
    """Staging and local targets are there to be written on."""
    server, market = shop(kind="staging")
    market.get_actor("buyer").create_listing()
    assert "POST /listings" in server.lines()


@pytest.mark.parametrize("proof", ['"4242424242424242"', '"env:KEY"'])
def test_checkout_on_production_needs_a_proof(shop, proof):
    """A published test card or a sandbox key is one."""
    more = f'[targets.here.payments]\nmode = "test"\nproof = {proof}'
    server, market = shop(ALL, more=more, environ={"KEY": "sk_test_51Habc"})
    market.get_actor("buyer").checkout("7")
    assert server.count("POST /orders") == 1


@pytest.mark.parametrize(
    "more", ["", '[targets.here.payments]\nmode = "test"', '[targets.here.payments]\nmode = "test"\nproof = "env:KEY"']
)
def test_checkout_on_production_without_proof_sends_nothing(shop, more):
    """No payments table, no proof, or a live key: the message says what would be one."""
    server, market = shop(ALL, more=more, environ={"KEY": "sk_live_51Habc"})
    buyer = market.get_actor("buyer")
    before = len(server.seen)
    with pytest.raises(WriteRefused, match=r"could move money.*\[targets\.here\.payments\].*sk_test_"):
        buyer.checkout("7")
    assert len(server.seen) == before


def test_a_live_key_in_the_map_belies_the_proof(shop):
    """A test card proves nothing where the key that requests carry is live; the message names it, and shows no key."""
    more = f'{CARD}\n[values]\nkey = "env:PAY"'
    server, market = shop(ALL, more=more, environ={"PAY": "pk_live_51Habc"})
    buyer = market.get_actor("buyer")
    before = len(server.seen)
    with pytest.raises(WriteRefused, match=r"test mode, and .*PAY.* is a live key") as caught:
        buyer.checkout("7")
    assert "pk_live_51" not in str(caught.value)
    assert len(server.seen) == before


def test_a_free_listing_is_a_proof(shop):
    """`zero` holds for what costs nothing, and for nothing else."""
    server, market = shop(ALL, more='[targets.here.payments]\nmode = "test"\nproof = "zero"')
    buyer, seller = market.get_actor("buyer"), market.get_actor("seller")
    buyer.checkout(seller.create_listing(price="0.00"))
    with pytest.raises(WriteRefused, match="could move money"):
        buyer.checkout(seller.create_listing(price="1.00"))
    assert server.count("POST /orders") == 1


def test_checkout_may_stop_before_the_payment(shop):
    """All requests but the last write are sent; the rest is not covered, in words."""
    server, market = shop(ALL, more='[targets.here.payments]\nuntil = "payment"')
    with pytest.raises(
        NotCovered, match=r"payment: targets\.here\.payments stops before it; everything up to it worked"
    ):
        market.get_actor("buyer").checkout("7")
    assert writes(server)[-1] == "POST /cart"


def test_a_payment_inside_a_step_of_its_own_is_stopped_before_too(serve, open_shop):
    """The last write of checkout is the payment, also where a part of it sends that and a read follows."""
    paid = """
[steps.pay]
request = "POST /payments"
[[steps.checkout.requests]]
step = "pay"
[[steps.checkout.requests]]
request = "GET /orders/latest"
capture = { id = "id", total = "total" }
"""
    head, _, _ = MAP.partition('[[steps.checkout.requests]]\nrequest = "POST /orders"')
    more = '[targets.here.payments]\nuntil = "payment"'
    server = serve(lambda _: (200, {"id": 7, "total": "5"}))
    market = open_shop(head.format(kind="production", writes=ALL, more=more) + paid, server.url)
    with pytest.raises(NotCovered, match="stops before it"):
        market.get_actor("anonymous").checkout("7")
    assert server.lines() == ["POST /cart"]


HOSTILE = [
    "https://evil.test/x",
    "http://evil.test",
    "http://127.0.0.1.evil.test/",
    "http://localhost:{port}/",
    "http://127.0.0.1:1/",
    "https://127.0.0.1:{port}/",
    "http://user:pw@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@evil.test/",
    "http://evil.test#@127.0.0.1:{port}/",
    "http://evil.test\\@127.0.0.1:{port}/",
    "http://evil.test?@127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "HTTP://EVIL.TEST/",
    "hTTps://evil.test/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "javascript://127.0.0.1:{port}/%0aalert(1)",
    "http:///x",
    "http://",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:{port}0/",
    "http://127.0.0.1 .evil.test/",
    "http://evil\u3002test/",
    "http://\u24d4vil.test/",
    "https://api.stripe.com/v1/charges",
    "http://metadata.google.internal/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls_send_nothing(shop, url):
    """Whatever is not the target's own origin is refused with host and setting; the server sees nothing of it."""
    server, market = shop()
    port = server.url.rpartition(":")[2]
    with pytest.raises(UseError, match="nothing was sent"):
        market.get_actor("anonymous").get(url.replace("{port}", port))
    assert server.seen == []


@pytest.mark.parametrize(
    "path", ["//evil.test/x", "\\\\evil.test", "/\\evil.test", "http:/evil.test", "@evil.test", ".evil.test"]
)
def test_paths_that_look_like_hosts_stay_below_the_api(shop, path):
    """They are paths of the target, nothing else."""
    server, market = shop()
    market.get_actor("anonymous").get(path)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "spelling", ["http://127.0.0.1:{port}/x", "HTTP://127.0.0.1:{port}/x", "http://127.0.0.1.:{port}/x"]
)
def test_other_spellings_of_the_target_are_the_target(shop, spelling):
    """Case and a trailing dot make no difference."""
    server, market = shop()
    url = spelling.replace("{port}", server.url.rpartition(":")[2])
    assert market.get_actor("anonymous").get(url).status_code == 200


def test_a_redirect_elsewhere_is_refused(shop, serve):
    """Nothing reaches the other server, on GET and after a POST."""
    other = serve(lambda _: (200, {}))
    server, market = shop('["signup"]')
    buyer = market.get_actor("buyer")
    with pytest.raises(UseError, match="not part of the target, so nothing was sent"):
        buyer.get("/go", params={"to": f"{other.url}/steal"})
    assert other.seen == []
    assert server.count("GET /go") == 1


def test_a_host_header_may_not_name_another_host(shop):
    """Another name on the same address is another site."""
    server, market = shop()
    with pytest.raises(UseError, match=r"the Host header 'admin\.internal' names another host"):
        market.get_actor("anonymous").get("/", headers={"Host": "admin.internal"})
    assert server.seen == []


def test_payment_services_are_never_contacted_whatever_the_map_says(open_shop):
    """Not even where `hosts` names one."""
    text = '[targets.here]\nkind = "local"\napi = "http://127.0.0.1:9"\nhosts = ["https://api.stripe.com"]\n'
    market = open_shop(text + '[steps.search]\nrequest = "GET /x"\nitems = "@"\ncapture = { id = "id" }\n', "")
    with pytest.raises(UseError, match=r"https://api\.stripe\.com is a payment service"):
        market.get_actor("anonymous").get("https://api.stripe.com/v1/charges")


def test_every_request_can_be_traced(shop):
    """Agent string, run header, and a trace context that is new each time; creates carry an idempotency key."""
    server, market = shop(ALL)
    seller = market.get_actor("seller")
    seller.create_listing()
    seller.create_listing()
    first, second = (request.headers for request in server.seen if request.line == "POST /listings")
    assert first["user-agent"].startswith("pytest-launchready/")
    assert first["user-agent"].endswith("(+synthetic; run=lrpoints)")
    assert first["x-launchready-run"] == "lrpoints"
    assert first["traceparent"].startswith("00-")
    assert first["traceparent"] != second["traceparent"]
    assert first["idempotency-key"] != second["idempotency-key"]
    assert all("idempotency-key" not in request.headers for request in server.seen if request.method == "GET")


def test_traces_can_be_renamed_and_left_out(shop):
    """By the client arguments of the run."""
    args = {"agent": "shop-smoke/1 ({run})", "run_header": "x-smoke", "trace_header": "", "seconds": 5.0}
    server, market = shop(client_args=args)
    market.get_actor("anonymous").get("/")
    headers = server.seen[0].headers
    assert (headers["user-agent"], headers["x-smoke"]) == ("shop-smoke/1 (lrpoints)", "lrpoints")
    assert "traceparent" not in headers


def test_a_raw_request_to_the_pages_goes_without_the_session(serve, open_shop):
    """The token belongs to the API and its further hosts; `web` serves pages to anybody."""
    pages, files = (serve(lambda _: (200, {})) for _ in range(2))
    server = serve(lambda request: (200, {"token": "a-token-that-opens-all", "id": request.path}))
    text = (
        f'[targets.here]\nkind = "local"\napi = "$API"\nweb = "{pages.url}"\nhosts = ["{files.url}"]\n'
        '[auth]\nbearer = "token"\n[steps.signup]\nrequest = "POST /people"\ncapture = { id = "id" }\n'
        '[steps.login]\nrequest = "POST /sessions"\n'
    )
    buyer = open_shop(text, server.url).get_actor("buyer")
    for url in ("/mine", pages.url, f"{files.url}/photo"):
        buyer.get(url)
    assert server.last("GET /mine").bearer == files.last("GET /photo").bearer == "a-token-that-opens-all"
    assert "authorization" not in pages.last("GET /").headers


def test_cookies_stay_with_the_port_that_set_them(serve, open_shop):
    """Another port of the same host is another origin."""
    other = serve(lambda _: (200, {}))
    server = serve(lambda _: (200, {}, {"set-cookie": "sid=abc; Path=/"}))
    text = f'[targets.here]\nkind = "local"\napi = "$API"\nhosts = ["{other.url}"]\n[auth]\ncookies = true\n'
    market = open_shop(text + '[steps.x]\nrequest = "GET /x"\n', server.url)
    visitor = market.get_actor("anonymous")
    visitor.get("/one")
    visitor.get("/two")
    visitor.get(f"{other.url}/three")
    assert [request.cookies for request in server.seen] == [{}, {"sid": "abc"}]
    assert other.seen[0].cookies == {}


def test_a_proxy_of_the_environment_is_used(serve, open_shop, monkeypatch):
    """Requests go to the proxy, which sees the whole URL; NO_PROXY is obeyed."""
    proxy = serve(lambda _: (200, {"via": "proxy"}))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    text = '[targets.here]\nkind = "local"\napi = "http://shop.test"\n[steps.x]\nrequest = "GET /x"\n'
    answer = open_shop(text, "").get_actor("anonymous").get("/x")
    assert answer.json() == {"via": "proxy"}
    assert proxy.seen[0].headers["host"] == "shop.test"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = serve(lambda _: (200, {"via": "nobody"}))
    direct = open_shop(text.replace("http://shop.test", server.url), "").get_actor("anonymous")
    assert direct.get("/x").json() == {"via": "nobody"}
