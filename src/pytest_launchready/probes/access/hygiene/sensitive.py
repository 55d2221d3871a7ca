"""What no answer may hold: passwords and what is kept of them, keys of services, codes that open an account."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.hygiene.secretnames import (
    is_card,
    is_code,
    is_password,
    is_service_key,
    is_session,
    opens_reset,
    squeezed,
)

SHORTEST_PASSWORD = 8
"""Characters of a password that is looked for inside longer texts; a shorter one has to be the whole value."""
SHOWN = 4
"""First characters of a secret that a finding shows."""

_B64 = r"[A-Za-z0-9+/]"
SHAPES: Final = {
    "a bcrypt hash": r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}(?![./A-Za-z0-9])",
    "an Argon2 hash": r"\$argon2(?:id|i|d)\$v=\d+\$m=\d+,",
    "a PBKDF2 hash": r"pbkdf2_sha(?:1|256|512)\$\d+\$|pbkdf2:sha(?:1|256|512):\d+\$|\$pbkdf2(?:-sha\d+)?\$\d+\$",
    "an scrypt hash": r"\bscrypt[:$]\d+[:$]\d+[:$]\d+\$|\$scrypt\$ln=\d+",
    "a crypt(3) hash": r"\$(?:5|6|y|apr1|1)\$[./A-Za-z0-9=$,]{1,40}\$[./A-Za-z0-9]{22,86}",
    "a phpass hash": r"\$[PH]\$[./A-Za-z0-9]{31}(?![./A-Za-z0-9])",
    "an ASP.NET Identity hash": rf"\bAQAAAA[EI]AA{_B64}{{70,}}={{0,2}}",
    "an LDAP password hash": rf"\{{(?:S?SHA(?:256|512)?|S?MD5|CRYPT)\}}{_B64}{{20,}}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "a live payment key": r"\b[sr]k_live_[0-9A-Za-z]{16,}|\bwhsec_[0-9A-Za-z+/]{24,}",
    "a cloud access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a code host's token": r"\b(?:gh[pousr]_[0-9A-Za-z]{30,}|github_pat_\w{22,}|glpat-[\w-]{20,})",
    "a mail service's key": r"\bSG\.[\w-]{16,}\.[\w-]{32,}",
}
"""Values that are secrets wherever they stand: hashes in the forms that password libraries write, and keys that open
services. Test keys and keys made for browsers are left out: they are public."""
_ANY: Final = re.compile("|".join(f"(?P<s{n}>{shape})" for n, shape in enumerate(SHAPES.values())))
_WHATS: Final = tuple(SHAPES)
_MARKS: Final = ("$", "pbkdf2:", "AQAAAA", "}", "PRIVATE KEY", "k_live_", "whsec_", "KIA", "SIA", "gh", "glpat", "SG.")


@dataclass(frozen=True, slots=True)
class Leak:
    """Something secret in an answer."""

    what: str
    where: str
    """JMESPath of the value, or "text"."""
    shown: str
    """Its first characters."""

    def __str__(self) -> str:
        return f"{self.what} at {self.where}: {self.shown}"


@dataclass(frozen=True, slots=True)
class Known:
    """Secrets that the run knows, value → whose."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    sessions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """Unsalted digests of the passwords, in hex, → whose password and which digest."""


def known_secrets(passwords: Mapping[str, str], sessions: Mapping[str, str]) -> Known:
    """The secrets, with the plain digests of the passwords."""
    digests = {
        hashlib.new(name, password.encode(), usedforsecurity=False).hexdigest(): f"{who}, as unsalted {name.upper()}"
        for password, who in passwords.items()
        for name in ("md5", "sha1", "sha256", "sha512")
    }
    return Known(passwords, sessions, digests)


def leaks(answer: Answer, known: Known, *, caller: str = "", mine: str = "", resets: bool = False) -> Iterator[Leak]:
    """Everything secret in an answer that was given to `caller`, whose own e-mail address is `mine`.

    `resets`: the request asked for a password reset, so that a code in the answer opens the account.
    """
    document = answer.json
    if document is None:
        yield from _in_text(answer.text, known)
        return
    if _describes_an_api(document):
        return
    for where, key, value, record in _leaves(document, "", "", {}):
        found = _by_value(value, known, caller) if isinstance(value, str) else None
        if found is None:
            found = _by_name(key, value, record, mine, resets=resets)
        if found is not None:
            yield Leak(found, where, shown(value))


def shown(value: object) -> str:
    """The first characters of a secret."""
    text = str(value)
    return f"{text[: min(SHOWN, len(text) // 2)]}… ({len(text)} characters)"


def _in_text(text: str, known: Known) -> Iterator[Leak]:
    for what, value in _shaped(text):
        yield Leak(what, "text", shown(value))
    for password, who in known.passwords.items():
        if len(password) >= SHORTEST_PASSWORD and password in text:
            yield Leak(f"the password of {who} in plain text", "text", shown(password))


def _shaped(text: str) -> Iterator[tuple[str, str]]:
    if any(mark in text for mark in _MARKS):
        for match in _ANY.finditer(text):
            yield _WHATS[int(str(match.lastgroup)[1:])], match[0]


def _by_value(value: str, known: Known, caller: str) -> str | None:
    what = next((what for what, _ in _shaped(value)), None)
    if what is not None:
        return what
    for password, who in known.passwords.items():
        if value == password or (len(password) >= SHORTEST_PASSWORD and password in value):
            return f"the password of {who} in plain text"
    if value.lower() in known.digests:
        return f"the password of {known.digests[value.lower()]}"
    owner = known.sessions.get(value)
    return f"the session of {owner}" if owner not in {None, caller} else None


def _by_name(key: str, value: Any, record: Mapping[str, Any], mine: str, *, resets: bool) -> str | None:
    name = squeezed(key)
    rules = (
        ("a password, or what is kept of one", is_password(name, value, record)),
        ("a code that opens an account", is_code(name, value, record)),
        ("what resets the password", resets and opens_reset(name, value)),
        ("payment card data", is_card(name, value, record)),
        ("a key of the service", is_service_key(name, value)),
        ("a session in the record of somebody else", is_session(name, value, record, mine)),
    )
    return next((f"{what} ({key})" for what, holds in rules if holds), None)


def _leaves(
    document: Any, where: str, key: str, record: Mapping[str, Any]
) -> Iterator[tuple[str, str, Any, Mapping[str, Any]]]:
    """Every value with its place, its name, and the object that it stands in."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            place = f"{where}.{name}" if where else str(name)
            # `{"password": {"hash": …}}` is a `password_hash`, though a bare `hash` says nothing.
            inner = f"{key}_{name}" if squeezed(str(name)) in {"hash", "salt", "value", "digest"} else str(name)
            yield from _leaves(value, place, inner, document)
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _leaves(value, f"{where}[{number}]", key, record)
    else:
        yield where or "the whole answer", key, document, record


def _describes_an_api(document: Any) -> bool:
    """Whether this is a description, whose names and examples are nobody's data."""
    if not isinstance(document, Mapping):
        return False
    data = document.get("data")
    return (
        not document.keys().isdisjoint({"openapi", "swagger", "$schema", "asyncapi"})
        or (isinstance(data, Mapping) and "__schema" in data)
        or "__schema" in document
    )
