"""The checks of the family contract on small servers, right and wrong in one thing each."""

import asyncio
import itertools
import json

import pytest

from pytest_launchready.assertions.contract import ContractAssertions, ContractFailure
from pytest_launchready.contracts import engines, soundness
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.probes.contract import document as validating
from pytest_launchready.probes.contract.baseline import Baseline
from pytest_launchready.probes.contract.family import FAMILY
from pytest_launchready.probes.contract.watching import Watcher, line_of, merged, watcher
from pytest_launchready.probes.subject import Context, Subject

MAP = """
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}", price = 12.5 }
capture = { id = "id" }
[steps.get_listing]
request = "GET /listings/{{ listing.id }}"
capture = { id = "id" }
[steps.search]
request = "GET /listings"
items = "items"
capture = { id = "id" }
"""
LISTING = {
    "type": "object",
    "required": ["id", "price"],
    "properties": {"id": {"type": "integer"}, "title": {"type": "string"}, "price": {"type": "number"}},
}
PAGE = {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Listing"}}}}


def answers(schema):
    return {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}


def document():
    """What the small shop promises."""
    reference = {"$ref": "#/components/schemas/Listing"}
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "shop", "version": "1"},
        "paths": {
            "/people": {"post": {"responses": {"201": {"description": ""}}}},
            "/sessions": {"post": {"responses": {"200": {"description": ""}}}},
            "/listings": {
                "get": {"responses": answers(PAGE)},
                "post": {"responses": {"201": answers(reference)["200"]}},
            },
            "/listings/{id}": {"get": {"parameters": [name], "responses": answers(reference)}},
        },
        "components": {"schemas": {"Listing": LISTING}},
    }


class Shop:
    """Listings by number; `bend` changes what is shown, `api` is the description, `wrong` answers in its place."""

    def __init__(self, anyone):
        self.anyone, self.numbers, self.listings = anyone, itertools.count(1), {}
        self.bend = dict
        self.api = document()
        self.wrong = lambda _: None

    def __call__(self, request):  # noqa: PLR0911 - one for each route
        """The answer to a request."""
        wrong = self.wrong(request)
        if wrong is not None:
            return wrong
        match request.method, request.parts:
            case "GET", ["openapi.json"]:
                return 200, self.api
            case "POST", ["people"]:
                return 201, {"id": self.anyone.join(**request.json)["id"]}
            case "POST", ["sessions"]:
                return 200, {"token": self.anyone.enter(**request.json)}
            case "POST", ["listings"]:
                number = next(self.numbers)
                self.listings[number] = {"id": number, **request.json}
                return 201, self.bend(self.listings[number])
            case "GET", ["listings"]:
                return 200, {"items": [self.bend(one) for one in self.listings.values()]}
            case "GET", ["listings", number]:
                return 200, self.bend(self.listings[int(number)])
        return 404, {"detail": "nothing here"}


@pytest.fixture
def shop(anyone):
    return Shop(anyone)


@pytest.fixture
def audit(shop, serve, open_shop, tmp_path):
    """A function: more of the map → the verdict of each check, or why it is not covered."""

    def run(*wanted, more='[contract]\nopenapi = "/openapi.json"\n', update=False, text=MAP):
        market = open_shop(text + more, serve(shop).url)
        kept = Baseline(tmp_path / "launchready-contract.json", "here", tmp_path / "lock" / "a", update)
        context = Context(market, None, baseline=kept)
        checks = FAMILY.checks(Subject(market.map, baseline=kept))
        return {
            check.id.removeprefix("contract."): outcome(check, market, context)
            for check in checks
            if not wanted or check.id.removeprefix("contract.") in wanted
        }

    return run


def outcome(check, market, context):
    if check.absent is not None:
        return f"not covered: {check.absent}"
    try:
        return market._engine.run(lambda: check.run(context))
    except NotCovered as error:
        return str(error)


def outcomes(found):
    return {name: one if isinstance(one, str) else one.outcome for name, one in found.items()}


def test_a_shop_that_keeps_its_contract_passes(audit):
    """And a team without a baseline is told how to make one."""
    pytest.importorskip("openapi_spec_validator")
    found = outcomes(audit())
    drift = [found.pop("drift.get_listing"), found.pop("drift.search")]
    assert found == {
        "document": "passed",
        "responses.get_listing": "passed",
        "responses.search": "passed",
        "unknown": "passed",
    }
    assert all("pytest --launchready-target=here --launchready-checks='contract.drift.*'" in one for one in drift)


def test_without_a_validator_nobody_says_that_a_document_is_valid(audit, shop, monkeypatch):
    """What our own reading finds fails; if that is nothing, it is not covered, with what to install."""
    monkeypatch.setattr(validating, "find_spec", lambda _: None)
    monkeypatch.setattr(soundness, "find_spec", lambda _: None)
    assert audit("document")["document"].endswith("pip install 'pytest-launchready[contract]'")
    shop.api["paths"]["/listings/{id}"]["get"]["operationId"] = "twice"
    shop.api["paths"]["/listings"]["get"]["operationId"] = "twice"
    assert outcomes(audit("document")) == {"document": "failed"}


def price_as_text(listing):
    return listing | {"price": str(listing["price"])}


def test_a_price_that_became_text_is_told_whole(audit, shop):
    """Path, both sides, and the request; the same in a list."""
    shop.bend = price_as_text
    found = audit("responses.get_listing", "responses.search", "unknown")
    assert outcomes(found) == {
        "responses.get_listing": "failed",
        "responses.search": "failed",
        "unknown": "passed",
    }
    failure = found["responses.search"].failure
    assert failure.title == "search breaks its contract: wrong type: items[0].price"
    assert (failure.expected, failure.got) == ("a number", '"12.5" (text)')
    assert failure.exchange.path == "/listings"
    assert found["responses.search"].code == "wrong-type"


def test_an_undescribed_field_is_a_note_unless_the_team_says_otherwise(audit, shop):
    """Its own check tells it, and no other."""
    shop.bend = lambda listing: listing | {"shelf": "B 17"}
    found = audit("responses.get_listing", "responses.search", "unknown")
    assert set(outcomes(found).values()) == {"passed"}
    assert any("/listings/1: shelf as well" in note for note in found["unknown"].notes)
    strict = audit(more='[contract]\nopenapi = "/openapi.json"\nunknown = "fail"\n')
    assert [name for name, one in outcomes(strict).items() if one == "failed"] == ["unknown"]
    assert "shelf as well" in strict["unknown"].failure.got


def test_a_crash_is_not_the_business_of_a_contract(audit, shop):
    """Nothing is known of the answer's shape; another check says that the step does not work."""
    shop.wrong = lambda request: (500, {}) if request.line == "GET /listings" else None
    found = audit("responses.get_listing", "responses.search")
    assert outcomes(found) == {"responses.get_listing": "passed", "responses.search": "inconclusive"}
    assert "search failed" in found["responses.search"].reason


def test_a_step_that_fails_because_its_answer_changed_fails_here_too(audit, shop):
    """The id is gone: the step cannot capture it, and the contract says why."""
    shop.bend = lambda listing: {name: value for name, value in listing.items() if name != "id"}
    shop.listings[1] = {"id": 1, "price": 2}
    found = audit("responses.search")
    assert found["responses.search"].failure.title == "search breaks its contract: field missing: items[0].id"


def test_an_operation_that_nobody_described(audit, shop):
    """The map asks for it, and the document does not know it."""
    del shop.api["paths"]["/listings/{id}"]
    found = audit("responses.get_listing", "responses.search")
    assert outcomes(found) == {"responses.get_listing": "failed", "responses.search": "passed"}
    assert "undocumented operation: GET /listings/1" in found["responses.get_listing"].failure.title


def test_a_body_that_nobody_described_is_not_covered(audit, shop):
    """A pass would prove nothing."""
    shop.api["paths"]["/listings"]["get"]["responses"] = {"200": {"description": ""}}
    found = audit("responses.search")["responses.search"]
    assert found.startswith("not covered: the OpenAPI document describes no body of GET /listings")


def test_a_broken_document_is_told_and_its_sound_parts_are_used(audit, shop):
    """One lost reference does not keep the rest from counting."""
    shop.api["paths"]["/listings/{id}"]["get"]["responses"] = answers({"$ref": "#/components/schemas/Lost"})
    shop.bend = price_as_text
    found = audit("document", "responses.get_listing", "responses.search")
    assert outcomes(found) == {"document": "failed", "responses.get_listing": "passed", "responses.search": "failed"}
    assert "$ref '#/components/schemas/Lost' leads nowhere" in found["document"].failure.got


@pytest.mark.parametrize(
    ("answer", "got"),
    [((500, {}), "500 Internal Server Error"), ((404, {}), "404 Not Found"), ((200, "<p>hello"), "it is HTML")],
)
def test_a_document_that_is_not_served_fails_its_check_alone(audit, shop, answer, got):
    """What cannot be judged without it is inconclusive, never passed."""
    shop.wrong = lambda request: answer if request.line == "GET /openapi.json" else None
    found = audit("document", "responses.search")
    assert outcomes(found) == {"document": "failed", "responses.search": "inconclusive"}
    assert got in found["document"].failure.got
    assert "openapi.json" in found["responses.search"].reason


def test_a_document_for_people_with_an_account(audit, shop):
    """Visitors are refused, and a buyer gets it."""
    pytest.importorskip("openapi_spec_validator")
    shop.wrong = lambda request: (401, {}) if request.line == "GET /openapi.json" and not request.bearer else None
    assert outcomes(audit("document")) == {"document": "passed"}


def test_a_document_elsewhere_is_not_asked_for(audit):
    """No other origin is contacted."""
    found = audit("document", more='[contract]\nopenapi = "https://docs.example/openapi.json"\n')
    assert "https://docs.example is not part of the target" in found["document"]


def test_a_document_in_a_file(audit, shop, tmp_path):
    """Read from beside the map."""
    (tmp_path / "api.json").write_text(json.dumps(shop.api))
    shop.bend = price_as_text
    found = audit("responses.get_listing", more='[contract]\nopenapi = "api.json"\n')
    assert outcomes(found) == {"responses.get_listing": "failed"}


def test_a_schema_of_a_step_comes_before_the_document(audit, tmp_path):
    """A team that has no document writes one schema a step."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "search.json").write_text('{"properties": {"items": {"minItems": 50}}}')
    found = audit("responses.get_listing", "responses.search", more='[contract]\nschemas = "schemas"\n')
    assert found["responses.search"].failure.expected == "at least 50 items"
    assert "names no description of the API" in found["responses.get_listing"]


def test_a_list_is_judged_with_something_in_it(audit, shop):
    """A shop that is empty would prove nothing of its items."""
    shop.bend = price_as_text
    assert outcomes(audit("responses.search")) == {"responses.search": "failed"}
    assert len(shop.listings) == 1


def test_shapes_are_learnt_and_drift_is_told(audit, shop):
    """No baseline, then one, then a price that became text and a new field."""
    learnt = audit("drift.get_listing", "drift.search", more="", update=True)
    assert outcomes(learnt) == {"drift.get_listing": "passed", "drift.search": "passed"}
    assert len(shop.listings) == 3
    assert learnt["drift.search"].notes[0].startswith("search: new in the baseline")
    assert outcomes(audit("drift.get_listing", "drift.search", more="")) == {
        "drift.get_listing": "passed",
        "drift.search": "passed",
    }
    shop.bend = lambda listing: price_as_text(listing) | {"colour": "red"}
    drifted = audit("drift.get_listing", "drift.search", more="")
    assert outcomes(drifted) == {"drift.get_listing": "failed", "drift.search": "failed"}
    failure = drifted["drift.search"].failure
    assert (failure.expected, failure.got) == (
        "items[].price: a number (launchready-contract.json)",
        "items[].price: text",
    )
    assert drifted["drift.search"].notes == ("GET /listings: items[].colour: was not there, is text, a new field",)
    again = audit("drift.search", more="", update=True)
    assert "- search: GET /listings: items[].price: number" in again["drift.search"].notes
    assert "+ search: GET /listings: items[].price: string" in again["drift.search"].notes


def test_a_new_field_alone_is_a_note(audit, shop):
    """Nobody breaks by it."""
    audit("drift.search", more="", update=True)
    shop.bend = lambda listing: listing | {"colour": "red"}
    found = audit("drift.search", more="")["drift.search"]
    assert (found.outcome, len(found.notes)) == ("passed", 1)


def test_a_crash_is_no_drift(audit, shop):
    """Nor is the shape of an error."""
    audit("drift.search", more="", update=True)
    shop.wrong = lambda request: (503, {"detail": "down"}) if request.line == "GET /listings" else None
    assert outcomes(audit("drift.search", more="")) == {"drift.search": "inconclusive"}


def test_a_broken_baseline_is_inconclusive(audit, tmp_path):
    """It must not pass for an empty one."""
    (tmp_path / "launchready-contract.json").write_text("{")
    found = audit("drift.search", more="")["drift.search"]
    assert (found.outcome, found.code) == ("inconclusive", "no-baseline")
    assert "--launchready-update-baseline" in found.reason


def test_the_graphql_schema_judges_too(serve, open_shop, tmp_path):
    """By introspection; and what is off is not covered, with what to do."""
    from graphql import build_schema, graphql_sync

    schema = build_schema("type Query { me: Person! } type Person { id: ID! name: String }")
    state = {"me": {"id": "1", "name": "a"}, "open": True}

    def app(request):
        query = request.json["query"]
        if "__schema" in query:
            closed = {"errors": [{"message": "introspection is off"}]}
            return 200, graphql_sync(schema, query).formatted if state["open"] else closed
        return 200, {"data": {"me": state["me"]}}

    text = (
        '[contract]\ngraphql = "/graphql"\nunknown = "fail"\n'
        '[steps.profile]\nactor = "anonymous"\ngraphql = "{ me { id name } }"\n'
    )

    def verdicts():
        market = open_shop(text, serve(app).url)
        context = Context(market, None)
        return {check.id: outcome(check, market, context) for check in FAMILY.checks(Subject(market.map))}

    assert outcomes(verdicts())["contract.responses.profile"] == "passed"
    assert outcomes(verdicts())["contract.document"] == "passed"
    market = open_shop(text, serve(app).url)
    response = market.get_actor("anonymous").post("/graphql", json={"query": "{ me { id } }"})
    with pytest.raises(ContractFailure, match=r"breaks its contract: unknown field: data\.me\.name"):
        ContractAssertions(market._engine, Context(market, None), tmp_path).assert_contract(response, "profile")
    state["me"] = {"id": 1, "name": "a"}
    assert (
        verdicts()["contract.responses.profile"].failure.title == "profile breaks its contract: wrong type: data.me.id"
    )
    state["open"] = False
    assert "introspection gives no schema" in verdicts()["contract.responses.profile"]
    assert "as schema.graphql" in verdicts()["contract.document"]


@pytest.fixture
def watched(shop, serve, open_shop):
    """A function: more of the map → a marketplace every answer of which is judged."""

    def start(more=""):
        market = open_shop(f'{MAP}[contract]\nopenapi = "/openapi.json"\n{more}', serve(shop).url)
        found = market._engine.run(lambda: watcher(Context(market, None)))
        if isinstance(found, Watcher):
            market.observers.append(found)
        return market, found

    return start


def test_every_answer_of_a_run_can_be_judged(watched, shop):
    """Each kind is told once, with how often it was seen; writes too."""
    market, found = watched()
    seller = market.get_actor("seller")
    seller.create_listing()
    assert found.findings(market.secrets) == []
    shop.bend = lambda listing: price_as_text(listing) | {"shelf": 3}
    for listing in [seller.create_listing(), seller.create_listing()]:
        seller.get_listing(listing)
    told = {
        (one["route"], one["rule"], one["about"]): (one["count"], one["failed"])
        for one in found.findings(market.secrets)
    }
    assert told == {
        ("POST /listings", "wrong type", "price"): (2, True),
        ("GET /listings/#", "wrong type", "price"): (2, True),
        ("POST /listings", "unknown field", "shelf"): (2, False),
        ("GET /listings/#", "unknown field", "shelf"): (2, False),
    }


def test_what_is_no_part_of_the_api_is_not_judged(watched, shop):
    """Pages, what is not there, and the description itself; an answer of JSON that nobody described is a note."""
    shop.wrong = lambda request: {"GET /about": (200, "<p>us"), "GET /health": (200, {"ok": True})}.get(request.line)
    market, found = watched()
    anonymous = market.get_actor("anonymous")
    for path in ("/about", "/nothing", "/openapi.json", "/health"):
        anonymous.get(path)
    [one] = found.findings(market.secrets)
    assert (one["rule"], one["about"], one["failed"]) == ("undocumented operation", "GET /health", False)


def test_a_description_that_cannot_judge_is_told_and_breaks_no_request(watched, shop, monkeypatch):
    """The run goes on, and is not green."""
    monkeypatch.setattr(engines, "_has_rust", lambda: False)
    shop.api["components"]["schemas"]["Listing"] = {"allOf": [{"$ref": "#/components/schemas/Listing"}]}
    market, found = watched()
    assert market.get_actor("seller").create_listing().id == 1
    [one] = found.findings(market.secrets)
    assert (one["rule"], one["failed"], one["got"]) == ("document", True, "the schema refers to itself without end")


def test_findings_hold_no_secrets(watched, shop):
    """The log-in answers with a token where a number was promised."""
    shop.api["paths"]["/sessions"]["post"]["responses"] = answers({"properties": {"token": {"type": "integer"}}})
    market, found = watched()
    market.get_actor("buyer")
    told = json.dumps(found.findings(market.secrets))
    assert "wrong type" in told
    assert not any(token in told for token in shop.anyone.tokens)


def test_findings_of_several_processes_are_one(watched, shop):
    """Workers tell what they saw; counts are added."""
    shop.bend = price_as_text
    market, found = watched()
    market.get_actor("seller").create_listing()
    told = {"contract": found.findings(market.secrets)}
    [one] = merged([told, told, {}])
    assert one["count"] == 2
    assert line_of(one).endswith('wrong type: price: expected a number, got "12.5" (text) (2 times)')


def test_a_description_that_cannot_be_had_is_a_finding(watched, shop):
    """A run that was to judge every answer must not be green without having judged one."""
    shop.wrong = lambda request: (500, {}) if request.line == "GET /openapi.json" else None
    _, found = watched()
    assert (found["rule"], found["failed"]) == ("document", True)
    assert "/openapi.json is not served" in found["about"]


@pytest.fixture
def holds(shop, serve, open_shop, tmp_path):
    """A marketplace and its `assert_contract`."""

    def start(more='[contract]\nopenapi = "/openapi.json"\n'):
        market = open_shop(MAP + more, serve(shop).url)
        return market, ContractAssertions(market._engine, Context(market, None), tmp_path).assert_contract

    return start


def test_one_thing_is_held_against_many_kinds_of_promises(holds, tmp_path):
    """A table, a file, a step, an operation; responses, objects, lists, plain data."""
    market, assert_contract = holds()
    seller = market.get_actor("seller")
    listing = seller.create_listing()
    (tmp_path / "listing.json").write_text(json.dumps(LISTING))
    response = seller.get(f"/listings/{listing.id}")
    for thing in (listing, response, {"id": 1, "price": 2}):
        for schema in (
            LISTING,
            "listing.json",
            "listing",
            tmp_path / "listing.json",
            "get_listing",
            "GET /listings/{id}",
        ):
            assert_contract(thing, schema)
    assert_contract(seller.search("x"), "search")
    assert_contract(seller.get("/listings"), "search")


def test_schemas_may_refer_to_each_other_by_their_ids(holds, tmp_path):
    """Those of the team's folder are there; nothing is fetched."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "price.json").write_text('{"$id": "https://acme.example/price", "type": "number"}')
    _, assert_contract = holds('[contract]\nschemas = "contracts"\n')
    schema = {"properties": {"price": {"$ref": "https://acme.example/price"}}}
    assert_contract({"price": 1}, schema)
    with pytest.raises(ContractFailure, match="wrong type: price"):
        assert_contract({"price": "1"}, schema)
    with pytest.raises(UseError, match=r"into the folder of \[contract\] schemas with that \$id"):
        assert_contract({"price": 1}, {"$ref": "https://acme.example/other"})


def test_a_failure_says_where_what_and_by_which_request(holds, shop):
    """Ten lines at most before the others."""
    market, assert_contract = holds()
    shop.bend = price_as_text
    seller = market.get_actor("seller")
    listing = seller.create_listing()
    with pytest.raises(ContractFailure) as failure:
        assert_contract(seller.get(f"/listings/{listing.id}"), "get_listing")
    lines = str(failure.value).splitlines()
    assert lines[0] == f"GET /listings/{listing.id} breaks its contract: wrong type: price"
    assert lines[1:4] == ["  expected: a number", '  got:      "12.5" (text)', "  layer:    contract"]
    assert lines[4].startswith(f"  request:  GET /listings/{listing.id} → 200 OK")
    with pytest.raises(ContractFailure, match=r"a list of 1 breaks its contract: wrong type: \[0\]\.price"):
        assert_contract(seller.search("x"), "search")


def test_what_an_answer_says_of_secrets_is_masked(holds):
    """The message would show a password that the run has made."""
    market, assert_contract = holds()
    password = market.get_actor("buyer").account.password
    with pytest.raises(ContractFailure) as failure:
        assert_contract({"secret": password}, {"properties": {"secret": {"type": "integer"}}})
    assert password not in str(failure.value)


@pytest.mark.parametrize(
    ("thing", "schema", "message"),
    [
        ({}, "get_listin", "'get_listin' is no schema. Did you mean 'get_listing'?"),
        ({}, "GET /listing/{id}", "the document has no GET /listing/{id}. Did you mean 'GET /listings/{id}'?"),
        (object(), {}, "object is no answer"),
        ({}, {"type": "text"}, "the schema itself is none: at type expected"),
    ],
)
def test_a_call_that_cannot_be_right_says_what_is_allowed(holds, thing, schema, message):
    _, assert_contract = holds()
    with pytest.raises(UseError) as error:
        assert_contract(thing, schema)
    assert message in str(error.value)


def test_without_its_description_nothing_is_decided(holds, shop):
    """A document that answers 500 is inconclusive, one that is not named is not covered."""
    _, assert_contract = holds("")
    with pytest.raises(NotCovered, match="names no OpenAPI document"):
        assert_contract({}, "search")
    shop.wrong = lambda request: (500, {}) if request.line == "GET /openapi.json" else None
    _, assert_contract = holds()
    with pytest.raises(Inconclusive, match="is not served"):
        assert_contract({}, "search")


def test_what_nobody_described_is_not_covered(holds, shop):
    """A pass would prove nothing, of a response as of an object."""
    shop.api["paths"]["/listings/{id}"]["get"]["responses"] = {"200": {"description": ""}}
    market, assert_contract = holds()
    seller = market.get_actor("seller")
    listing = seller.create_listing()
    for thing in (listing, seller.get(f"/listings/{listing.id}")):
        with pytest.raises(NotCovered, match=r"the document describes no body of GET /listings/\{id\}"):
            assert_contract(thing, "get_listing")


def test_it_is_awaited_in_async_code(holds):
    """Same name, same arguments."""
    _, assert_contract = holds()

    async def test():
        await assert_contract({"id": 1, "price": 2}, "get_listing")

    asyncio.run(test())
