"""Who tries to reach an object: a second account of the owner's role, nobody, an ended session, whom the map names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.learning import tells
from pytest_launchready.flows import entrance
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map, Resource
from pytest_launchready.mapping.records import Person as Entry
from pytest_launchready.probes.access.objects.case import Case, Side, awake, make, mentions, reached, renewed
from pytest_launchready.probes.access.refusals import wants_login
from pytest_launchready.probes.asking import Caller

LOGGED_OUT: Final = "logged-out"
OPENS: Final = frozenset({"password", "nonce", "token", "unique"})
"""What of an account is never lent to an attacker."""


@dataclass(frozen=True, slots=True)
class Attacker:
    """Somebody who should be refused."""

    who: str
    """As check ids say it."""
    victim: Side
    """Whose object they try: the owner's; an ended session tries the object of the person who ended it."""
    person: Person | None = None
    """With a session that may have to be renewed; None of who has none."""
    own: Side | None = None
    """An object of their own."""
    credentials: Mapping[str, str] | None = None
    """Kept from a session that has ended."""
    ends: Person | None = None
    """Who has to log out for each attack, because a new log-in gives the same credentials again."""

    @property
    def shown(self) -> str:
        """What a message calls them."""
        return "a logged-out session" if self.who == LOGGED_OUT else self.who


def tried(resource: Resource, verb: str) -> tuple[str, ...]:
    """Who must be refused, as the map says: an ended session is nobody, wherever nobody must be refused."""
    deny = resource.verbs[verb].deny
    names = tuple(dict.fromkeys(resource.deny if deny is None else deny))
    return (*names, LOGGED_OUT) if "anonymous" in names else names


async def attacker(case: Case, who: str) -> Attacker:
    """Whoever a check id names; raises NotCovered or Inconclusive where they cannot be had."""
    if who == "anonymous":
        return Attacker(who, case.owner)
    if who == "stranger":
        mine = await stranger(case)
        return Attacker(who, case.owner, mine.person, mine if mine.thing is not None else None)
    if who == LOGGED_OUT:
        mine = await stranger(case)
        if mine.thing is None:
            raise NotCovered(
                f"not covered: access.{case.kind}: {mine.person.name} made none that an ended session could be tried on"
            )
        kept, same = await _ended_session(case, mine.person)
        return Attacker(who, mine, None, case.owner, kept, mine.person if same else None)
    company = case.context.marketplace.company
    person = await reached(lambda: company.find(who), f"{case.kind} is denied to {who}")
    if person is case.owner.person:
        person = await reached(lambda: _one_more(case, person.role), f"one more {person.role}")
    return Attacker(who, case.owner, person)


async def stranger(case: Case) -> Side:
    """A second account of the owner's role, with an object of its own where it could make one."""

    async def find() -> Side:
        person = await reached(lambda: _second(case), f"no second account like {case.owner.person.name}")
        try:
            mine = await make(case.context, case.resource, person)
        except LaunchreadyError:
            return Side(person, None, {})
        made = case.context.marketplace.company.stage.made_of(mine.thing) if mine.thing is not None else None
        # Where the map lets somebody else make it (staff, say), it is not theirs.
        return mine if made is None or made.person is person else Side(person, None, {})

    # All objects of one owner are tried by the same stranger, with one object of its own.
    return await case.context.notebook.once(("access", case.kind, "stranger", case.owner.person.name), find)


def callers(case: Case, verb: str, one: Attacker) -> Iterator[Caller]:
    """The ways in which an attacker asks: as they are, and where a request names its caller, under the owner's name."""
    named = {name.partition(".")[2] for name in mentions(case.verb(verb).request) if name.startswith("account.")}
    lent = {name for name in named if name not in OPENS and not tells(name)}
    victims = {key: value for key, value in one.victim.person.account().items() if key in lent}
    if one.person is not None:
        yield Caller(one.who, one.person)
        if victims:
            yield Caller(
                one.who, _ghost(case, "borrower", {**one.person.account(), **victims}), one.person.credentials()
            )
    elif one.credentials is not None:
        yield Caller(one.who, _ghost(case, LOGGED_OUT, one.victim.person.account()), one.credentials)
    else:
        yield Caller(one.who, _ghost(case, "nobody", victims))


async def attack(case: Case, verb: str, one: Attacker, caller: Caller, names: Mapping[str, Any]) -> Exchange:
    """The exchange of an attack; where it found no session, with a new one, unless the old one works elsewhere.

    Raises Inconclusive where the attacker cannot log in again.
    """
    if one.ends is not None:
        await _log_out(case, one.ends)
    exchange = await case.ask(verb, caller, names)
    if one.ends is not None:
        await renewed(case.context, one.ends)
    person = one.person
    if person is None or caller.credentials is not None or not wants_login(exchange.answer, person.auth):
        return exchange
    stage = case.context.marketplace.company.stage
    if await _in_session(case, one) or not entrance.has_login(stage, person):
        return exchange
    await renewed(case.context, person)
    return await case.ask(verb, caller, names)


async def _in_session(case: Case, one: Attacker) -> bool:
    """Whether the attacker's session opens what is their own."""
    if one.own is None or one.person is None or "read" not in case.resource.verbs:
        return False
    if case.verb("read").request.actor is not None:
        return False
    exchange = await case.ask("read", Caller(one.who, one.person), one.own.names(case.kind))
    return exchange.answer is not None and 200 <= exchange.answer.status < 300


async def _ended_session(case: Case, person: Person) -> tuple[Mapping[str, str], bool]:
    """What carried a person's session before they logged out, and whether the new one is carried by the same."""
    stage = case.context.marketplace.company.stage

    async def end() -> tuple[Mapping[str, str], bool]:
        if not entrance.has_login(stage, person):
            raise NotCovered(f"not covered: {person.name} has no session that could be ended")
        await awake(case.context, person)
        kept = person.credentials()
        if not kept:
            raise NotCovered(f"not covered: {person.name} has no session that could be ended")
        await _log_out(case, person)
        await renewed(case.context, person)
        return kept, person.credentials() == kept

    return await case.context.notebook.once(("access", LOGGED_OUT, person.name), end)


async def _log_out(case: Case, person: Person) -> None:
    stage = case.context.marketplace.company.stage
    try:
        await stage.play("logout", person, {})
    except StepFailure as error:
        raise Inconclusive(f"no session could be ended: {error.failure.title}", code="no-logout") from None
    entrance.log_out(stage, person)


async def _second(case: Case) -> Person:
    owner, company = case.owner.person, case.context.marketplace.company
    mapped = case.context.marketplace.map
    if _shared(mapped, case.resource, owner):
        return await company.find("stranger")
    return await _one_more(case, owner.role)


async def _one_more(case: Case, role: str) -> Person:
    company = case.context.marketplace.company
    return await case.context.notebook.once(("access", "one more", role), lambda: company.add(role))


def _shared(mapped: Map, resource: Resource, owner: Person) -> bool:
    """Whether the ordinary stranger has the owner's role, or nobody else can have it."""
    if owner.name == "stranger":
        return False
    people = mapped.people
    mine = people.get(owner.role)
    if owner.role == "admin" or (mine is not None and len(mine.accounts) == 1 and owner.role != "buyer"):
        return True
    maker = mapped.steps.get(resource.made_by)
    if maker is not None and maker.actor == owner.role:
        return False  # as anybody else, the step would be played by the owner
    theirs = people.get("stranger") or people.get("buyer")
    return _way_in(mine) == _way_in(theirs)


def _way_in(entry: Entry | None) -> tuple[Any, ...]:
    return ("login", "me", None, {}) if entry is None else (entry.login, entry.me, entry.auth, dict(entry.values))


def _ghost(case: Case, name: str, account: Mapping[str, Any]) -> Person:
    ghost = case.context.marketplace.company.ghost(name)
    ghost.identity = dict(account)
    return ghost
