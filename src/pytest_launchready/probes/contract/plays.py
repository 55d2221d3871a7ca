"""Steps that only read, played so that their answers can be judged: with objects to show, and once for all checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map, Request, RunStep, Step
from pytest_launchready.probes.order import actor_of, in_order, undone_by, why_untried
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import WriteRefused
from pytest_launchready.wire.timing import gathering

SESSION: Final = frozenset({"login", "logout", "signup"})


@dataclass(frozen=True, slots=True)
class Play:
    """What came of a step."""

    exchanges: tuple[Exchange, ...]
    """All that it sent and that belongs to it, also what was not good."""
    good: tuple[Exchange, ...] = ()
    """The answers that the step was content with, one a request."""
    trouble: str | None = None
    """Why it did not end well."""


def steps_that_read(mapped: Map) -> list[Step]:
    """The steps whose answers can be judged without changing anything, in an order that their needs give."""
    return [step for step in in_order(mapped) if _reads(mapped, step) and why_untried(mapped, step) is None]


def _reads(mapped: Map, step: Step) -> bool:
    logins = {person.login for person in mapped.people.values()}
    if step.skip is not None or step.name in SESSION | logins or undone_by(mapped, step) is not None:
        return False
    return bool(step.parts) and all(isinstance(part, Request) and part.safe for part in step.parts)


async def play(context: Context, step: Step, number: int = 0) -> Play:
    """What the step answers; each number is a play of its own, with other objects."""
    return await context.notebook.once(("contract.play", step.name, number), lambda: _play(context, step, number))


async def _play(context: Context, step: Step, number: int) -> Play:
    stage = context.marketplace.company.stage
    try:
        person = await stage.person(actor_of(stage.map, step))
        given = {kind: await _thing(context, kind, person, number) for kind in sorted(step.needs)}
        if listed := _listed(stage.map, step):
            await _try_thing(context, listed, person, number)
    except WriteRefused as error:
        raise NotCovered(f"not covered: {step.name}: no consent: {error}") from None
    except StepFailure as error:
        return Play((), trouble=error.failure.title)
    with gathering() as sent:
        try:
            act = await stage.act(step.name, person, given)
        except StepFailure as error:
            return Play(_own(sent, step), trouble=error.failure.title)
        except (NotCovered, UseError):
            raise
        except Inconclusive as error:
            return Play(_own(sent, step), trouble=str(error))
    return Play(_own(sent, step), tuple(act.played.exchanges))


def _own(sent: list[Exchange], step: Step) -> tuple[Exchange, ...]:
    """What belongs to the step, and not to a log-in that came between."""
    return tuple(exchange for exchange in sent if exchange.step == step.name)


def _listed(mapped: Map, step: Step) -> str | None:
    """What a list shows, where something makes such things: an empty list tells nothing of its items."""
    if not any(isinstance(part, Request) and part.items is not None for part in step.parts):
        return None
    kind = "listing" if step.name == "search" else step.name.removeprefix("list_").removesuffix("s")
    maker = next((one for one in mapped.steps.values() if one.makes == kind and one.skip is None), None)
    return kind if maker is not None and not any(isinstance(part, RunStep) for part in step.parts) else None


async def _try_thing(context: Context, kind: str, person: Person, number: int) -> None:
    try:
        await _thing(context, kind, person, number)
    except (LaunchreadyError, StepFailure):
        return  # then the list shows what there is


async def _thing(context: Context, kind: str, person: Person, number: int) -> Thing:
    """An object of a person's, made once for all steps that need one."""
    stage = context.marketplace.company.stage
    return await context.notebook.once(
        ("contract.thing", kind, person.name, number), lambda: stage.provide(kind, person)
    )
