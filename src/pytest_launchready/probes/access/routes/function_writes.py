"""What only the admin may do, tried by others on objects that were made to be lost, and judged by what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.learning import tells
from pytest_launchready.flows import entrance, looking
from pytest_launchready.flows.objects import Account, Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.graph import makers_of
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.objects.case import Case, Side, awake, make, one_more, side_of
from pytest_launchready.probes.access.objects.views import changes, view_of
from pytest_launchready.probes.access.objects.writes import reworded
from pytest_launchready.probes.access.refusals import refusal
from pytest_launchready.probes.access.routes.documents import visitor
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.order import owner_of, role_that_signs_up, undone_by
from pytest_launchready.probes.subject import Context

ENTRANCE: Final = frozenset({"signup", "login", "logout", "refresh", "refresh_token"})


@dataclass(frozen=True, slots=True)
class Deed:
    """A request of the admin's that changes an object."""

    name: str
    """A step, or "account.delete"."""
    request: Request
    kind: str
    """What it is done to; "" where that is nothing that can be made."""
    consents: tuple[str, ...]


def deeds(mapped: Map) -> tuple[Deed, ...]:
    """Writes of the map that only the admin may do."""
    return tuple({(one.request.method, str(one.request.target.source)): one for one in _deeds(mapped)}.values())


def _deeds(mapped: Map) -> Iterator[Deed]:
    used = {verb.step for resource in mapped.resources.values() for verb in resource.verbs.values()}
    for step in mapped.steps.values():
        part = step.parts[0] if len(step.parts) == 1 and isinstance(step.parts[0], Request) else None
        if part is None or part.safe or step.skip or step.public or step.name in used | ENTRANCE:
            continue
        maker = undone_by(mapped, step)
        if "admin" not in {step.actor, part.actor}:
            continue
        account = any(name.startswith("account.") for name in part.target.names)
        kind = (maker.makes if maker else None) or next(iter(sorted(step.needs)), "account" if account else "")
        yield Deed(step.name, part, kind, (step.name,))
    for resource in mapped.resources.values():
        for name, verb in resource.verbs.items():
            if verb.request.actor == "admin" and not verb.request.safe and name not in resource.public:
                yield Deed(f"{resource.name}.{name}", verb.request, resource.name, ())


async def tried_as(context: Context, deed: Deed, attackers: Iterable[str]) -> list[tuple[str, Failure | str | None]]:
    """Who tried → the breach, why it could not be decided, or None where nothing came of it; the admin comes last.

    Raises NotCovered, Inconclusive or StepFailure where nothing can be made that may be lost.
    """
    if not deed.kind:
        raise NotCovered("it is done to nothing that can be made and looked at again")
    attackers = tuple(attackers)
    first = await _spare(context, deed.kind)
    before = await _look(context, deed.kind, first)
    if before is None or before is False:
        raise Inconclusive(f"nothing shows whether {deed.name} did anything: map a read of {deed.kind}")
    taken = False
    for who in attackers:
        taken = taken or _taken(context, deed, await _attack(context, deed, first, who))
    after = await _look(context, deed.kind, first)
    if not taken and after is not None and not _difference(before, after):
        return [(who, None) for who in attackers]
    _forget(context, first, gone=after is False)
    return await _one_by_one(context, deed, attackers)


async def _one_by_one(context: Context, deed: Deed, attackers: Iterable[str]) -> list[tuple[str, Failure | str | None]]:
    """What came of each try, with a look after each."""
    found: list[tuple[str, Failure | str | None]] = []
    silent: set[str] = set()
    side: Side | None = None
    before: Any = None
    for who in attackers:
        if side is None:
            side = await _spare(context, deed.kind)
            before = await _look(context, deed.kind, side)
        exchange = await _attack(context, deed, side, who)
        after = await _look(context, deed.kind, side)
        what = _difference(before, after)
        if what:
            found.append((who, _breach(deed, side, who, what, exchange)))
            _forget(context, side, gone=after is False)
            side = None
        else:
            found.append((who, "the look afterwards failed" if after is None else None))
            silent |= {who} if _taken(context, deed, exchange) else set()
    control = await _control(context, deed, side, before) if silent and side is not None else None
    # Whoever was refused needs no control.
    return [(who, control if outcome is None and who in silent else outcome) for who, outcome in found]


def _taken(context: Context, deed: Deed, exchange: Exchange) -> bool:
    """Whether an answer does not say no."""
    answer = exchange.answer
    if answer is None or answer.status >= 400:
        return False
    return not answer.text.strip() or refusal(answer, deed.request, context.marketplace.map.auth) is None


async def _attack(context: Context, deed: Deed, side: Side, who: str) -> Exchange:
    company = context.marketplace.company
    person = await (visitor(context) if who == "anonymous" else company.find(who))
    await awake(context, person)
    return await _ask(context, deed, side, Caller(who, person))


async def _ask(context: Context, deed: Deed, side: Side, caller: Caller) -> Exchange:
    victim = {name: value for name, value in side.person.account().items() if not tells(name)}
    # What undoes a sign-up names the account that it undoes.
    instead = victim if deed.kind == "account" else {}
    stage = context.marketplace.company.stage
    names = side.names(deed.kind) | reworded(deed.request, deed.kind, side, f"canary{stage.run.unique()}")
    return await ask(stage, deed.name, deed.request, caller, names, consents=deed.consents, instead=instead)


async def _control(context: Context, deed: Deed, side: Side, before: Any) -> str | None:
    """Why the others' failure shows nothing: the admin's own try does not show either; None where it does."""
    try:
        admin = await context.marketplace.company.find("admin")
    except (LaunchreadyError, StepFailure):
        return None
    await awake(context, admin)
    exchange = await _ask(context, deed, side, Caller("admin", admin))
    after = await _look(context, deed.kind, side)
    if not _difference(before, after):
        return f"the admin's own try does not show: {exchange.line}"
    _forget(context, side, gone=after is False)
    return None


async def _spare(context: Context, kind: str) -> Side:
    """One more object of a kind, which may be lost."""
    mapped = context.marketplace.map
    company = context.marketplace.company
    if kind == "account":
        role = role_that_signs_up(mapped)
        if role is None:
            raise NotCovered("nobody signs up, so there is no account that may be lost")
        person = await company.add(role)
        return Side(person, Account(person.account()), {})
    maker: Step | None = mapped.steps.get(makers_of(mapped.resources).get(kind, ""))
    if maker is None:
        raise NotCovered(f"no step makes a {kind} that may be lost")
    resource = mapped.resources.get(kind)
    owner = await company.find((resource.owner if resource else None) or owner_of(maker))
    if resource is not None:
        return await (make if resource.made_by != "signup" else one_more)(context, resource, owner)
    thing = await company.stage.play(maker.name, owner, {})
    assert isinstance(thing, Thing)
    return side_of(context, owner, thing)


async def _look(context: Context, kind: str, side: Side) -> Any:
    """What its owner sees of an object: a view, or whether it is there; None where that cannot be told."""
    stage = context.marketplace.company.stage
    resource = context.marketplace.map.resources.get(kind)
    way = next((verb for verb in ("read", "list") if resource and verb in resource.verbs), None)
    if kind == "account":
        opens = await _lets_in(context, side.person)
        if not opens or way is None or resource is None or resource.verbs[way].request.actor is not None:
            return opens
    try:
        if resource is not None and way is not None:
            view = await view_of(Case(context, resource, side, f"{kind} {side.id}"), side, way)
            return view if view.there else False
        made = stage.made_of(side.thing) if side.thing is not None else None
        return (await looking.still_there(stage, made))[0] if made is not None else None
    except (LaunchreadyError, StepFailure):
        return None


async def _lets_in(context: Context, person: Person) -> bool | None:
    """Whether somebody can log in."""
    stage = context.marketplace.company.stage
    try:
        await entrance.log_in(stage, person)
    except StepFailure as error:
        answer = error.failure.exchange.answer if error.failure.exchange else None
        return None if answer is None or answer.status == 429 or answer.status >= 500 else False
    except LaunchreadyError:
        return None
    return True


def _difference(before: Any, after: Any) -> str | None:
    """What came of a try, in words; None where nothing did, or nobody can tell."""
    if after is None or isinstance(before, bool):
        return "it is gone" if before and after is False else None
    if after is False:
        return "it is gone"
    moved: Mapping[str, tuple[str, str]] = changes(before, after)
    place = min(moved, default=None)
    return None if place is None else f"{place} was {moved[place][0]}, is {moved[place][1]}"


def _forget(context: Context, side: Side, *, gone: bool) -> None:
    if side.thing is not None and gone:
        context.marketplace.company.stage.forget(side.thing)


def _breach(deed: Deed, side: Side, who: str, what: str, exchange: Exchange) -> Failure:
    whom = "a visitor without credentials" if who == "anonymous" else "an ordinary account"
    return Failure(
        title=f"{whom} can do {deed.name}, which is the admin's, to {side.label(deed.kind)}: {what}",
        expected="a refusal, and nothing changed",
        got=f"{exchange.outcome}, and then {what}",
        change="check the role on the server before anything is changed",
        exchange=exchange,
    )
