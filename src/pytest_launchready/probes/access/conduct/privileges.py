"""What nobody may set on an account or an object of their own: names and values to try, in the product's own style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from pytest_launchready.probes.access.conduct.extras import JUNK, leaves_of, names_in, plain_name

LARGE: Final = 1_000_007
"""An amount that nobody has by chance."""
SMALL: Final = Decimal("1.07")
ROLES: Final = re.compile(r"^(?:user)?(?:role|roles|authorities|groups?)$|(?:user|account)type$")
FLAGS: Final = re.compile(
    r"^(?:is)?(?:super)?(?:admin|administrator|staff|superuser|superadmin|moderator)$"
    r"|^(?:is)?(?:e?mail|phone|account|identity|kyc|seller|user)?(?:verified|approved)(?:at|on)?$|^e?mailconfirmed(?:at)?$"
    r"|^(?:is)?(?:featured|promoted|sponsored|premium|vip)$"
)
RIGHTS: Final = re.compile(r"^(?:permissions?|scopes?|privileges?)$")
FUNDS: Final = re.compile(
    r"balance$|credits?$|^wallet$|^(?:bonus|loyalty|reward)?points$|^(?:store)?funds$|^(?:credit)?limit$"
)
COSTS: Final = re.compile(r"total|^(?:price|amount|charged|discount|fee|cost|paidamount|amountpaid)$")
PAID_FOR: Final = re.compile(r"order|purchase|invoice|payment|basket|^cart", re.IGNORECASE)
"""Kinds of object whose price is not their owner's to set."""
UNPAID: Final = re.compile(r"pending|unpaid|new|created|open|awaiting\w*|draft", re.IGNORECASE)
OWNER: Final = re.compile(
    r"owner|user|seller|buyer|author|creator|createdby|account|customer|member|sender|client|vendor|merchant|profile"
)
"""Names under which an object says whose it is."""
STANDARD: Final[Mapping[str, Any]] = {
    "role": "admin",
    "roles": ["admin"],
    "is_admin": True,
    "admin": True,
    "is_staff": True,
    "is_superuser": True,
    "permissions": ["admin"],
    "verified": True,
    "is_verified": True,
    "email_verified": True,
    "balance": LARGE,
    "credit": LARGE,
    "credits": LARGE,
}
"""What accounts have in many products, spelt with underscores."""
OWNERS: Final = ("owner_id", "owner", "user_id")


def account_extras(view: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an account must not set on itself: everything worth a try, and of that what its own JSON shows."""
    shown = {name: value for name, value in ((n, _raised(n, v)) for n, v in names_in(view)) if value is not None}
    known = {plain_name(name) for name in shown}
    camel = any(re.search(r"[a-z][A-Z]", name) for name, _ in names_in(view))
    snake = any("_" in name for name, _ in names_in(view))
    everything = {**shown, JUNK: "extra"}
    for name, value in STANDARD.items():
        if plain_name(name) in known:
            continue
        everything |= dict.fromkeys(_spelt(name, camel=camel, snake=snake), value)
    return everything, shown or {"role": STANDARD["role"]}


def object_extras(view: Any, kind: str, owner: Any, stranger: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an owner must not set on an object: everything worth a try, and of that what its own JSON shows."""
    shown: dict[str, Any] = {}
    for name, value in names_in(view):
        raised = _raised(name, value)
        if raised is None and PAID_FOR.search(kind):
            raised = _lowered(name, value)
        if raised is not None:
            shown.setdefault(name, raised)
    if owner is None or stranger is None:
        return dict(shown), shown
    camel = any(re.search(r"[a-z][A-Z]", name) for name, _ in names_in(view))
    given: dict[str, Any] = {}
    for name, value in names_in(view):
        if not OWNER.search(plain_name(name)):
            continue
        if isinstance(value, Mapping) and any(str(inner) == str(owner) for inner in value.values()):
            given |= {f"{name}Id" if camel else f"{name}_id": stranger, name: stranger}
        elif not isinstance(value, Mapping | list) and str(value) == str(owner):
            given[name] = stranger
    standard = {spelt: stranger for name in OWNERS for spelt in _spelt(name, camel=camel, snake=not camel)}
    return {**standard, **shown, **given}, {**shown, **given}


def handed_over(before: Any, after: Any, owner: Any, stranger: Any) -> list[tuple[str, Any, Any]]:
    """Where a document named its owner and now names the stranger."""
    new = leaves_of(after)
    return [
        (".".join(path), value, new[path])
        for path, value in leaves_of(before).items()
        if str(value) == str(owner) and str(new.get(path)) == str(stranger) and OWNER.search(".".join(path[-2:]))
    ]


def _raised(name: str, value: Any) -> Any:
    """A value that would raise whoever has it, of the type that is shown; None where the field gives no power."""
    plain = plain_name(name)
    if ROLES.search(plain) or RIGHTS.search(plain):
        return _as_admin(value)
    if FLAGS.search(plain):
        return _set(plain, value)
    return _amount(value, Decimal(LARGE)) if FUNDS.search(plain) else None


def _as_admin(value: Any) -> Any:
    """The admin's role, as this one is written."""
    if isinstance(value, str):
        return _cased("admin", value)
    words = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return [_cased("admin", value[0] if value else "")] if words else None


def _set(plain: str, value: Any) -> Any:
    """A flag that is set, if it is one and is not set yet."""
    if value is None:
        return "2020-01-01T00:00:00Z" if plain.endswith("at") else True
    if isinstance(value, bool):
        return None if value else True
    return 1 if value == 0 else None


def _lowered(name: str, value: Any) -> Any:
    """A price or a status that would suit the buyer, of the type that is shown; None where the field is neither."""
    plain = plain_name(name)
    if plain.endswith("status") and isinstance(value, str) and UNPAID.fullmatch(value):
        return _cased("paid", value)
    return _amount(value, SMALL) if COSTS.search(plain) else None


def _amount(value: Any, amount: Decimal) -> Any:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(amount) if amount >= LARGE else int(amount * 100)
    if isinstance(value, float):
        return float(amount)
    if isinstance(value, str) and re.fullmatch(r"-?\d+(?:\.\d+)?", value):
        return f"{amount:.2f}" if "." in value else str(int(amount))
    return None


def _cased(word: str, like: str) -> str:
    """A word in the style of another: ADMIN for USER, ROLE_ADMIN for ROLE_USER, Admin for User."""
    if like.upper().startswith("ROLE_"):
        return f"{like[:5]}{_cased(word, like[5:])}"
    if like.isupper():
        return word.upper()
    return word.capitalize() if like.istitle() else word


def _spelt(name: str, *, camel: bool, snake: bool) -> tuple[str, ...]:
    """A name in the style of the document, or in both where that shows none."""
    humps = re.sub(r"_(\w)", lambda found: found[1].upper(), name)
    if camel == snake:
        return tuple(dict.fromkeys((name, humps)))
    return (humps,) if camel else (name,)
