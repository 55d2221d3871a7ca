"""What is masked, in which forms, and what stays readable."""

import base64
import json
import time

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.learning import identifies, is_opaque, tells
from pytest_launchready.core.redact import Secrets

KEY = "Zk3-rq8_Tw1xLm5vBn7Q"


def secrets(*values):
    made = Secrets()
    for value in values:
        made.add(value, "key")
    return made


def learned(body, *, sent=b"", headers=(), url="https://shop.test/login", opens=True, text=None):
    made = Secrets()
    answer = Answer(200, tuple(headers), json.dumps(body) if text is None else text)
    made.learn(Exchange("POST", url, (), sent, 0.1, answer, actor="buyer"), opens=opens)
    return made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (KEY[:12] + "…", "***…"),
        ("…" + KEY[-12:], "…***"),
        (KEY[:11] + "…", KEY[:11] + "…"),
        (f"{KEY[:9]}\n  {KEY[9:]}", "***\n  ***"),
        (f"E   + {KEY[:9]}\nE   + {KEY[9:]}", "E   + ***\nE   + ***"),
        (f"'{KEY[:9]}'\n '{KEY[9:]}'", "'***'\n '***'"),
        (f"{KEY[:9]}\\n{KEY[9:]}", "***"),
        (f"\x1b[32m+ {KEY[:9]}\x1b[0m\n\x1b[32m+ {KEY[9:]}\x1b[0m", "\x1b[32m+ ***\x1b[0m\n\x1b[32m+ ***\x1b[0m"),
        (f"{KEY}{KEY}", "***"),
        (f"<{KEY}><{KEY}>", "<***><***>"),
        ("Zk3-rq8_ Tw1xLm5vBn7Q", "Zk3-rq8_ Tw1xLm5vBn7Q"),
    ],
    ids=[
        "head",
        "tail",
        "short-head",
        "wrapped",
        "pytest",
        "literals",
        "escaped",
        "coloured",
        "twice",
        "two",
        "spaced",
    ],
)
def test_a_secret_is_met_cut_and_broken(text, shown):
    """Heads and tails of 12 characters, and pieces over lines; line ends stay; words of one line are not joined."""
    assert secrets(KEY).mask(text).replace("******", "***") == shown


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_inside_something_encoded_is_met(before):
    """Base64 of a longer text holds it in one of three alignments, in either alphabet."""
    tricky = "pässw>>ord?~~x1"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = secrets(tricky).mask(encode(f"{before}{tricky}:rest".encode()).decode())
        assert "***" in shown
        assert len(shown) < 20


def test_lines_of_a_key_file_are_masked_one_by_one():
    """Also where each line got a mark of its own."""
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----"
    for text in ("> " + pem.replace("\n", "\n> "), pem.replace("BEGIN", "begin")):
        shown = secrets(pem).mask(text)
        assert shown.count("\n") == 3
        assert not [line for line in pem.splitlines() if line in shown]


def test_addresses_are_masked_whole_only():
    """Two people of one domain share their tails, two paths of one host their heads."""
    known = secrets("jane.doe@acme.example", "https://hooks.acme.example/T0123456789")
    assert known.mask("jane.doe@acme.example john.roe@acme.example") == "*** john.roe@acme.example"
    assert known.mask("https://hooks.acme.example/other") == "https://hooks.acme.example/other"


@pytest.mark.parametrize(
    "key",
    [
        "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_" + "test_4eC39HqLyjWDarjtT1zdp7dc",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "xoxb-" + "123456789012-abcdefGHIJKL",
        "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
        "AIza" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R",
        "SG." + "a1B2c3D4e5F6g7H8.a1B2c3D4e5F6g7H8",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\n-----END RSA PRIVATE KEY-----",
    ],
    ids=lambda key: key[:6],
)
def test_keys_of_known_services_are_masked_by_their_shape(key):
    """Nobody registered them; they are masked all the same, and what stands around them is not."""
    shown = Secrets().mask(f"before {key} after")
    assert shown.replace("***\n***\n***", "***") == "before *** after"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"),
        ("postgres://shop:hunter2@db.internal/shop", "postgres://***@db.internal/shop"),
        ("a bearer of good news, basic information", "a bearer of good news, basic information"),
        ("mail me@acme.example about ghosts", "mail me@acme.example about ghosts"),
    ],
)
def test_credentials_are_known_by_what_stands_before_them(text, shown):
    """A scheme word, or user and password in an address; ordinary sentences stay."""
    assert Secrets().mask(text) == shown


def test_what_a_login_returns_is_masked_where_it_opens_something():
    """Tokens by name, opaque strings whatever their name; ids, names, roles, addresses, dates and words stay."""
    body = {
        "access_token": "letters-only",
        "extra": {"blob": "q8Zk3rTw1x"},
        "session": {"id": "s-99887766aa"},
        "user": {"id": "u-123456789a", "uuid": "8d2f0b1c-aaaa-4bbb-8ccc-0123456789ab", "role": "customer12345"},
        "email": "buyer12345@example.com",
        "handle": "lrabcdefgh12",
        "created_at": "2026-01-02T03:04:05Z",
        "renewed": "2026-01-02T03:04:05.678+01:00",
        "timezone": "America/Los_Angeles",
        "plan": "enterprise-annual-billing",
        "token_type": "BearerToken",
        "count": "1234567890",
        "link": "https://shop.test/confirm?token=aa11bb22cc33&page=2",
        "echo": "Lamp-1234567890",
    }
    text = json.dumps(body)
    shown = learned(body, sent=b'{"title": "Lamp-1234567890"}').mask(text)

    hidden = {"letters-only", "q8Zk3rTw1x", "s-99887766aa", "aa11bb22cc33"}
    assert json.loads(shown) == json.loads(
        text.replace("letters-only", "***")
        .replace("q8Zk3rTw1x", "***")
        .replace("s-99887766aa", "***")
        .replace("aa11bb22cc33", "***")
    )
    assert not [one for one in hidden if one in shown]


def test_a_page_and_a_bare_text_are_read_too():
    """An anti-forgery field of a page, and an answer that is nothing but the token."""
    page = '<input type="hidden" name="csrf_token" value="c5rf-12345678"><input name="city" value="Springfield-1234">'
    assert "c5rf" not in learned(None, text=page).mask(page)
    assert "Springfield-1234" in learned(None, text=page).mask(page)
    assert learned(None, text="t0ken-in-plain-text\n").mask("got t0ken-in-plain-text") == "got ***"


@pytest.mark.parametrize(
    ("sent", "hidden"),
    [
        (b'{"user": "me", "password": "typed-by-hand"}', "typed-by-hand"),
        (b"name=me&csrf=abcdefgh-1", "abcdefgh-1"),
    ],
)
def test_what_is_sent_as_a_secret_is_one(sent, hidden):
    """Also in a team's own requests."""
    assert learned({}, sent=sent, opens=False).mask(f"x {hidden} x") == "x *** x"


def test_headers_and_queries_are_read_on_every_exchange():
    """An API key in the address or in a header of any name that tells."""
    made = learned({}, url="https://shop.test/x?api_key=abc%2Bdef-123&q=lamp", headers=[("X-Auth-Token", "a1b2c3d4e5")])
    assert made.mask("abc%2Bdef-123 abc+def-123 a1b2c3d4e5 lamp") == "*** *** *** lamp"


@pytest.mark.parametrize("name", ["idempotency-key", "keywords", "author", "token_type", "auth_user_id", "cache-key"])
def test_names_that_only_sound_like_it(name):
    """They do not open anything."""
    assert not tells(name)


@pytest.mark.parametrize("name", ["sid", "PHPSESSID_token", "sessionId", "csrf-token", "x-api-key", "refreshToken"])
def test_names_that_open_something(name):
    """Whatever way they are written."""
    assert tells(name)


@pytest.mark.parametrize("name", ["userId", "user_id", "id", "displayName", "time_zone", "username"])
def test_names_of_identities(name):
    """Ids, names and places are not masked, though they may look like keys."""
    assert identifies(name)
    assert not identifies("paid")


@pytest.mark.parametrize("value", ["ab/cd1234+ef", "A1b2C3d4", "nobody-Knows-WhatThisIs"])
def test_opaque_values(value):
    """Signs and mixed case are of keys."""
    assert is_opaque(value)


def test_generated_people_stay_readable():
    """What is spared is not learned from an answer."""
    made = Secrets()
    made.spare(["lrabcdefgh12"])
    made.learn(
        Exchange("POST", "/x", (), b"", 0.1, Answer(200, (), '{"nick": "lrabcdefgh12", "other": "lrabcdefgh13"}')),
        opens=True,
    )
    assert made.mask("lrabcdefgh12 lrabcdefgh13") == "lrabcdefgh12 ***"


def test_plain_data_is_masked_and_untouched_data_is_the_same_object():
    """Lists of lines are read as one text; what holds no secret is not copied."""
    data = {"lines": ["a", KEY[:9], KEY[9:]], "deep": [{"x": (1, KEY)}], KEY: None}
    assert secrets(KEY).mask_all(data) == {"lines": ["a", "***", "***"], "deep": [{"x": (1, "***")}], "***": None}
    clean = {"lines": ["a", "b\nc"], "deep": [{"x": (1, "y")}]}
    assert secrets(KEY).mask_all(clean) is clean


def test_what_travels_shows_no_credentials():
    """The repr of an exchange, an answer, a failure and the secrets themselves."""
    answer = Answer(200, (("set-cookie", KEY),), KEY)
    exchange = Exchange("GET", f"https://shop.test/a?token={KEY}", (("authorization", KEY),), KEY.encode(), 0.1, answer)
    shown = f"{exchange!r} {answer!r} {Failure('t', KEY, KEY, 'c', exchange)!r} {secrets(KEY)!r}"
    assert KEY not in shown
    assert "<Exchange GET /a → 200 OK>" in shown


def test_many_secrets_cost_little():
    """A text is read once, however many secrets there are, and an exchange waits for none of it."""
    made = secrets(*(f"{KEY}{number:06}" for number in range(2000)))
    made.mask("it is indexed here")
    text = json.dumps({"id": 12, "title": "Blue lamp lrabcdef12"}) * 40
    exchange = Exchange(
        "GET", "/x", (("authorization", f"Bearer {KEY}"), ("accept", "*/*")), b"", 0.1, Answer(200, (), text)
    )

    def best(call):
        times = []
        for _ in range(20):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        return min(times)

    assert best(lambda: made.mask(text)) < 0.001
    assert best(lambda: made.learn(exchange, opens=False)) < 0.00006
