"""`[auth]` and `[people]` → `Auth` and `Person`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.records import CSRF, Auth, Person
from pytest_launchready.mapping.tables import AuthTable, CSRFTable, PersonTable, read
from pytest_launchready.mapping.targets import refuse_literal
from pytest_launchready.mapping.values import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.mapping.leaves import Leaves
    from pytest_launchready.mapping.problems import Key

ACTORS: Final = frozenset({"seller", "buyer", "stranger", "admin", "anonymous"})
"""Who there is without an entry in `[people]`."""

_OWN: Final = frozenset(PersonTable.__struct_fields__)


def compile_auth(table: Any, key: Key, leaves: Leaves, *, production: bool) -> Auth:
    """How a session is carried; a jar of cookies where nothing else is said."""
    auth = read(AuthTable, table, key, leaves.problems)
    csrf = None if auth.csrf is None else _csrf(auth.csrf, (*key, "csrf"), leaves)
    other = auth.bearer is not None or auth.headers is not None or auth.basic is not None
    if auth.basic is not None and production:
        refuse_literal(auth.basic, (*key, "basic"), leaves)
    return Auth(
        bearer=leaves.maybe(auth.bearer, (*key, "bearer")),
        headers=None if auth.headers is None else leaves.template(auth.headers, (*key, "headers")),
        basic=None if auth.basic is None else leaves.credentials(auth.basic, (*key, "basic")),
        cookies=not other if auth.cookies is None else auth.cookies,
        csrf=csrf,
        expired=leaves.maybe(auth.expired, (*key, "expired")),
        refused=leaves.maybe(auth.refused, (*key, "refused")),
    )


def _csrf(table: Mapping[str, Any], key: Key, leaves: Leaves) -> CSRF:
    csrf = read(CSRFTable, table, key, leaves.problems)
    pair = csrf.cookie is not None and csrf.header is not None and csrf.field is None
    if not pair and (csrf.field is None or csrf.cookie is not None or csrf.header is not None):
        leaves.problems.add(key, "", got=table, allowed="{ cookie = …, header = … } or { field = … }")
    return CSRF(csrf.cookie, csrf.header, csrf.field)


def compile_person(name: str, table: Any, key: Key, leaves: Leaves, *, production: bool) -> Person:
    """A person: with accounts that exist, or none and then the person signs up."""
    problems = leaves.problems
    if not isinstance(table, dict):
        problems.add(key, "", got=table, allowed="a table")
        return Person(name)
    known = read(PersonTable, {name: value for name, value in table.items() if name in _OWN}, key, problems)
    values = {name: value for name, value in table.items() if name not in _OWN}
    for word, value in values.items():
        leaves.name(word, (*key, word))
        refuse_templates(value, (*key, word), leaves)
    accounts = []
    if known.password is not None:
        if known.accounts is not None:
            problems.add((*key, "accounts"), "stands beside a `password`", allowed="one of them")
        accounts.append({"password": known.password} | ({"email": known.email} if known.email is not None else {}))
    elif known.email is not None:
        values["email"] = known.email
    accounts += known.accounts or []
    for place, account in enumerate(accounts):
        at = key if known.password is not None else (*key, "accounts", place)
        secret = account.get("password")
        if not isinstance(secret, str) or not secret:
            problems.add(at, "an account that exists has a `password`", allowed="env:NAME, secret:PATH, or json:PATH")
        elif production:
            refuse_literal(secret, (*at, "password"), leaves)
    auth = None if known.auth is None else compile_auth(known.auth, (*key, "auth"), leaves, production=production)
    return Person(
        name,
        tuple(plain(account) for account in accounts),
        known.login or "login",
        auth,
        plain(values),
        known.me or "me",
    )


def refuse_templates(value: Any, key: Key, leaves: Leaves) -> None:
    """Note a `{{ }}` where values are plain data."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            refuse_templates(inner, (*key, name), leaves)
    elif isinstance(value, str) and "{{" in value and leaves.template(value, key).names:
        leaves.problems.add(key, "{{ }} is not read here", got=value, allowed="a plain value")
