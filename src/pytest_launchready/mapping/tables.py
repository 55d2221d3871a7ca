"""The tables of the file as they are written: which keys there are, and of which type.

Nothing is required here: every field has a default, so that one bad entry does not hide the next.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from pytest_launchready.mapping.problems import Key, Problems

Text = Annotated[str, Meta(min_length=1, description="text, not empty")]
Flag = Annotated[bool, Meta(description="true or false")]
Table = Annotated[dict[str, Any], Meta(description="a table")]
Texts = Annotated[list[Text], Meta(description="a list of texts")]
TextTable = Annotated[dict[str, Text], Meta(description="a table of texts")]
TextOrTexts = Annotated[Text | list[Text], Meta(description="text, or a list of texts")]
Status = Annotated[int, Meta(ge=100, le=599)]
Statuses = Annotated[list[Status], Meta(description="a list of statuses from 100 to 599, such as [200, 201]")]
Seconds = Annotated[float, Meta(ge=0, le=3600, description="seconds, from 0 to 3600")]
Positive = Annotated[float, Meta(gt=0, le=1e9, description="a number above 0")]
Count = Annotated[int, Meta(ge=1, le=10**9, description="a whole number from 1")]
Share = Annotated[float, Meta(gt=0, le=1, description="a part of all, above 0 and up to 1")]
Retries = Annotated[int, Meta(ge=0, le=5, description="a whole number from 0 to 5")]
Milliseconds = Annotated[dict[str, Positive], Meta(description="a table of step to milliseconds")]
Counts = Annotated[list[Count], Meta(description="a list of whole numbers from 1")]
JSONBody = Annotated[dict[str, Any] | list[Any] | str, Meta(description="a table, a list, or text of JSON")]
Hosts = Annotated[list[Text] | dict[str, Text], Meta(description="a list of origins, or a table of name to origin")]
Accounts = Annotated[list[Table], Meta(description="a list of tables with email and password, or json:PATH")]
VerbSpec = Annotated[
    Text | dict[str, Any], Meta(description='the name of a step, "METHOD target", or a table with a request')
]


class RequestTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One request."""

    request: Text | None = None
    query: Table | None = None
    headers: Table | None = None
    json: JSONBody | None = None
    form: Table | None = None
    multipart: Table | None = None
    body: Any = None
    graphql: Text | None = None
    variables: Table | None = None
    basic: Text | None = None
    actor: Text | None = None
    ok: Statuses | None = None
    expect: TextOrTexts | None = None
    capture: TextTable | None = None
    items: Text | None = None
    wait: Seconds | None = None
    safe: Flag | None = None


class PartTable(RequestTable, frozen=True):
    """An entry of `requests`."""

    step: Text | None = None
    mail: Text | None = None


class StepTable(RequestTable, frozen=True):
    """An entry of `[steps]`."""

    requests: Annotated[list[Any], Meta(min_length=1, description="a list of tables")] | None = None
    undo: TextOrTexts | None = None
    skip: Text | None = None
    found: Text | None = None
    public: Flag | None = None


class VerbTable(RequestTable, frozen=True):
    """One verb of a resource, written as a request."""

    deny: Texts | None = None


class CSRFTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The anti-forgery token."""

    cookie: Text | None = None
    header: Text | None = None
    field: Text | None = None


class AuthTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[auth]`."""

    bearer: Text | None = None
    headers: TextTable | None = None
    basic: Text | None = None
    cookies: Flag | None = None
    csrf: Table | None = None
    expired: Text | None = None
    refused: Text | None = None


class PersonTable(msgspec.Struct, frozen=True):
    """The keys of `[people.NAME]` that are not `account.KEY`."""

    email: Text | None = None
    password: Text | None = None
    login: Text | None = None
    me: Text | None = None
    auth: Table | None = None
    accounts: Accounts | None = None


class TargetTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry of `[targets]`."""

    kind: Literal["production", "staging", "local"] | None = None
    api: Text | None = None
    web: Text | None = None
    hosts: Hosts | None = None
    writes: Texts | None = None
    budget: Table | None = None
    payments: Table | None = None
    headers: Table | None = None
    values: Table | None = None
    people: Table | None = None
    skip: TextTable | None = None
    basic: Text | None = None


class BudgetTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[targets.NAME.budget]`."""

    requests: Count | None = None
    rate: Positive | None = None
    concurrency: Count | None = None
    seconds: Positive | None = None
    failures: Count | None = None
    error_rate: Share | None = None
    connect_retries: Retries | None = None


class PaymentsTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[targets.NAME.payments]`."""

    mode: Literal["test"] | None = None
    proof: Any = None
    until: Literal["payment"] | None = None


class ResourceTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry of `[resources]`."""

    made_by: Text | None = None
    read: VerbSpec | None = None
    list: VerbSpec | None = None
    update: VerbSpec | None = None
    delete: VerbSpec | None = None
    proof: Texts | None = None
    match: Text | None = None
    verify: Text | None = None
    owner: Text | None = None
    deny: Texts | None = None
    public: Texts | None = None
    capability: Flag | None = None
    gone: Text | None = None
    absent: Text | None = None


class LimitTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry of `[limits]`."""

    within: Count | None = None
    per: Literal["account", "address"] | None = None
    none: Text | None = None
    limited: Text | None = None
    values: Table | None = None
    without: Texts | None = None


class MailTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[mail]`."""

    domain: Text | None = None
    files: Text | None = None
    url: Text | None = None
    imap: Text | None = None
    hook: Text | None = None


class ContractTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[contract]`."""

    openapi: Text | None = None
    graphql: Text | None = None
    schemas: Text | None = None
    mode: Literal["all", "assert"] | None = None
    unknown: Literal["fail", "note"] | None = None


class BuildTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[build]`."""

    source: Text | None = None
    request: Text | None = None


class LatencyTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[latency]`; limits are milliseconds."""

    limit: Positive | None = None
    steps: Milliseconds | None = None
    undecided: Literal["inconclusive", "note"] | None = None
    seconds: Positive | None = None
    errors: Share | None = None
    trips: Retries | None = None
    bytes: Count | None = None
    cacheable: Texts | None = None
    growth: Table | None = None


class GrowthTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[latency.growth]`."""

    step: Text | None = None
    grow: Text | None = None
    rows: Counts | None = None


class NetworkTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry of `[networks]`."""

    round_trip: Positive | None = None
    down: Positive | None = None
    up: Positive | None = None


class WaiverTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry of `[[waivers]]`."""

    check: Text | None = None
    reason: Text | None = None
    owner: Text | None = None
    expires: Any = None


S = TypeVar("S", bound=msgspec.Struct)


def read(struct: type[S], table: Any, key: Key, problems: Problems) -> S:
    """The table as a struct; what is wrong in it is noted, and its default stands instead."""
    try:
        return msgspec.convert(table, struct)
    except msgspec.ValidationError:
        pass
    if not isinstance(table, dict):
        problems.add(key, "", got=table, allowed="a table")
        return struct()
    types = _types(struct)
    good = {}
    for name, value in table.items():
        if name not in types:
            problems.add((*key, name), "there is no such key here", got=name, allowed=types)
            continue
        try:
            good[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            got = "***" if name in {"password", "basic"} else value
            problems.add((*key, name), "", got=got, allowed=_allowed(types[name]))
    return struct(**good)


@cache
def _types(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _allowed(kind: Any) -> str | list[str]:
    """The words for a type: the names of a choice, or the outermost description."""
    parts = (kind, *get_args(kind))
    choice = [str(word) for part in parts if get_origin(part) is Literal for word in get_args(part)]
    notes = [str(note.description) for part in parts for note in getattr(part, "__metadata__", ()) if note.description]
    return choice or notes[0]
