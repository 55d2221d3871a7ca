"""Names of steps and people that the map mentions: each must exist. And what the well-known steps must capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_launchready.mapping.graph import captured
from pytest_launchready.mapping.people import ACTORS
from pytest_launchready.mapping.records import Map, Request, Resource, RunStep, Step
from pytest_launchready.mapping.resources import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_launchready.mapping.problems import Key, Problems

KNOWN_STEPS: Final = frozenset(
    {
        *("signup", "login", "me", "logout", "create_listing", "update_listing", "delete_listing", "get_listing"),
        *("search", "send_message", "list_messages", "add_to_cart", "checkout", "get_order", "list_orders"),
    }
)
"""The steps behind the verbs that every actor has."""

_MUST_CAPTURE: Final[Mapping[str, tuple[str, ...]]] = {
    "create_listing": ("id",),
    "get_listing": ("id",),
    "checkout": ("id", "total"),
    "get_order": ("id", "total"),
    "search": ("id",),
    "list_messages": ("id",),
    "list_orders": ("id",),
}
_LISTS: Final = frozenset({"search", "list_messages", "list_orders"})


def check_skip(skip: Iterable[str], steps: Iterable[str], key: Key, problems: Problems) -> None:
    """Note every step that a target skips and that there is not."""
    for name in skip:
        _step(name, (*key, name), {*steps, *KNOWN_STEPS}, problems)


def check_writes(writes: Iterable[str], map_: Map, key: Key, problems: Problems) -> None:
    """Note every consent to something that there is not."""
    for place, name in enumerate(writes):
        _check_consent(name, (*key, place), map_, problems)


def check_references(map_: Map, problems: Problems) -> None:
    """Note every mention of a step or a person that is not there."""
    actors = ACTORS | set(map_.people)
    for name, step in map_.steps.items():
        _check_step(step, ("steps", name), map_, actors, problems)
    for name, person in map_.people.items():
        for key, named in (("login", person.login), ("me", person.me)):
            if named != key:
                _step(named, ("people", name, key), map_.steps, problems)
    for name, resource in map_.resources.items():
        _check_resource(resource, ("resources", name), map_, actors, problems)
    for name in map_.limits:
        _step(name, ("limits", name), {*map_.steps, *KNOWN_STEPS}, problems)
    _check_captures(map_.steps, problems)


def _step(name: str, key: Key, steps: Iterable[str], problems: Problems) -> None:
    if name not in steps:
        problems.add(key, "there is no such step", got=name, allowed=steps)


def _person(name: str | None, key: Key, actors: Iterable[str], problems: Problems) -> None:
    if name is not None and name not in actors:
        problems.add(key, "there is no such person", got=name, allowed=actors)


def _check_step(step: Step, key: Key, map_: Map, actors: Iterable[str], problems: Problems) -> None:
    _person(step.actor, (*key, "actor"), actors, problems)
    for name in step.undo:
        if name == step.name:
            problems.add((*key, "undo"), "a step cannot undo itself", got=name)
        else:
            _step(name, (*key, "undo"), map_.steps, problems)
    for place, part in enumerate(step.parts):
        if isinstance(part, RunStep):
            _step(part.step, (*key, "requests", place, "step"), map_.steps, problems)
        elif isinstance(part, Request) and part.actor != step.actor:
            _person(part.actor, (*key, "requests", place, "actor"), actors, problems)


def _check_resource(resource: Resource, key: Key, map_: Map, actors: Iterable[str], problems: Problems) -> None:
    if resource.made_by:
        _step(resource.made_by, (*key, "made_by"), {*map_.steps, *KNOWN_STEPS}, problems)
    if resource.verify is not None:
        _step(resource.verify, (*key, "verify"), map_.steps, problems)
    _person(resource.owner, (*key, "owner"), actors, problems)
    for name in resource.deny:
        _person(name, (*key, "deny"), actors, problems)
    for verb, found in resource.verbs.items():
        _person(found.request.actor, (*key, verb, "actor"), actors, problems)
        for name in found.deny or ():
            _person(name, (*key, verb, "deny"), actors, problems)


def _check_consent(name: str, key: Key, map_: Map, problems: Problems) -> None:
    kind, dot, verb = name.partition(".")
    if not dot:
        _step(name, key, {*map_.steps, *KNOWN_STEPS}, problems)
    elif kind not in map_.resources:
        allowed = [f"{resource}.{verb}" for resource in map_.resources] or "a step (the map has no [resources])"
        problems.add(key, "there is no such resource", got=name, allowed=allowed)
    elif verb not in {*VERBS, "*"}:
        problems.add(key, "there is no such verb", got=name, allowed=[f"{kind}.{word}" for word in (*VERBS, "*")])


def _check_captures(steps: Mapping[str, Step], problems: Problems) -> None:
    for name, wanted in _MUST_CAPTURE.items():
        step = steps.get(name)
        if step is None or step.skip is not None or not step.parts:
            continue
        missing = [word for word in wanted if word not in captured(step.parts)]
        if missing:
            allowed = f"capture = {{ {', '.join(f'{word} = …' for word in wanted)} }}"
            problems.add(("steps", name), f"does not capture {' and '.join(missing)}", allowed=allowed)
        if name in _LISTS and not any(isinstance(part, Request) and part.items is not None for part in step.parts):
            problems.add(("steps", name), "gives a list, and does not say where it is", allowed="items = JMESPath")
    account = [steps[name] for name in ("signup", "login", "me") if name in steps and steps[name].skip is None]
    if account and not any("id" in captured(step.parts) for step in account):
        names = ", ".join(step.name for step in account)
        what = f"none of {names} captures the account's id" if len(account) > 1 else "does not capture the account's id"
        problems.add(("steps", account[0].name), what, allowed="capture = { id = … } in signup, login or me")
