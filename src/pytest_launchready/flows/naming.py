"""Which names of a step the journal has to keep: those that its undo, or a look whether it is gone, will use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_launchready.core.learning import tells
from pytest_launchready.flows.objects import Thing
from pytest_launchready.mapping.graph import expressions
from pytest_launchready.mapping.records import Map, Request, RunStep, Step

MADE_ANEW = frozenset({"account", "owner", "values", "target", "png", "now", "canary", "canary_number"})
"""Names that a later run knows by itself."""
TAG_LETTERS = "bcdfghjklmnpqrstvwxz"
"""Consonants only, so that no word or article number of a person's own, as `lrdefender90`, passes for a tag."""
TAGGED = re.compile(rf"(?<![A-Za-z0-9])lr[{TAG_LETTERS}]{{8}}(?:[a-z]+\d+n)?\d+(?![A-Za-z0-9])")
"""A word that a run has made up: its id, its worker and a number."""
OWN_NAMES = frozenset({"id", "_id", "uuid", "pk", "slug", "email", "username"})
"""What a part of an answer has that is an object of its own."""


def undo_names(mapped: Map, step: Step) -> frozenset[str]:
    """The dotted names that the undo of a step mentions, and the reading back of what it made."""
    found: set[str] = {"id"}
    for name in step.undo:
        found |= set(_names(mapped, name, set()))
    resource = mapped.resources.get(step.makes or "")
    if resource is not None:
        for request in (verb.request for name, verb in resource.verbs.items() if name in {"read", "list"}):
            found |= _mentioned(request)
    reader = mapped.steps.get(f"get_{step.makes}")
    for part in reader.parts if reader else ():
        found |= _mentioned(part) if isinstance(part, Request) else set()
    return frozenset(found)


def kept(names: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    """Those of the names that are wanted, as plain data without what opens anything."""
    found: dict[str, Any] = {}
    for dotted in sorted(wanted):
        root, *path = dotted.split(".")
        if root in MADE_ANEW or root not in names:
            continue
        if not path:
            if not tells(root):
                found[root] = _shown(known(names[root]) if isinstance(names[root], Thing) else names[root])
            continue
        inside = found.setdefault(root, {})
        values = known(names[root])
        if isinstance(inside, dict) and path[0] in values and not tells(path[0]):
            inside[path[0]] = _shown(values[path[0]])
    return found


def tagged_words(*values: Any) -> tuple[str, ...]:
    """Every word in the values that a run has made up, each once."""
    return tuple(dict.fromkeys(word for value in values for word in TAGGED.findall(str(value))))


def carries(value: object, word: str) -> bool:
    """Whether a word stands in what an answer says of an object itself, not only as the head of a longer one."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", str(own(value))) is not None


def own(value: Any) -> Any:
    """What an object says of itself: less the objects in it, which may be somebody else's.

    A person's account that lists what they have bought of a run, say, is not that run's.
    """
    if isinstance(value, Mapping):
        return {name: own(inner) for name, inner in value.items() if not _is_object(inner)}
    return [own(inner) for inner in value if not _is_object(inner)] if isinstance(value, list | tuple) else value


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping) and not OWN_NAMES.isdisjoint(value)


def known(thing: object) -> dict[str, Any]:
    """What is known of an object, by name."""
    if isinstance(thing, Thing):
        return thing.known()
    return dict(thing) if isinstance(thing, Mapping) else {}


def _names(mapped: Map, name: str, seen: set[str]) -> Iterator[str]:
    step = mapped.steps.get(name)
    if step is None or name in seen:
        return
    seen.add(name)
    for part in step.parts:
        if isinstance(part, RunStep):
            yield from _names(mapped, part.step, seen)
        else:
            for _, found in expressions(part):
                yield from found.names


def _mentioned(request: Request) -> set[str]:
    return {name for _, found in expressions(request) for name in found.names}


def _shown(value: Any) -> Any:
    """Plain data less what its own name says is a secret."""
    if isinstance(value, Mapping):
        return {name: _shown(inner) for name, inner in value.items() if not tells(str(name))}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value
