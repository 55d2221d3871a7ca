"""Servers that answer as none should: each ends in time, in little memory, in a failure that names cause and layer."""

import pytest

from pytest_launchready.core.failures import StepFailure

MEGABYTES = 50
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
    # Not JSON, or none to rely on
    "html_for_json": ("200 OK: HTML, not JSON: <!doctype html><h1>Welcome</h1>", "contract", {}),
    "html": ("200 OK: HTML, not JSON: <!doctype html><h1>Welcome</h1>", "contract", {}),
    "deep_json": ("200 OK: JSON nested deeper than 100 levels", "contract", {}),
    "rather_deep_json": ("200 OK: JSON nested deeper than 100 levels", "contract", {}),
    "nan": ("200 OK: JSON with NaN, which is no JSON number", "contract", {}),
    "infinity": ("200 OK: JSON with -Infinity, which is no JSON number", "contract", {}),
    "too_large": ("200 OK: JSON with the number 1e999, which is too large", "contract", {}),
    "twice": ("200 OK: JSON with the key 'id' twice in one object", "contract", {}),
    "ten_million_digits": ("200 OK: JSON with a number of 7,900,000 digits", "contract", {}),
    "many_values": ("200 OK: JSON of more than 200,000 values", "contract", {}),
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
    assert took.seconds < limits.get("seconds", 10.0) + 1
    assert took.megabytes < MEGABYTES
