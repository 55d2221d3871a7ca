"""What attacks are compared with: the owner's own answer, an object that never existed, the attacker's own object."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.probes.access.objects.case import Case, Side, never_existed
from pytest_launchready.probes.access.objects.casting import Attacker, stranger
from pytest_launchready.probes.access.objects.items import places_of
from pytest_launchready.probes.access.objects.proofs import Proof, declared, learnt
from pytest_launchready.probes.access.refusals import only_in_words, refusal
from pytest_launchready.probes.asking import Caller

PAUSES: Final = (0.0, 0.3, 0.9)
"""Seconds before each look of an owner at a new object: some shops show it a moment later."""


@dataclass(frozen=True, slots=True)
class Control:
    """An owner's own answer, and what of it could prove that somebody else sees the object."""

    exchange: Exchange
    answer: Answer
    proof: Proof
    others: tuple[Answer, ...] = ()
    """What was shown of another object of the kind."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a caller is told of an object that never existed."""

    exchange: Exchange
    names: Mapping[str, Any]
    ids: list[str]
    """Those that were asked for."""

    @property
    def broken(self) -> str | None:
        """Why it says nothing, or None."""
        answer = self.exchange.answer
        if answer is None:
            return self.exchange.outcome
        return answer.reason if answer.status == 429 or answer.status >= 500 else None


async def control_of(case: Case, side: Side) -> Control:
    """The owner's own read of an object, with its proof.

    Raises Inconclusive where the owner cannot read it, or where nothing in the answer could prove anything.
    """

    async def look() -> Control:
        exchange, answer = await _own_answer(case, side)
        mine = await stranger_or_none(case)
        other = case.owner if mine is None or side is mine else mine
        # Without an id in the request, what the other person is told is an attack and no control.
        apart = other is not side and other.thing is not None and never_existed(case, "read", side) is not None
        compared = (await _own_answer(case, other))[1] if apart else None
        names = {**side.names(case.kind), **{name: side.made[name] for name in ("canary",) if name in side.made}}
        proof = declared(case.resource, names)
        if not proof.declared:
            proof = learnt(case.resource, side.made, side.person.account(), answer, compared=compared is not None)
        shown = proof.seen_by_owner(answer)
        by_id = not proof.declared and bool(places_of(answer, side.id))
        if not shown.exists and not by_id:
            raise _nothing_shown(case, side, exchange, proof)
        telling = shown.besides([compared]) if compared is not None else shown
        if not telling.exists and not by_id:
            raise Inconclusive(
                f"what shows {side.label(case.kind)} also shows another {case.kind}: "
                f"declare resources.{case.kind}.proof or match that only this one has",
                code="proof-not-shown",
            )
        return Control(exchange, answer, telling, () if compared is None else (compared,))

    return await case.once(("control", side.person.name, str(side.id)), look)


async def stranger_or_none(case: Case) -> Side | None:
    """The stranger, if there is one with an object of its own."""
    try:
        mine = await stranger(case)
    except Exception:  # noqa: BLE001 - whoever asks for the stranger itself is told why there is none
        return None
    return mine if mine.thing is not None else None


async def baseline_of(case: Case, verb: str, one: Attacker, caller: Caller, *, number: int = 0) -> Baseline | None:
    """What this caller is told of an object that never existed; None where a request names no object.

    A server that cannot bear the first id is asked for another one.
    """

    async def look() -> Baseline | None:
        found: Baseline | None = None
        for near in (False, True):
            made = never_existed(case, verb, one.victim, near=near)
            if made is None:
                return None
            names, ids = made
            found = Baseline(await case.ask(verb, caller, names), names, ids)
            if found.broken is None:
                break
        return found

    return await case.once(("baseline", verb, caller.who, caller.person.name, number), look)


async def _own_answer(case: Case, side: Side) -> tuple[Exchange, Answer]:
    async def look() -> tuple[Exchange, Answer]:
        exchange = None
        why: str | None = None
        request = case.verb("read").request
        for pause in PAUSES:
            await asyncio.sleep(pause)
            exchange = await case.ask_in_session("read", side.person, side.names(case.kind))
            why = exchange.outcome
            if exchange.answer is not None:
                why = refusal(exchange.answer, request, side.person.auth) if _refuses(exchange.answer) else None
                why = why or _null(exchange.answer, request, side)
                if why is None:
                    return exchange, exchange.answer
                if exchange.answer.status not in {200, 202, 204, 404}:
                    break
        assert exchange is not None
        raise Inconclusive(
            f"{side.person.name} cannot read {side.label(case.kind)}: {exchange.method} {exchange.path} → {why}",
            code="owner-cannot-read",
        )

    return await case.once(("own answer", side.person.name, str(side.id)), look)


def _refuses(answer: Answer) -> bool:
    return not 200 <= answer.status < 300


def _null(answer: Answer, request: Any, side: Side) -> str | None:
    """Why a good status shows nothing."""
    words = refusal(answer, request, side.person.auth)
    # An object may have a field named `error`; what the map or GraphQL refuses, or what is empty, is none.
    return words if words is not None and not only_in_words(words) else None


def _nothing_shown(case: Case, side: Side, exchange: Exchange, proof: Proof) -> Inconclusive:
    what = f"the owner's own answer ({exchange.method} {exchange.path} → {exchange.outcome})"
    if proof.declared:
        return Inconclusive(
            f"{what} does not show the proof of {side.label(case.kind)}: "
            f"declare in resources.{case.kind}.proof what it does show, or a match",
            code="proof-not-shown",
        )
    return Inconclusive(
        f"nothing in {what} could prove whose {case.kind} it is: declare resources.{case.kind}.proof or match",
        code="no-proof",
    )
