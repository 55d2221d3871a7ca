"""Leftovers without a journal: found by the tag that every run gives to what it makes, through lists and search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows import looking, steps
from pytest_launchready.flows.consents import GRANTED
from pytest_launchready.flows.made import GONE, Undone
from pytest_launchready.flows.naming import own, tagged_words
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.graph import expressions, makers_of
from pytest_launchready.mapping.records import Request, Step

if TYPE_CHECKING:
    from pytest_launchready.flows.company import Company
    from pytest_launchready.flows.stage import Stage

ROUNDS = 50
"""How often the lists are read again: each shows a page, and what is removed makes room on it."""
TEXTS = ("lr", "")
"""What is searched for: the head of every tag, and nothing, since some searches take whole words only."""


@dataclass(slots=True)
class Found:
    """Objects that carry a tag, by kind and id."""

    things: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """The kinds that could be listed."""


async def sweep_by_tag(company: Company, *, spare: Iterable[str] = (), dry: bool = False) -> tuple[Undone, list[str]]:
    """Removes what carries a run's tag, and the lines that say what was found.

    As the map's admin if it has one, else as a new buyer. Runs that are named in `spare` are still alive. Objects
    come before accounts; what goes along with its account counts as removed.
    """
    admin = "admin" in company.stage.map.people
    person = await company.find("admin" if admin else "buyer")
    mine = {company.stage.run.id, *spare}
    first = await _look(company.stage, person, mine)
    lines = [f"found {kind} {name}: {' '.join(_words(thing))}" for (kind, name), thing in first.things.items()]
    lines += [
        f"no list of the map can tell which {kind}s are left (steps.list_{kind}s, or resources.{kind}.list with items)"
        for kind in sorted({"listing", "account"} - first.asked)
    ]
    if dry:
        return Undone(), lines
    reasons: dict[tuple[str, str], str] = {}
    left = first
    for _ in range(ROUNDS):
        tried = {key: thing for key, thing in left.things.items() if key not in reasons}
        if not tried:
            break
        for (kind, name), thing in sorted(tried.items(), key=lambda one: one[0][0] == "account"):
            reasons[kind, name] = await _remove(company.stage, person, kind, thing)
        now = await _look(company.stage, person, mine)
        first.things.update(now.things)
        left = now
    failed = tuple((kind, name, reasons.get((kind, name), "found too late")) for kind, name in left.things)
    return Undone(len(first.things) - len(failed), failed=failed), lines


async def _look(stage: Stage, person: Person, spare: set[str]) -> Found:
    found = Found()
    for kind in dict.fromkeys(["listing", "message", "order", *stage.map.resources, "account"]):
        for step in looking.lists_of(stage, kind):
            for text in TEXTS if step.name == "search" else ("",):
                items = await looking.listed(stage, step, person, text, {})
                if items is not None:
                    found.asked.add(kind)
                for values, raw in items or []:
                    words = _words(raw) | _words(values)
                    if "id" in values and words and not any(word.startswith(run) for word in words for run in spare):
                        found.things[kind, str(values["id"])] = {**values, "_words": words}
    return found


def _words(value: object) -> set[str]:
    if isinstance(value, dict) and "_words" in value:
        return set(value["_words"])
    return set(tagged_words(own(value)))


async def _remove(stage: Stage, person: Person, kind: str, thing: dict[str, Any]) -> str:
    """What removing came to: why it did not work, or that it seems to have."""
    removal = _removal(stage, kind)
    if removal is None:
        return f"the map has no way to remove it: resources.{kind}.delete, or the undo of the step that makes it"
    actor = await person.self_or(removal.actor, stage.person)
    values = {key: value for key, value in thing.items() if key != "_words"}
    names = {**stage.names(removal), **values, kind: values, "id": values["id"]}
    granted = GRANTED.set(GRANTED.get() | {makers_of(stage.map.resources).get(kind, kind), f"{kind}.delete"})
    try:
        await steps.perform(stage, removal, actor, {"account": actor.account(), **names})
    except StepFailure as error:
        exchange = error.failure.exchange
        if exchange is None or exchange.answer is None or exchange.answer.status not in GONE:
            return f"{removal.name}: {exchange.line if exchange else error.failure.got}"
    except LaunchreadyError as error:
        return f"{removal.name}: {error}"
    finally:
        GRANTED.reset(granted)
    return f"{removal.name} worked, and a list still shows it"


def _removal(stage: Stage, kind: str) -> Step | None:
    """The request that removes an object of a kind: the resource's delete, else the undo of its maker."""
    resource = stage.map.resources.get(kind)
    verb = resource.verbs.get("delete") if resource else None
    maker = stage.map.steps.get(makers_of(stage.map.resources).get(kind, ""))
    ways = [Step(name=f"delete_{kind}", parts=(verb.request,))] if verb else []
    ways += [stage.map.steps[name] for name in maker.undo] if maker else []
    return next((step for step in ways if _names_it(step, kind)), None)


def _names_it(step: Step, kind: str) -> bool:
    """Whether a request says what it removes; one that does not removes whoever sends it, or all that they have."""
    if len(step.parts) != 1 or not isinstance(step.parts[0], Request) or step.skip is not None:
        return False
    names = {name for _, found in expressions(step.parts[0]) for name in found.names}
    return bool(names & {"id", f"{kind}.id"})
