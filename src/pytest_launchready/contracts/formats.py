"""Formats of texts for the engine that has none of its own, after the RFCs that JSON Schema names."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:z|([+-])([0-9]{2}):([0-9]{2}))", re.IGNORECASE
)
_DURATION: Final = re.compile(
    r"P(?:[0-9]+W|(?=[0-9T])(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)?"
    r"(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED: Final = re.compile(r'"(?:[^"\\\r\n]|\\.)*"')
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~0|~1)*)*")
_RELATIVE_POINTER: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)")
_UNSAFE: Final = r"[\x00-\x20<>\"\\^`{|}\x7f]|%(?![0-9A-Fa-f]{2})"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY: Final = re.compile(
    r"//(?:[^/?#@\[\]]*@)?(?:\[[0-9A-Fa-f:.]+\]|\[[vV][0-9A-Fa-f]+\.[^\]]+\]|[^/?#@:\[\]]*)(?::[0-9]*)?"
)
_TEMPLATE: Final = re.compile(
    r"(?:[^\x00-\x20\"<>\\^`{|}%\x7f]|%[0-9A-Fa-f]{2}"
    r"|\{[+#./;?&=,!@|]?[\w%]+(?:\.[\w%]+)*(?:\*|:[1-9][0-9]{0,3})?"
    r"(?:,[\w%]+(?:\.[\w%]+)*(?:\*|:[1-9][0-9]{0,3})?)*\})*"
)


_PYTHON_ONLY: Final = re.compile(r"(?<!\\)(?:\\\\)*(?:\\[AZaz](?![A-Za-z])|\(\?(?:P[<=]|#|[aiLmsux]+\)))")
"""What Python's `re` has, and ECMA-262 has not."""


def _date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return 1 <= month <= 12 and 1 <= day <= (monthrange(year, month)[1] if year else 29 if month == 2 else 31)


def _time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    behind = (int(found[5]) * 60 + int(found[6])) * (-1 if found[4] == "-" else 1) if found[4] else 0
    if hour > 23 or minute > 59 or (found[4] and (int(found[5]) > 23 or int(found[6]) > 59)):
        return False
    # RFC 3339: a leap second comes at the end of a day in UTC only.
    return second <= 59 or (second == 60 and (hour * 60 + minute - behind) % 1440 == 1439)


def _date_time(text: str) -> bool:
    return len(text) > 10 and text[10] in "tT" and _date(text[:10]) and _time(text[11:])


def _email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or not (_LOCAL.fullmatch(local) or _QUOTED.fullmatch(local)):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        return _ipv6(inner[5:]) if inner.lower().startswith("ipv6:") else _ipv4(inner)
    return _hostname(domain)


def _idn_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and not re.search(r"[ \t\r\n]", text)


def _hostname(text: str) -> bool:
    labels = text.split(".")
    if not text or len(text) > 253 or not text.isascii():
        return False
    return all(_LABEL.fullmatch(label) and _punycode(label) for label in labels)


def _punycode(label: str) -> bool:
    """Whether an A-label decodes; two hyphens in its third and fourth place mean that it is one."""
    if label[2:4] != "--":
        return True
    return label[:4].lower() == "xn--" and _idn_hostname(label)


def _idn_hostname(text: str) -> bool:
    import idna

    if not text or text[-1] in ".\u3002\uff0e\uff61":
        return False
    try:
        idna.encode(text, strict=False)
        for label in re.split(r"[.\u3002\uff0e\uff61]", text):
            if label.lower().startswith("xn--"):
                idna.ulabel(label)
    except (UnicodeError, IndexError):
        return False
    return True


def _ipv4(text: str) -> bool:
    try:
        return bool(IPv4Address(text)) and text.isascii()
    except ValueError:
        return False


def _ipv6(text: str) -> bool:
    try:
        return IPv6Address(text).scope_id is None and "%" not in text and text.isascii()
    except ValueError:
        return False


def _iri_reference(text: str) -> bool:
    if re.search(_UNSAFE, text) or text.count("#") > 1:
        return False
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    if not path.startswith("//"):
        # Without a scheme the first part may hold no colon (RFC 3986, section 4.2).
        return not re.search(r"[\[\]]", rest) and bool(scheme or ":" not in path.split("/")[0])
    authority = _AUTHORITY.match(rest)
    after = rest[authority.end() :] if authority else "x"
    if "[" in path and not _bracketed(path):
        return False
    return (not after or after[0] in "/?#") and not re.search(r"[\[\]]", after)


def _bracketed(path: str) -> bool:
    inner = path[path.index("[") + 1 : path.find("]")]
    return inner[:1].lower() == "v" or _ipv6(inner)


def _iri(text: str) -> bool:
    return bool(_SCHEME.match(text)) and _iri_reference(text)


def _regex(text: str) -> bool:
    from pytest_launchready.contracts.patterns import compiled

    if _PYTHON_ONLY.search(text):
        return False
    try:
        compiled(text)
    except re.error:
        return False
    return True


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "duration": lambda text: text not in {"P", "PT"} and bool(_DURATION.fullmatch(text)) and text[-1] != "T",
    "email": _email,
    "idn-email": _idn_email,
    "hostname": _hostname,
    "idn-hostname": _idn_hostname,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "uri": lambda text: text.isascii() and _iri(text),
    "uri-reference": lambda text: text.isascii() and _iri_reference(text),
    "iri": _iri,
    "iri-reference": _iri_reference,
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
    "json-pointer": lambda text: bool(_POINTER.fullmatch(text)),
    "relative-json-pointer": lambda text: bool(_RELATIVE_POINTER.fullmatch(text)),
    "uri-template": lambda text: bool(_TEMPLATE.fullmatch(text)),
    "regex": _regex,
}
"""A format's name → whether a text has it; what is no text has every format."""


def checker() -> Any:
    """The formats as jsonschema takes them."""
    from jsonschema import FormatChecker

    made = FormatChecker(formats=())
    for name, check in CHECKS.items():
        made.checks(name)(_of_texts(check))
    return made


def _of_texts(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)
