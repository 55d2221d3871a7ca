"""Checks `contract.responses.*` and `contract.unknown`: what steps that read answer is what is promised."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from pytest_launchready.contracts.deviations import Deviation
from pytest_launchready.contracts.engines import hint
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.mapping.records import Step
from pytest_launchready.probes.contract.plays import play, steps_that_read
from pytest_launchready.probes.contract.promises import promise_of, why_unpromised
from pytest_launchready.probes.contract.sources import Unobtainable
from pytest_launchready.probes.subject import Context, Subject

REMEDY: Final = "give the answer its described shape again, or describe the new one and tell whoever reads it"
REFERENCE: Final = "API9:2023, ASVS 5.0 4.1.1"
UNKNOWN: Final = "unknown field"
Judged = list[tuple[Exchange, Deviation]]


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each step that reads, and one for fields that nobody has described."""
    steps = steps_that_read(subject.mapped)
    for step in steps:
        why = why_unpromised(subject.mapped, step)
        yield Check(
            id=f"contract.responses.{step.name}",
            proves=f"what {step.name} answers is what the API's description promises",
            impact="launch-blocked",
            remedy=REMEDY,
            run=partial(_run, step),
            needs=(step.name,),
            reference=REFERENCE,
            requests=len(step.parts) + len(step.needs),
            absent=why and f"contract.responses.{step.name}: {why}",
        )
    promised = [step for step in steps if why_unpromised(subject.mapped, step) is None]
    yield Check(
        id="contract.unknown",
        proves="answers hold no field that the API's description leaves out",
        impact="trust-broken",
        remedy="describe the field, or do not send it: what nobody reads may be private",
        run=partial(_unknown, promised),
        reference="API3:2023, ASVS 5.0 15.3.1",
        absent=None if promised else "contract.unknown: nothing describes the answers of a step that reads",
    )


async def _run(step: Step, context: Context) -> Verdict:
    try:
        promise = await promise_of(context, step)
    except Unobtainable as error:
        return inconclusive("no-description", f"{step.name} could not be judged: {error}")
    found = await play(context, step)
    started = time.perf_counter()
    try:
        judged = [(one, deviation) for one in found.exchanges for deviation in promise.judge(one)]
    except UseError as error:
        return inconclusive("no-description", f"{step.name} could not be judged: {error}")
    broken = [(one, deviation) for one, deviation in judged if deviation.rule != UNKNOWN and not _crashed(one)]
    if broken:
        return _failed(step, promise.said, broken)
    if found.trouble is not None:
        return inconclusive("prerequisite", f"{step.name} could not be judged: {found.trouble}")
    covered = [one for one in found.exchanges if promise.covers(one)]
    if not covered:
        lines = ", ".join(one.line for one in found.exchanges)
        raise NotCovered(f"not covered: {promise.said} describes no body of {lines}")
    slow = hint(time.perf_counter() - started)
    said = (f"{one.line}: as {promise.said} says" for one in covered)
    return passed(*said, notes=[slow] if slow else [])


async def _unknown(steps: Sequence[Step], context: Context) -> Verdict:
    strict = context.marketplace.map.contract.unknown == "fail"
    found: Judged = []
    seen = 0
    for step in steps:
        try:
            promise, played = await promise_of(context, step), await play(context, step)
            judged = [(one, deviation) for one in played.good for deviation in promise.judge(one)]
        except (NotCovered, Unobtainable, UseError):
            continue  # its own check says why
        seen += sum(promise.covers(one) for one in played.good)
        found += [(one, deviation) for one, deviation in judged if deviation.rule == UNKNOWN]
    if not seen:
        raise NotCovered("not covered: contract.unknown: no answer could be judged")
    lines = [f"{one.method} {one.path}: {deviation.got}" for one, deviation in found]
    if found and strict:
        exchange, deviation = found[0]
        failure = Failure(
            title=f"{exchange.method} {exchange.path} answers with a field that nobody has described",
            expected=deviation.expected,
            got=deviation.got,
            change='describe it, or do not send it ([contract] unknown = "note" reports it only)',
            exchange=exchange,
        )
        return failed(failure, *lines, code="unknown-field")
    return passed(f"{counted(seen, 'answer')} looked through", notes=[f"not described: {line}" for line in lines])


def _failed(step: Step, said: str, broken: Judged) -> Verdict:
    exchange, deviation = broken[0]
    failure = Failure(
        title=f"{step.name} breaks its contract: {deviation.title}",
        expected=deviation.expected,
        got=deviation.got,
        change=f"compare the answer with {said}; whichever is wrong has to change",
        exchange=exchange,
        layer="contract",
    )
    more = [f"{one.line}: {other.title}: expected {other.expected}, got {other.got}" for one, other in broken[1:]]
    return failed(failure, *deviation.also, *more, code=deviation.rule.replace(" ", "-"))


def _crashed(exchange: Exchange) -> bool:
    """Whether there was no answer of the application's: a crash or a limit is not the business of a contract."""
    return exchange.answer is None or exchange.answer.status >= 500 or exchange.answer.status == 429
