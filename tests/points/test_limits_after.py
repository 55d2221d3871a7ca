"""What has to hold while a limit is reached, and afterwards: others are served, no way leads around, it ends."""

import time

import pytest

from pytest_launchready.assertions.judging import CheckFailure
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from tests.points.limited import (
    DECLARED,
    MAP,
    Counter,
    asserting,
    audit,
    by_address,
    open_to_all,
    outcomes,
    refusing,
    shop,
)

TOO_MANY = (429, {"error": "slow down"}, {"Retry-After": "1"})
BYPASS, ISOLATION, RECOVERY = (f"limits.login.{part}" for part in ("bypass", "isolation", "recovery"))


def test_a_healthy_limit_by_account_passes_everything(serve, open_shop, anyone):
    """All four checks of a log-in, with no finding and no note."""
    server = serve(shop(anyone, refusing(Counter(5, 1.0), TOO_MANY)))
    found = audit(open_shop(DECLARED, server.url))
    assert {name: word for name, word in outcomes(found).items() if name.startswith("limits.login")} == dict.fromkeys(
        ("limits.login", ISOLATION, BYPASS, RECOVERY), "passed"
    )


KEYS = {
    "X-Forwarded-For": lambda request, email: (email, request.headers.get("x-forwarded-for")),
    "Forwarded": lambda request, email: (email, request.headers.get("forwarded")),
    "X-Forwarded-For: 127.0.0.1": lambda request, email: (
        time.monotonic() if request.headers.get("x-forwarded-for") == "127.0.0.1" else email
    ),
    "a further query parameter": lambda request, email: (email, str(request.query)),
    "capital letters in the account's name": lambda request, _: request.json["email"],
}


@pytest.mark.parametrize("way", KEYS)
def test_a_way_around_is_found_and_named(serve, open_shop, anyone, way):
    """Only that one, with a request that was let through and one that was refused."""
    server = serve(shop(anyone, refusing(Counter(5), TOO_MANY, KEYS[way])))
    found = audit(open_shop(DECLARED, server.url), BYPASS)[BYPASS]
    assert found.outcome == "failed", found
    assert found.failure.title == f"the limit of login can be bypassed by {way}"
    assert found.failure.exchange.answer.status == 401
    assert found.failure.control.answer.status == 429


def test_another_spelling_that_means_another_account_is_no_way_around(serve, open_shop, anyone):
    """A shop that tells addresses by case counts them by case."""
    app = shop(anyone, refusing(Counter(5), TOO_MANY, KEYS["capital letters in the account's name"]))

    def strict(request):
        if request.line == "POST /login" and request.json["email"] not in anyone.people:
            return 401, {"error": "wrong"}
        return app(request)

    assert audit(open_shop(DECLARED, serve(strict).url), BYPASS)[BYPASS].outcome == "passed"


def test_a_bucket_that_fills_up_again_is_no_way_around(serve, open_shop, anyone):
    """Now and then a try is let through, of whatever kind: that proves nothing of its kind."""
    counter, seen = Counter(5), []

    def limit(request, email):
        seen.append(email)
        return TOO_MANY if counter.full(email) and len(seen) % 4 else None

    found = audit(open_shop(DECLARED, serve(shop(anyone, limit)).url), "limits.login", BYPASS)
    assert found[BYPASS] if isinstance(found[BYPASS], str) else found[BYPASS].outcome != "failed"


def test_a_limit_by_address_is_a_note_and_no_finding(serve, open_shop, anyone):
    """All that a run sends comes from one address: it cannot tell a limit by address from one for everybody."""
    server = serve(shop(anyone, refusing(Counter(5), TOO_MANY, by_address)))
    found = audit(open_shop(DECLARED, server.url), ISOLATION)[ISOLATION]
    assert found.outcome == "passed"
    assert "counts by address, or is one for everybody" in found.notes[0]


def test_a_limit_that_blocks_others_is_a_finding_where_the_map_says_by_account(serve, open_shop, anyone):
    """The team's own words are tested."""
    server = serve(shop(anyone, refusing(Counter(5), TOO_MANY, by_address)))
    found = audit(open_shop(DECLARED + 'per = "account"\n', server.url), ISOLATION)[ISOLATION]
    assert (found.outcome, found.code) == ("failed", "others-blocked")


def test_a_limit_that_does_not_end_when_it_says_is_a_finding(serve, open_shop, anyone):
    """It is waited for twice, in silence, as long as the refusal says."""
    server = serve(shop(anyone, refusing(Counter(5), TOO_MANY)))
    found = audit(open_shop(DECLARED, server.url), RECOVERY)[RECOVERY]
    assert (found.outcome, found.code) == ("failed", "no-recovery")
    assert found.failure.title == "login: the limit does not end when it says"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "does not say when to come back"), ({"Retry-After": "900"}, "the limit lasts 900 s more")],
)
def test_a_limit_that_lasts_longer_than_an_audit_waits_is_not_covered(serve, open_shop, anyone, headers, reason):
    """With what to write to have it waited for."""
    server = serve(shop(anyone, refusing(Counter(5), (429, {}, headers))))
    assert reason in audit(open_shop(DECLARED, server.url), RECOVERY)[RECOVERY]


def test_the_reset_of_ratelimit_fields_is_waited_for_too(serve, open_shop, anyone):
    """The newer generation of fields, without a Retry-After."""
    fields = {"RateLimit": '"login";r=0;t=1', "RateLimit-Policy": '"login";q=5;w=1'}
    server = serve(shop(anyone, refusing(Counter(5, 1.0), (429, {}, fields))))
    assert audit(open_shop(DECLARED, server.url), RECOVERY)[RECOVERY].outcome == "passed"


class TestAssertion:
    """`assert_rate_limited`, as a test calls it."""

    def test_it_passes_where_the_limit_holds(self, serve, open_shop, anyone):
        """What a test says stands in place of the map."""
        server = serve(shop(anyone, refusing(Counter(4, 1.0), TOO_MANY)))
        asserting(open_shop(MAP, server.url))("login", within=4, recover_within=3)

    def test_it_fails_with_what_was_seen(self, serve, open_shop, anyone):
        """The first failure is told whole."""
        server = serve(shop(anyone, open_to_all))
        with pytest.raises(CheckFailure) as caught:
            asserting(open_shop(MAP, server.url))("login", within=3)
        text = str(caught.value)
        assert text.startswith("limits.login: login is not limited to 3 tries\n  expected: a refusal after 3 tries")
        assert "  control:  POST /login → 401" in text
        assert "see:      API4:2023, ASVS 5.0 6.3.1" in text

    def test_a_limit_that_outlasts_the_promise_fails(self, serve, open_shop, anyone):
        """`recover_within` is the team's word, whatever Retry-After says."""
        server = serve(shop(anyone, refusing(Counter(3), (429, {}))))
        with pytest.raises(CheckFailure, match=r"login: the limit does not end within 0\.5 s"):
            asserting(open_shop(MAP, server.url))("login", within=3, recover_within=0.5)

    def test_the_map_has_to_say_how_many_where_the_test_does_not(self, serve, open_shop, anyone):
        """Named with what to write."""
        server = serve(shop(anyone, open_to_all))
        with pytest.raises(UseError, match=r"how many tries\? Give within=TRIES, or say it in .*\[limits.login\]"):
            asserting(open_shop(MAP, server.url))("login")

    @pytest.mark.parametrize("wrong", [{"within": 0}, {"within": 3, "recover_within": 0}])
    def test_a_number_that_makes_no_sense_is_named(self, serve, open_shop, anyone, wrong):
        """With what was got and what is allowed."""
        market = open_shop(MAP, serve(shop(anyone, open_to_all)).url)
        with pytest.raises(UseError, match=r"within: got 0, allowed: "):
            asserting(market)("login", **wrong)

    def test_a_step_that_is_not_mapped_is_named(self, serve, open_shop, anyone):
        """With the nearest one."""
        market = open_shop(MAP, serve(shop(anyone, open_to_all)).url)
        with pytest.raises(Inconclusive, match=r"step 'logn' is not mapped in .* Did you mean 'login'"):
            asserting(market)("logn", within=3)

    def test_known_to_have_none_is_not_covered(self, serve, open_shop, anyone):
        """The test is skipped, with the team's reason."""
        market = open_shop(MAP + '[limits.login]\nnone = "soon"\n', serve(shop(anyone, open_to_all)).url)
        with pytest.raises(NotCovered, match="login: known to have no limit: soon"):
            asserting(market)("login")
