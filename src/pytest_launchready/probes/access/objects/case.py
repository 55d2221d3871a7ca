"""One resource under trial: its owner, an object of theirs, and whoever tries to reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows import entrance
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import Account, Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.graph import expressions
from pytest_launchready.mapping.records import Map, Request, Resource, Step, Verb
from pytest_launchready.probes.access.ids import never
from pytest_launchready.probes.access.refusals import wants_login
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused

T = TypeVar("T")
_NOTHING: Final = Step(name="absent")
_WHO: Final = ("id", "email", "username")
"""What of an owner's account names them in a request."""
FRESH: Final = frozenset({"unique", "canary", "canary_number", "now", "account"})
"""Names that belong to one call, so an object does not keep them."""


class NoConsent(NotCovered):
    """A trial would write, and nobody has consented to that."""


@dataclass(frozen=True, slots=True)
class Side:
    """A person and an object of theirs."""

    person: Person
    thing: Thing | None
    made: Mapping[str, Any]
    """Every name that the making step had."""

    @property
    def id(self) -> Any:
        """What the marketplace calls the object, or None."""
        return self.thing.known().get("id") if self.thing is not None else None

    def names(self, kind: str) -> dict[str, Any]:
        """What requests about the object may use."""
        kept = {name: value for name, value in self.made.items() if name not in FRESH}
        values = known(self.thing)
        return {**kept, **values, kind: self.thing or {}, "owner": self.person.account()}

    def label(self, kind: str) -> str:
        """The owner, the kind and the id."""
        number = "" if self.id is None else f" {self.id}"
        return f"{self.person.name}'s {kind}{number}"


@dataclass(frozen=True, slots=True)
class Case:
    """A resource, its owner's object, and what was found out about it."""

    context: Context
    resource: Resource
    owner: Side
    key: str
    """What tells this case from others in the notebook."""

    @property
    def kind(self) -> str:
        """The resource's name."""
        return self.resource.name

    def verb(self, name: str) -> Verb:
        """How the resource is read, listed, updated or deleted."""
        return self.resource.verbs[name]

    async def once(self, what: object, find_out: Callable[[], Awaitable[T]]) -> T:
        """What `find_out` gave when it was first asked for in this case."""
        return await self.context.notebook.once(("access", self.key, what), find_out)

    async def ask(self, verb: str, caller: Caller, names: Mapping[str, Any]) -> Exchange:
        """The exchange of one request of the resource."""
        mapped = self.verb(verb)
        stage = self.context.marketplace.company.stage
        request = _bare(mapped.request) if caller.who == "anonymous" else mapped.request
        consents = (mapped.step,) if mapped.step else ()
        exchange = await ask(stage, f"{self.kind}.{verb}", request, caller, names, consents=consents)
        if exchange.answer is not None and caller.credentials is None:
            caller.person.saw(exchange.answer)
        return exchange

    async def ask_in_session(self, verb: str, person: Person, names: Mapping[str, Any]) -> Exchange:
        """The exchange of a request as somebody with an account; a session that has ended is renewed once."""
        stage = self.context.marketplace.company.stage
        actor = await person.self_or(actor_of(stage.map, self.verb(verb)), stage.person)
        await awake(self.context, actor)
        caller = Caller("owner", actor)
        exchange = await self.ask(verb, caller, names)
        if wants_login(exchange.answer, actor.auth) and entrance.has_login(stage, actor):
            await renewed(self.context, actor)
            exchange = await self.ask(verb, caller, names)
        return exchange

    async def spare(self) -> Side:
        """One more object of the owner's, with all that it needs new."""
        return await one_more(self.context, self.resource, self.owner.person)


def actor_of(mapped: Map, verb: Verb) -> str | None:
    """Who sends a verb's request by the map, be it said of the verb or of the step that it is; None: anybody may."""
    step = mapped.steps.get(verb.step) if verb.step else None
    return verb.request.actor or (step.actor if step is not None else None)


async def awake(context: Context, person: Person) -> None:
    """Logs somebody in who has an account and no session."""
    if not person.live and not person.anonymous:
        await renewed(context, person)


async def renewed(context: Context, person: Person) -> None:
    """Logs somebody in again; raises Inconclusive where that does not work."""
    try:
        await entrance.log_in(context.marketplace.company.stage, person)
    except StepFailure as error:
        raise Inconclusive(f"{person.name} has no session any more: {error.failure.title}", code="session") from None


async def open_case(context: Context, resource: Resource, owner: str) -> Case:
    """The case of a resource with a new object; made once for all checks of a run.

    Raises NotCovered where nobody has consented to making one, Inconclusive where none could be made.
    """

    async def start() -> Case:
        person = await context.marketplace.company.find(owner)
        return Case(context, resource, await make(context, resource, person), resource.name)

    return await context.notebook.once(("access", resource.name, "case"), start)


async def one_more(context: Context, resource: Resource, person: Person) -> Side:
    """An object to be lost: for an account, that of one more person of the role."""
    if resource.made_by != "signup":
        return await make(context, resource, person)
    company = context.marketplace.company
    return await make(context, resource, await reached(lambda: company.add(person.role), f"one more {person.role}"))


async def make(context: Context, resource: Resource, person: Person) -> Side:
    """A new object of a person's; of an account, the person's own.

    Raises NotCovered where nobody has consented to that, Inconclusive where it did not work.
    """
    stage = context.marketplace.company.stage
    if resource.made_by == "signup":
        return Side(person, Account(person.account()), {})
    try:
        thing = await stage.play(resource.made_by, person, {})
    except WriteRefused as error:
        raise NoConsent(f"not covered: {resource.name}: no consent to make one: {error}") from None
    except StepFailure as error:
        raise Inconclusive(
            f"no {resource.name} could be made, as {person.name}: {error.failure.title}", code="prerequisite"
        ) from None
    if isinstance(thing, list):
        raise Inconclusive(f"{resource.made_by} gives a list, so it makes no {resource.name}", code="prerequisite")
    return side_of(context, person, thing)


def side_of(context: Context, person: Person, thing: Thing) -> Side:
    """The side of a thing that this run has made."""
    made = context.marketplace.company.stage.made_of(thing)
    return Side(person, thing, made.names if made is not None else {})


def never_existed(case: Case, verb: str, side: Side, *, near: bool = False) -> tuple[dict[str, Any], list[str]] | None:
    """The names of a request for an object that never existed, and the ids that it asks for.

    None where the request names no object, so that its answer is the caller's own.
    """
    request, kind = case.verb(verb).request, case.kind
    names = side.names(kind)
    mentioned = mentions(request)
    absent = case.resource.absent
    values = known(side.thing)
    fresh: dict[str, Any] = {}
    for name in sorted(mentioned):
        root, _, rest = name.partition(".")
        key = rest.partition(".")[0] if root == kind else root
        if key in values and root != "owner" and not isinstance(values[key], dict | list):
            fresh.setdefault(key, never(values[key], near=near))
    if absent is not None and "id" in fresh:
        stage = case.context.marketplace.company.stage
        fresh["id"] = absent.render({**stage.names(_NOTHING), **names})
    if fresh:
        changed = {**names, **fresh, kind: {**values, **fresh}}
        return changed, [str(value) for value in fresh.values()]
    if any(name.startswith("owner.") for name in mentioned):
        owner = {name: never(value, near=near) if name in _WHO else value for name, value in names["owner"].items()}
        return {**names, "owner": owner}, [str(owner[name]) for name in _WHO if name in owner]
    return None


def mentions(request: Request) -> frozenset[str]:
    """The dotted names that a request is written with."""
    return frozenset[str]().union(
        *(found.names for (place, *_), found in expressions(request) if place not in {"expect", "capture", "items"})
    )


def ids_in(case: Case, verb: str, side: Side) -> list[str]:
    """The values of an object that a request carries."""
    values = known(side.thing)
    named = {name.partition(".")[2].partition(".")[0] or name for name in mentions(case.verb(verb).request)}
    return [str(values[name]) for name in named if name in values and not isinstance(values[name], dict | list)]


def _bare(request: Request) -> Request:
    """The request without what shows who somebody is: nobody has that."""
    headers = request.headers
    own = headers is not None and any(name.startswith("account.") for name in headers.names)
    return replace(request, headers=None if own else headers, basic=None)


async def reached(find: Callable[[], Awaitable[T]], what: str) -> T:
    """What `find` gives; Inconclusive with a code where an account cannot be had or told from another."""
    try:
        return await find()
    except WriteRefused as error:
        raise NoConsent(f"not covered: {what}: no consent: {error}") from None
    except NotCovered:
        raise
    except StepFailure as error:
        raise Inconclusive(f"{what}: {error.failure.title}", code="no-second-account") from None
    except Inconclusive as error:
        code = error.code if error.code != "undecided" else "no-second-account"
        raise Inconclusive(f"{what}: {error}", code=code) from None
    except LaunchreadyError as error:
        raise Inconclusive(f"{what}: {error}", code="no-second-account") from None
