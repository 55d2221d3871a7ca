"""Which layer failed, which origin is meant, and what the reader is told to do."""

import asyncio
import socket
import ssl

import httpx
import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.flows.advice import advice
from pytest_launchready.mapping.load import load_map
from pytest_launchready.wire.client import Client
from pytest_launchready.wire.diagnosis import explain, layer_of_answer, layer_of_error
from pytest_launchready.wire.origins import origin_of, shown
from pytest_launchready.wire.transport import Limits, NoAnswer, Transport


def caused(error, *causes):
    """The error with a chain of causes, as httpx raises it."""
    current = error
    for cause in causes:
        current.__cause__ = cause
        current = cause
    return error


@pytest.mark.parametrize(
    ("error", "layer", "words"),
    [
        (
            caused(httpx.ConnectError("failed"), OSError("mapped"), socket.gaierror(-2, "Name or service not known")),
            "DNS",
            "[Errno -2] Name or service not known",
        ),
        (
            caused(httpx.ConnectError(""), ssl.SSLCertVerificationError("certificate has expired")),
            "TLS",
            "certificate has expired",
        ),
        (
            caused(httpx.ConnectError("All connection attempts failed"), ConnectionRefusedError(111, "refused")),
            "connect",
            "[Errno 111] refused",
        ),
        (httpx.ConnectTimeout("no route"), "connect", "no route"),
        (httpx.ReadTimeout(""), "timeout", "ReadTimeout"),
        (TimeoutError(), "timeout", "TimeoutError"),
        (httpx.RemoteProtocolError("Server disconnected"), "transport", "Server disconnected"),
    ],
)
def test_the_layer_of_an_error(error, layer, words):
    """DNS, TLS, connect, timeout or transport, and the deepest reason in words."""
    assert layer_of_error(error) == layer
    assert words in explain(error)


def test_a_chain_that_bites_its_tail_ends():
    """An error that is its own cause is looked at once."""
    first, second = httpx.ReadError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first

    assert layer_of_error(first) == "transport"
    assert explain(first) == "second"


@pytest.mark.parametrize(
    ("status", "text", "layer"),
    [
        (200, "", None),
        (404, "", None),
        (429, "", "rate limit"),
        (401, "", "auth"),
        (403, "", "auth"),
        (502, "<h1>Bad Gateway</h1>", "edge"),
        (503, '{"detail": "busy"}', "application"),
        (522, "", "edge"),
        (500, "<h1>oops</h1>", "application"),
    ],
)
def test_the_layer_of_an_answer(status, text, layer):
    """A gateway's page is the edge; the same status with JSON is the application's own."""
    assert layer_of_answer(Answer(status, (), text)) == layer


@pytest.mark.parametrize(
    ("raised", "layer"),
    [
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "Name or service not known")), "DNS"),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "handshake failure")), "TLS"),
        (httpx.ConnectError("refused"), "connect"),
        (httpx.ReadTimeout("slow"), "timeout"),
    ],
)
def test_the_record_of_a_request_without_an_answer(raised, layer):
    """The exchange carries the reason and the layer, and is observed like any other."""
    seen = []

    def fail(_):
        raise raised

    with pytest.raises(NoAnswer) as caught:
        fetch("https://shop.test/x", fail, seen)
    assert caught.value.exchange.layer == layer
    assert seen == [caught.value.exchange]


def fetch(url, answer, seen=None, policies=()):
    """What one GET gives through a client of https://shop.test that sends to a function."""
    transport = Transport(
        lambda: httpx.MockTransport(answer),
        actor="buyer",
        origins=[origin_of("https://shop.test")],
        observe=(seen if seen is not None else []).append,
        limits=Limits(),
        policies=policies,
    )
    client = Client(transport, run="lr", limits=Limits(), cookies=True)

    async def once():
        try:
            return await client.send("GET", url, headers={}, follow=True)
        finally:
            await client.close()

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("url", "origin", "text"),
    [
        ("http://shop.test", ("http", "shop.test", 80), "http://shop.test"),
        ("HTTPS://Shop.Test:443/a?b", ("https", "shop.test", 443), "https://shop.test"),
        ("https://shop.test:8443", ("https", "shop.test", 8443), "https://shop.test:8443"),
        ("https://shop.test./", ("https", "shop.test", 443), "https://shop.test"),
        ("https://bücher.example/", ("https", "xn--bcher-kva.example", 443), "https://xn--bcher-kva.example"),
        ("http://[::1]:80/", ("http", "::1", 80), "http://[::1]"),
    ],
)
def test_origins_are_compared_after_parsing(url, origin, text):
    """Case, default port, a dot at the end, user names and Unicode do not make another origin."""
    assert origin_of(url) == origin
    assert shown(origin) == text


@pytest.mark.parametrize(
    "url", ["ftp://shop.test/", "/path", "mailto:a@shop.test", "http://", "https://shop.test:port/"]
)
def test_what_is_no_origin(url):
    """Other schemes, paths and broken URLs are refused by name."""
    with pytest.raises(ValueError, match="is not a"):
        origin_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.test.example.com/",
        "https://shop.test:444/",
        "http://shop.test/",
        "https://shop.test@other.test/",
        "ftp://shop.test/",
    ],
)
def test_the_guard_lets_nothing_out(url):
    """The inner transport is never reached for a foreign origin."""
    reached = []

    with pytest.raises(UseError, match=r"so nothing was sent|is not an http or https URL|in front of its host"):
        fetch(url, reached.append)
    assert reached == []


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("DNS", "the host name did not resolve: check targets.here.api (http://shop.test)"),
        ("connect", "nothing accepts connections there: is the service up, and is targets.here.api"),
        ("TLS", "check certificate, chain, name and expiry"),
        ("timeout", "look at its load and its slowest dependency"),
        ("transport", "look for crashes and proxy limits"),
        ("edge", "look at the proxy, the upstream and the last deploy"),
        ("auth", "check [auth] and who acts in steps.login"),
        ("rate limit", "give this suite an allowance"),
        ("application", "by the header x-launchready-run"),
        ("contract", "or steps.login.capture.id in"),
        (None, "compare it with steps.login in"),
    ],
)
def test_advice_for_each_layer(tmp_path, layer, words):
    """Each layer has a sentence that says what to change or where to look."""
    path = tmp_path / "launchready.toml"
    path.write_text('[targets.here]\nkind = "local"\napi = "http://shop.test"\n')
    mapped = load_map(path, "here", environ={})

    assert words in advice(layer, "login", "capture.id", mapped)
    assert "or auth.bearer in" in advice("contract", "login", "auth.bearer", mapped)


def test_policies_are_asked_before_and_told_after():
    """A policy may refuse, and then nothing is sent; it hears of every exchange, and of the end of each request."""

    class Once:
        def __init__(self):
            self.heard = []
            self.ended = []

        async def before(self, request):
            if self.heard:
                raise UseError(f"{request.url.path} is one request too many")

        def after(self, exchange):
            self.heard.append(exchange.path)

        def over(self, request):
            self.ended.append(request.url.path)

    policy, reached = Once(), []

    def answer(request):
        reached.append(request)
        return httpx.Response(200, json={})

    fetch("https://shop.test/a", answer, policies=[policy])
    with pytest.raises(UseError, match="/b is one request too many"):
        fetch("https://shop.test/b", answer, policies=[policy])
    assert policy.heard == policy.ended == ["/a"]
    assert len(reached) == 1
