"""Tokens: found wherever they travel, taken apart, and forged so that only a server that does not look is fooled."""

import base64
import hmac
import json

import pytest

from pytest_launchready.probes.access.conduct import tokens
from pytest_launchready.probes.access.conduct.tokens import bare, carriers, read_jwt


def part(value):
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(key="a-long-and-random-one-5d8e", **claims):
    """A signed token."""
    written = f"{part({'alg': 'HS256', 'kid': '7'})}.{part({'sub': '12', **claims})}"
    signature = base64.urlsafe_b64encode(hmac.digest(key.encode(), written.encode(), "sha256")).decode().rstrip("=")
    return f"{written}.{signature}"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"authorization": "Bearer abcdefgh12345678"}, [("header authorization", "Bearer")]),
        ({"authorization": "Token x1"}, [("header authorization", "Token")]),
        ({"authorization": "abcdefgh12345678"}, [("header authorization", "")]),
        ({"x-auth-token": "abcdefgh12345678", "x-client": "web"}, [("header x-auth-token", "")]),
        ({"authorization": "Basic dXNlcjpwYXNz"}, []),
        ({"cookie": "theme=dark; sid=0f3c9a77e1d2b4c6; csrftoken=0f3c9a77e1d2b4c6"}, [("cookie sid", "")]),
        ({"cookie": f"sid=0f3c9a77e1d2b4c6; auth={jwt()}"}, [("cookie auth", ""), ("cookie sid", "")]),
        ({"x-csrf-token": "0f3c9a77e1d2b4c6", "anti": "0f3c9a77e1d2b4c6"}, []),
    ],
)
def test_where_a_session_is_carried(headers, found):
    """Any header and cookie that holds a key, JWTs first among cookies; neither Basic nor an anti-forgery token."""
    places = carriers(headers, ("Anti", None))
    assert [(carrier.where, carrier.scheme) for carrier in places] == found


def test_a_token_is_put_in_its_own_place_only():
    """Other headers and cookies stay as they are; a bare session has none of its tokens."""
    headers = {"cookie": "theme=dark; sid=0f3c9a77e1d2b4c6", "x-auth-token": "abcdefgh12345678", "x-csrf": "1"}
    own, cookie = carriers(headers)
    assert cookie.put(headers, "other") == {**headers, "cookie": "theme=dark; sid=other"}
    assert own.put(headers, "other") == {**headers, "x-auth-token": "other"}
    assert bare(headers, (own, cookie)) == {"cookie": "theme=dark", "x-csrf": "1"}
    (bearer,) = carriers({"authorization": "Bearer abcdefgh12345678"})
    assert bearer.put({}, "t", "Token") == {"authorization": "Token t"}
    assert bare({"cookie": "sid=0f3c9a77e1d2b4c6"}, [cookie]) == {}


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "abc", f"{part([1])}.{part({})}.x", f"{part({'alg': 'HS256'})}.{part(1)}.x"]
)
def test_what_is_no_jwt(text):
    """Three parts of which the first two are JSON objects, and an algorithm."""
    assert read_jwt(text) is None


def test_a_jwt_is_read():
    """Header, claims, and times among them; a claim that is no number is no time."""
    token = read_jwt(jwt(exp=1700000000, iat="soon"))
    assert (token.algorithm, token.claims["sub"], token.number("exp"), token.number("iat")) == (
        "HS256",
        "12",
        1700000000,
        None,
    )


@pytest.mark.parametrize(
    "token",
    [
        "0f3c9a77e1d2b4c6",
        "12|aB3dE5gH7jK9mN1pQ3sT5vX7z",
        "eyJpdiI6ImEiLCJ2YWx1ZSI6ImIifQ%3D%3D",
        "QUJDREVGR0hJSktMTU5PUA==",
        "8c6f7a52-2b0f-4d35-9a3c-0a1b2c3d4e5f",
        '"quoted-token-1"',
    ],
)
def test_a_spoiled_token_keeps_its_shape_and_its_beginning(token):
    """It differs in more than what base64 may drop, ends in the same padding, and stays in its alphabet."""
    spoiled = tokens.spoiled(token)
    differing = [place for place, (one, other) in enumerate(zip(token, spoiled, strict=True)) if one != other]
    assert len(differing) == tokens.SPOILED
    assert [char.isdigit() for char in token] == [char.isdigit() for char in spoiled]
    if set(token) <= set("0123456789abcdef-"):
        assert set(spoiled) <= set("0123456789abcdef-")


def test_a_spoiled_signature_is_other_bytes():
    """The last character of a base64 text holds four bits that nobody reads: more than that has to change."""
    genuine = read_jwt(jwt())
    spoiled = tokens.spoiled(jwt()).rpartition(".")[2]
    assert base64.urlsafe_b64decode(spoiled + "=") != base64.urlsafe_b64decode(genuine.written[2] + "=")


def test_forgeries_say_what_they_are():
    """Each changes one thing: a claim, the algorithm, the signature."""
    genuine = read_jwt(jwt())
    head, body, signature = tokens.changed_claims(genuine).split(".")
    assert (head, signature) == (genuine.written[0], genuine.written[2])
    assert read_jwt(f"{head}.{body}.{signature}").claims == {"sub": "12", "launchready": 1}
    forged = [token for _, token in tokens.unsigned(genuine)]
    assert [token.count(".") for token in forged] == [2, 2, 1]
    algorithms = [json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "==")) for token in forged]
    assert algorithms == [{"alg": word, "kid": "7"} for word in ("none", "NONE", "none")]
    assert tokens.stripped(genuine) == f"{genuine.written[0]}.{genuine.written[1]}."


@pytest.mark.parametrize("key", ["secret", "changeme", "your-256-bit-secret", "shop.example-secret"])
def test_a_guessable_key_is_guessed_offline(key):
    """From tutorials, templates and the host's own name; a token that is signed with it again verifies."""
    genuine = read_jwt(jwt(key))
    assert tokens.guessed_key(genuine, ["shop.example-secret"]) == key
    again = read_jwt(tokens.signed(genuine, key, exp=5))
    assert again.claims == {"sub": "12", "exp": 5}
    assert tokens.guessed_key(again, ["shop.example-secret"]) == key


def test_a_good_key_is_not_guessed():
    """Nor is anything tried on a signature by a private key."""
    assert tokens.guessed_key(read_jwt(jwt())) is None
    rsa = read_jwt(f"{part({'alg': 'RS256'})}.{part({})}.c2ln")
    assert tokens.guessed_key(rsa) is None
