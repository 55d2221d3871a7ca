"""Fields that a request should not be able to set: which to send beside the map's own, and whether they were taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.mapping.records import Body, Request
from pytest_launchready.mapping.template import Template

LARGE: Final = 1_000_007
"""An amount that nobody has by chance."""
SMALL: Final = Decimal("1.07")
JUNK: Final = "launchready_extra"
"""A field that means nothing: whoever keeps it keeps everything, and so proves nothing by a new field."""
ROLES: Final = re.compile(r"^(?:user)?(?:role|roles|authorities|groups?)$|(?:user|account)type$")
FLAGS: Final = re.compile(r"admin|staff|superuser|moderator|verified|approved|featured|promoted|sponsored|premium|vip")
RIGHTS: Final = re.compile(r"^(?:permissions?|scopes?|privileges?)$")
FUNDS: Final = re.compile(r"balance|credits?$|wallet|points$|funds$|limit$")
COSTS: Final = re.compile(r"^(?:.*total.*|price|amount|charged|discount|fee|subtotal|cost|paidamount|amountpaid)$")
UNPAID: Final = re.compile(r"pending|unpaid|new|created|open|awaiting\w*|draft", re.IGNORECASE)
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

ROUNDS: Final = 3
"""Tries with what refusals leave: servers name ten fields or so at once."""

Leaves = dict[tuple[str, ...], Any]
"""Path of names → value of a JSON document; of a list of tables the first one's, a list of values as a whole."""


def merged(template: Template | None, more: Mapping[str, Any]) -> Template:
    """The table that a template renders, with these entries after its own."""
    if template is None:
        return Template(dict(more), frozenset(), frozenset(), constant=True, _render=lambda _: dict(more))
    return replace(template, constant=False, _render=lambda scope: {**(template.render(scope) or {}), **more})


def injected(request: Request, extras: Mapping[str, Any], beside: Callable[[Any], bool]) -> Request | None:
    """The request with further fields in the table that has a value for which `beside` holds, else in its outermost.

    None where its body has no fields.
    """
    body = request.body
    if body is None or body.kind == "text":
        return None
    template = body.content

    def render(scope: Mapping[str, Any]) -> Any:
        content = template.render(scope)
        if body.kind == "graphql":
            return {**content, "variables": _into_input(content.get("variables") or {}, extras)}
        changed, found = _placed(content, extras, beside)
        return changed if found or not isinstance(content, Mapping) else {**content, **extras}

    return replace(request, body=Body(body.kind, replace(template, constant=False, _render=render)))


def leaves_of(document: Any, path: tuple[str, ...] = ()) -> Leaves:
    """Every value of a document by its path, names in lower case without underscores."""
    found: Leaves = {}
    if isinstance(document, Mapping):
        for name, value in document.items():
            found |= leaves_of(value, (*path, plain_name(str(name))))
    elif isinstance(document, list) and any(isinstance(value, Mapping | list) for value in document):
        for value in reversed(document):
            found |= leaves_of(value, path)
    else:
        found[path] = document
    return found


def names_in(document: Any) -> Iterator[tuple[str, Any]]:
    """Every name of a document as it is written, with its value, outermost first."""
    if isinstance(document, Mapping):
        yield from ((str(name), value) for name, value in document.items())
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


def plain_name(name: str) -> str:
    """A name without its style: isAdmin and is_admin are one."""
    return re.sub(r"[_-]", "", name).lower()


def fewer(tried: int, left: Mapping[str, Any], refusal: str, shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields to send next, after so many tries: those that a refusal does not name, else what is `shown`; or None.

    Whoever refuses by field knows the others, or has not come to them.
    """
    named = {name for name in left if re.search(rf"\b{re.escape(name)}\b", refusal)}
    rest = {name: value for name, value in left.items() if name not in named}
    if tried < ROUNDS and named and rest:
        return rest
    return dict(shown) if tried <= ROUNDS and shown and left != shown else None


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
        if raised is not None:
            shown.setdefault(name, raised)
        if kind != "listing" and (lowered := _lowered(name, value)) is not None:
            shown.setdefault(name, lowered)
        if (
            kind == "order"
            and plain_name(name).endswith("status")
            and isinstance(value, str)
            and UNPAID.fullmatch(value)
        ):
            shown.setdefault(name, _cased("paid", value))
    if owner is None or stranger is None:
        return dict(shown), shown
    camel = any(re.search(r"[a-z][A-Z]", name) for name, _ in names_in(view))
    given: dict[str, Any] = {}
    for name, value in names_in(view):
        if isinstance(value, Mapping) and any(str(inner) == str(owner) for inner in value.values()):
            given |= {f"{name}Id" if camel else f"{name}_id": stranger, name: stranger}
        elif not isinstance(value, Mapping | list) and str(value) == str(owner) and plain_name(name) != "id":
            given[name] = stranger
    standard = {spelt: stranger for name in OWNERS for spelt in _spelt(name, camel=camel, snake=not camel)}
    return {**standard, **shown, **given}, {**shown, **given}


def taken(before: Any, after: Any, extras: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Of the extra fields those whose value is shown now and was not before: name, then, now."""
    old, new = leaves_of(before), leaves_of(after)
    keeps_all = any(path and path[-1] == plain_name(JUNK) for path in new)
    found = []
    for name, value in extras.items():
        wanted = value[0] if isinstance(value, list) and value else value
        for path, now in new.items():
            if not path or path[-1] != plain_name(name) or not same(now, wanted):
                continue
            if path not in old and keeps_all:
                continue
            if not same(old.get(path), wanted):
                found.append((name, old.get(path), now))
    return found


def handed_over(before: Any, after: Any, owner: Any, stranger: Any) -> list[tuple[str, Any, Any]]:
    """Where a document named its owner and now names the stranger."""
    new = leaves_of(after)
    return [
        (".".join(path), value, new[path])
        for path, value in leaves_of(before).items()
        if str(value) == str(owner) and str(new.get(path)) == str(stranger)
    ]


def same(shown: Any, sent: Any) -> bool:
    """Whether a value is the one that was sent, or a list that holds it, whatever its type and case."""
    if isinstance(shown, list):
        return any(same(one, sent) for one in shown)
    if isinstance(sent, bool) or isinstance(shown, bool):
        return shown is sent or (isinstance(sent, bool) and shown in {1, "1", "true"} and sent)
    try:
        return Decimal(str(shown)) == Decimal(str(sent))
    except InvalidOperation:
        return shown is not None and str(shown).lower() == str(sent).lower()


def _into_input(variables: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """The variables with the extras in the first input object; unknown variables reach no server."""
    inner = next((name for name, value in variables.items() if isinstance(value, Mapping)), None)
    if inner is None:
        raise NotCovered("not covered: the GraphQL document takes no input object, so it has no room for other fields")
    return {**variables, inner: {**variables[inner], **extras}}


def _placed(content: Any, extras: Mapping[str, Any], beside: Callable[[Any], bool]) -> tuple[Any, bool]:
    if isinstance(content, list):
        pairs = [_placed(value, extras, beside) for value in content]
        return [value for value, _ in pairs], any(found for _, found in pairs)
    if not isinstance(content, Mapping):
        return content, False
    if any(not isinstance(value, Mapping | list) and beside(value) for value in content.values()):
        return {**content, **extras}, True
    inner = {name: _placed(value, extras, beside) for name, value in content.items()}
    return {name: value for name, (value, _) in inner.items()}, any(found for _, found in inner.values())


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
    """A price that would suit the buyer, of the type that is shown; None where the field is none."""
    return _amount(value, SMALL) if COSTS.search(plain_name(name)) else None


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
