"""Checks `access.mass_assignment.<resource>`: an owner's update sets only what an owner may set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Map, Request, Resource
from pytest_launchready.probes.access.extras import handed_over, injected, names_in, object_extras, taken
from pytest_launchready.probes.access.mass_assignment import PREFIX, REFERENCE, REMEDY
from pytest_launchready.probes.access.spares import careful, spare
from pytest_launchready.probes.access.witness import good, shown
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import owner_of, why_untried
from pytest_launchready.probes.subject import Context, Subject

ROOM: Final = frozenset({"json", "form", "multipart", "graphql"})
"""Kinds of body with room for further fields."""


@dataclass(frozen=True, slots=True)
class Subjected:
    """An object of its owner's, and how it is read and changed."""

    stage: Stage
    kind: str
    owner: Person
    names: Mapping[str, Any]
    read: Request
    update: Request

    async def look(self, who: Person, label: str = "owner") -> Exchange:
        """The object as somebody is shown it."""
        return await ask(self.stage, f"{self.kind}.read", self.read, Caller(label, who), self.names)

    async def change(self, who: Person, extras: Mapping[str, Any], canary: str) -> Exchange:
        """The map's own update, with further fields."""
        asked = injected(self.update, extras, lambda value: canary in str(value)) if extras else self.update
        if asked is None:
            raise NotCovered(f"not covered: the update of {self.kind} has no body with fields")
        names = {**self.names, "canary": canary}
        return await ask(self.stage, f"{self.kind}.update", asked, Caller("owner", who), names)

    def document(self, exchange: Exchange) -> Any:
        """The JSON of the object in an answer."""
        found = exchange.answer.json if exchange.answer is not None else None
        return own_table(found, str(self.names["id"])) or found


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each resource that its owner can update."""
    for resource in subject.mapped.resources.values():
        if "update" in resource.verbs:
            yield Check(
                id=f"{PREFIX}.{resource.name}",
                proves=f"the update of {resource.name} sets neither its owner nor what only the marketplace may",
                impact="data-exposed",
                remedy=REMEDY,
                run=careful(partial(_run, kind=resource.name)),
                needs=(resource.name,),
                reference=REFERENCE,
                requests=7,
                absent=_why_not(subject.mapped, resource),
            )


def own_table(document: Any, name: str) -> Mapping[str, Any] | None:
    """The outermost table of a document that has this id as a value of its own."""
    if isinstance(document, Mapping):
        if any(not isinstance(value, Mapping | list) and str(value) == name for value in document.values()):
            return document
        inner: Any = document.values()
    else:
        inner = document if isinstance(document, list) else ()
    return next((found for value in inner if (found := own_table(value, name)) is not None), None)


def _why_not(mapped: Map, resource: Resource) -> str | None:
    at = f"{PREFIX}.{resource.name}"
    maker = mapped.steps.get(resource.made_by)
    body = resource.verbs["update"].request.body
    if maker is None:
        return f"{at}: no step makes one"
    if (reason := why_untried(mapped, maker)) is not None:
        return f"{at}: {reason}"
    if owner_of(maker) == "admin" or resource.verbs["update"].request.actor == "admin":
        return f"{at}: only the admin changes it, who may set everything"
    if body is None or body.kind not in ROOM:
        return f"{at}: its update has no body with fields"
    if "read" not in resource.verbs:
        return f"{at}: the map does not say how one is read again (resources.{resource.name}.read)"
    return None


async def _run(context: Context, *, kind: str) -> Verdict:
    company = context.marketplace.company
    stage = company.stage
    resource = stage.map.resources[kind]
    one = await _subjected(context, resource)
    stranger = await company.find("stranger")
    before = await one.look(one.owner)
    if before.answer is None or not good(one.read, before, one.owner, one.names):
        return inconclusive("control", f"its owner cannot read the {kind}: {before.line}")
    owner_id, stranger_id = one.owner.account().get("id"), stranger.account().get("id")
    view = one.document(before)
    everything, visible = object_extras(view, kind, owner_id, stranger_id)
    mine = {name for name, _ in names_in(one.update.body.content.source)} if one.update.body else set()
    said: list[str] = []
    for extras in (everything, visible, {}):
        sent = {name: value for name, value in extras.items() if name not in mine}
        if not sent and extras:
            continue
        canary = f"canary{stage.run.unique()}"
        exchange = await one.change(one.owner, sent, canary)
        if not good(one.update, exchange, one.owner, {**one.names, "canary": canary}):
            said.append(f"{', '.join(sent) or 'nothing more'}: {exchange.line}")
            continue
        if not sent:
            return passed(*said, f"without them the update works: {exchange.line}")
        after = await one.look(one.owner)
        found = taken(view, one.document(after), sent) + handed_over(view, one.document(after), owner_id, stranger_id)
        lost = after.answer is not None and not good(one.read, after, one.owner, one.names)
        theirs = await one.look(stranger, "stranger") if lost else None
        if lost and theirs is not None and theirs.answer is not None and shown(theirs.answer, canary):
            found.append(("owner", one.owner.name, stranger.name))
        if not found:
            if after.answer is None or lost:
                return inconclusive("control", f"the {kind} cannot be read after its update: {after.line}")
            return passed(f"sent {', '.join(sent)}: none of it is shown when the {kind} is read again")
        await _put_back(one, view, sent, stranger)
        return _told(kind, found, exchange, after)
    return inconclusive("control", f"the update of {kind} does not work, with or without further fields: {said[-1]}")


async def _subjected(context: Context, resource: Resource) -> Subjected:
    company = context.marketplace.company
    stage = company.stage
    role = owner_of(stage.map.steps[resource.made_by])
    owner = await spare(context)
    if role not in {owner.role, owner.name}:
        owner = await company.find(role)
    thing = await stage.play(resource.made_by, owner, {})
    made = stage.made_of(thing) if isinstance(thing, Thing) else None
    if not isinstance(thing, Thing) or made is None:
        raise NotCovered(f"not covered: {resource.made_by} makes no object that could be changed")
    names = {**made.names, "id": thing.known().get("id"), resource.name: thing, "owner": owner.account()}
    verbs = resource.verbs
    return Subjected(stage, resource.name, owner, names, verbs["read"].request, verbs["update"].request)


async def _put_back(one: Subjected, view: Any, sent: Mapping[str, Any], stranger: Person) -> None:
    """Sends what the object had before, as whoever owns it now; whatever comes of it."""
    had = {name: value for name, value in names_in(view) if name in sent and not isinstance(value, Mapping | list)}
    owner_id = one.owner.account().get("id")
    values = {
        name: had.get(name, owner_id) for name in sent if name in had or sent[name] == stranger.account().get("id")
    }
    for who in (stranger, one.owner):
        await one.change(who, values, f"canary{one.stage.run.unique()}")


def _told(kind: str, found: list[tuple[str, Any, Any]], attack: Exchange, after: Exchange) -> Verdict:
    fields = "; ".join(f"{name} was {was!r} and is {now!r}" for name, was, now in found)
    names = ", ".join(dict.fromkeys(name for name, _, _ in found))
    failure = Failure(
        title=f"the update of {kind} sets what its owner may not: {names}",
        expected="these fields ignored or refused",
        got=f"read again, {fields}",
        change=REMEDY,
        exchange=attack,
        control=after,
    )
    return failed(failure, code="taken")
