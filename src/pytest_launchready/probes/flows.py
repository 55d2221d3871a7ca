"""Family `flows`: every step of the map works, and what it makes can be taken away again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows import entrance
from pytest_launchready.flows.finding import FOUND_WITHIN, wait_until_found
from pytest_launchready.flows.made import GONE
from pytest_launchready.flows.objects import Account, Listing, Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Map, Step
from pytest_launchready.probes.order import actor_of, in_order, role_that_signs_up, undone_by, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

IMPACTS: Final = {"send_message": "trust-broken", "list_messages": "trust-broken"}
"""Steps without which a marketplace can be launched, if badly."""

Try = Callable[[Context, Step], Awaitable[Verdict]]


class Unready(Exception):  # noqa: N818 - a verdict, not an error
    """What a step needs could not be had, so nothing is known of the step."""

    def __init__(self, error: StepFailure) -> None:
        super().__init__(error.failure.title)
        self.failure = error.failure


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each step, in an order that their needs give."""
    mapped = subject.mapped
    for step in in_order(mapped):
        undo = f", and {', '.join(step.undo)} takes away what it made" if step.undo else ""
        yield Check(
            id=f"flows.{step.name}",
            proves=f"{step.name} works{undo}",
            impact=IMPACTS.get(step.name, "launch-blocked"),
            remedy=f"repeat the request that is shown; compare the answer with steps.{step.name} in {mapped.source}",
            run=partial(_run, _way_of(mapped, step), step),
            needs=(step.name,),
            absent=why_untried(mapped, step),
        )


FAMILY: Final = Family("flows", "every mapped step works, with its undo", checks)


async def _run(way: Try, step: Step, context: Context) -> Verdict:
    try:
        return await way(context, step)
    except Unready as error:
        return inconclusive("prerequisite", f"{step.name} could not be tried: {error.failure.title}")
    except StepFailure as error:
        return failed(error.failure, code="step-failed")
    except WriteRefused as error:
        raise NotCovered(f"not covered: {step.name}: no consent: {error}") from None


def _way_of(mapped: Map, step: Step) -> Try:
    """How a step is tried."""
    maker = undone_by(mapped, step)
    if step.name == "signup" or (maker is not None and maker.name == "signup"):
        return _sign_up
    if step.name == "login" or any(person.login == step.name for person in mapped.people.values()):
        return _log_in
    if maker is not None:
        return _undo
    return {"logout": _log_out, "search": _search}.get(step.name, _play)


async def _play(context: Context, step: Step) -> Verdict:
    """Plays a step, and undoes it."""
    stage = context.marketplace.company.stage
    thing = await _made(context, step)
    if isinstance(thing, list) or not step.undo:
        return passed(_said(step, thing))
    return await _take_back(stage, thing, None) or passed(_said(step, thing), f"undone by {', '.join(step.undo)}")


async def _undo(context: Context, step: Step) -> Verdict:
    """Makes something with the step that this one undoes, then undoes it."""
    stage = context.marketplace.company.stage
    maker = undone_by(stage.map, step)
    assert maker is not None
    with _before():
        thing = await _made(context, maker)
    made = stage.made_of(thing) if isinstance(thing, Thing) else None
    if not isinstance(thing, Thing) or made is None:
        return inconclusive("prerequisite", f"{maker.name} made nothing that {step.name} could undo")
    return await _take_back(stage, thing, step.name) or passed(f"{step.name} undid {made.label}")


async def _sign_up(context: Context, step: Step) -> Verdict:
    """A new person signs up, and the account is deleted again."""
    company = context.marketplace.company
    role = role_that_signs_up(company.stage.map)
    if role is None:
        raise NotCovered(f"not covered: {step.name}: everybody has an account already, so nobody signs up")
    if step.name == "signup":
        person = await company.sign_up(role)
    else:
        with _before():
            person = await company.add(role)
    account = Account(person.account())
    made = company.stage.made_of(account)
    if made is None or not made.undo:
        return passed(f"account {account.known().get('id')} was made")
    verdict = await _take_back(company.stage, account, step.name if step.name in made.undo else None)
    return verdict or passed(f"account {account.known().get('id')} was made, and deleted by {', '.join(made.undo)}")


async def _log_in(context: Context, step: Step) -> Verdict:
    """Somebody with an account starts a new session, proved by `me`."""
    company = context.marketplace.company
    people = company.stage.map.people
    name = next((name for name, person in people.items() if person.login == step.name), "buyer")
    with _before():
        person = await company.find("buyer" if step.name == "login" else name)
    await entrance.log_in(company.stage, person)
    return passed(f"{person.name} has a new session")


async def _log_out(context: Context, step: Step) -> Verdict:
    """Somebody of whom nothing else needs the session ends it."""
    company = context.marketplace.company
    role = role_that_signs_up(company.stage.map)
    with _before():
        person = await (company.add(role) if role else company.find("buyer"))
    await company.stage.play(step.name, person, {})
    entrance.log_out(company.stage, person)
    return passed(f"{person.name} has no session any more")


async def _search(context: Context, step: Step) -> Verdict:
    """A search shows a new listing, or, where none may be made, answers."""
    stage = context.marketplace.company.stage
    with _before():
        person = await stage.person(actor_of(stage.map, step))
    try:
        with _before():
            listing = await stage.provide("listing", person)
    except (WriteRefused, NotCovered, Unready):
        found = await stage.play(step.name, person, {})
        return passed(f"{_said(step, found)}; no new listing could be made to be searched for")
    assert isinstance(listing, Listing)
    await wait_until_found(stage, person, listing, None, FOUND_WITHIN)
    return passed(f"a search for its title shows listing {listing.id}")


async def _made(context: Context, step: Step) -> Thing | list[Thing]:
    """What a step gives, played with everything that it needs."""
    stage = context.marketplace.company.stage
    with _before():
        person: Person = await stage.person(actor_of(stage.map, step))
        needed = {kind: await stage.provide(kind, person) for kind in sorted(step.needs)}
    return await stage.play(step.name, person, needed)


async def _take_back(stage: Stage, thing: Thing, judged: str | None) -> Verdict | None:
    """Undoes one thing; the verdict, if that did not work. For the step that is judged, "gone" is no success."""
    made = stage.made_of(thing)
    assert made is not None
    for name in made.undo:
        try:
            await stage.undo_with(name, made)
        except StepFailure as error:
            answer = error.failure.exchange.answer if error.failure.exchange else None
            if name != judged and answer is not None and answer.status in GONE:
                continue
            if name == judged:
                raise
            title = f"{made.label} cannot be taken away: {error.failure.title}"
            return failed(replace(error.failure, title=title), code="undo-failed")
    stage.forget(thing)
    return None


def _said(step: Step, thing: Thing | list[Thing]) -> str:
    if isinstance(thing, list):
        return f"{step.name} gave a list of {len(thing)}"
    name = thing.known().get("id")
    return f"{step.name} gave {thing.kind} {name}" if name is not None else f"{step.name} worked"


@contextmanager
def _before() -> Iterator[None]:
    """What happens inside is only needed by the step that is tried: if it fails, the step is not to blame."""
    try:
        yield
    except StepFailure as error:
        raise Unready(error) from None
