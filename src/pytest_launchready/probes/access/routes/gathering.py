"""Everything that can be asked of a marketplace, and what a run knows to be private: gathered once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.learning import tells
from pytest_launchready.flows import entrance
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import Account, Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.graph import makers_of
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.mapping.resources import MAKERS
from pytest_launchready.probes.access.objects.case import Side, awake, open_case, side_of
from pytest_launchready.probes.access.refusals import wants_login
from pytest_launchready.probes.access.routes.document_routes import of_document
from pytest_launchready.probes.access.routes.documents import described, visitor
from pytest_launchready.probes.access.routes.facts import Facts, marks_in, marks_of, told_apart
from pytest_launchready.probes.access.routes.graph_routes import of_graph
from pytest_launchready.probes.access.routes.map_routes import MapRoutes, fields_of
from pytest_launchready.probes.access.routes.route import Route, Untried, written
from pytest_launchready.probes.access.routes.route_values import Values
from pytest_launchready.probes.access.routes.route_words import OPEN, singular
from pytest_launchready.probes.access.spares import FRESH
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import owner_of
from pytest_launchready.probes.subject import Context

MOST: Final = 100
"""Routes of a description that are asked; the others are named."""
NOT_MADE: Final = frozenset({"account", "cart"})
"""Kinds of which everybody has one anyway."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is to ask, and what must not come out."""

    routes: tuple[Route, ...]
    untried: tuple[Untried, ...]
    notes: tuple[str, ...]
    facts: Facts


async def gathered(context: Context) -> Gathered:
    """Routes and facts of a run; objects that other checks have made are used again.

    Raises StepFailure or Inconclusive where nobody with an account can be had.
    """
    return await context.notebook.once(("access", "routes"), lambda: _gather(context))


async def answered(context: Context, route: Route, who: str) -> Exchange:
    """The answer to a route: to "anonymous", or to the person of a name; asked once a run."""

    async def find_out() -> Exchange:
        stage = context.marketplace.company.stage
        if who == "anonymous":
            owner = await context.marketplace.company.find(route.actor if route.actor != "admin" else "buyer")
            # The path may name an account; nothing that opens it goes along.
            instead = {name: value for name, value in owner.account().items() if not tells(name)}
            caller = Caller(who, await visitor(context))
            return await ask(stage, route.name, _without_session(route.request), caller, route.scope, instead=instead)
        person = await context.marketplace.company.find(who)
        await awake(context, person)
        exchange = await ask(stage, route.name, route.request, Caller(who, person), route.scope)
        if wants_login(exchange.answer, person.auth) and await _woken(context, person):
            exchange = await ask(stage, route.name, route.request, Caller(who, person), route.scope)
        return exchange

    return await context.notebook.once(("access", "route", route.name, *written(route.request), who), find_out)


async def _woken(context: Context, person: Person) -> bool:
    """Whether somebody was logged in anew; not where that was done so lately that their session cannot have ended."""
    stage, woken = context.marketplace.company.stage, False
    window = int(asyncio.get_running_loop().time() // FRESH)

    async def log_in() -> None:
        nonlocal woken
        if entrance.has_login(stage, person):
            await entrance.log_in(stage, person)
            woken = True

    await context.notebook.once(("access", "woken", person.name, window), log_in)
    return woken


async def _gather(context: Context) -> Gathered:
    mapped = context.marketplace.map
    found = await described(context)
    people = {"buyer": await context.marketplace.company.find("buyer")}
    objects, notes = await _objects(context)
    objects["account"] = Side(people["buyer"], Account(people["buyer"].account()), {})
    if "listing" in objects:
        people["seller"] = objects["listing"].person
    values = Values(mapped, objects, private_kinds(mapped), people)
    of_map = MapRoutes(values, found.document)
    everything: list[Route | Untried] = list(of_map.all())
    if found.document is not None:
        routes = [one for one in everything if isinstance(one, Route)]
        lines = {one.line for route in routes if (one := of_map.operation(route.request))}
        everything += of_document(values, found.document, frozenset(lines))
    if found.graph is not None:
        everything += of_graph(values, found.graph, fields_of(mapped))
    routes = [one for one in everything if isinstance(one, Route)]
    untried = [one for one in everything if isinstance(one, Untried)]
    untried += [Untried(one.name, f"{MOST} others were tried") for one in routes[MOST:]]
    flaws = found.document.flaws if found.document else ()
    notes += [f"the OpenAPI document has flaws, its sound parts are used: {flaws[0]}"] if flaws else []
    return Gathered(tuple(routes[:MOST]), tuple(untried), (*found.notes, *notes), _facts(context, values))


def private_kinds(mapped: Map) -> frozenset[str]:
    """The kinds of object that the map makes and that nobody but their owner should see."""
    kinds = {kind for kind, maker in makers_of(mapped.resources).items() if maker in mapped.steps}
    seen = {"read", "list"}
    # A map that says only how others may change a thing says nothing of who may see it.
    public = {
        name
        for name, resource in mapped.resources.items()
        if resource.public & seen or (name not in MAKERS and not resource.verbs.keys() & seen)
    }
    capability = {name for name, resource in mapped.resources.items() if resource.capability}
    return frozenset(kind for kind in kinds - NOT_MADE - public - capability if singular(kind) not in OPEN)


async def _objects(context: Context) -> tuple[dict[str, Side], list[str]]:
    """An object of each kind, and what could not be made."""
    mapped = context.marketplace.map
    found: dict[str, Side] = {}
    notes = []
    for kind, maker in makers_of(mapped.resources).items():
        step = mapped.steps.get(maker)
        if kind in NOT_MADE or step is None or step.skip is not None or step.makes == "account":
            continue
        try:
            found[kind] = await _object(context, kind)
        except (LaunchreadyError, StepFailure) as error:
            notes.append(f"no {kind} to try routes with: {str(error).partition(chr(10))[0]}")
    return found, notes


async def _object(context: Context, kind: str) -> Side:
    mapped = context.marketplace.map
    step = mapped.steps[makers_of(mapped.resources)[kind]]
    resource = mapped.resources.get(kind)
    owner = (resource.owner if resource else None) or owner_of(step)
    if resource is not None:
        return (await open_case(context, resource, owner)).owner
    stage = context.marketplace.company.stage
    person = await context.marketplace.company.find(owner)
    thing = await stage.play(step.name, person, {})
    assert isinstance(thing, Thing)
    return side_of(context, person, thing)


def _facts(context: Context, values: Values) -> Facts:
    everybody = [
        *values.people.values(),
        *(side.person for side in values.objects.values()),
        *(made.person for made in context.marketplace.company.stage.register.made if made.kind == "account"),
    ]
    people = {person.name: person for person in everybody if not person.anonymous and person.role != "admin"}
    marks = told_apart([mark for person in people.values() for mark in marks_of(person)])
    shown = list(_shown(values, people.values()))
    for kind, side in values.objects.items():
        if kind in values.private:
            marks += marks_in(side, kind, shown)
    return Facts(tuple(marks), values.objects, values.private)


def _shown(values: Values, people: Iterable[Person]) -> Iterable[str]:
    """What stands beside every offer: its own words and ids, and who offers it."""
    for kind, side in values.objects.items():
        if kind not in values.private and kind != "account":
            yield from map(str, known(side.thing).values())
    for person in people:
        yield from (str(value) for name, value in person.account().items() if name in {"id", "username", "name"})


def _without_session(request: Request) -> Request:
    """The request without what shows who somebody is."""
    headers = request.headers
    own = headers is not None and any(name.startswith("account.") for name in headers.names)
    return replace(request, headers=None if own else headers, basic=None)
