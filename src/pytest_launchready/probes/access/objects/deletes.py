"""Deleting somebody else's object, tried on spares: only the owner's own look afterwards says whether it happened."""

from __future__ import annotations

import asyncio
from typing import Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.probes.access.objects.case import Case, Side, one_more
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker, callers, tried
from pytest_launchready.probes.access.objects.reads import Round, remedy, worst
from pytest_launchready.probes.access.objects.views import View, lasting, steady_view_of, view_of, way_to_look
from pytest_launchready.wire.consent import WriteRefused

PAUSES: Final = (0.0, 0.2, 0.5, 1.0)
"""Seconds before each look whether something is gone: some shops delete a moment later."""


async def deletes(case: Case) -> Round:
    """What came of everybody's try to delete a spare: attackers first, the owner's own delete last, as control."""
    way = way_to_look(case)[0]
    found: dict[str, Verdict | LaunchreadyError] = {}
    spares: dict[str, Side] = {}
    for who in tried(case.resource, "delete"):
        try:
            one = await attacker(case, who)
            found[who] = await _tried(case, one, way, spares)
        except WriteRefused:
            raise
        except (Inconclusive, NotCovered) as error:
            found[who] = error
    try:
        left = case.owner.person.name in spares
        control, delay = await _control(case, way, spares.pop(case.owner.person.name) if left else await case.spare())
    except Inconclusive as error:
        return {
            who: one if isinstance(one, Verdict) and one.outcome == "failed" else error for who, one in found.items()
        }
    if delay:
        for who in [who for who, one in found.items() if isinstance(one, Verdict) and one.outcome == "passed"]:
            found[who] = await _tried(case, await attacker(case, who), way, spares, wait=2 * delay)
    return {who: _with(one, control) for who, one in found.items()}


async def _tried(case: Case, one: Attacker, way: str, spares: dict[str, Side], *, wait: float = 0.0) -> Verdict:
    """What an attacker's try came to; who has a spare keeps it for the next, until it is gone."""
    verdicts = []
    owner = one.victim.person
    for caller in callers(case, "delete", one):
        side = spares.get(owner.name) or await one_more(case.context, case.resource, owner)
        spares[owner.name] = side
        before = await steady_view_of(case, side, way)
        if not before.there:
            raise Inconclusive(
                f"{side.label(case.kind)} is not shown to its owner: {before.exchange.line}", code="owner-cannot-read"
            )
        exchange = await attack(case, "delete", one, caller, side.names(case.kind))
        await asyncio.sleep(wait)
        after = await view_of(case, side, way)
        moved = await lasting(case, side, way, before, after)
        if moved:
            _forget(case, side, after)
            del spares[owner.name]
            verdicts.append(_deleted(case, one, side, exchange, after, moved))
        elif exchange.answer is None or exchange.answer.status == 429:
            verdicts.append(inconclusive("no-answer", f"{one.shown} got {exchange.outcome}"))
        else:
            more = [f"the refusal is a {exchange.answer.reason}"] if exchange.answer.status >= 500 else []
            verdicts.append(passed(f"{one.shown} deletes nothing: {exchange.line}", notes=more))
    return worst(verdicts)


async def _control(case: Case, way: str, side: Side) -> tuple[Exchange, float]:
    """The owner's own delete, and the seconds until it showed, 0 at once.

    Raises Inconclusive where the object is still shown as before.
    """
    before = await steady_view_of(case, side, way)
    exchange = await case.ask_in_session("delete", side.person, side.names(case.kind))
    waited = 0.0
    for pause in PAUSES:
        await asyncio.sleep(pause)
        waited += pause
        after = await view_of_lost(case, side, way)
        if after is None or await lasting(case, side, way, before, after):
            _forget(case, side, after)
            return exchange, waited
        if exchange.answer is None or exchange.answer.status >= 400:
            break
    raise Inconclusive(
        f"{side.person.name}'s own delete of {side.label(case.kind)} does not show: {exchange.line}",
        code="write-not-seen",
    )


async def view_of_lost(case: Case, side: Side, way: str) -> View | None:
    """The owner's view of what may be gone; None where even the owner is: an account that was deleted."""
    try:
        return await view_of(case, side, way)
    except (LaunchreadyError, AssertionError):
        if case.resource.made_by == "signup":
            return None
        raise


def _deleted(
    case: Case, one: Attacker, side: Side, exchange: Exchange, after: View, moved: dict[str, tuple[str, str]]
) -> Verdict:
    title = f"{one.shown} deletes {side.label(case.kind)}"
    place, (old, new) = min(moved.items())
    got = f"{exchange.outcome}, and then {after.exchange.line}" + (f": {place} was {old}, is {new}" if place else "")
    if case.resource.capability:
        return passed(got, notes=[f"the id is the secret, by declaration: {title}"])
    failure = Failure(
        title,
        f"it is still there, whatever {one.who} is answered",
        got,
        remedy(case.kind),
        exchange=exchange,
        control=after.exchange,
    )
    return failed(failure, code="deleted")


def _forget(case: Case, side: Side, after: View | None) -> None:
    """Notes that a spare needs no undo; one that only looks otherwise still does."""
    if side.thing is not None and (after is None or not after.there):
        case.context.marketplace.company.stage.forget(side.thing)


def _with(one: Verdict | LaunchreadyError, control: Exchange) -> Verdict | LaunchreadyError:
    """A pass with the control that it rests on."""
    if isinstance(one, Verdict) and one.outcome == "passed":
        return passed(f"the owner's own delete works: {control.line}", *one.evidence, notes=one.notes)
    return one
