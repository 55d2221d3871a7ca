"""The map as frozen records: what `launchready.toml` says, compiled for one target.

A step is a tuple of parts. A part is a `Request`, another step (`RunStep`) or a mail to wait for (`ReadMail`).
Templates and JMESPath expressions arrive here compiled; nothing above this layer reads TOML.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pytest_launchready.core.networks import Network
    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.latency import Latency
    from pytest_launchready.mapping.template import Template
from pytest_launchready.wire.consent import allow_writes

BodyKind = Literal["json", "form", "multipart", "text", "graphql"]
Kind = Literal["production", "staging", "local"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for a multipart form."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries. For `graphql` the template renders to `{"query": …, "variables": …}`."""

    kind: BodyKind
    content: Template


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a step, with what makes its answer good and what is taken out of it."""

    method: str
    target: Template
    query: Template | None = None
    headers: Template | None = None
    body: Body | None = None
    basic: Template | None = None
    actor: str | None = None
    ok: frozenset[int] = frozenset()
    expect: tuple[Extractor, ...] = ()
    capture: Mapping[str, Extractor] = field(default_factory=dict)
    items: Extractor | None = None
    wait: float = 0.0
    safe: bool = False


@dataclass(frozen=True, slots=True)
class RunStep:
    """Another step, run in place; what it makes is in scope afterwards."""

    step: str


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail to an address that is waited for, at most `wait` seconds."""

    address: Template
    wait: float
    capture: Mapping[str, Extractor]


Part = Request | RunStep | ReadMail


@dataclass(frozen=True, slots=True)
class Step:
    """One named operation of the marketplace."""

    name: str
    parts: tuple[Part, ...] = ()
    actor: str | None = None
    undo: tuple[str, ...] = ()
    skip: str | None = None
    found: Extractor | None = None
    public: bool = False
    makes: str | None = None
    """The kind of object that its captures describe: account, listing, cart, order, message or a resource."""
    needs: frozenset[str] = frozenset()
    """Kinds of object that its templates mention and that must exist first (never what the step itself makes)."""

    @property
    def leaves_something(self) -> bool:
        """Whether it makes something that stays; log-in and `me` only describe an account that exists."""
        return bool(self.undo) or (self.makes is not None and (self.makes != "account" or self.name == "signup"))


@dataclass(frozen=True, slots=True)
class CSRF:
    """Where the anti-forgery token comes from and goes to."""

    cookie: str | None = None
    header: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """How a session is carried."""

    bearer: Extractor | None = None
    headers: Template | None = None
    basic: Template | None = None
    cookies: bool = False
    csrf: CSRF | None = None
    expired: Extractor | None = None
    refused: Extractor | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An entry of `[people.NAME]`: accounts that exist (a pool), or none, and then the person signs up."""

    name: str
    accounts: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    login: str = "login"
    auth: Auth | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    me: str = "me"


@dataclass(frozen=True, slots=True)
class Target:
    """The deployed environment that a run is aimed at; origins are `scheme://host[:port]`."""

    name: str
    kind: Kind
    api: str
    web: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    budget: Mapping[str, float] = field(default_factory=dict)
    payments: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, Template], ...] = ()
    """Header tables by path prefix; the prefix "" goes on every request."""
    basic: Template | None = None

    def allow_writes(self, reason: str) -> AbstractContextManager[None]:
        """Allows raw writes in a `with` block, also on production; the report records the reason."""
        return allow_writes(reason)


@dataclass(frozen=True, slots=True)
class Verb:
    """How a resource is read, listed, updated or deleted: one request, sent by whoever is tried."""

    request: Request
    step: str | None = None
    deny: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object that belongs to somebody."""

    name: str
    made_by: str
    verbs: Mapping[str, Verb]
    proof: tuple[Template, ...] = ()
    match: Extractor | None = None
    verify: str | None = None
    owner: str | None = None
    deny: tuple[str, ...] = ("stranger", "anonymous")
    public: frozenset[str] = frozenset()
    capability: bool = False
    gone: Extractor | None = None
    absent: Template | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What the team says of how often a step may be called."""

    step: str
    within: int | None = None
    per: Literal["account", "address"] | None = None
    """What the team says it counts by; None says nothing."""
    none: str | None = None
    limited: Extractor | None = None
    values: Mapping[str, Template] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """Where mail to generated people can be read."""

    domain: str | None = None
    files: str | None = None
    url: Request | None = None
    imap: str | None = None
    hook: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """Where the promised shape of answers is written; paths are absolute."""

    openapi: str | None = None
    graphql: str | None = None
    schemas: str | None = None
    mode: Literal["all", "assert"] = "assert"
    """Whether every answer of a run is judged, or only those that a test or check asks about."""
    unknown: Literal["fail", "note"] = "note"
    """What a field is that an answer has and its description has not."""


@dataclass(frozen=True, slots=True)
class Build:
    """Where a target says which build it runs."""

    source: Extractor
    request: Request | None = None
    """None: the front page, of `web` if the target has one."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted risk: the checks that a glob names, until the end of a day."""

    check: str
    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True)
class Map:
    """The whole file, compiled for one target."""

    source: str
    target: Target
    auth: Auth
    people: Mapping[str, Person]
    steps: Mapping[str, Step]
    resources: Mapping[str, Resource]
    limits: Mapping[str, Limit]
    values: Mapping[str, Any] = field(repr=False)
    mail: Mail
    contract: Contract
    latency: Latency
    networks: Mapping[str, Network]
    build: Build | None
    waivers: tuple[Waiver, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Every value that came from `env:` or `secret:`, value → the name to show for it."""
