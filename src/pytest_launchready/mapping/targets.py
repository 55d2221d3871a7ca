"""`[targets.NAME]` → a `Target`, with what it lays over the rest of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from pytest_launchready.mapping.records import Target
from pytest_launchready.mapping.tables import BudgetTable, PaymentsTable, TargetTable, read
from pytest_launchready.mapping.template import Given, Template
from pytest_launchready.mapping.values import plain

BUILT_IN: Final = frozenset({"demo", "demo-cookie", "demo-graphql"})
"""Targets that need no address: the embedded marketplace, in each of its dialects."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.mapping.leaves import Leaves
    from pytest_launchready.mapping.problems import Key


def compile_target_table(
    name: str, table: Any, key: Key, leaves: Leaves, *, built_in: bool
) -> tuple[Target, TargetTable]:
    """The target, and its table for what it lays over people, values and steps."""
    problems = leaves.problems
    read_table = read(TargetTable, table, key, problems)
    written = table if isinstance(table, dict) else {}
    for wanted in () if built_in else ("kind", "api"):
        if wanted not in written:
            allowed = "production, staging, local" if wanted == "kind" else "the URL below which the API lives"
            problems.add(key, f"has no `{wanted}`", allowed=allowed)
    api = "" if read_table.api is None else leaves.origin(read_table.api, (*key, "api"), path=True)
    web = None if read_table.web is None else leaves.origin(read_table.web, (*key, "web"))
    basic = None
    if read_table.basic is not None:
        basic = leaves.credentials(read_table.basic, (*key, "basic"))
        if read_table.kind == "production":
            refuse_literal(read_table.basic, (*key, "basic"), leaves)
    target = Target(
        name=name,
        kind=read_table.kind or "local",
        api=api,
        web=web,
        hosts=_hosts(read_table.hosts, (*key, "hosts"), leaves),
        writes=frozenset(read_table.writes or ()),
        budget=_given(read(BudgetTable, read_table.budget or {}, (*key, "budget"), problems)),
        payments=plain(_given(read(PaymentsTable, read_table.payments or {}, (*key, "payments"), problems))),
        headers=_headers(read_table.headers or {}, (*key, "headers"), leaves),
        basic=basic,
    )
    return target, read_table


def refuse_literal(value: str, key: Key, leaves: Leaves) -> None:
    """Note a password that stands in the file itself."""
    if isinstance(value, Given) or "{{" in value:
        return
    leaves.problems.add(
        key,
        "a password of a production target does not stand in the file",
        allowed="env:NAME or secret:PATH (a literal is for targets of kind staging or local)",
    )


def _given(table: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(table).items() if value is not None}


def _hosts(hosts: Any, key: Key, leaves: Leaves) -> Mapping[str, str]:
    if isinstance(hosts, list):
        origins = [leaves.origin(text, (*key, place)) for place, text in enumerate(hosts)]
        return {origin: origin for origin in origins}
    for name in hosts or {}:
        leaves.name(name, (*key, name))
    return {name: leaves.origin(text, (*key, name)) for name, text in (hosts or {}).items()}


def _headers(table: Mapping[str, Any], key: Key, leaves: Leaves) -> tuple[tuple[str, Template], ...]:
    everywhere = {name: value for name, value in table.items() if not name.startswith("/")}
    below = [(name, value) for name, value in table.items() if name.startswith("/")]
    found = [("", leaves.template(everywhere, key))] if everywhere else []
    for name, value in everywhere.items():
        if not isinstance(value, str):
            leaves.problems.add((*key, name), "", got=value, allowed='text; a path prefix begins with "/"')
    for prefix, value in below:
        if isinstance(value, dict):
            found.append((prefix, leaves.template(value, (*key, prefix))))
        else:
            leaves.problems.add((*key, prefix), "", got=value, allowed="a table of headers for this path prefix")
    return tuple(found)
