"""Servers that answer as none should: each ends in time, in little memory, in a failure that names cause and layer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_launchready.core.failures import StepFailure

MEGABYTES = 50
SLACK = 2.0
"""Seconds that a busy machine may take beside the bound."""
STALL = {"seconds": 0.4}

CASES = {
    # Too much
    "endless_body": ("a body of more than 8,000,000 bytes", "bounds", {}),
    "a_huge_length": ("a body of 10,000,000,000 bytes (Content-Length), at most 8,000,000 are read", "bounds", {}),
    "one_byte_chunks": ("a body of more than 50,000 bytes", "bounds", {"body": 50_000}),
    "gzip_bomb": ("a body that inflates to more than 8,000,000 bytes (gzip)", "bounds", {}),
    "deflate_bomb": ("a body that inflates to more than 8,000,000 bytes (deflate)", "bounds", {}),
    "raw_deflate_bomb": ("a body that inflates to more than 8,000,000 bytes (deflate)", "bounds", {}),
    "bomb_in_a_bomb": ("a body that inflates to more than 8,000,000 bytes (gzip)", "bounds", {}),
    "empty_deflate_blocks": ("a body of more than 8,000,000 bytes", "bounds", {}),
    "nine_encodings": ("a body that is encoded 9 times over, at most 3 are undone", "bounds", {}),
    "many_headers": ("1,002 header lines, at most 200 are read", "bounds", {}),
    "endless_headers": ("headers without end: more than 65,536 bytes before the body", "protocol", {}),
    "one_endless_header": ("headers without end: more than 65,536 bytes before the body", "protocol", {}),
    "interim_flood": ("interim (1xx) answers without end: more than 65,536 bytes before the body", "protocol", {}),
    "redirect_to_itself": ("a redirect loop: /x → /x", "redirect", {}),
    "redirects_without_end": ("more than 5 redirects: /x → /way/0 → /way/1", "redirect", {}),
    # Too slow
    "slow_drip": ("timed out after 0.4 s: the body had not ended after ", "timeout", STALL),
    "stall": ("timed out after 0.4 s: the server accepted the request, and not a byte", "timeout", STALL),
    "stall_in_body": ("timed out after 0.4 s: the body had not ended after 5 bytes", "timeout", STALL),
    "slow_headers": (" bytes of headers, and they had not ended", "timeout", STALL),
    "slow_interim": (" bytes of interim (1xx) answers, and they had not ended", "timeout", STALL),
    "stall_in_handshake": ("timed out after 0.4 s, in TLS", "timeout", {**STALL, "scheme": "https"}),
    # Cut off
    "closes_at_once": ("without a byte of an answer, on a connection that was opened for the request", "transport", {}),
    "closes_after_the_request": ("Server disconnected without a byte of an answer, on a conn", "transport", {}),
    "reset_in_body": ("the answer broke in its body, after 5 bytes: [Errno 104] Connection reset", "transport", {}),
    "half_closed_in_headers": ("the connection ended in the middle of the headers, after 27 bytes", "transport", {}),
    "half_closed_in_body": ("in the middle of its body, after 5 bytes: peer closed connection", "transport", {}),
    "half_a_gzip": ("the body breaks off: its gzip data has no end", "protocol", {}),
    # Not as it says
    "length_too_short": ("a body longer than it says (Content-Length, or none allowed): 28 more", "protocol", {}),
    "a_body_for_nobody": ("a body longer than it says (Content-Length, or none allowed): 9 more", "protocol", {}),
    "two_lengths": ("broken HTTP headers: conflicting Content-Length headers", "protocol", {}),
    "invalid_chunks": ("the answer broke in its body, after 9 bytes: illegal chunk header", "protocol", {}),
    "no_gzip_at_all": ("the body is no gzip data, as it says: ", "protocol", {}),
    "brotli_unasked": ("the body is encoded as 'br', which the request did not ask for", "protocol", {}),
    "redirect_to_no_url": ("a redirect to 'http://[::1/', which is no URL", "redirect", {}),
    "garbage": (r"not HTTP: the server began with b'SSH-2.0-OpenSSH_9.6\r\n'", "protocol", {}),
    "tls_alert": ("TLS where plain HTTP was expected", "TLS", {}),
    "plain_to_tls": ("what answered does not speak TLS; is it plain HTTP?", "TLS", {"scheme": "https"}),
    # Behind TLS
    "tls_stall_in_body": ("the body had not ended after 5 bytes", "timeout", {**STALL, "scheme": "https"}),
    "tls_interim_flood": ("interim (1xx) answers without end", "protocol", {"scheme": "https"}),
    "tls_half_closed_in_headers": ("in the middle of the headers, after 27 bytes", "transport", {"scheme": "https"}),
    "tls_length_too_short": ("a body longer than it says", "protocol", {"scheme": "https"}),
    "tls_good": ("certificate verify failed: self-signed", "TLS", {"scheme": "https", "trusted": False}),
    # Not JSON, or none to rely on
    "html_for_json": ("200 OK: HTML, not JSON: <!doctype html><h1>Welcome</h1>", "contract", {}),
    "html": ("200 OK: HTML, not JSON: <!doctype html><h1>Welcome</h1>", "contract", {}),
    "deep_json": ("200 OK: JSON nested deeper than 100 levels", "contract", {}),
    "rather_deep_json": ("200 OK: JSON nested deeper than 100 levels", "contract", {}),
    "nan": ("200 OK: JSON with NaN, which is no JSON number", "contract", {}),
    "infinity": ("200 OK: JSON with -Infinity, which is no JSON number", "contract", {}),
    "too_large": ("200 OK: JSON with the number 1e999, which is too large", "contract", {}),
    "twice": ("200 OK: JSON with the key 'id' twice in one object", "contract", {}),
    "ten_million_digits": ("200 OK: JSON with a number of more than 4,300 digits", "contract", {}),
    "many_values": ("200 OK: JSON of more than 200,000 values", "contract", {}),
    "wide_text": ("200 OK: JSON that takes 31 MB as text, at most 16 MB are read", "contract", {}),
    "half_a_character": ("200 OK: JSON with half a character", "contract", {}),
    "broken_utf8": ('200 OK: broken UTF-8: invalid start byte at byte 8 (0xff): {"id"', "contract", {}),
    "half_a_json": ("200 OK: JSON that breaks off after 11 characters", "contract", {}),
    "decoder_for_charset": ("200 OK: broken UTF-8: ", "contract", {}),
}


@pytest.mark.parametrize(
    ("name", "cause", "layer", "limits"), [(name, *case) for name, case in CASES.items()], ids=CASES
)
def test_a_hostile_server_ends_in_a_failure_that_names_the_cause(meet, cost, name, cause, layer, limits):
    """In its time, in less than 50 MB more memory, in the words of the message, with the layer; then all goes on."""
    meeting = meet(name, **limits)

    with cost() as took, pytest.raises(StepFailure) as caught:
        meeting.call("read")

    message = str(caught.value)
    assert cause in message
    assert f"\n  layer:    {layer}\n" in message
    assert len(message) < 2_000
    assert took.seconds < limits.get("seconds", 10.0) + SLACK
    assert took.megabytes < MEGABYTES


@pytest.mark.parametrize(
    "name",
    ["good", "gzip", "gzip_in_deflate", "raw_deflate", "early_hints", "byte_order_mark", "line_end_after_body"],
)
def test_what_is_only_unusual_is_read(meet, name):
    """Encodings, one in another too, an interim answer, a mark before the body, a line end after it: twice running."""
    meeting = meet(name)

    assert [meeting.call("read"), meeting.call("read")] == [1, 1]
    assert [exchange.answer.status for exchange in meeting.exchanges] == [200, 200]


def test_an_answer_that_comes_early_on_its_own_connection_is_read(meet):
    """Nobody else can have asked for it."""
    assert meet("before_the_request").call("read") == 1


def test_a_page_is_no_flaw_where_a_page_is_wanted(meet):
    """A map that reads an answer as text is not told that it is no JSON, however the answer calls itself."""
    for name in ("html", "html_for_json"):
        meet(name).market.get_actor("anonymous").call("page")
        with pytest.raises(StepFailure, match=r"got:      False from 200 OK: <!doctype html><h1>Welcome</h1>"):
            meet(name).call("missing")


def test_a_bound_is_a_teams_own(meet):
    """What `launchready_client_args` gives counts, and the message names it."""
    with pytest.raises(StepFailure, match=r"(?s)got:      a body of 31 bytes .*, at most 20 are read.*raise the bound"):
        meet("html", body=20).call("read")
    with pytest.raises(StepFailure, match="got:      3 header lines, at most 2 are read"):
        meet("gzip", headers=2).call("read")
    with pytest.raises(StepFailure, match="got:      more than 1 redirects: /x → /way/0 → /way/1"):
        meet("redirects_without_end", redirects=1).call("read")


@pytest.mark.parametrize(
    ("name", "scheme"), [("drops_when_kept_alive", "http"), ("tls_drops_when_kept_alive", "https")]
)
def test_a_dropped_connection_is_tried_once_more_and_the_record_says_so(meet, name, scheme):
    """A read that a kept-alive connection loses goes out again, on a fresh one; both tries are on record."""
    meeting = meet(name, scheme=scheme)

    assert [meeting.call("read"), meeting.call("read")] == [1, 1]
    first, lost, again = meeting.exchanges
    assert (first.retried, lost.retried, again.retried) == (False, False, True)
    assert lost.error.startswith("Server disconnected without a byte of an answer, on a kept-alive connection")
    assert again.line.endswith(", as anonymous, on a second connection")


def test_the_second_try_goes_out_on_a_fresh_connection(meet):
    """Not on another that was kept alive: the server has dropped those, too."""
    meeting = meet("drops_pairs")
    anonymous = meeting.market.get_actor("anonymous")

    async def two_at_once():
        return await asyncio.gather(anonymous.call("read"), anonymous.call("read"))

    asyncio.run(two_at_once())
    assert meeting.call("read") == 1
    assert [exchange.retried for exchange in meeting.exchanges] == [False, False, False, True]


@pytest.mark.parametrize(
    ("name", "step", "cause"),
    [
        ("drops_when_kept_alive", "write", "without a byte of an answer, on a kept-alive connection"),
        ("breaks_when_kept_alive", "read", "in the middle of the headers, after 1 bytes"),
    ],
)
def test_nothing_is_sent_twice_that_may_have_done_something(meet, name, step, cause):
    """Neither a write, nor a read of whose answer a byte has come."""
    meeting = meet(name)
    meeting.call("read")

    with pytest.raises(StepFailure, match=cause):
        meeting.call(step)
    assert len(meeting.exchanges) == 2


@pytest.mark.parametrize("name", ["closes_at_once", "closes_after_the_request"])
def test_a_connection_that_never_worked_is_not_tried_again(meet, name):
    """The server refuses; a second try would only hide it."""
    meeting = meet(name)

    with pytest.raises(StepFailure, match="opened for the request"):
        meeting.call("read")
    assert len(meeting.exchanges) == 1


def test_an_answer_that_was_there_before_its_request_is_not_believed(meet):
    """It answers another question; the request after it goes out on a fresh connection."""
    meeting = meet("two_answers_to_one")
    assert meeting.call("read") == 1

    with pytest.raises(StepFailure, match="got:      an answer that was there before the request was sent"):
        meeting.call("write")
    assert meeting.call("read") == 1


def test_an_encoding_of_text_that_inflates_is_not_used(meet, cost):
    """Python knows "zip" as an encoding; a raw answer that names it is read as UTF-8, also by the test itself."""
    with cost() as took:
        response = meet("decoder_for_charset").market.get_actor("anonymous").get("/x")
        assert "\ufffd" in response.text
    assert response.encoding == "utf-8"
    assert took.megabytes < MEGABYTES


def test_an_answer_cannot_steer_the_terminal(meet):
    """Control characters do not reach a message."""
    with pytest.raises(StepFailure, match=r"200 OK: not JSON: Expecting value.*: .\[2J.\]0;owned. oops") as caught:
        meet("terminal_codes").call("read")
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_stall_holds_up_nobody_else(meet):
    """The engine serves others while one waits."""
    meeting, other = meet("stall", seconds=1.0), meet("good")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(meeting.call, "read")
        assert [other.call("read") for _ in range(50)] == [1] * 50
        assert not waiting.done()
        with pytest.raises(StepFailure, match="timed out after 1 s"):
            waiting.result()


def test_a_test_that_gives_up_ends_the_request(meet):
    """Whoever waits may stop before the bound; the connection is closed then."""

    async def impatient():
        async with asyncio.timeout(0.2):
            await meet("slow_drip").market.get_actor("anonymous").call("read")

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())


def test_the_measure_sees_what_it_should(cost):
    """Sixty megabytes are seen, though they are gone when it ends."""
    with cost() as took:
        bytearray(60 << 20)[:: 1 << 12] = b"x" * (60 << 8)
    assert took.megabytes > MEGABYTES
