"""What a failure says: every line, and a command that works when it is pasted."""

import subprocess

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure, curl, render, shorten
from pytest_launchready.core.learning import is_opaque
from pytest_launchready.core.redact import Secrets


def exchange(method="GET", url="https://shop.test/orders/7?all=1", *, headers=(), body=b"", **more):
    return Exchange(method, url, tuple(headers), body, 0.0123, **more)


def ANSWER(status=404, text='{"detail": "gone"}'):  # noqa: N802 - reads as a value
    return Answer(status, (("content-type", "application/json"),), text)


def pasted(command, **variables):
    """The words that `curl` would get if the command were pasted into a shell."""
    shell = command.replace("curl", "printf '%s\\n'", 1)
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env=variables, check=True)
    return done.stdout.removesuffix("\n").split("\n")


def test_every_line_of_a_failure():
    """Title, expected, got, layer, request, a command to repeat it, and what to change: at most ten lines."""
    failure = Failure(
        title="get_order failed, as buyer",
        expected="status 2xx",
        got='404 Not Found: {"detail":\n   "gone"}',
        change="look at the log",
        exchange=exchange(answer=ANSWER(), actor="buyer", layer="application"),
    )

    assert render(failure, Secrets()).splitlines() == [
        "get_order failed, as buyer",
        "  expected: status 2xx",
        '  got:      404 Not Found: {"detail": "gone"}',
        "  layer:    application",
        "  request:  GET /orders/7?all=1 → 404 Not Found in 12 ms, as buyer",
        "  again:    curl -i -X GET 'https://shop.test/orders/7?all=1'",
        "  change:   look at the log",
    ]


def test_a_failure_without_a_request_or_a_layer():
    """What is not known has no line; a layer that the failure knows wins over the exchange's."""
    assert render(Failure("t", "e", "g", "c"), Secrets()) == "t\n  expected: e\n  got:      g\n  change:   c"
    known_better = Failure("t", "e", "g", "c", exchange(layer="auth"), layer="contract")
    assert "  layer:    contract\n" in render(known_better, Secrets())


def test_a_request_without_an_answer():
    """The request's line says why there is none."""
    shown = render(Failure("t", "e", "g", "c", exchange(error="connection refused")), Secrets())

    assert "  request:  GET /orders/7?all=1 → no answer: connection refused in 12 ms\n" in shown


def test_long_values_are_cut_and_say_how_long_they_were():
    """A page of HTML does not fill the screen."""
    assert shorten("x" * 300) == "x" * 300
    assert shorten("x" * 301) == "x" * 300 + "… (301 characters)"


def test_a_step_failure_is_an_assertion_error_with_data():
    """The message is the rendering; the facts stay at hand."""
    failure = Failure("t", "e", "g", "c")
    error = StepFailure(failure, Secrets())

    assert isinstance(error, AssertionError)
    assert error.failure is failure
    assert str(error).startswith("t\n")


@pytest.mark.parametrize(
    "body",
    [
        '{"title": "it\'s $5 off!", "token": "s3cret-token"}',
        'query($id: ID!) { order(id: $id) } `date` $(id) \\ "s3cret-token"',
        "s3cret-token",
        "before s3cret-tokenafter",
        "many\nlines of s3cret-token",
    ],
)
def test_the_command_works_when_pasted(body):
    """Quotes, dollar signs, backticks and secrets reach the server as they were, the secret from a variable."""
    secrets = Secrets()
    secrets.add("s3cret-token", "buyer_token")
    command = curl(
        exchange(
            "POST",
            "https://shop.test/a b?q='x'",
            headers=[("authorization", "Bearer s3cret-token"), ("x-note", "a `b` $HOME"), ("user-agent", "me")],
            body=body.encode(),
        ),
        secrets,
    )

    assert "s3cret" not in command
    assert '-H "authorization: Bearer $BUYER_TOKEN"' in command
    assert pasted(command, BUYER_TOKEN="s3cret-token", HOME="/root") == [
        *("-i", "-X", "POST", "https://shop.test/a b?q='x'"),
        *("-H", "authorization: Bearer s3cret-token", "-H", "x-note: a `b` $HOME"),
        *("--data-raw", *body.split("\n")),
    ]


def test_the_command_leaves_out_what_changes_nothing():
    """Headers that curl sets itself and our own marks are no part of it; a binary body is only told."""
    headers = [("Host", "shop.test"), ("accept", "*/*"), ("X-Launchready-Run", "lr"), ("x-kept", "1")]
    command = curl(exchange("PUT", headers=headers, body=b"\xff\x00\x01"), Secrets())

    assert command == "curl -i -X PUT 'https://shop.test/orders/7?all=1' -H 'x-kept: 1' --data-binary '<3 bytes>'"


def test_encoded_secrets_have_variables_of_their_own():
    """A secret in a URL, a form or JSON is masked in that form, and the variable's name says which form it is."""
    secrets = Secrets()
    secrets.add('p"ss wörd', "$SHOP_KEY")
    sent = 'a=p%22ss%20w%C3%B6rd b=p%22ss+w%C3%B6rd c="p\\"ss w\\u00f6rd" d="p\\"ss wörd" e=p"ss wörd'
    labels = [label for _, label in secrets.pieces(sent) if label]

    assert secrets.mask(sent) == 'a=*** b=*** c="***" d="***" e=***'
    assert labels == ["SHOP_KEY_ENCODED", "SHOP_KEY_ENCODED", "SHOP_KEY_JSON", "SHOP_KEY_JSON", "SHOP_KEY"]


def test_every_text_of_a_failure_is_masked():
    """Title, expected, got, request and command."""
    secrets = Secrets()
    secrets.add("s3cret-token", "t")
    secret = exchange("GET", "https://shop.test/s3cret-token", answer=ANSWER())
    shown = render(Failure("a s3cret-token", "b s3cret-token", "c s3cret-token", "d", secret), secrets)

    assert "s3cret" not in shown
    assert shown.count("***") == 4
    assert '"https://shop.test/$T"' in shown


def test_the_longest_secret_wins():
    """A secret that contains another one is masked whole."""
    secrets = Secrets()
    secrets.add("abcdefgh", "short")
    secrets.add("abcdefgh-and-more", "long")

    assert list(secrets.pieces("x abcdefgh-and-more y")) == [("x ", None), ("abcdefgh-and-more", "LONG"), (" y", None)]


@pytest.mark.parametrize("value", ["short", "", None, 123456789, b"abcdefgh"])
def test_what_is_too_short_or_no_text_is_not_masked(value):
    """Masking a short word would hide half of every report."""
    secrets = Secrets()
    secrets.add(value, "x")

    assert secrets.mask("short 123456789") == "short 123456789"


def test_what_an_exchange_carries_is_learned():
    """Authorization of any scheme, cookies both ways; names and ordinary words stay readable."""
    secrets = Secrets()
    sent = [("Authorization", "Basic dXNlcjpwYXNz"), ("cookie", "sid=s-1234567890; theme=dark; csrf=0123456789ab")]
    got = (
        ("Set-Cookie", 'next="n-1234567890"; Path=/; HttpOnly'),
        ("set-cookie", "lang=en-US"),
        ("etag", "e-1234567890"),
    )
    secrets.learn(exchange(headers=sent, answer=Answer(200, got, "{}"), actor="buyer"), opens=False)

    text = "dXNlcjpwYXNz s-1234567890 dark 0123456789ab n-1234567890 en-US e-1234567890"
    assert secrets.mask(text) == "*** *** dark *** *** en-US e-1234567890"
    assert dict(secrets.pieces("s-1234567890")) == {"s-1234567890": "BUYER_COOKIE_SID"}


def test_the_answer_of_a_login_is_learned_before_anything_can_fail():
    """Keys are masked by the name they stand under; ids, roles and addresses are not."""
    body = (
        '{"id": "u-123456789", "role": "customer", "email": "a@example.com", "auth": {"accessToken": "opens-doors"},'
        ' "keys": ["first-key-1"], "author": "Ann-Christine", "secret_question": "my first pet"}'
    )
    answer = Answer(200, (("X-Auth-Token", "in-a-header"), ("date", "2026-01-01-00")), body)
    ordinary, login = Secrets(), Secrets()
    ordinary.learn(exchange(answer=answer), opens=False)
    login.learn(exchange(answer=answer), opens=True)

    assert ordinary.mask(body) == body
    assert login.mask(body) == body.replace("opens-doors", "***").replace("first-key-1", "***")
    assert login.mask("in-a-header 2026-01-01-00") == "*** 2026-01-01-00"


def test_an_exchange_without_an_answer_teaches_what_it_sent():
    """A log-in that timed out still carried its credentials."""
    secrets = Secrets()
    secrets.learn(exchange(headers=[("authorization", "Bearer s3cret-token")], error="timeout"), opens=True)

    assert secrets.mask("s3cret-token") == "***"


@pytest.mark.parametrize(
    ("value", "opaque"),
    [
        ("premium", False),
        ("enterprise", False),
        ("a1b2c3d4", True),
        ("abcdefghijklmnop", True),
        ("two words 12", False),
        ("a1@example.com", False),
        ("https://shop.test/12345678", False),
        (12345678, False),
    ],
)
def test_what_looks_like_a_key(value, opaque):
    """Words, addresses, sentences and numbers do not."""
    assert is_opaque(value) is opaque


def test_answers_read_as_people_expect():
    """Headers whatever their case, the last wins; cookies with unknown attributes; statuses without a phrase."""
    answer = Answer(
        299,
        (("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "a=1; Partitioned"), ("set-cookie", 'b = "2"; Path=/')),
        "not json",
    )

    assert (answer.header("X-A"), answer.header("x-b")) == ("2", None)
    assert (answer.cookie("a"), answer.cookie("b"), answer.cookie("c")) == ("1", "2", None)
    assert answer.json is None
    assert answer.reason == "299"
    assert Answer(200, (), "[" * 100_000).json is None
    assert exchange(url="https://shop.test").path == "/"
