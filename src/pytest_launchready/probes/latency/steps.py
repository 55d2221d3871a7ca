"""Part `latency.<step>`: 95 % of the calls of every step are answered in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.verdicts import Verdict, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.latency.judging import Question, verdict_on
from pytest_launchready.probes.latency.props import call_of
from pytest_launchready.probes.latency.recorded import verdict_on_recorded
from pytest_launchready.probes.latency.sampler import WARM_UP, Take, in_turn, of_verb
from pytest_launchready.probes.latency.schedule import P95
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.probes.latency.statistics import too_many
from pytest_launchready.probes.order import in_order, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

FIRST_LOOK: Final = P95.passes[0][0] + WARM_UP
"""Calls that it takes at least to pass."""
SHARE_OF_BUDGET: Final = 2
"""One request in so many of what is left may be spent on samples."""
SAMPLES: Final = ("latency", "samples")

Found = Verdict | Exception


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each step that only reads, and each other one that has a limit of its own; one for all the rest."""
    mapped = subject.mapped
    for step in in_order(mapped):
        safe = only_reads(step)
        if not safe and step.name not in mapped.latency.steps:
            continue
        limit = mapped.latency.limit_of(step.name)
        yield Check(
            id=f"latency.{step.name}",
            proves=f"95 % of the calls of {step.name} are answered within {limit:g} ms",
            impact="slow-core-flow",
            remedy="look at the slowest request, and at the phase in which its time went; "
            f"another limit for this step is `{step.name}` in [latency.steps]",
            run=partial(_sampled if safe else _recorded, step),
            needs=(step.name,),
            requests=FIRST_LOOK * len(step.parts) if safe else 0,
            absent=why_untried(mapped, step),
        )
    yield Check(
        id="latency.writes",
        proves=f"says how the calls of other steps fit a limit of {mapped.latency.limit:g} ms, and judges none of them",
        impact="slow-core-flow",
        remedy="give a step a limit of its own in [latency.steps], and it is judged",
        run=_writes,
    )


def only_reads(step: Step) -> bool:
    """Whether every request of a step only reads."""
    requests = [part for part in step.parts if isinstance(part, Request)]
    return len(requests) == len(step.parts) > 0 and all(part.safe for part in requests) and not step.leaves_something


async def _sampled(step: Step, context: Context) -> Verdict:
    """The verdict on a step; its samples are taken together with those of all others that this run is to sample."""
    together = [other for other in in_order(context.marketplace.map) if f"latency.{other.name}" in context.planned]
    wanted = [other for other in together if only_reads(other) and why_untried(context.marketplace.map, other) is None]
    if step not in wanted:
        found = (await _sample(context, [step]))[step.name]
    else:
        found = (await context.notebook.once(SAMPLES, partial(_sample, context, wanted)))[step.name]
    if isinstance(found, Exception):
        raise found.with_traceback(None)
    return found


async def _sample(context: Context, steps: Iterable[Step]) -> Mapping[str, Found]:
    """A verdict for each step, or the error that kept it from being sampled."""
    latency = context.marketplace.map.latency
    found: dict[str, Found] = {}
    ready: dict[str, tuple[Take, Series]] = {}
    left = context.marketplace.budget.left()
    room = None if left is None else left // SHARE_OF_BUDGET // FIRST_LOOK
    for step in steps:
        if room is not None and len(ready) >= room:
            found[step.name] = _no_room(context, step, left or 0)
            continue
        try:
            take = of_verb(await call_of(context, step))
            sample = await take(0.0)
        except StepFailure as error:
            found[step.name] = _blocked(step, error)
        except WriteRefused as error:
            found[step.name] = NotCovered(f"not covered: {step.name}: no consent: {error}")
        except (NotCovered, Inconclusive) as error:
            found[step.name] = error
        else:
            if sample.failure is not None:
                found[step.name] = _blocked(step, sample.failure)
            else:
                ready[step.name] = (take, Series(P95, latency.limit_of(step.name) / 1000))
    async with context.notebook.sampling:
        ran = await in_turn(list(ready.values()), latency.seconds)
    for name, (_, series) in ready.items():
        found[name] = verdict_on(series, ran, Question(name, "p95", latency.undecided == "note"))
    return found


async def _recorded(step: Step, context: Context) -> Verdict:
    """What the calls that this session has made anyway say of a step that changes something."""
    latency = context.marketplace.map.latency
    times = context.marketplace.company.stage.timings.of(step.name)
    if not times.seconds:
        why = "no call of it has worked in this session, and none is made only to time it"
        raise NotCovered(f"not covered: latency.{step.name}: {why}")
    question = Question(step.name, "p95", latency.undecided == "note")
    return verdict_on_recorded(times, latency.limit_of(step.name) / 1000, P95.share, question)


async def _writes(context: Context) -> Verdict:
    """The same of all others, without a judgement: some are meant to be slow, as the hash of a password is."""
    mapped, timings = context.marketplace.map, context.marketplace.company.stage.timings
    said, notes = [], []
    limit = mapped.latency.limit
    for step in mapped.steps.values():
        seconds = timings.of(step.name).seconds
        if only_reads(step) or step.name in mapped.latency.steps or not seconds:
            continue
        slow = sum(one * 1000 > limit for one in seconds)
        fits = f"{step.name}: {slow} of {counted(len(seconds), 'call')} over {limit:g} ms"
        if slow < too_many(len(seconds), P95.share):
            said.append(f"{fits}, which is consistent with a p95 under it")
        else:
            said.append(f"{fits}, so its p95 is over it")
            if step.name not in _entrances(mapped):
                notes.append(f"{fits}: with a limit of its own in [latency.steps] it would be judged")
    if not said:
        raise NotCovered("not covered: latency.writes: no writing step has worked in this session")
    return passed(*said, notes=notes)


def _blocked(step: Step, error: StepFailure) -> Verdict:
    return inconclusive("prerequisite", f"{step.name} cannot be timed, it does not work: {error.failure.title}")


def _no_room(context: Context, step: Step, left: int) -> Verdict:
    terms = context.marketplace.budget.terms
    why = f"{left} requests are left, and half of them may be samples: {FIRST_LOOK} for each step ({terms.cap})"
    return inconclusive("budget", f"{step.name} was not sampled: {why}")


def _entrances(mapped: Map) -> set[str]:
    return {"signup", "login", *(person.login for person in mapped.people.values())}
