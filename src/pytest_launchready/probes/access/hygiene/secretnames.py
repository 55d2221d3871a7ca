"""Names under which secrets stand, and what tells a secret from a label, a rule, a flag or a mask of the same name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

SHORTEST = 3
LONG = 16
"""Characters of an opaque value that may be a session."""

_WORDS: Final = (
    r"password|passwd|passwort|kennwort|pwd|pswd|passphrase|contrasena|motdepasse|senha|wachtwoord|parola|haslo|heslo|"
    r"losenord|adgangskode|salasana|jelszo|sifre|пароль|密码|密碼|パスワード|비밀번호"
)
_BEFORE: Final = (
    r"user|account|login|auth|hashed|hash|encrypted|crypted|salted|plain|raw|clear|old|current|admin|db|database|smtp"
)
_AFTER: Final = r"hash|hashed|digest|salt|encrypted|plain|clear|text|cleartext|plaintext|value|md5|sha1|sha256|bcrypt"
_PASSWORD: Final = re.compile(
    rf"(?:{_BEFORE})*(?:{_WORDS})(?:{_AFTER})*|(?:user)?pass(?:hash|salt|digest)|userpass|pw(?:hash|salt)|hash(?:ed)?pw"
)
_KEPT: Final = re.compile(r"hash|digest|salt|crypt|md5|sha1|sha256")
_LABEL: Final = re.compile(rf"(?:your|new|dein|ihr|votre|tu|su)?(?:{_WORDS})s?")
_CODE: Final = re.compile(
    r"(?:password|pass|pwd)?reset(?:password)?(?:token|code|key|hash|link|url|otp)|forgot(?:password)?(?:token|code)|"
    r"(?:e?mail|account|user|phone|sms)?(?:verification|verify|confirmation|confirm|activation)(?:token|code|key|hash)|"
    r"(?:otp|totp|mfa|2fa|twofactor|twofa|authenticator|google2fa)(?:secret|key|seed|code|backupcodes?|recoverycodes?)|"
    r"(?:recovery|backup)codes?|recoverytoken|remembertoken|magic(?:link)?token|onetime(?:code|password)|otp|"
    r"secret(?:question)?answer|security(?:question)?answer"
)
_NUMBER: Final = re.compile(r"(?:credit|debit|payment|bank)?card(?:number|no|num|pan)|ccn(?:umber|um|o)?|pan")
_CHECK: Final = re.compile(r"(?:card|cc)?(?:cvv2?|cvc2?|securitycode)")
_SERVICE: Final = re.compile(
    r"(?:app|django|flask|rails|laravel|stripe|aws|s3|paypal|mail|smtp|jwt|session|cookie|webhook|signing|encryption)*"
    r"(?:secretkey(?:base)?|secretaccesskey|jwtsecret(?:key)?|sessionsecret|cookiesecret|webhooksecret|signingkey|"
    r"signingsecret|encryptionkey|privatekey|apisecret|clientsecret|databaseurl|dbpassword|mongo(?:db)?uri)"
)
_SESSION: Final = re.compile(r"(?:access|auth|session|bearer|api|refresh|login|user|id)?token|jwt|sessionid|sid|apikey")
_RESET: Final = re.compile(r"token|code|otp|pin|resettoken|link|url|reset(?:link|url|code)|password|newpassword")
_NOTHING: Final = frozenset(
    {
        *("null", "none", "nil", "undefined", "true", "false", "yes", "no", "hidden", "redacted", "masked", "filtered"),
        *("removed", "protected", "encrypted", "required", "optional", "string", "text", "write-only", "unset", "set"),
        *("empty", "changed", "unchanged", "private", "confidential", "n/a", "local", "default"),
    }
)
_PLAIN: Final = re.compile(r"[\w.@+-]*")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,128}")
_MASKED: Final = re.compile(r"\*{2,}|•{2,}|●{2,}|x{4,}|\.{3,}|…|\[[a-z ]+\]|<[a-z ]+>|#{3,}", re.IGNORECASE)
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
IDENTITIES: Final = frozenset({"email", "mail", "emailaddress", "username", "userid", "login", "id", "name", "user"})


@lru_cache(maxsize=8192)
def squeezed(name: str) -> str:
    """A name in lower case, without accents and signs: `passwordHash`, `password-hash`, `PASSWORD_HASH` are one."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", "", plain).lower()


def is_password(name: str, value: Any, record: Mapping[str, Any]) -> bool:
    """Whether a value under this name is a password or a hash of one."""
    if not _PASSWORD.fullmatch(name):
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        return value >= 1000 and _of_a_person(record)
    text = _word(value)
    if text is None or _LABEL.fullmatch(squeezed(text)):
        return False
    if _KEPT.search(name) or _HEX.fullmatch(text):
        return len(text) >= SHORTEST and not re.fullmatch(r"[A-Za-z][A-Za-z_]*\d{0,3}", text)  # "bcrypt", "sha256"
    if "|" in text or "://" in text or re.match(r"/|(?:min|max|size|length):\d+$", text):
        return False  # a rule of a form, or where to change the password
    return _of_a_person(record)


def is_code(name: str, value: Any, record: Mapping[str, Any]) -> bool:
    """Whether a value under this name opens an account beside the password: a reset token, a seed of one-time codes."""
    if not _CODE.fullmatch(name):
        return False
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _word(value)
    if text is None or len(text) < 4:
        return False
    # Whoever turns a second factor on is shown its seed and codes once; a record of a person never has them.
    return _of_a_person(record) or name.startswith(("reset", "passwordreset", "passreset", "forgot"))


def opens_reset(name: str, value: Any) -> bool:
    """Whether a value in the answer to a reset request opens the account that somebody asked it for."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _word(value)
    if text is None or not _RESET.fullmatch(name):
        return False
    if "://" in text or text.startswith("/"):
        return re.search(r"(?:token|code|key)=[^&]{4,}|/[\w-]{16,}$", text) is not None
    return text.isdigit() and len(text) >= 4 if name in {"code", "otp", "pin"} else len(text) >= SHORTEST


def is_card(name: str, value: Any, record: Mapping[str, Any]) -> bool:
    """Whether a value is the whole number of a payment card, or the code on its back."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return False
    digits = re.sub(r"[ -]", "", text)
    if not digits.isascii() or not digits.isdigit():
        return False
    if _NUMBER.fullmatch(name):
        return 13 <= len(digits) <= 19 and luhn(digits)
    others = {squeezed(str(key)) for key in record} - {name}
    return (
        _CHECK.fullmatch(name) is not None
        and len(digits) in {3, 4}
        and any(_NUMBER.fullmatch(key) or key.startswith(("card", "exp")) or key == "number" for key in others)
    )


def is_service_key(name: str, value: Any) -> bool:
    """Whether a value under this name is a key that belongs on the server."""
    text = _word(value)
    if text is None or not _SERVICE.fullmatch(name) or len(text) < 8:
        return False
    # What a payment provider calls a client's secret is made for the browser of whoever pays.
    return not (name == "clientsecret" and re.match(r"(?:pi|seti|cs|src|ek|pk)_|.*_secret_", text))


def is_session(name: str, value: Any, record: Mapping[str, Any], mine: str) -> bool:
    """Whether a value under this name opens the account of somebody whose address is not the caller's."""
    text = _word(value)
    if text is None or not _SESSION.fullmatch(name) or len(text) < LONG:
        return False
    addresses = [item for item in record.values() if isinstance(item, str) and _MAIL.fullmatch(item)]
    return bool(addresses) and mine.lower() not in {address.lower() for address in addresses}


def luhn(digits: str) -> bool:
    """Whether the last digit fits the others, as in every card number (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _word(value: Any) -> str | None:
    """A text that may be a secret: one word, and neither a mask nor a way of saying that there is none."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) < SHORTEST or re.search(r"\s", text) or text.lower().strip("[]<>()") in _NOTHING:
        return None
    if _MASKED.search(text) or re.fullmatch(r"\d{4}-\d\d-\d\d(?:T.*)?", text):
        return None
    return text


def _of_a_person(record: Mapping[str, Any]) -> bool:
    """Whether an object says who somebody is, in more than labels."""
    for key, value in record.items():
        if squeezed(str(key)) not in IDENTITIES or isinstance(value, bool | Mapping | list) or value is None:
            continue
        text = str(value)
        if text and _PLAIN.fullmatch(text) and squeezed(text) != squeezed(str(key)):
            return True
    return any(isinstance(value, str) and _MAIL.fullmatch(value) for value in record.values())
