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
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Map, Request, Resource
from pytest_launchready.probes.access.conduct.extras import (
    fewer,
    injected,
    names_in,
    taken,
)
from pytest_launchready.probes.access.conduct.mass_assignment import PREFIX, REFERENCE, REMEDY
from pytest_launchready.probes.access.conduct.privileges import account_extras, handed_over, object_extras
from pytest_launchready.probes.access.conduct.witness import good, shown
from pytest_launchready.probes.access.objects.case import awake, open_case
from pytest_launchready.probes.access.objects.trials import owner_name
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.order import owner_of, role_that_signs_up, why_untried
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
    own_account: bool = False
    """Whether it is the owner's account itself."""

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
                requests=4,
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
    maker = mapped.steps.get(resource.made_by)
    request = resource.verbs["update"].request
    reason = why_untried(mapped, maker) if maker is not None else "no step makes one"
    if reason is None and maker is not None:
        if maker.name == "signup" and role_that_signs_up(mapped) is None:
            reason = "everybody has an account already, and a given one is left alone"
        elif "admin" in {owner_of(maker), request.actor}:
            reason = "only the admin changes it, who may set everything"
        elif request.body is None or request.body.kind not in ROOM:
            reason = "its update has no body with fields"
        elif "read" not in resource.verbs:
            reason = f"the map does not say how one is read again (resources.{resource.name}.read)"
    return reason and f"{PREFIX}.{resource.name}: {reason}"


async def _run(context: Context, *, kind: str) -> Verdict:
    company = context.marketplace.company
    stage = company.stage
    resource = stage.map.resources[kind]
    one = await _subjected(context, resource)
    stranger = await company.find("stranger")
    before = await one.look(one.owner)
    if before.answer is None or not good(one.read, before, one.owner, one.names):
        return inconclusive("control", f"its owner cannot read the {kind}: {before.line}")
    everything, visible = _extras(one, one.document(before), stranger)
    said: list[str] = []
    extras: dict[str, Any] | None = everything
    while extras:
        canary = f"canary{stage.run.unique()}"
        exchange = await one.change(one.owner, extras, canary)
        if good(one.update, exchange, one.owner, {**one.names, "canary": canary}):
            return await _judged(one, stranger, before, exchange, extras, canary)
        said.append(f"refused: {', '.join(extras)}")
        extras = fewer(len(said), extras, exchange.answer.text if exchange.answer else "", visible)
    canary = f"canary{stage.run.unique()}"
    plain = await one.change(one.owner, {}, canary)
    if good(one.update, plain, one.owner, {**one.names, "canary": canary}):
        return passed(*said, f"without them the update works: {plain.line}")
    return inconclusive("control", f"the update of {kind} does not work, with or without further fields: {plain.line}")


def _extras(one: Subjected, view: Any, stranger: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to send beside the map's own fields, which an owner may set: everything, and what the object shows."""
    if one.own_account:
        everything, visible = account_extras(view)
    else:
        owner_id, stranger_id = one.owner.account().get("id"), stranger.account().get("id")
        everything, visible = object_extras(view, one.kind, owner_id, stranger_id)
    mine = {name for name, _ in names_in(one.update.body.content.source)} if one.update.body else set()
    return ({n: v for n, v in everything.items() if n not in mine}, {n: v for n, v in visible.items() if n not in mine})


async def _judged(
    one: Subjected, stranger: Person, before: Exchange, attack: Exchange, extras: Mapping[str, Any], canary: str
) -> Verdict:
    after = await one.look(one.owner)
    was, now = one.document(before), one.document(after)
    owner_id, stranger_id = one.owner.account().get("id"), stranger.account().get("id")
    found = taken(was, now, extras) + handed_over(was, now, owner_id, stranger_id)
    if not found and not good(one.read, after, one.owner, one.names):
        theirs = await one.look(stranger, "stranger")
        if theirs.answer is None or not shown(theirs.answer, canary):
            return inconclusive("control", f"the {one.kind} cannot be read after its update: {after.line}")
        found = [("owner", one.owner.name, stranger.name)]
    if not found:
        return passed(f"sent {', '.join(extras)}: none of it is shown when the {one.kind} is read again")
    await _put_back(one, was, extras, stranger)
    return _told(one.kind, found, attack, after)


async def _subjected(context: Context, resource: Resource) -> Subjected:
    company = context.marketplace.company
    stage = company.stage
    verbs = resource.verbs
    read, update = verbs["read"].request, verbs["update"].request
    if resource.made_by == "signup":
        role = role_that_signs_up(stage.map)
        assert role is not None
        person = await company.add(role)
        account = {"id": person.account().get("id"), resource.name: person.account(), "owner": person.account()}
        return Subjected(stage, resource.name, person, account, read, update, own_account=True)
    side = (await open_case(context, resource, owner_name(stage.map, resource))).owner
    if side.id is None:
        raise NotCovered(f"not covered: the map captures no id of a {resource.name}, so none can be told from another")
    await awake(context, side.person)
    return Subjected(stage, resource.name, side.person, {**side.names(resource.name), "id": side.id}, read, update)


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
