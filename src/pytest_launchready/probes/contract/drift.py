"""Checks `contract.drift.*`: answers have the shape that they had when the team last agreed to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from pytest_launchready.contracts.drifting import changes
from pytest_launchready.contracts.shapes import shape
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.probes.contract.baseline import Baseline
from pytest_launchready.probes.contract.plays import Play, play, steps_that_read
from pytest_launchready.probes.subject import Context, Subject

SAMPLES: Final = 3
"""Plays from which a shape is learnt, each with objects of its own."""
REMEDY: Final = "give the answer its shape again; or agree to the new one, and commit the baseline that shows it"


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each step that reads; not covered until the team has a baseline."""
    for step in steps_that_read(subject.mapped):
        name = f"contract.drift.{step.name}"
        updates = subject.baseline is not None and subject.baseline.update
        why = _why_unknown(subject.baseline, step)
        yield Check(
            id=name,
            proves=f"what {step.name} answers has the shape that the team has agreed to",
            impact="launch-blocked",
            remedy=REMEDY,
            run=partial(_run, step),
            needs=(step.name,),
            reference="API9:2023",
            requests=(len(step.parts) + len(step.needs)) * (SAMPLES if updates else 1),
            absent=why and f"contract.drift: {why}",
        )


def _why_unknown(baseline: Baseline | None, step: Step) -> str | None:
    if baseline is None:
        return "this run keeps no baseline"
    if baseline.update:
        return None
    try:
        known = baseline.read()
    except UseError:
        return None  # the check itself says so
    return None if step.name in known else f"{baseline.path.name} has no shape of it yet; make one: {baseline.command}"


async def _run(step: Step, context: Context) -> Verdict:
    baseline = context.baseline
    if baseline is None:
        raise NotCovered(f"not covered: contract.drift.{step.name}: this run keeps no baseline")
    if baseline.update:
        return await _learn(step, context, baseline)
    try:
        known = baseline.read().get(step.name)
    except UseError as error:
        return inconclusive("no-baseline", str(error))
    if known is None:
        raise NotCovered(f"not covered: contract.drift.{step.name}: no shape of it yet; make one: {baseline.command}")
    found = await play(context, step)
    return _judge(step, known, found, baseline)


async def _learn(step: Step, context: Context, baseline: Baseline) -> Verdict:
    plays = [await play(context, step, number) for number in range(SAMPLES)]
    trouble = next((one.trouble for one in plays if one.trouble), None)
    if trouble is not None:
        return inconclusive("prerequisite", f"nothing was learnt of {step.name}: {trouble}")
    samples: dict[str, list[Any]] = {}
    for one in plays:
        for name, exchange in _answers(step, one):
            if exchange.answer is not None and exchange.answer.json is not None:
                samples.setdefault(name, []).append(exchange.answer.json)
    if not samples:
        raise NotCovered(f"not covered: contract.drift.{step.name}: it answers with no JSON")
    lines = baseline.write(step.name, {name: shape(values) for name, values in samples.items()})
    said = f"learnt from {counted(SAMPLES, 'answer')} and written to {baseline.path.name}"
    return passed(said, notes=lines or [f"{step.name}: unchanged"])


def _judge(step: Step, known: Mapping[str, Any], found: Play, baseline: Baseline) -> Verdict:
    breaks: list[str] = []
    notes: list[str] = []
    shown: tuple[str, str, Exchange] | None = None
    seen = 0
    for name, exchange in _answers(step, found):
        value = exchange.answer.json if exchange.answer else None
        if name not in known or value is None or exchange.answer is None or exchange.answer.status >= 400:
            continue
        seen += 1
        for change in changes(known[name], shape([value], sure=False)):
            (breaks if change.breaks else notes).append(f"{name}: {change.line}")
            if change.breaks and shown is None:
                shown = (f"{change.path}: {change.before}", f"{change.path}: {change.now}", exchange)
    if shown is not None:
        before, now, exchange = shown
        more = f"; and {counted(len(breaks) - 1, 'change')} more" if len(breaks) > 1 else ""
        failure = Failure(
            title=f"{step.name} no longer answers in the shape that was agreed to",
            expected=f"{before} ({baseline.path.name})",
            got=f"{now}{more}",
            change=f"{REMEDY}: {baseline.command}",
            exchange=exchange,
            layer="contract",
        )
        return failed(failure, *breaks, code="drift", notes=notes)
    if found.trouble is not None:
        return inconclusive("prerequisite", f"{step.name} could not be judged: {found.trouble}")
    if not seen:
        return inconclusive("no-baseline", f"{baseline.path.name} knows other requests of {step.name} than it has now")
    return passed(f"{counted(seen, 'answer')} of {step.name} as agreed to in {baseline.path.name}", notes=notes)


def _answers(step: Step, found: Play) -> Iterator[tuple[str, Exchange]]:
    """The answers of a play, each under the name of its request as the map writes it."""
    requests = [part for part in step.parts if isinstance(part, Request)]
    good = found.good
    if not good and found.exchanges and len(requests) == 1:
        good = found.exchanges[-1:]  # the step was not content with it; its shape may say why
    for number, (request, exchange) in enumerate(zip(requests, good, strict=False)):
        again = f" ({number + 1})" if len(requests) > 1 else ""
        yield f"{request.method} {request.target.source}{again}", exchange
