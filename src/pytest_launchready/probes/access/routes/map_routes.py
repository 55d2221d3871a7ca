"""The requests of a map that read: of its steps, and of its resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pytest_launchready.contracts.operations import Document, Operation
from pytest_launchready.flows.sending import absolute
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Map, Request, Resource, Step
from pytest_launchready.probes.access.routes.document_routes import admin_of, secured
from pytest_launchready.probes.access.routes.route import Rank, Route, Untried, admin_by, written, written_path
from pytest_launchready.probes.access.routes.route_values import Values
from pytest_launchready.probes.access.routes.route_words import OWN, says, segments, singular
from pytest_launchready.probes.order import ALWAYS

ENTRANCE: Final = frozenset({"signup", "login", "logout", "request_reset"})
"""Steps whose pages everybody may see."""


@dataclass(frozen=True, slots=True)
class MapRoutes:
    """Makes routes of a map; what a document says of the same requests is theirs too."""

    values: Values
    document: Document | None

    def all(self) -> Iterator[Route | Untried]:
        """Every request that reads, each once."""
        seen: set[tuple[str, ...]] = set()
        for one in self._all():
            key = _sent(one.request) if isinstance(one, Route) else (one.name,)
            if key not in seen:
                seen.add(key)
                yield one

    def _all(self) -> Iterator[Route | Untried]:
        mapped = self.values.mapped
        for step in mapped.steps.values():
            for request in (part for part in step.parts if step.skip is None and isinstance(part, Request)):
                if request.safe and step.name not in ENTRANCE:
                    yield self._of_step(step, request)
        for resource in mapped.resources.values():
            for name, verb in resource.verbs.items():
                if verb.step is None and verb.request.safe:
                    yield self._of_verb(resource, name, verb.request)

    def _logs_in(self) -> set[str]:
        """Steps that prove a log-in, so they are everybody's own, whatever word their path has."""
        return {"me", *(person.me for person in self.values.mapped.people.values())}

    def operation(self, request: Request) -> Operation | None:
        """What the document says of a request."""
        if self.document is None:
            return None
        return self.document.find(request.method, urlsplit(absolute(self.values.mapped, written_path(request))).path)

    def _of_step(self, step: Step, request: Request) -> Route | Untried:
        objects, private = self.values.objects, self.values.private
        needs = sorted(step.needs)
        missing = [kind for kind in needs if kind not in objects]
        wanted = {name.partition(".")[0] for name in required_in(request)} - ALWAYS - step.needs
        if missing:
            return Untried(step.name, f"it needs {missing[0]}")
        if wanted:
            return Untried(step.name, f"it needs {', '.join(sorted(wanted))}")
        kind = next((kind for kind in needs if kind in private), None) or _listed(step, private)
        capability = kind and kind in needs and self._capability(kind)
        if capability:
            return Untried(step.name, "the id is the secret, as the map says")
        scope = {name: value for one in needs for name, value in objects[one].names(one).items()}
        actor = request.actor or step.actor
        shown = step.public or step.name in {"search", "get_listing"} or self._public(step)
        return self._route(step.name, request, scope, kind, actor, needs[:1], shown=shown)

    def _of_verb(self, resource: Resource, verb: str, request: Request) -> Route | Untried:
        name = f"{resource.name}.{verb}"
        side = self.values.objects.get(resource.name)
        if resource.capability and verb == "read":
            return Untried(name, "the id is the secret, as the map says")
        if verb == "read" and side is None:
            return Untried(name, f"it needs {resource.name}")
        scope = side.names(resource.name) if side else {}
        kind = resource.name if resource.name in self.values.private else None
        shown = verb in resource.public
        return self._route(name, request, scope, kind, request.actor, [resource.name], shown=shown)

    def _route(
        self,
        name: str,
        request: Request,
        scope: dict[str, object],
        kind: str | None,
        actor: str | None,
        about: list[str],
        *,
        shown: bool,
    ) -> Route:
        path = segments(written_path(request))
        operation = self.operation(request)
        rank: Rank = ""
        why = ""
        if actor == "admin":
            rank, why = "declared", "the map says actor admin"
        elif actor is None and not shown and name not in self._logs_in():
            rank, why = admin_of(operation) if operation else admin_by(path, [], [])
        return Route(
            name,
            request,
            scope,
            kind,
            secured=secured(self.values.mapped, self.document, operation)
            if self.document and operation and not shown
            else "",
            open=shown,
            own=says([*path[-1:], name], OWN) is not None,
            admin="" if shown else rank,
            why_admin=why,
            actor="admin" if rank == "declared" else actor or self.values.owner(kind or next(iter(about), "")),
        )

    def _public(self, step: Step) -> bool:
        return any(
            verb.step == step.name and name in resource.public
            for resource in self.values.mapped.resources.values()
            for name, verb in resource.verbs.items()
        )

    def _capability(self, kind: str) -> bool:
        resource = self.values.mapped.resources.get(kind)
        return resource is not None and resource.capability


def fields_of(mapped: Map) -> frozenset[str]:
    """The root fields of GraphQL that the map's own documents ask for."""
    from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse

    found: set[str] = set()
    requests = [part for step in mapped.steps.values() for part in step.parts if isinstance(part, Request)]
    requests += [verb.request for resource in mapped.resources.values() for verb in resource.verbs.values()]
    for request in requests:
        if request.body is None or request.body.kind != "graphql":
            continue
        try:
            tree = parse(str(request.body.content.source["query"]))
        except GraphQLError:
            continue
        for node in tree.definitions:
            if isinstance(node, OperationDefinitionNode):
                found |= {one.name.value for one in node.selection_set.selections if isinstance(one, FieldNode)}
    return frozenset(found)


def _sent(request: Request) -> tuple[str, ...]:
    """What tells one request from another; what the values in its path are called makes no difference."""
    method, _, *rest = written(request)
    return method, written_path(request), *rest


def _listed(step: Step, private: frozenset[str]) -> str | None:
    """The kind that a step lists or gets, by its name."""
    verb, _, rest = step.name.partition("_")
    return singular(rest) if verb in {"list", "get", "my", "read", "show"} and singular(rest) in private else None
