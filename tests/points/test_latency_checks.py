"""The checks of the family on small servers: what a good one passes, and which check sees which flaw."""

import time

import pytest

from pytest_launchready.assertions.growth import GrowthAssertions
from pytest_launchready.assertions.judging import CheckFailure
from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.probes.latency.family import checks
from pytest_launchready.probes.subject import Context, Subject

MAP = """
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
[steps.search]
request = "GET /listings"
query = { q = "{{ search.text }}" }
items = "@"
capture = { id = "id", title = "title" }
[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id", title = "title" }
[steps.get_listing]
request = "GET /listings/{{ listing.id }}"
capture = { id = "id" }
[steps.stock]
request = "POST /stock"
json = { rows = "{{ rows }}" }
[latency]
cacheable = ["get_listing"]
[latency.growth]
step = "search"
grow = "stock"
rows = [100, 1000, 2000]
"""
TAG = '"v1"'


class Shop:
    """A shop whose answers a test may change: `reply` gets the request and what a good shop would answer."""

    def __init__(self, people, reply=lambda _, good: good):
        self.people, self.reply = people, reply
        self.listings, self.rows, self.asked = [], 0, []

    def __call__(self, request):
        """The answer to one request."""
        self.asked.append(request.line)
        return self.reply(request, self.good(request))

    def good(self, request):  # noqa: PLR0911 - one for each route
        """What a good shop answers."""
        match request.method, request.parts:
            case "POST", ["people"]:
                return 201, {"id": self.people.join(**request.json)["id"]}
            case "POST", ["login"]:
                return 200, {"token": self.people.enter(**request.json)}
            case "POST", ["stock"]:
                self.rows = request.json["rows"]
                return 200, {}
            case "GET", ["me"]:
                person = self.people.by_token(request.bearer)
                if person is None:
                    return 401, {}
                return 200, {"id": person["id"], "email": person["email"]}, {"cache-control": "private"}
            case "POST", ["listings"]:
                self.listings.append({"id": len(self.listings) + 1, **request.json})
                return 201, self.listings[-1]
            case "GET", ["listings"]:
                wanted = request.query["q"][0] if "q" in request.query else ""
                found = [one for one in self.listings if wanted in one["title"]]
                return 200, found, {"server-timing": 'db;dur=1;desc="2 queries"'}
            case "GET", ["listings", number]:
                kept = {"etag": TAG, "cache-control": "public, max-age=60"}
                if request.headers.get("if-none-match") == TAG:
                    return 304, None, kept
                return 200, self.listings[int(number) - 1], kept
        return 404, {}


@pytest.fixture
def audited(serve, open_shop, anyone):
    """A function: ids of checks, how the shop errs → its verdicts by id, and the shop."""

    def run(*ids, reply=lambda _, good: good, text=MAP, **more):
        shop = Shop(anyone, reply)
        market = open_shop(text, serve(shop).url, **more)
        context = Context(market, watch=None, planned=frozenset(ids))
        found = {}
        for check in checks(Subject(market.map)):
            if check.id not in ids:
                continue
            try:
                assert check.absent is None, check.absent
                found[check.id] = market._engine.run(lambda check=check: check.run(context))
            except NotCovered as error:
                found[check.id] = error
        return found, shop

    return run


def on(line, change):
    """A reply that changes the answers to one line."""
    return lambda request, good: change(request, good) if request.line == line else good


def headers(**more):
    """A change of headers; None takes one away."""

    def change(_, good):
        kept = {**(good[2] if len(good) > 2 else {}), **{name.replace("_", "-"): value for name, value in more.items()}}
        return good[0], good[1], {name: value for name, value in kept.items() if value is not None}

    return change


def test_steps_that_only_read_are_sampled_in_turn(audited):
    """Each gets its eighty-six calls, and they alternate: a bad minute falls on all of them."""
    found, shop = audited("latency.search", "latency.me")
    assert [verdict.outcome for verdict in found.values()] == ["passed", "passed"]
    sampled = [line for line in shop.asked if line in {"GET /me", "GET /listings"}][-172:]
    assert sampled == ["GET /me", "GET /listings"] * 86


def test_a_slow_step_fails_and_the_others_do_not(audited):
    """Its verdict has the numbers."""

    def slow(_, good):
        time.sleep(0.03)
        return good

    text = MAP.replace("[latency]", "[latency]\nsteps = { search = 20 }\nlimit = 2000")
    found, _ = audited("latency.search", "latency.me", reply=on("GET /listings", slow), text=text)
    assert {name: verdict.outcome for name, verdict in found.items()} == {
        "latency.me": "passed",
        "latency.search": "failed",
    }
    measured = found["latency.search"].evidence[0].measured
    assert (measured["n"], measured["slow"], measured["limit_ms"]) == (4, 4, 20)


def test_a_step_that_does_not_work_is_not_judged(audited):
    """That is for the family `flows` to say."""
    found, _ = audited("latency.search", reply=on("GET /listings", lambda *_: (500, {})))
    assert (found["latency.search"].outcome, found["latency.search"].code) == ("inconclusive", "prerequisite")


def test_samples_take_half_of_a_budget(audited):
    """What finds no room is undecided, and the setting is named."""
    text = '[targets.here]\nkind = "local"\napi = "$API"\nbudget = { requests = 330 }\n' + MAP
    found, _ = audited("latency.search", "latency.me", text=text)
    outcomes = [verdict.outcome for verdict in found.values()]
    assert outcomes == ["passed", "inconclusive"]
    assert "targets.here.budget.requests" in found["latency.search"].reason


def test_writing_steps_are_told_and_not_judged(audited):
    """Unless the team gives one a limit of its own: then what the session has recorded counts."""
    found, _ = audited("latency.search", "latency.writes")
    assert found["latency.writes"].outcome == "passed"
    assert "create_listing: 0 of 1 call over 300 ms, which is consistent with a p95 under it" in [
        one.said for one in found["latency.writes"].evidence
    ]
    text = MAP.replace("[latency]", "[latency]\nlimit = 0.001\nsteps = { create_listing = 0.001, search = 300 }")
    found, _ = audited("latency.search", "latency.create_listing", "latency.writes", text=text)
    assert found["latency.create_listing"].code == "few-samples"
    assert found["latency.writes"].notes == ()
    assert {one.said for one in found["latency.writes"].evidence} == {
        "signup: 2 of 2 calls over 0.001 ms, so its p95 is over it",
        "login: 2 of 2 calls over 0.001 ms, so its p95 is over it",
    }


def test_a_query_for_each_row_is_noticed(audited):
    """By what the server says itself; a fixed number of queries is fine, and silence is not covered."""
    assert audited("latency.queries")[0]["latency.queries"].outcome == "passed"

    def chatty(_, good):
        return good[0], good[1], {"server-timing": f'db;dur=1;desc="{2 + len(good[1])} queries"'}

    found = audited("latency.queries", reply=on("GET /listings", chatty))[0]["latency.queries"]
    assert (found.outcome, found.code) == ("failed", "n-plus-one")
    assert found.failure.got == "1 row: 3 queries; 5 rows: 7 (Server-Timing)"
    silent = audited("latency.queries", reply=on("GET /listings", headers(server_timing=None)))[0]["latency.queries"]
    assert "the server does not say how many queries it makes" in str(silent)


def test_redirects_and_long_answers_are_too_much_for_a_phone(audited):
    """One redirect is borne, three are not; a megabyte is the most."""

    def corners(most):
        def reply(request, good):
            hop = int(request.query.get("hop", ["0"])[0])
            return (307, None, {"location": f"/me?hop={hop + 1}"}) if hop < most else good

        return on("GET /me", reply)

    assert audited("latency.roundtrips", reply=corners(1))[0]["latency.roundtrips"].outcome == "passed"
    found = audited("latency.roundtrips", reply=corners(3))[0]["latency.roundtrips"]
    assert found.failure.title == "me waits for 4 answers in a row"
    heavy = on("GET /me", lambda _, good: (200, {**good[1], "history": "x" * 1_100_000}) if good[0] == 200 else good)
    found = audited("latency.roundtrips", reply=heavy)[0]["latency.roundtrips"]
    assert found.failure.title.startswith("me loads 1,100,")
    assert "s on a slow 4G" in found.failure.got


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (headers(etag=None), "get_listing has no validator"),
        (headers(cache_control="no-store"), "get_listing cannot be kept: Cache-Control says no-store"),
        (headers(cache_control="public, private"), "says public and private at once"),
        (headers(cache_control="max-age=soon"), "gives the age 'soon', which is no number of seconds"),
        (lambda _, good: (200, {"id": 1}, {"etag": TAG}) if good[0] == 304 else good, "sent whole though nothing"),
    ],
)
def test_what_is_declared_cacheable_has_to_be(audited, change, said):
    """A validator, a Cache-Control that makes sense, and 304 where nothing has changed."""
    found = audited("latency.caching", reply=on("GET /listings/1", change))[0]["latency.caching"]
    assert found.outcome == "failed"
    assert said in found.failure.title


def test_a_good_cache_passes_with_either_validator(audited):
    """An ETag or a date will do; a listing that is public for everybody may be `public`."""
    assert audited("latency.caching")[0]["latency.caching"].outcome == "passed"

    def dated(request, good):
        if request.headers.get("if-modified-since"):
            return 304, None, {"last-modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
        return good[0], good[1], {"last-modified": "Mon, 02 Nov 2026 10:00:00 GMT"}

    assert audited("latency.caching", reply=on("GET /listings/1", dated))[0]["latency.caching"].outcome == "passed"


def test_private_data_is_never_public(audited):
    """What others are refused no cache may keep for them."""
    found = audited("latency.caching", reply=on("GET /me", headers(cache_control="public, max-age=60")))[0]
    verdict = found["latency.caching"]
    assert verdict.failure.title == "caches may keep me, which is private"
    assert "without a session: 401 Unauthorized" in verdict.failure.got


def test_growth_is_told_with_its_slope(audited):
    """A search that reads every row gets slower; one that does not passes; the rows are taken away again."""
    text = MAP.replace("rows = [100, 1000, 2000]", "rows = [10, 100, 200]")
    text = text.replace("[latency]", "[latency]\nsteps = { search = 150 }")
    found, shop = audited("latency.growth", text=text)
    assert (found["latency.growth"].outcome, shop.rows) == ("passed", 0)
    rows = [0]

    def reply(request, good):
        if request.line == "POST /stock":
            rows.append(request.json["rows"])
        if request.line == "GET /listings":
            time.sleep(rows[-1] * 500e-6)
        return good

    found, shop = audited("latency.growth", reply=reply, text=text)
    verdict = found["latency.growth"]
    assert (verdict.outcome, verdict.code, shop.rows) == ("failed", "grows", 0)
    assert "for each thousand rows (95 % interval" in verdict.failure.got
    assert verdict.evidence[0].measured["rows"] == (10, 100, 200)


def test_a_test_may_ask_for_it(serve, open_shop, anyone):
    """`assert_flat`, by step or verb; what it is not given stands in the map."""
    market = open_shop(MAP, serve(Shop(anyone)).url)
    asserting = GrowthAssertions(market._engine, Context(market, watch=None))
    buyer = market.get_actor("buyer")
    asserting.assert_flat("search", rows=[1, 2])
    asserting.assert_flat(buyer.search, "lamp", grow="stock", rows=[1, 2], within_ms=100)
    with pytest.raises(CheckFailure, match="search gets slower as rows grow"):
        asserting.assert_flat("search", rows=[1, 2], within_ms=-1000)
    for call, said in (
        (lambda: asserting.assert_flat("serach"), "Did you mean 'search'"),
        (lambda: asserting.assert_flat("search", grow="stok"), "Did you mean 'stock'"),
        (lambda: asserting.assert_flat("search", rows=[5]), "two numbers or more from 1, each larger than the last"),
        (lambda: asserting.assert_flat(len), "wants the name of a step, or a verb of a person"),
    ):
        with pytest.raises(UseError, match=said):
            call()
    bare = open_shop(MAP[: MAP.index("[latency]")], market.map.target.api)
    with pytest.raises(UseError, match=r"wants grow=, a step that makes rows, or \[latency.growth\] in the map"):
        GrowthAssertions(bare._engine, Context(bare, watch=None)).assert_flat("search")


def test_errors_now_and_then_are_counted(audited):
    """A server that fails a tenth of the calls of a step fails; a step that never works is left to the flows."""
    count = iter(range(10_000))

    def shaky(_, good):
        return (503, {}) if next(count) % 10 == 9 else good

    found, _ = audited("latency.me", "latency.search", "latency.errors", reply=on("GET /me", shaky))
    assert found["latency.errors"].outcome == "failed"
    found, _ = audited("latency.search", "latency.errors", reply=on("GET /listings", lambda *_: (500, {})))
    assert found["latency.errors"].outcome == "passed"


def test_without_growth_in_the_map_it_is_not_covered(open_shop, serve, anyone):
    """And so it says, before anything is sent."""
    market = open_shop(MAP[: MAP.index("[latency]")], serve(Shop(anyone)).url)
    absent = {check.id: check.absent for check in checks(Subject(market.map))}
    assert "[latency.growth]" in absent["latency.growth"]
