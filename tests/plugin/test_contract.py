"""Contracts in a pytest session: the fixture, `mode = "all"`, and the baseline; with and without workers."""

import json

import pytest

CONTRACT = """
[contract]
openapi = "api.json"
mode = "all"
"""


def described(price):
    """What the shop in memory promises: every operation that it has, and the type of a price."""

    def body(schema):
        return {"description": "", "content": {"application/json": {"schema": schema}}}

    name = {"name": "id", "in": "path", "required": True, "schema": {}}
    listing = {"properties": {"id": {"type": "integer"}, "title": {"type": "string"}, "price": {"type": price}}}
    posts = {
        path: {"post": {"responses": {"201": body({}), "200": body({})}}}
        for path in ("/people", "/sessions", "/orders")
    }
    paths = {
        **posts,
        "/me": {"get": {"responses": {"200": body({})}}, "delete": {"responses": {"204": {"description": ""}}}},
        "/listings": {
            "get": {"responses": {"200": body({"type": "array", "items": listing})}},
            "post": {"responses": {"201": body(listing)}},
        },
        "/listings/{id}": {"parameters": [name], "delete": {"responses": {"204": {"description": ""}}}},
    }
    return {"openapi": "3.0.3", "info": {"title": "shop", "version": "1"}, "paths": paths}


@pytest.fixture
def judged(shop, pytester):
    """A function: the type of a price that is promised → the result of a run, and its ledger."""

    def run(price, *arguments, source):
        path = pytester.path / "launchready.toml"
        if "[contract]" not in path.read_text():
            path.write_text(path.read_text() + CONTRACT)
        (pytester.path / "api.json").write_text(json.dumps(described(price)))
        result = shop("--launchready-json=ledger.json", *arguments, source=source)
        return result, json.loads((pytester.path / "ledger.json").read_text())

    return run


SELLS = """
def test_one(seller):
    seller.create_listing()

def test_two(seller):
    seller.create_listing()
"""


def test_a_run_whose_answers_are_as_promised_is_green(judged):
    """Nothing is said of contracts."""
    result, ledger = judged("number", source=SELLS)
    assert (result.ret, ledger["contract"]) == (0, [])
    result.stdout.no_fnmatch_line("contract:*")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_answer_that_is_not_fails_the_run(judged, workers):
    """Though every test passes; told once, with how often, whoever saw it."""
    result, ledger = judged("string", *workers, source=SELLS)
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    [found] = ledger["contract"]
    assert (found["rule"], found["about"], found["route"], found["count"]) == (
        "wrong type",
        "price",
        "POST /listings",
        2,
    )
    assert ledger["exit_status"] == 1
    result.stdout.fnmatch_lines(["contract: POST /listings*wrong type: price: expected text, got *(number)*(2 times)"])


def test_a_run_without_its_description_is_not_green(shop, pytester):
    """It was to judge every answer, and has judged none."""
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text() + '\n[contract]\nopenapi = "/nowhere.json"\nmode = "all"\n')
    result = shop(source=SELLS)
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["contract: document: the API description /nowhere.json is not served*404 Not Found*"])


def test_the_fixture_works_in_plain_and_async_tests(judged):
    """Same name, same arguments."""
    result, _ = judged(
        "number",
        source="""
        import pytest
        import pytest_launchready

        def test_plain(seller, assert_contract):
            assert_contract(seller.create_listing(), "create_listing")

        async def test_async(seller, assert_contract):
            await assert_contract(await seller.search("x"), "search")

        def test_it_can_fail(seller, assert_contract):
            with pytest.raises(AssertionError, match="wrong type: price"):
                assert_contract(seller.create_listing(), {"properties": {"price": {"type": "string"}}})
        """,
    )
    result.assert_outcomes(passed=3)


def test_what_nobody_described_is_noted(judged):
    """Beside the test that has seen it."""
    result, ledger = judged(
        "number", source="def test_it(assert_contract): assert_contract({'id': 1, 'shelf': 2}, 'create_listing')"
    )
    result.assert_outcomes(passed=1)
    assert ledger["tests"][0]["notes"] == ["not described: the value: shelf as well"]


def test_a_contract_that_is_broken_fails_the_test_with_its_reason_only(judged):
    """No traceback through our own code."""
    result, _ = judged("string", source="def test_it(assert_contract): assert_contract({'id': 'x'}, 'create_listing')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*the value breaks its contract: wrong type: id", "*expected: an integer", '*got:      "x" (text)']
    )
    result.stdout.no_fnmatch_line("*/pytest_launchready/*")


DRIFT = "--launchready-checks=contract.drift.*"


def test_a_baseline_is_made_kept_and_compared(shop, pytester):
    """Not covered without one; then made, kept, and a price that became a number is told."""
    result = shop(DRIFT)
    assert result.parseoutcomes() == {"skipped": 2}
    result.stdout.fnmatch_lines(["*has no shape of it yet; make one: pytest --launchready-target=shop*"])
    result = shop(DRIFT, "--launchready-update-baseline")
    assert result.parseoutcomes() == {"passed": 2}
    result.stdout.fnmatch_lines(["note: search: new in the baseline*"])
    assert shop(DRIFT).parseoutcomes() == {"passed": 2}
    path = pytester.path / "launchready-contract.json"
    document = json.loads(path.read_text())
    document["targets"]["shop"]["search"]["GET /listings"]["items"]["properties"]["price"] = {"type": "string"}
    path.write_text(json.dumps(document))
    result = shop(DRIFT)
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    result.stdout.fnmatch_lines(["*expected: [[][]].price: text (launchready-contract.json)"])


def test_workers_write_into_one_baseline(shop, pytester):
    """None of them loses what another has learnt."""
    assert shop(DRIFT, "--launchready-update-baseline", "-n", "2").parseoutcomes() == {"passed": 2}
    document = json.loads((pytester.path / "launchready-contract.json").read_text())
    assert list(document["targets"]["shop"]) == ["me", "search"]


def test_a_baseline_that_nothing_would_write_is_a_usage_error(shop):
    """The option alone does nothing, and says so."""
    result = shop("--launchready-update-baseline", source=SELLS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*none of them runs: add --launchready-checks='contract.drift.*'"])
