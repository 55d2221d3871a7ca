"""What is a secret in an answer, and what only looks like one."""

import hashlib
import json

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.hygiene.sensitive import known_secrets, leaks

BCRYPT = "$2b$12$" + "KIXQ2V7yJ5p1mZ8tWnYh0eRrXvB3cD4fG6hJ7kL8mN9oP0qR1sT2u"
PASSWORD = "Correct-horse-42-battery"
KNOWN = known_secrets({PASSWORD: "seller"}, {"sess_0123456789abcdef": "seller"})


def answer(body, kind="application/json"):
    """A 200 with this body."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(200, (("content-type", kind),), text)


def found(body, **more):
    """What is secret in it, in words."""
    return [str(leak) for leak in leaks(answer(body), KNOWN, **{"caller": "buyer", "mine": "me@example.com", **more})]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"id": 1, "x": BCRYPT}, "a bcrypt hash at x"),
        ({"data": [{"h": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"}]}, "an Argon2 hash at data[0].h"),
        ({"p": "pbkdf2_sha256$600000$salt$hash"}, "a PBKDF2 hash at p"),
        ({"p": "scrypt:32768:8:1$salt$00ff"}, "an scrypt hash at p"),
        ({"p": "$6$rounds=5000$saltsalt$" + "a" * 86}, "a crypt(3) hash at p"),
        ({"p": "$P$B" + "a" * 30}, "a phpass hash at p"),
        ({"p": "AQAAAAIAAYagAAAAE" + "A" * 67}, "an ASP.NET Identity hash at p"),
        ({"p": "{SSHA}" + "A" * 32}, "an LDAP password hash at p"),
        ({"pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE"}, "a private key at pem"),
        ({"k": "sk_live_" + "a1" * 12}, "a live payment key at k"),
        ({"k": "AKIA" + "A1B2C3D4E5F6G7H8"}, "a cloud access key at k"),
        ({"said": f"your password is {PASSWORD}"}, "the password of seller in plain text at said"),
        ({"x": hashlib.md5(PASSWORD.encode()).hexdigest()}, "the password of seller, as unsalted MD5 at x"),
        ({"x": hashlib.sha256(PASSWORD.encode()).hexdigest().upper()}, "the password of seller, as unsalted SHA256"),
        ({"token": "sess_0123456789abcdef"}, "the session of seller at token"),
        ({"email": "a@b.example", "password": "pass1"}, "a password, or what is kept of one (password)"),
        ({"username": "eva", "passwort": "hase77"}, "(passwort)"),
        ({"login": "eva", "contraseña": "gato123"}, "(contraseña)"),
        ({"id": 4, "mot_de_passe": "chat99"}, "(mot_de_passe)"),
        ({"id": 4, "user-password": "admin1"}, "(user-password)"),
        ({"userPasswordHash": "5f4dcc3b5aa765d61d8327deb882cf99"}, "(userPasswordHash)"),
        ({"PasswordSalt": "9f8a7c6d5e4b"}, "(PasswordSalt)"),
        ({"password": {"hash": "c2FsdGVkaGFzaA=="}}, "(password_hash)"),
        ({"id": 7, "password": 123456}, "(password)"),
        ({"email": "a@b.example", "resetToken": "d41d8cd98f"}, "a code that opens an account (resetToken)"),
        ({"email": "a@b.example", "otp_secret": "JBSWY3DPEHPK3PXP"}, "a code that opens an account (otp_secret)"),
        ({"username": "eva", "otp": 482913}, "a code that opens an account (otp)"),
        ({"username": "eva", "emailVerificationToken": "77aa88bb99"}, "(emailVerificationToken)"),
        ({"card": {"cardNumber": "4242 4242 4242 4242"}}, "payment card data (cardNumber)"),
        ({"card_number": "x", "cvv": "123"}, "payment card data (cvv)"),
        ({"jwt_secret": "s3cr3t-key-77"}, "a key of the service (jwt_secret)"),
        ([{"email": "else@example.com", "token": "abcdef0123456789xyz"}], "a session in the record of somebody else"),
    ],
)
def test_a_secret_is_found(body, what):
    """By its shape, by its name in several languages and spellings, or because the run knows it."""
    told = found(body)
    assert len(told) >= 1, body
    assert what in told[0]


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1, "has_password": True, "password_changed_at": "2026-11-24T10:00:00Z"},
        {"id": 1, "email": "a@b.example", "password": None},
        {"id": 1, "email": "a@b.example", "password": ""},
        {"id": 1, "email": "a@b.example", "password": "********"},
        {"id": 1, "email": "a@b.example", "password": "[FILTERED]"},
        {"id": 1, "email": "a@b.example", "password": "<hidden>"},
        {"id": 1, "email": "a@b.example", "password": "redacted"},
        {"id": 1, "email": "a@b.example", "password": True},
        {"token_type": "Bearer", "csrf_token": "a8f5f167f44f4964e6c998dee827110c", "next_page_token": "Q0FVUUFB"},
        {"password_min_length": 12, "password_policy": "strong", "password_hash_algorithm": "bcrypt"},
        {"password_hint": "the usual one", "password_expires_in": 90},
        {"email": "E-mail", "username": "Username", "password": "Password", "forgot": "Forgot password?"},
        {"login": "Anmelden", "email": "E-Mail", "passwort": "Passwort"},
        {"id": "f", "password": "required|min:8"},
        {"id": "f", "password": {"type": "string", "minLength": 8}},
        {"id": 3, "links": {"id": 3, "password": "/account/password"}},
        {"errors": {"password": ["is too short"]}},
        {"email": "me@example.com", "token": "abcdef0123456789xyz"},
        {"token": "eyJhbGciOiJIUzI1NiJ9.eyJndWVzdCI6dHJ1ZX0.c2ln"},
        {"secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/x"},
        {"payment": {"client_secret": "pi_3OabcDEF_secret_ghiJKL012"}},
        {"publishable_key": "pk_live_0123456789abcdef", "stripe": "pk_test_0123456789abcdef"},
        {"maps_key": "AIza" + "a" * 35},
        {"id": 9, "otp_enabled": False, "otp": False},
        {"card": {"brand": "visa", "last4": "4242", "card_number": "**** **** **** 4242", "cvc_check": "pass"}},
        {"ean": "4006381333931", "order": "4242424242424242"},
        {"commit": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "hash": "5f4dcc3b5aa765d61d8327deb882cf99"},
        {"openapi": "3.1.0", "example": {"email": "a@b.example", "password": "pass1"}},
        {"data": {"__schema": {"x": {"id": 1, "password": "pass1"}}}},
        {"sessions": [{"id": 1, "device": "phone"}], "session": "sess_of_nobody_known"},
    ],
)
def test_what_only_looks_like_a_secret_is_none(body):
    """Flags, masks, labels, rules, dates, public keys, check digits, descriptions, and the caller's own session."""
    assert found(body) == []


def test_a_code_in_the_answer_to_a_reset_request_is_found_there_only():
    """A link with a token opens the account; a sentence, or the same name elsewhere, does not."""
    assert found({"token": "d41d8cd98f00b204"}, resets=True) == [
        "what resets the password (token) at token: d41d… (16 characters)"
    ]
    assert found({"resetUrl": "https://shop.example/reset?token=abcd1234"}, resets=True)
    assert found({"message": "We have sent you a mail.", "link": "https://shop.example/help"}, resets=True) == []
    assert found({"token": "d41d8cd98f00b204"}) == []


def test_text_that_is_no_json_is_searched_for_shapes_and_passwords():
    """A page of HTML, say."""
    page = answer(f"<p>{BCRYPT}</p><p>{PASSWORD}</p>", "text/html")
    assert [leak.what for leak in leaks(page, KNOWN)] == ["a bcrypt hash", "the password of seller in plain text"]


def test_a_finding_shows_no_more_than_the_first_characters():
    """Of a short secret no more than half."""
    assert found({"id": 1, "password": "abc1"}) == [
        "a password, or what is kept of one (password) at password: ab… (4 characters)"
    ]
    assert BCRYPT not in found({"x": BCRYPT})[0]
    assert found({"x": BCRYPT})[0].endswith("$2b$… (60 characters)")


def test_ones_own_session_is_no_leak():
    """Only somebody else's."""
    assert found({"token": "sess_0123456789abcdef"}, caller="seller") == []
