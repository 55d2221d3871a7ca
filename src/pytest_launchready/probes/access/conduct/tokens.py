"""Session tokens taken apart and forged: where a request carries them, and what a server must not accept."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.learning import is_opaque

HASHES: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
COMMON_KEYS: Final = (
    *("", "secret", "Secret", "SECRET", "secret123", "secretkey", "secret-key", "secret_key", "SECRET_KEY", "mysecret"),
    *(
        "my-secret",
        "my_secret",
        "my-secret-key",
        "mysecretkey",
        "supersecret",
        "super-secret",
        "super_secret",
        "s3cr3t",
    ),
    *("supersecretkey", "super-secret-key", "super_secret_key", "topsecret", "verysecret", "shhhh", "shhhhh", "random"),
    *("jwt", "jwtsecret", "jwt-secret", "jwt_secret", "JWT_SECRET", "jwtkey", "jwt_key", "jwt_secret_key", "token"),
    *("JWT_SECRET_KEY", "your-secret-key", "your_secret_key", "your-256-bit-secret", "your-384-bit-secret", "key"),
    *("your-512-bit-secret", "your-secret", "your_jwt_secret", "your-jwt-secret", "yoursecret", "secrettoken", "admin"),
    *("access_token_secret", "tokensecret", "token_secret", "session", "sessionsecret", "keyboard cat", "password"),
    *("Password1", "password123", "passw0rd", "admin123", "changeme", "change-me", "change_me", "changeit", "CHANGEME"),
    *("change-me-in-production", "default", "test", "testing", "test123", "example", "demo", "dev", "development"),
    *("local", "private", "privatekey", "1234", "12345", "123456", "12345678", "123456789", "1234567890", "qwerty"),
    *("letmein", "foobar", "foo", "bar", "abc123", "hello", "helloworld", "api", "apikey", "app", "app_secret"),
    *("APP_SECRET", "root", "toor", "none", "null", "undefined", "a-string-secret-at-least-256-bits-long"),
)
"""Keys of tutorials and templates that are found in production; a few dozen hashes, so it costs no time."""
SPOILED: Final = 8
"""Characters that are changed: a single last one of base64 may decode to the same bytes."""
_PART: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_ALPHABETS: Final = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CSRF: Final = re.compile(r"csrf|xsrf", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][\w-]*) +(?P<token>\S+)")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One place in which requests carry a token: a header, or a cookie among others."""

    header: str
    token: str
    scheme: str = ""
    """The word before the token, if there is one."""
    cookie: str | None = None

    @property
    def where(self) -> str:
        """For messages: "header authorization", "cookie session"."""
        return f"cookie {self.cookie}" if self.cookie else f"header {self.header}"

    def put(self, headers: Mapping[str, str], token: str | None, scheme: str | None = None) -> dict[str, str]:
        """These headers with another token in this place; with none, without what was there."""
        others = {name: value for name, value in headers.items() if name != self.header}
        if self.cookie is None:
            word = self.scheme if scheme is None else scheme
            return others if token is None else {**others, self.header: f"{word} {token}".lstrip()}
        pairs = [pair for pair in _pairs(headers.get("cookie", "")) if pair[0] != self.cookie]
        pairs += [] if token is None else [(self.cookie, token)]
        jar = {"cookie": "; ".join(f"{name}={value}" for name, value in pairs)}
        return {**others, **jar} if pairs else others


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JSON Web Token (RFC 7519), as it was written."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    written: tuple[str, str, str]

    @property
    def algorithm(self) -> str:
        """What it says it is signed with."""
        return str(self.header.get("alg"))

    def number(self, claim: str) -> float | None:
        """A claim that is a time in seconds since 1970, or None."""
        value = self.claims.get(claim)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def carriers(credentials: Mapping[str, str], csrf: Iterable[str | None] = ()) -> tuple[Carrier, ...]:
    """Where the headers of a session carry tokens, cookies that look like JWTs first; `csrf` names what is none.

    Basic carries a password and is not listed.
    """
    ignored = {name.lower() for name in csrf if name}
    found: list[Carrier] = []
    for name, value in credentials.items():
        if name == "cookie" or name in ignored or _CSRF.search(name):
            continue
        match = _SCHEME.fullmatch(value.strip())
        scheme, token = (match["scheme"], match["token"]) if match else ("", value.strip())
        if scheme.lower() != "basic" and (is_opaque(token) or (name == "authorization" and token)):
            found.append(Carrier(name, token, scheme))
    cookies = [
        Carrier("cookie", value, cookie=name)
        for name, value in _pairs(credentials.get("cookie", ""))
        if name.lower() not in ignored and not _CSRF.search(name) and is_opaque(value.strip('"'))
    ]
    return (*found, *sorted(cookies, key=lambda carrier: read_jwt(carrier.token) is None))


def bare(credentials: Mapping[str, str], places: Iterable[Carrier]) -> dict[str, str]:
    """The headers of a session without the tokens in these places."""
    headers = dict(credentials)
    for carrier in places:
        headers = carrier.put(headers, None)
    return headers


def _pairs(header: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in header.split(";"))
    return [(name.strip(), value.strip()) for name, _, value in pairs if name.strip()]


def read_jwt(token: str) -> Jwt | None:
    """A token taken apart, or None if it is no JWT of three parts."""
    parts = token.strip('"').split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        return None
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None
    return Jwt(header, claims, (parts[0], parts[1], parts[2]))


def spoiled(token: str) -> str:
    """The token with its last characters changed, each for another of its kind; what pads it stays."""
    body = re.sub(r'(?:%3[dD]|=|")+$', "", token)
    changed = list(body)
    places = [place for place, char in enumerate(body) if char.isascii() and char.isalnum()][-SPOILED:]
    for place in places:
        changed[place] = _other(body[place], body)
    return "".join(changed) + token[len(body) :]


def changed_claims(jwt: Jwt) -> str:
    """The token with one more claim and its old signature."""
    return f"{jwt.written[0]}.{_encoded({**jwt.claims, 'launchready': 1})}.{jwt.written[2]}"


def unsigned(jwt: Jwt) -> tuple[tuple[str, str], ...]:
    """What it is called → the token that claims to need no signature (RFC 8725, section 2.1), in three spellings."""

    def without(algorithm: str) -> str:
        return f"{_encoded({**jwt.header, 'alg': algorithm})}.{jwt.written[1]}"

    return (
        ("alg: none", without("none") + "."),
        ("alg: NONE", without("NONE") + "."),
        ("alg: none, two parts", without("none")),
    )


def stripped(jwt: Jwt) -> str:
    """The token with nothing where its signature was."""
    return f"{jwt.written[0]}.{jwt.written[1]}."


def guessed_key(jwt: Jwt, words: Iterable[str] = ()) -> str | None:
    """The key that signs the token, where it is a common one or one of these words; nothing is sent."""
    kind = HASHES.get(jwt.algorithm)
    if kind is None:
        return None
    signature = jwt.written[2].rstrip("=")
    message = ".".join(jwt.written[:2]).encode()
    for key in dict.fromkeys((*COMMON_KEYS, *words)):
        made = urlsafe_b64encode(hmac.digest(key.encode(), message, kind)).decode().rstrip("=")
        if hmac.compare_digest(made, signature):
            return key
    return None


def signed(jwt: Jwt, key: str, **claims: object) -> str:
    """The token with further claims, signed by a key that was guessed."""
    message = f"{jwt.written[0]}.{_encoded({**jwt.claims, **claims})}"
    return f"{message}.{_base64(hmac.digest(key.encode(), message.encode(), HASHES[jwt.algorithm]))}"


def _other(char: str, word: str) -> str:
    """A character of the same kind, so that the token keeps its shape; hexadecimal digits stay such."""
    alphabet = next(letters for letters in _ALPHABETS if char in letters)
    hexadecimal = re.fullmatch(r"[0-9a-fA-F-]+", word) and char.lower() in "abcdef"
    letters = alphabet[:6] if hexadecimal else alphabet
    return letters[(letters.index(char) + len(letters) // 2) % len(letters)]


def _decoded(part: str) -> Any:
    try:
        return json.loads(urlsafe_b64decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4)))
    except (ValueError, RecursionError):
        return None


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
