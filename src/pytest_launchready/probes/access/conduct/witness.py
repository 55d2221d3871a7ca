"""A request that shows who is logged in: it tells by data, and not by a status, whether credentials open an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.learning import tells
from pytest_launchready.flows import steps
from pytest_launchready.flows.company import Company
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.probes.access.conduct.extras import merged
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import owner_of

PERSONAL: Final = ("email", "username", "id", "phone", "name")
SHORTEST: Final = 5
"""Characters of a text that is looked for anywhere in an answer; an id is looked for as a whole value."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A request that works for one person only, and what is theirs in its answer."""

    name: str
    """What it is called in messages: "me", "order.read"."""
    request: Request
    person: Person
    scope: Mapping[str, Any] = field(repr=False)
    marks: tuple[str, ...] = field(repr=False)
    """Texts of the person's in the genuine answer that nobody else is shown."""
    keys: frozenset[str] = field(repr=False)
    """Names at the top of the genuine answer."""
    genuine: Exchange = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)
    """Those of the genuine exchange."""

    async def again(self, company: Company, credentials: Mapping[str, str]) -> Witness:
        """The same with the session that the person has now; raises Inconclusive where that opens nothing."""
        exchange = await self.ask(company, "the account itself", credentials)
        if not self.opened(exchange):
            name = self.person.name
            raise Inconclusive(f"{self.name} does not work with {name}'s own session: {exchange.line}", code="control")
        return replace(self, genuine=exchange, credentials=credentials)

    async def ask(self, company: Company, who: str, credentials: Mapping[str, str]) -> Exchange:
        """The same request with these headers in place of a session."""
        return await _ask(company, self.name, self.request, self.person, self.scope, who, credentials)

    def with_query(self, more: Mapping[str, str]) -> Witness:
        """The same with further parameters in its address."""
        return replace(self, request=replace(self.request, query=merged(self.request.query, more)))

    def opened(self, exchange: Exchange) -> bool:
        """Whether the answer shows the person's own data as the genuine one does."""
        answer = exchange.answer
        return (
            answer is not None
            and good(self.request, exchange, self.person, self.scope)
            and all(shown(answer, mark) for mark in self.marks)
            and self.keys <= _keys(answer)
        )


def requests_of(mapped: Map, person: Person) -> Iterator[tuple[str, Request, str | None]]:
    """What may show who is logged in: a name, the request, and the kind of object that it needs."""
    me = mapped.steps.get(person.me)
    if me is not None and me.skip is None and len(me.parts) == 1 and isinstance(me.parts[0], Request):
        yield me.name, me.parts[0], None
    for resource in mapped.resources.values():
        verb = resource.verbs.get("read")
        maker = mapped.steps.get(resource.made_by)
        if verb is None or maker is None or maker.skip is not None or verb.request.actor is not None:
            continue
        if "read" not in resource.public and not resource.capability and owner_of(maker) in {person.role, "buyer"}:
            yield f"{resource.name}.read", verb.request, "account" if maker.name == "signup" else resource.name


async def find_witness(company: Company, person: Person, credentials: Mapping[str, str]) -> Witness:
    """The first request that these credentials open and that refuses whoever has none.

    Raises NotCovered where the map has no such request, Inconclusive where none can serve.
    """
    why: list[str] = []
    for name, request, kind in requests_of(company.stage.map, person):
        try:
            scope = await _scope(company.stage, person, kind)
            genuine = await _ask(company, name, request, person, scope, "the account itself", credentials)
        except (LaunchreadyError, StepFailure) as error:
            why.append(f"{name} cannot be asked: {error}")
            continue
        if genuine.answer is None or not good(request, genuine, person, scope):
            why.append(f"{name} does not work with {person.name}'s own session: {genuine.line}")
            continue
        without = await _ask(company, name, request, person, scope, "nobody", {})
        if without.answer is None:
            why.append(f"{name} got no answer without a session: {without.line}")
            continue
        marks = tuple(
            mark
            for mark in _texts(person, scope, kind)
            if shown(genuine.answer, mark) and not shown(without.answer, mark)
        )
        if not marks:
            why.append(f"{name} shows nothing that is {person.name}'s alone")
            continue
        return Witness(name, request, person, scope, marks, _keys(genuine.answer), genuine, credentials)
    if why:
        raise Inconclusive("; ".join(why), code="control")
    raise NotCovered(
        "not covered: the map has no step that shows who is logged in: map [steps.me], or the read of a resource"
    )


def shown(answer: Answer, mark: str) -> bool:
    """Whether an answer holds a text; a short one only as a whole value of its JSON."""
    if len(mark) >= SHORTEST and mark.lower() in unescape(answer.text).lower():
        return True
    return any(str(value) == mark for value in leaves(answer.json))


def leaves(value: Any) -> Iterator[Any]:
    """Every value of a JSON document that is no table and no list."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        yield value


async def _ask(
    company: Company,
    name: str,
    request: Request,
    person: Person,
    scope: Mapping[str, Any],
    who: str,
    credentials: Mapping[str, str],
) -> Exchange:
    ghost = company.ghost(who)
    # Templates may name the account; what opens it travels in the credentials alone.
    ghost.identity = {name: value for name, value in person.account().items() if not tells(name)}
    return await ask(company.stage, name, request, Caller(who, ghost, dict(credentials)), scope)


async def _scope(stage: Stage, person: Person, kind: str | None) -> dict[str, Any]:
    if kind is None or kind == "account":
        return {"id": person.account().get("id"), "owner": person.account()}
    thing = await stage.provide(kind, person)
    return {"id": thing.known().get("id"), kind: thing, "owner": person.account()}


def _texts(person: Person, scope: Mapping[str, Any], kind: str | None) -> Iterator[str]:
    values = person.account()
    thing = known(scope[kind]) if kind is not None and isinstance(scope.get(kind), Thing) else {}
    for value in (*(values.get(name) for name in PERSONAL), *thing.values()):
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            yield str(value)


def good(request: Request, exchange: Exchange, person: Person, scope: Mapping[str, Any]) -> bool:
    """Whether an answer is what the map says that a good one is, and no refusal."""
    names = {**scope, "account": person.account()}
    refused = person.auth.refused
    if refused is not None and exchange.answer is not None and refused.find(exchange.answer, names):
        return False
    return steps.judge(request, exchange, names, steps.Played()) is None


def _keys(answer: Answer) -> frozenset[str]:
    return frozenset(answer.json) if isinstance(answer.json, Mapping) else frozenset()
