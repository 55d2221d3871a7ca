"""What a run can put into the routes of a description: ids of its own objects and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_launchready.flows.naming import known
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.graph import makers_of
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.probes.access.objects.case import Side
from pytest_launchready.probes.access.routes.route import written_path
from pytest_launchready.probes.access.routes.route_words import IDS, PEOPLE, segments, singular, words
from pytest_launchready.probes.order import owner_of


@dataclass(frozen=True)
class Values:
    """The objects and people of a run, by the words that routes use for them."""

    mapped: Map
    objects: Mapping[str, Side]
    """The run's object of each kind that can be had."""
    private: frozenset[str]
    """The kinds of which nothing is meant for everybody."""
    people: Mapping[str, Person]

    @cached_property
    def kinds(self) -> dict[str, str]:
        """A word of paths → the kind that it means: its name, and what the path of its maker ends with."""
        found: dict[str, str] = {}
        makers = makers_of(self.mapped.resources)
        for kind in self.objects:
            step = self.mapped.steps.get(makers.get(kind, ""))
            requests = [part for part in step.parts if isinstance(part, Request)] if step else []
            last = segments(written_path(requests[-1]))[-1:] if requests else []
            for word in (kind, *(words(part)[-1] for part in last if words(part))):
                found.setdefault(singular(word), kind)
        return found

    def kind_of(self, path: str) -> str | None:
        """The kind of private object that a path is about."""
        last = next((words(part)[-1] for part in reversed(segments(path)) if words(part)), "")
        kind = self.kinds.get(singular(last))
        return kind if kind in self.private else None

    def named(self, name: str, near: str) -> Any:
        """The run's own value for a parameter, by its name and by what stands before it; None where there is none."""
        parts = words(name)
        last = parts[-1] if parts and parts[-1] in IDS | {"email", "username"} else "id"
        about = [part for part in parts if part not in IDS] or words(near)[-1:] or [""]
        word = singular(about[-1])
        kind = self.kinds.get(word)
        if kind is not None:
            values = known(self.objects[kind].thing)
            return values.get(name, values.get("id" if last in {"number", "no", "num", "pk", "uuid"} else last))
        if word in PEOPLE | {"email", "username"}:
            person = self.people.get("seller" if word == "seller" else "buyer")
            return person.account().get(last if last in {"email", "username"} else "id") if person else None
        return None

    def owner(self, kind: str) -> str:
        """Who has an object of a kind, or would."""
        if kind in self.objects:
            return self.objects[kind].person.name
        resource = self.mapped.resources.get(kind)
        maker = self.mapped.steps.get(makers_of(self.mapped.resources).get(kind, ""))
        return (resource.owner if resource else None) or (owner_of(maker) if maker else "buyer")
