"""Lists: whether somebody else's hold the victim's object, and whether a filter opens them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.mapping.records import Request
from pytest_launchready.mapping.template import Template, compile_template
from pytest_launchready.probes.access.objects.case import Case, Side
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker, callers, tried
from pytest_launchready.probes.access.objects.controls import PAUSES
from pytest_launchready.probes.access.objects.items import holds, own_places, starred
from pytest_launchready.probes.access.objects.proofs import Proof, declared
from pytest_launchready.probes.access.objects.reads import Round, remedy, worst
from pytest_launchready.probes.access.texts import Path, leaves, shows
from pytest_launchready.probes.asking import Caller, ask

STANDARD: Final = ("user_id", "userId", "owner", "user")
"""Filters that many back ends know, beside those that an item's own fields suggest."""
SINGLE: Final = 3
"""Filters that are tried one at a time, after all of them at once."""


async def lists(case: Case) -> Round:
    """What the lists of everybody hold of the object."""
    found: dict[str, Verdict | LaunchreadyError] = {}
    for who in tried(case.resource, "list"):
        try:
            found[who] = await _tried(case, await attacker(case, who))
        except (Inconclusive, NotCovered) as error:
            found[who] = error
    return found


async def _tried(case: Case, one: Attacker) -> Verdict:
    control, places, proof = await _listed(case, one.victim)
    names = one.victim.names(case.kind)
    verdicts = []
    for caller in callers(case, "list", one):
        exchange = await attack(case, "list", one, caller, names)
        verdicts.append(_judge(case, one, exchange, control, places, proof, "lists"))
        if (
            verdicts[-1].outcome == "passed"
            and one.who == "stranger"
            and exchange.answer
            and exchange.answer.status < 300
        ):
            opened = await _filtered(case, one, caller, control, places, proof)
            verdicts += [opened] if opened is not None else []
    return worst(verdicts)


async def _listed(case: Case, side: Side) -> tuple[Exchange, frozenset[Path], Proof]:
    """The owner's own list, where in it the object's id stands, and what else of the object it shows."""

    async def look() -> tuple[Exchange, frozenset[Path], Proof]:
        names = side.names(case.kind)
        proof = declared(case.resource, names)
        for pause in PAUSES:
            await asyncio.sleep(pause)
            exchange = await case.ask_in_session("list", side.person, names)
            answer = exchange.answer
            if answer is None or answer.status >= 300:
                raise Inconclusive(
                    f"{side.person.name} cannot list what is theirs: {exchange.line}", code="owner-cannot-read"
                )
            places = own_places(answer, side.id)
            shown = Proof(tuple(text for text in proof.texts if shows(answer, text)), proof.declared)
            if places or shown.texts:
                return exchange, places, shown
        raise Inconclusive(
            f"{side.person.name}'s own list does not show {side.label(case.kind)}: {exchange.line}", code="not-listed"
        )

    return await case.once(("listed", side.person.name), look)


def _judge(
    case: Case,
    one: Attacker,
    exchange: Exchange,
    control: Exchange,
    places: frozenset[Path],
    proof: Proof,
    does: str,
) -> Verdict:
    answer = exchange.answer
    shown = proof.found_in(exchange)
    if shown is None and answer is not None and holds(answer, control.answer, one.victim.id, places, _own_id(one)):
        shown = f"{case.kind} {one.victim.id}"
    if shown is not None:
        title = f"{one.shown} {does} {one.victim.label(case.kind)}"
        got = f"{exchange.outcome} shows {shown}"
        if case.resource.capability:
            return passed(got, notes=[f"the id is the secret, by declaration: {title}"])
        wanted = f"a list without anybody else's {case.kind}"
        failure = Failure(title, wanted, got, remedy(case.kind), exchange=exchange, control=control)
        return failed(failure, code="leak")
    if answer is None or answer.status == 429:
        return inconclusive("no-answer", f"{one.shown} got {exchange.outcome} for a list")
    more = [f"the refusal is a {answer.reason}"] if answer.status >= 500 else []
    return passed(
        f"{one.victim.person.name}'s own list shows it: {control.line}",
        f"{one.shown}'s does not: {exchange.line}",
        notes=more,
    )


async def _filtered(
    case: Case, one: Attacker, caller: Caller, control: Exchange, places: frozenset[Path], proof: Proof
) -> Verdict | None:
    """The verdict on filters that name the victim; None where the list takes none."""
    request = case.verb("list").request
    if request.body is not None and request.body.kind == "graphql":
        return None
    named = filters_of(control.answer, one.victim, places)
    if not named:
        return None
    tries = [named, *({name: value} for name, value in list(named.items())[:SINGLE])]
    for values in tries:
        exchange = await _ask_filtered(case, caller, request, values, one.victim.names(case.kind))
        does = f"with ?{'&'.join(values)} lists"
        verdict = _judge(case, one, exchange, control, places, proof, does)
        if verdict.outcome == "failed":
            return verdict
    return None


async def _ask_filtered(
    case: Case, caller: Caller, request: Request, values: Mapping[str, str], names: Mapping[str, Any]
) -> Exchange:
    written: Template | None = request.query
    source = dict(written.source) if written is not None and isinstance(written.source, Mapping) else {}
    filtered = replace(request, query=compile_template({**source, **values}))
    stage = case.context.marketplace.company.stage
    return await ask(stage, f"{case.kind}.list", filtered, caller, names)


def filters_of(answer: Answer | None, victim: Side, places: frozenset[Path]) -> dict[str, str]:
    """Filters that name the victim: after fields of the item that hold who owns it, and some that are common."""
    account = victim.person.account()
    who = {str(account[name]) for name in ("id", "email", "username") if account.get(name) is not None}
    found: dict[str, str] = {}
    for path, value in leaves(answer.json) if answer is not None else ():
        if str(value) not in who or any(starred(path) == place for place in places):
            continue
        words = [str(part) for part in path if isinstance(part, str)]
        last = words[-1] if words else ""
        for name in dict.fromkeys((f"{words[-2]}_{last}", words[-2]) if len(words) > 1 and last == "id" else (last,)):
            found.setdefault(name, str(value))
    number = str(account.get("id", account.get("email", "")))
    for name in STANDARD:
        found.setdefault(name, number)
    return {name: value for name, value in found.items() if value}


def _own_id(one: Attacker) -> str | None:
    return None if one.own is None or one.own.id is None else str(one.own.id)
