"""Looking for what a run made: by its tag, where no answer came; by its id, to see that it is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows import entrance, steps
from pytest_launchready.flows.made import GONE, Made
from pytest_launchready.flows.naming import carries, known
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import send
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.wire.transport import NoAnswer

if TYPE_CHECKING:
    from pytest_launchready.flows.stage import Stage

PAUSES = (0.0, 0.1, 0.3)
"""Seconds before each look whether something is gone: some shops delete a moment later."""

LOOK_WITHIN = 3.0
"""Seconds for one look: a list that does not answer must not hold up the undo of everything else."""

Item = tuple[dict[str, Any], Any]
"""The captures and the JSON of one object in a list."""


def lists_of(stage: Stage, kind: str) -> list[Step]:
    """The steps by which objects of a kind are listed, those of the resource included where it says what an item is."""
    names = ["search"] if kind == "listing" else []
    found = [stage.map.steps[name] for name in (*names, f"list_{kind}s", f"list_{kind}es") if name in stage.map.steps]
    verb = stage.map.resources[kind].verbs.get("list") if kind in stage.map.resources else None
    if verb is not None and verb.step is None:
        found.append(Step(name=f"list_{kind}s", parts=(verb.request,)))
    return [step for step in found if step.skip is None and any(_lists(part) for part in step.parts)]


def _lists(part: object) -> bool:
    return isinstance(part, Request) and part.items is not None


async def listed(stage: Stage, step: Step, person: Person, text: str, given: dict[str, Any]) -> list[Item] | None:
    """What a list step gives for a text; None where it could not be asked."""
    try:
        actor = await person.self_or(step.actor, stage.person)
        await ready(stage, actor)
        names = {**stage.names(step), **given, "search": {"text": text}, "account": actor.account()}
        async with asyncio.timeout(LOOK_WITHIN):
            return (await steps.perform(stage, step, actor, names)).items
    except (LaunchreadyError, StepFailure, TimeoutError):
        return None


async def ready(stage: Stage, person: Person) -> None:
    """Logs a person in who has an account and no session."""
    if not person.live and not person.anonymous:
        await entrance.log_in(stage, person)


async def find(stage: Stage, made: Made, asked_by: Person | None = None) -> bool | None:
    """Whether what a step may have made exists, its id and names filled in; None where no list can tell."""
    told = False
    for step in lists_of(stage, made.kind) if made.words else ():
        for word in made.words:
            items = await listed(stage, step, asked_by or made.person, word, dict(made.names))
            if items is None:
                break
            told = True
            for values, raw in items:
                if "id" in values and (carries(raw, word) or carries(values, word)):
                    made.id = str(values["id"])
                    made.names = {**made.names, **values, made.kind: {**known(made.names.get(made.kind)), **values}}
                    return True
    return False if told else None


async def still_there(stage: Stage, made: Made) -> tuple[bool | None, str]:
    """Whether an object is still shown, with the exchange; None where the map cannot read it, or nothing answered."""
    request = _reading(stage, made.kind)
    if request is None or made.kind == "account":  # of an account, its owner can no longer ask
        return None, ""
    seen: tuple[bool | None, str] = None, ""
    for pause in PAUSES:
        await asyncio.sleep(pause)
        seen = await _look(stage, made, request)
        if not seen[0]:
            break
    return seen


def _reading(stage: Stage, kind: str) -> Request | None:
    """The request that reads an object of a kind, if the map has one."""
    resource = stage.map.resources.get(kind)
    verb = resource.verbs.get("read") if resource else None
    if verb is not None:
        return verb.request
    reader = stage.map.steps.get(f"get_{kind}")
    if reader is None or reader.skip is not None or len(reader.parts) != 1:
        return None
    return reader.parts[0] if isinstance(reader.parts[0], Request) else None


async def _look(stage: Stage, made: Made, request: Request) -> tuple[bool | None, str]:
    step = Step(name=f"get_{made.kind}", parts=(request,))
    thing = {"id": made.names.get("id", made.id), **known(made.names.get(made.kind))}
    scope = {**stage.names(step), **made.names, "id": thing["id"], made.kind: thing}
    try:
        person = await made.person.self_or(request.actor, stage.person)
        await ready(stage, person)
        scope |= {"owner": made.person.account(), "account": person.account()}
        async with asyncio.timeout(LOOK_WITHIN):
            exchange = await send(stage, step, request, person, scope)
    except (NoAnswer, LaunchreadyError, StepFailure, TimeoutError):
        return None, ""
    answer = exchange.answer
    if answer is None or not (200 <= answer.status < 300 or answer.status in GONE):
        return None, exchange.line
    return answer.status not in GONE and _shows(stage, made, request, answer, scope), exchange.line


def _shows(stage: Stage, made: Made, request: Request, answer: Answer, scope: dict[str, Any]) -> bool:
    resource = stage.map.resources.get(made.kind)
    if resource is not None and resource.gone is not None and resource.gone.find(answer, scope):
        return False
    if resource is not None and resource.match is not None:
        return bool(resource.match.find(answer, scope))
    auth = made.person.auth
    if auth.refused is not None and auth.refused.find(answer, scope):
        return False
    if any(path.find(answer, scope) is None for path in request.capture.values()):
        return False
    return _holds(answer.json, str(made.id))


def _holds(value: Any, wanted: str) -> bool:
    """Whether JSON has a value somewhere."""
    if isinstance(value, dict):
        return any(_holds(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(_holds(inner, wanted) for inner in value)
    return str(value) == wanted
