"""Bounds without sockets: encodings undone piece by piece, JSON read strictly, texts, and what a failure is called."""

import gzip
import json
import sys
import zlib

import httpx
import pytest

from pytest_launchready.core import documents
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import shorten
from pytest_launchready.core.redact import Secrets
from pytest_launchready.wire.bounds import Inflater, Unsound, finish, inflate, inflaters
from pytest_launchready.wire.diagnosis import explain, late, layer_of_error
from pytest_launchready.wire.reading import encoding_of, text_of
from pytest_launchready.wire.taps import Tap

GET = httpx.Request("GET", "http://shop.test/", headers={"accept-encoding": "gzip, deflate"})


def undone(given, data, *, most=10_000_000, step=7):
    """The data with its encodings undone, fed in small steps."""
    stages = inflaters(GET, given, most)
    pieces = [piece for at in range(0, len(data), step) for piece in inflate(stages, data[at : at + step])]
    return b"".join([*pieces, *finish(stages)])


@pytest.mark.parametrize(
    ("given", "encode"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip, deflate", lambda data: zlib.compress(gzip.compress(data))),
        ("deflate , identity,, gzip", lambda data: gzip.compress(zlib.compress(data))),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("data", [b"", b"lamp" * 50_000], ids=["empty", "long"])
def test_encodings_are_undone(given, encode, data):
    """gzip, deflate with and without its header, one in another, in whatever steps they come."""
    assert undone(given, encode(data), step=1_001) == data


def test_an_empty_body_needs_no_end():
    """An answer without a body may still name an encoding."""
    assert undone("gzip", b"") == b""


def test_what_follows_the_end_is_left():
    """As browsers do."""
    assert undone("gzip", gzip.compress(b"lamp") + b"trailing") == b"lamp"


def test_a_bomb_goes_off_before_it_is_in_memory():
    """No more than a piece beyond the bound is ever made."""
    inflater = Inflater("gzip", 100_000)
    given = 0

    def feed():
        nonlocal given
        for piece in inflater.feed(gzip.compress(bytes(10_000_000))):
            given += len(piece)

    with pytest.raises(Unsound, match=r"inflates to more than 100,000 bytes \(gzip\)"):
        feed()
    assert given <= 100_000


@pytest.mark.parametrize(
    ("given", "data", "said"),
    [
        ("gzip", b"plain", "no gzip data, as it says: "),
        ("deflate", b"\xff\xff\xff\xff", "no deflate data, as it says: "),
        ("gzip", gzip.compress(b"lamp")[:-3], "breaks off: its gzip data has no end"),
        ("gzip", gzip.compress(b"lamp")[:-8] + bytes(8), "no gzip data, as it says: .*check"),
        ("br", b"x", "encoded as 'br', which the request did not ask for"),
        ("gzip, gzip, gzip, gzip", b"x", "encoded 4 times over, at most 3 are undone"),
    ],
    ids=range(6),
)
def test_encodings_that_cannot_be_undone_are_named(given, data, said):
    """What is no such data, has no end, does not add up, was not asked for, or lies too deep."""
    with pytest.raises(Unsound, match=said):
        undone(given, data)


def test_an_encoding_that_a_test_asks_for_by_hand_is_left_as_it_is():
    """Whoever wants to look at Brotli data gets them."""
    by_hand = httpx.Request("GET", "http://shop.test/", headers={"accept-encoding": "br"})
    assert inflaters(by_hand, "br", 10) == ()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("<!DOCTYPE html>", "HTML, not JSON"),
        ("\n <html>", "HTML, not JSON"),
        ('<?xml version="1.0"?>', "XML, not JSON"),
        ("ok", "not JSON: Expecting value at line 1, column 1"),
        ("[1,\n2,]", "not JSON: Expecting value at line 2, column 3"),
        ('{"a": "b', "JSON that breaks off after 8 characters"),
        ('{"a": [1, 2', "JSON that breaks off after 11 characters"),
        ("[NaN]", "JSON with NaN, which is no JSON number"),
        ("[Infinity]", "JSON with Infinity, which is no JSON number"),
        ("[-1e400]", "JSON with the number -1e400, which is too large"),
        ('{"a": {"b": 1, "b": 2}}', "JSON with the key 'b' twice in one object"),
        ("[" * 101 + "]" * 101, "JSON nested deeper than 100 levels"),
        ("[" * 100_000, "JSON nested deeper than 100 levels"),
        ("[" + "0," * 200_000 + "0]", "JSON of more than 200,000 values"),
        ("9" * 4_301, "JSON with a number of more than 4,300 digits"),
        (r'"\udc00"', "JSON with half a character (an unpaired surrogate, \\ud800 to \\udfff)"),
        ('"' + "a" * 5_000_000 + '\N{BUG}"', "JSON that takes 20 MB as text, at most 16 MB are read"),
    ],
    ids=range(17),
)
def test_what_is_wrong_with_json_is_said(text, flaw):
    """An answer that cannot be relied on has no JSON, and says why."""
    answer = Answer(200, (), text)
    assert (answer.json, answer.flaw) == (None, flaw)


@pytest.mark.parametrize(
    "value", [None, [], {"a": [1, 2.5, -3e10, "é\N{BUG}"]}, json.loads("[" * 100 + "]" * 100), "[" * 300, 10**4_000]
)
def test_json_that_is_sound_is_read(value):
    """Every kind of value, up to the bounds; escaped pairs are whole characters."""
    text = json.dumps(value)
    assert (Answer(200, (), text).json, Answer(200, (), text).flaw) == (value, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"token": "key-of-mine-77", "n": NaN}',
        '{"token": "key-of-mine-77", "token": "other-key-99"}',
        '{"user": {"token" : "key-of-mine-77',
        '{"a":' * 200 + '{"token":"key-of-mine-77"}' + "}" * 200,
    ],
    ids=range(4),
)
def test_what_a_flawed_log_in_returns_is_a_secret_all_the_same(text):
    """The message about the flaw shows the text, so its keys are masked."""
    secrets = Secrets()
    secrets.learn(Exchange("POST", "http://shop.test/login", (), b"", 0.1, Answer(200, (), text)), opens=True)

    assert secrets.mask(text) != text
    assert "key-of-mine-77" not in secrets.mask(text)
    assert "other-key-99" not in secrets.mask(text)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_body_is_no_flaw(text):
    """There is nothing to be wrong."""
    assert (Answer(204, (), text).json, Answer(204, (), text).flaw) == (None, None)


def test_digits_are_bounded_where_python_does_not_bound_them():
    """A process may have lifted Python's own bound."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert documents.read("[7]") == [7]
        with pytest.raises(documents.Flaw, match="more than 4,300 digits"):
            documents.read("9" * 10_000_000)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", "utf-8"),
        ("application/json", "utf-8"),
        ("text/html; charset=ISO-8859-1", "iso8859-1"),
        ('text/html; charset="windows-1252"', "cp1252"),
        ("text/html; charset=no-such", "utf-8"),
        ("text/html; charset=zip", "utf-8"),
        ("text/html; charset=idna", "utf-8"),
        ("text/html; charset=unicode_escape", "utf-8"),
        ("text/html; charset=utf-7", "utf-8"),
        ("text/html; charset=a\0b", "utf-8"),
    ],
)
def test_only_encodings_of_text_are_used(content_type, encoding):
    """Python also knows encodings that inflate, take quadratic time, or warn."""
    assert encoding_of(content_type) == encoding


@pytest.mark.parametrize(
    ("body", "text", "broken"),
    [
        (b"\xef\xbb\xbf{}", "{}", None),
        ('"é"'.encode(), '"é"', None),
        (b"a\xff", "a\ufffd", "broken UTF-8: invalid start byte at byte 1 (0xff)"),
        (b"a\xe2\x82", "a\ufffd", "broken UTF-8: unexpected end of data at byte 1 (0xe2)"),
    ],
)
def test_text_is_read_as_far_as_it_can_be(body, text, broken):
    """A byte order mark is dropped, a broken byte is replaced and named; such JSON is not relied on."""
    assert text_of(httpx.Response(200, content=body)) == (text, broken)
    assert Answer(200, (), text, broken).flaw == broken


def tapped(stage, **known):
    """A tap that has seen something."""
    tap = Tap(stage=stage, fresh=known.get("fresh", True))
    tap.take(known.get("head", b""))
    tap.body = known.get("body", 0)
    return tap


@pytest.mark.parametrize(
    ("tap", "said"),
    [
        (tapped("connection"), "timed out after 2 s"),
        (tapped("connect"), "timed out after 2 s, in connect"),
        (tapped("TLS"), "timed out after 2 s, in TLS"),
        (tapped("headers"), "timed out after 2 s: the server accepted the request, and not a byte of an answer came"),
        (tapped("headers", head=b"HTTP/1"), "timed out after 2 s: 6 bytes of headers, and they had not ended"),
        (tapped("body", body=1_500), "timed out after 2 s: the body had not ended after 1,500 bytes"),
    ],
)
def test_what_was_waited_for_when_time_was_up(tap, said):
    """Each stage has its own words."""
    assert late(tap, 2.0) == said


GONE = httpx.RemoteProtocolError("Server disconnected without sending a response.")
BROKEN = httpx.RemoteProtocolError("illegal header line")


@pytest.mark.parametrize(
    ("error", "tap", "said", "layer"),
    [
        (GONE, tapped("headers"), "without a byte of an answer, on a connection that was opened for", "transport"),
        (GONE, tapped("headers", fresh=False), "without a byte of an answer, on a kept-alive connection", "transport"),
        (GONE, tapped("headers", head=b"HTTP"), "ended in the middle of the headers, after 4 bytes", "transport"),
        (httpx.ReadError("reset"), tapped("headers"), "Server disconnected without a byte", "transport"),
        (BROKEN, tapped("headers", head=b"HTTP/1.1 200 OK"), "broken HTTP headers: illegal header line", "protocol"),
        (BROKEN, tapped("headers", fresh=False), "the answer before this one was longer than it said", "protocol"),
        (httpx.ReadError("reset"), tapped("body", body=5), "broke in its body, after 5 bytes: reset", "transport"),
        (Unsound("too much", "bounds"), tapped("body"), "too much", "bounds"),
        (httpx.ConnectError("refused"), tapped("connect"), "refused", "connect"),
    ],
)
def test_what_broke_is_named(error, tap, said, layer):
    """By where the request was, and what had come."""
    assert said in explain(error, tap)
    assert layer_of_error(error) == layer


def test_a_reason_is_short():
    """A parser's reason may quote a whole header of 100 kB."""
    assert len(explain(httpx.RemoteProtocolError("x" * 100_000), tapped("headers", head=b"HTTP/1.1"))) < 400


def test_only_a_kept_alive_connection_without_a_byte_was_dropped():
    """Nothing else may be sent again."""
    assert tapped("headers", fresh=False).dropped(GONE)
    assert not tapped("headers", fresh=True).dropped(GONE)
    assert not tapped("headers", fresh=False, head=b"H").dropped(GONE)
    assert not tapped("headers", fresh=False).dropped(Unsound("timed out", "timeout"))
    assert not tapped("connect", fresh=False).dropped(httpx.ReadError(""))


def test_a_message_keeps_no_control_characters():
    """They would steer the terminal that shows it."""
    assert shorten("a\x1b[2J\x07b") == "a\ufffd[2J\ufffdb"
