"""Limits of a log-in as real shops have them, and as they should not have them."""

import time

import pytest

from tests.points.limited import DECLARED, MAP, Counter, audit, open_to_all, refusing, shop

LOGIN = "limits.login"
HEALTHY = {
    "429": (429, {"error": "slow down"}, {"Retry-After": "1"}),
    "a locked account, as 403": (403, {"detail": "This account has been locked. Try again later."}),
    "423": (423, None),
    "a page, as 200": (200, "<html><p>Zu viele Versuche. Ihr Konto ist gesperrt.</p><form></form></html>"),
    "503 that says when": (503, "<h1>Busy</h1>", {"Retry-After": "30"}),
    "a captcha": (401, {"error": "wrong", "challenge": "recaptcha"}),
    "another status that says nothing": (400, {"error": "no"}),
    "the plain failure: only the right password shows it": (401, {"error": "wrong"}),
}


@pytest.mark.parametrize("answer", HEALTHY.values(), ids=HEALTHY)
def test_a_limit_is_known_by_whatever_it_answers(serve, open_shop, anyone, answer):
    """429 or a lock-out text, another status, a page, a captcha: it passes, with a note where 429 would be better."""
    server = serve(shop(anyone, refusing(Counter(5), answer)))
    found = audit(open_shop(DECLARED, server.url), LOGIN)[LOGIN]
    assert found.outcome == "passed", found
    assert any("not as 429" in note for note in found.notes) == (answer[0] != 429)
    assert any("no Retry-After" in note for note in found.notes) == (len(answer) < 3)


def test_a_declared_limit_that_does_not_come_is_a_finding(serve, open_shop, anyone):
    """With the number of tries, the request, and what was declared; nothing comes after a limit that is not there."""
    server = serve(shop(anyone, open_to_all))
    found = audit(open_shop(DECLARED, server.url))
    assert found[LOGIN].outcome == "failed"
    assert found[LOGIN].failure.title == "login is not limited to 5 tries"
    assert "7 tries, all answered alike: POST /login → 401" in found[LOGIN].failure.got
    assert "no limit was reached" in found["limits.login.bypass"]
    assert "no limit was reached" in found["limits.login.recovery"]
    assert server.count("POST /login") < 16


def test_a_counter_that_only_warns_is_no_limit(serve, open_shop, anyone):
    """Texts that change with each failure and threaten a lock are not one, if the right password is let in."""
    tries = []

    def warn(request, email):
        tries.append(email)
        left = max(0, 4 - len(tries))
        text = f"Wrong. {left} attempts left before your account is locked." if len(tries) > 2 else "Wrong."
        return None if request.json["password"] == anyone.people[email]["password"] else (401, {"error": text})

    server = serve(shop(anyone, warn))
    found = audit(open_shop(DECLARED, server.url), LOGIN)[LOGIN]
    assert found.outcome == "failed"
    assert found.code == "no-limit"


def test_a_limit_that_comes_too_late_is_a_finding(serve, open_shop, anyone):
    """Five are declared; 20 tries are let through, so seven are enough to say that it is not so."""
    server = serve(shop(anyone, refusing(Counter(20), HEALTHY["429"])))
    assert audit(open_shop(DECLARED, server.url), LOGIN)[LOGIN].outcome == "failed"


@pytest.mark.parametrize("most", [20, 100])
def test_an_undeclared_limit_is_found(serve, open_shop, anyone, most):
    """Real limits lie at 5, 20 and 100; the note says how to declare it."""
    server = serve(shop(anyone, refusing(Counter(most), HEALTHY["429"])))
    found = audit(open_shop(MAP, server.url), LOGIN)[LOGIN]
    assert found.outcome == "passed", found
    assert any(f"[limits.login] within = {most}" in note for note in found.notes), found.notes


def test_an_undeclared_limit_that_is_not_seen_is_a_finding_of_a_log_in(serve, open_shop, anyone):
    """After 110 tries, and three one by one: the number is said."""
    server = serve(shop(anyone, open_to_all))
    found = audit(open_shop(MAP, server.url), LOGIN)[LOGIN]
    assert found.failure.title == "login has no limit that was seen within 113 tries"


def test_a_server_error_while_climbing_is_a_finding(serve, open_shop, anyone):
    """Named, with the request, and with the first plain failure as control."""
    server = serve(shop(anyone, refusing(Counter(4), (500, "<h1>Oops</h1>"))))
    found = audit(open_shop(DECLARED, server.url), LOGIN)[LOGIN]
    assert (found.outcome, found.code) == ("failed", "server-error")
    assert "500 Internal Server Error after 4 tries" in found.failure.got
    assert found.failure.control.answer.status == 401


def test_many_declared_tries_that_the_time_does_not_suffice_for_prove_nothing(serve, open_shop, anyone, monkeypatch):
    """Half of them is not enough to say that there is no limit."""
    monkeypatch.setattr("pytest_launchready.probes.limits.climb.SECONDS", 0.3)
    server = serve(shop(anyone, open_to_all, hash_seconds=0.01))
    text = MAP + "[limits.login]\nwithin = 500\n"
    found = audit(open_shop(text, server.url), LOGIN)[LOGIN]
    assert (found.outcome, found.code) == ("inconclusive", "too-slow"), found
    assert "of 550 that would decide" in found.reason


def test_a_limit_that_was_reached_before_passes_and_no_more_is_said(serve, open_shop, anyone):
    """A limiter of everything may have counted what the run sent earlier: what comes after cannot be compared."""
    sent = []

    def limit(request, email):
        sent.append(email)
        return HEALTHY["429"] if len(sent) > 3 else None

    found = audit(open_shop(DECLARED, serve(shop(anyone, limit)).url))
    assert found[LOGIN].outcome == "passed"
    assert "the very first try was refused" in found[LOGIN].notes[0]
    assert "the limit was reached before it was tried" in found["limits.login.bypass"]


def test_a_slow_password_hash_does_not_stop_the_climb(serve, open_shop, anyone):
    """Tries go out side by side, so ten of 0.3 s take less than three seconds."""
    server = serve(shop(anyone, refusing(Counter(10), HEALTHY["429"]), hash_seconds=0.3))
    started = time.monotonic()
    found = audit(open_shop(MAP + "[limits.login]\nwithin = 10\n", server.url), LOGIN)[LOGIN]
    assert found.outcome == "passed", found
    assert found.evidence[0].measured["seconds"] < 10 * 0.3
    assert time.monotonic() - started < 6


def test_a_limit_that_lets_the_right_guess_through_is_a_finding(serve, open_shop, anyone):
    """Wrong passwords are refused with 429, and guessing goes on all the same."""
    counter = Counter(5)

    def limit(request, email):
        right = request.json["password"] == anyone.people[email]["password"]
        return None if right else HEALTHY["429"] if counter.full(email) else None

    found = audit(open_shop(DECLARED, serve(shop(anyone, limit)).url), LOGIN)[LOGIN]
    assert (found.outcome, found.code) == ("failed", "not-enforced")


def test_tries_that_do_not_reach_the_log_in_are_no_proof(serve, open_shop, anyone):
    """Where the right password is refused as well, nothing is known of a limit."""
    opened = []

    def broken(request, email):
        opened.append(email)
        return (415, {"error": "send a form"}) if len(opened) > 2 else None

    found = audit(open_shop(DECLARED, serve(shop(anyone, broken)).url), LOGIN)[LOGIN]
    assert (found.outcome, found.code) == ("inconclusive", "no-baseline")
    assert "the right password does not log in" in found.reason


def test_headers_that_switch_the_limiter_off_are_left_out(serve, open_shop, anyone):
    """A suite that is on an allow-list still meets the limit."""
    counter = Counter(5)

    def limit(request, email):
        return None if "x-smoke" in request.headers or not counter.full(email) else HEALTHY["429"]

    server = serve(shop(anyone, limit))
    head = '[targets.here]\nkind = "local"\napi = "$API"\nheaders = { X-Smoke = "yes" }\n'
    text = head + DECLARED + 'without = ["X-Smoke"]\n'
    assert audit(open_shop(text, server.url), LOGIN)[LOGIN].outcome == "passed"


def test_known_to_have_none_is_a_finding_of_a_log_in_and_sends_nothing(serve, open_shop, anyone):
    """It is written down, with the team's reason; the rest is not covered."""
    server = serve(shop(anyone, open_to_all))
    found = audit(open_shop(MAP + '[limits.login]\nnone = "planned for May"\n', server.url))
    assert found[LOGIN].code == "known-to-have-none"
    assert "as the map says: planned for May" in found[LOGIN].failure.title
    assert found["limits.login.bypass"] == "login: known to have no limit: planned for May"
    assert server.seen == []
