"""Whether a refusal tells if an object exists: compared with what the same caller is told of one that never did."""

from __future__ import annotations

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.probes.access.ids import guessable
from pytest_launchready.probes.access.objects.case import Case, ids_in
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker
from pytest_launchready.probes.access.objects.controls import Baseline, baseline_of, control_of
from pytest_launchready.probes.access.objects.reads import an, read_by, why_leaked, why_refused
from pytest_launchready.probes.access.texts import settled
from pytest_launchready.probes.asking import Caller

BAND = 0.2
"""Part of its length by which an answer may differ for reasons of its own."""


async def existence(case: Case) -> Verdict:
    """Whether the stranger can tell an object of somebody else's from one that never existed."""
    one = await attacker(case, "stranger")
    assert one.person is not None
    control = await control_of(case, one.victim)
    caller = Caller(one.who, one.person)
    first = await baseline_of(case, "read", one, caller)
    if first is None:
        raise NotCovered(f"not covered: access.{case.kind}.existence: its read names no object")
    exchange = await read_by(case, one, caller)
    if why_leaked(one, control, first, exchange) is not None:
        raise NotCovered(f"not covered: access.{case.kind}.existence: the stranger's read is not refused at all")
    if exchange.answer is None or exchange.answer.status == 429:
        return inconclusive("no-answer", f"the stranger got {exchange.outcome}")
    if why_refused(case, one, control, first, exchange) is None:
        return inconclusive("unlike-baseline", f"the stranger got {exchange.outcome}, which is not shown to refuse")
    if first.broken is not None and exchange.answer.status < 500:
        return inconclusive("baseline", f"an object that never existed: {first.exchange.line}")
    if _difference(case, one, exchange, first) is None:
        return passed(f"both are answered alike: {exchange.line}; {first.exchange.line}")
    return await _sure(case, one, caller, exchange, first)


async def _sure(case: Case, one: Attacker, caller: Caller, exchange: Exchange, first: Baseline) -> Verdict:
    """The verdict on a difference, once it is no noise: the answers to each question are alike among themselves."""
    second = await baseline_of(case, "read", one, caller, number=1)
    again = await attack(case, "read", one, caller, one.victim.names(case.kind))
    assert second is not None
    told = _difference(case, one, exchange, first)
    if told is None or _difference(case, one, again, second) != told or _differ(case, one, exchange, again):
        return passed(f"answers vary by themselves: {exchange.line}; {again.line}")
    kind = case.kind
    title = f"{one.shown} can tell that {one.victim.label(kind)} exists: {told}"
    if case.resource.capability or not guessable(one.victim.id):
        note = f"{title}; its id cannot be guessed" if not case.resource.capability else f"{title}; by declaration"
        return passed(f"{exchange.line}; {first.exchange.line}", notes=[note])
    failure = Failure(
        title,
        f"the answer for {an(kind)} that never existed: {first.exchange.outcome}",
        f"{exchange.outcome}: {told}",
        f"answer the same for {an(kind)} of somebody else's as for one that never existed",
        exchange=exchange,
        control=first.exchange,
    )
    return failed(failure, f"never existed: {first.exchange.line}", code="oracle")


def _differ(case: Case, one: Attacker, first: Exchange, second: Exchange) -> bool:
    ids = ids_in(case, "read", one.victim)
    if first.answer is None or second.answer is None:
        return True
    return _unlike(first.answer, second.answer, ids, ids) is not None


def _difference(case: Case, one: Attacker, exchange: Exchange, baseline: Baseline) -> str | None:
    """In what the two answers differ, in a word; None where they are alike."""
    mine, base = exchange.answer, baseline.exchange.answer
    if mine is None or base is None:
        return None
    return _unlike(mine, base, ids_in(case, "read", one.victim), baseline.ids)


def _unlike(mine: Answer, other: Answer, my_ids: list[str], other_ids: list[str]) -> str | None:
    if mine.status != other.status:
        return f"{mine.reason}, not {other.reason}"
    one, two = settled(mine, my_ids), settled(other, other_ids)
    if one != two:
        far = abs(len(one) - len(two)) > BAND * max(len(one), len(two), 1)
        return "another text, of another length" if far else "another text"
    return None
