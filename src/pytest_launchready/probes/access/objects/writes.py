"""Changing somebody else's object: only the owner's own look afterwards says whether it happened."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.naming import known
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.probes.access.objects.case import Case, Side, mentions
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker, callers, tried
from pytest_launchready.probes.access.objects.proofs import masked
from pytest_launchready.probes.access.objects.reads import Round, remedy, worst
from pytest_launchready.probes.access.objects.verifying import verified_updates
from pytest_launchready.probes.access.objects.views import View, changes, lasting, steady_view_of, view_of, way_to_look
from pytest_launchready.probes.access.refusals import refusal
from pytest_launchready.probes.access.texts import carried
from pytest_launchready.probes.asking import Caller
from pytest_launchready.wire.consent import WriteRefused

PAUSES: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each look for the owner's own write: some back ends write a moment later."""
AT_ONCE: Final = 0.15
"""Seconds until a write shows that are no delay of its own."""
REWORDED: Final = frozenset({"title", "description", "text", "note", "comment", "body", "subject"})
"""What of an object may be worded anew where an update names no canary."""


@dataclass(frozen=True, slots=True)
class Write:
    """One try to change an object, with the owner's views before and after."""

    exchange: Exchange
    before: View
    after: View
    marks: tuple[str, ...]
    """The canaries that it carried."""

    @property
    def seen(self) -> str | None:
        """The canary of this write that the owner now sees."""
        return next((mark for mark in self.marks if self.after.shows(mark) and not self.before.shows(mark)), None)

    @property
    def changed(self) -> dict[str, tuple[str, str]]:
        """What is different now."""
        return changes(self.before, self.after)


async def updates(case: Case) -> Round:
    """What came of everybody's try to change the object: attackers first, the owner's own write last, as control."""
    if case.resource.verify is not None:
        return await verified_updates(case)
    found: Round = {}
    for way in way_to_look(case):
        found = await _by(case, way)
        if not any(isinstance(one, Verdict) and one.code == "write-not-seen" for one in found.values()):
            break
    return found


async def _by(case: Case, way: str) -> Round:
    """The same by one way to look."""
    found: dict[str, Verdict | LaunchreadyError] = {}
    writes: dict[str, tuple[Attacker, list[Write]]] = {}
    for who in tried(case.resource, "update"):
        try:
            one = await attacker(case, who)
            writes[who] = one, [await _try(case, one, caller, way) for caller in callers(case, "update", one)]
        except WriteRefused:
            raise
        except (Inconclusive, NotCovered) as error:
            found[who] = error
    try:
        taken = any(write.changed and not write.seen for _, done in writes.values() for write in done)
        control, delay = await _seen_control(case, way, taken=taken)
    except Inconclusive as error:
        return {**found, **{who: _proven(case, one, done) or error for who, (one, done) in writes.items()}}
    if delay > AT_ONCE:
        for who, (one, done) in writes.items():
            if not any(write.seen for write in done):
                again = [await _try(case, one, caller, way, wait=2 * delay) for caller in callers(case, "update", one)]
                writes[who] = one, again
    for who, (one, done) in writes.items():
        found[who] = worst([judge(case, one, write, control) for write in done])
    return found


async def _try(case: Case, one: Attacker, caller: Caller, way: str, *, wait: float = 0.0) -> Write:
    before = await steady_view_of(case, one.victim, way)
    names, marks = fresh_names(case, one.victim)
    exchange = await attack(case, "update", one, caller, names)
    await asyncio.sleep(wait)
    after = await view_of(case, one.victim, way)
    return await _settled(case, one.victim, way, Write(exchange, before, after, _sent(marks, exchange)))


async def _settled(case: Case, side: Side, way: str, write: Write) -> Write:
    """The write less what is different at every look."""
    moved = write.changed
    if not moved or write.seen:
        return write
    restless = moved.keys() - (await lasting(case, side, way, write.before, write.after)).keys()
    if not restless:
        return write
    calm = View(
        write.after.exchange,
        write.after.there,
        {
            **{place: value for place, value in write.after.values.items() if place not in restless},
            **{place: write.before.values[place] for place in restless if place in write.before.values},
        },
    )
    return Write(write.exchange, write.before, calm, write.marks)


async def _seen_control(case: Case, way: str, *, taken: bool) -> tuple[Write, float]:
    """The owner's own write, and the seconds until it showed; raises Inconclusive where it never did."""
    # What an attacker has done already, the owner may not be able to do again: a spare shows it.
    write, delay = await _control(case, way, await case.spare() if taken else case.owner)
    if delay is None:
        raise _unseen(case, way, write)
    return write, delay


async def _control(case: Case, way: str, side: Side) -> tuple[Write, float | None]:
    """The owner's own write, and the seconds until it showed; None where it never did."""
    before = await steady_view_of(case, side, way)
    names, marks = fresh_names(case, side)
    exchange = await case.ask_in_session("update", side.person, names)
    began = time.monotonic()
    for pause in PAUSES:
        await asyncio.sleep(pause)
        delay = time.monotonic() - began
        after = await view_of(case, side, way)
        write = await _settled(case, side, way, Write(exchange, before, after, _sent(marks, exchange)))
        if write.seen or write.changed:
            return write, delay if pause else 0.0
        if exchange.answer is None or exchange.answer.status >= 400:
            break
    return write, None


def _unseen(case: Case, way: str, write: Write) -> Inconclusive:
    return Inconclusive(
        f"{case.owner.person.name}'s own change of {case.owner.label(case.kind)} does not show: {write.exchange.line}; "
        f"then {write.after.exchange.line}. Declare an update that its {way} shows, or resources.{case.kind}.verify",
        code="write-not-seen",
    )


def judge(case: Case, one: Attacker, write: Write, control: Write) -> Verdict:
    """What an attacker's try came to."""
    proven = _proven(case, one, [write], control)
    if proven is not None:
        return proven
    answer = write.exchange.answer
    accepted = answer is not None and answer.status < 300
    vanished = write.before.there != write.after.there
    if write.changed and (accepted or vanished or not control.seen):
        place, (old, new) = min(write.changed.items())
        return inconclusive(
            "changed-otherwise",
            f"{one.victim.label(case.kind)} changed while {one.who} was refused: {place} was {old!r}, is {new!r}, "
            f"which the owner's own update does not touch",
        )
    if answer is None or answer.status == 429:
        return inconclusive("no-answer", f"{one.shown} got {write.exchange.outcome}")
    more = []
    request = case.verb("update").request
    if refusal(answer, request, case.owner.person.auth) is None:
        more.append(f"{one.shown} is answered {answer.reason}, and nothing of {one.victim.label(case.kind)} changed")
    if answer.status >= 500:
        more.append(f"the refusal is a {answer.reason}")
    return passed(
        f"the owner's own update shows: {control.exchange.line}",
        f"{one.shown} changes nothing: {write.exchange.line}",
        notes=more,
    )


def _proven(case: Case, one: Attacker, writes: list[Write], control: Write | None = None) -> Verdict | None:
    """The verdict on a write that took; None where none is proven."""
    for write in writes:
        got = _took(write, control)
        if got is None:
            continue
        title = f"{one.shown} changes {one.victim.label(case.kind)}"
        got = f"{write.exchange.outcome}, and then {write.after.exchange.line} shows {got}"
        if case.resource.capability:
            return passed(got, notes=[f"the id is the secret, by declaration: {title}"])
        failure = Failure(
            title,
            f"nothing of it changes, whatever {one.who} is answered",
            got,
            remedy(case.kind),
            exchange=write.exchange,
            control=write.after.exchange,
        )
        return failed(failure, f"before: {write.before.exchange.line}", code="written")
    return None


def _took(write: Write, control: Write | None) -> str | None:
    """What shows that a write took."""
    if write.seen:
        return f"{masked(write.seen)} of the attack"
    moved = write.changed
    if not moved:
        return None
    # Where the owner's own write shows the canary that it carried, one without it has not taken.
    blind = control is not None and control.seen is None
    touched = control.changed.keys() if control is not None and blind else set()
    said = carried(write.exchange)
    accepted = write.exchange.answer is not None and write.exchange.answer.status < 300
    for place, (old, new) in sorted(moved.items()):
        sent = len(new) > 2 and new.casefold() in said
        if place in touched or sent or (accepted and blind):
            return f"{place or 'it'} changed from {_short(old)} to {_short(new)}"
    return None


def fresh_names(case: Case, side: Side) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The names of one update, new each time, and the canaries among them."""
    stage = case.context.marketplace.company.stage
    always = stage.names(Step(name=f"{case.kind}.update"))
    canary, number = str(always["canary"]), always["canary_number"]
    names = {**side.names(case.kind), "canary": canary, "canary_number": number, "unique": always["unique"]}
    fresh = reworded(case.verb("update").request, case.kind, side, canary)
    return {**names, **fresh}, (canary, str(number))


def reworded(request: Request, kind: str, side: Side, canary: str) -> dict[str, Any]:
    """The object by its name with its texts worded anew, for an update that names no canary; else nothing."""
    mentioned = mentions(request)
    if mentioned & {"canary", "canary_number"}:
        return {}
    texts = {
        name: f"{canary} {name}"
        for name in REWORDED
        if f"{kind}.{name}" in mentioned and isinstance(known(side.thing).get(name, ""), str)
    }
    return {kind: {**known(side.thing), **texts}} if texts else {}


def _sent(marks: tuple[str, ...], exchange: Exchange) -> tuple[str, ...]:
    said = carried(exchange)
    return tuple(mark for mark in marks if mark.casefold() in said)


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else masked(text))
