"""The queries of a GraphQL schema, as requests with values of the run's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_launchready.mapping.records import Body, Map, Request
from pytest_launchready.mapping.template import Given, compile_target, compile_template
from pytest_launchready.probes.access.routes.graph import Field, Graph
from pytest_launchready.probes.access.routes.route import Route, Untried, admin_by
from pytest_launchready.probes.access.routes.route_values import Values
from pytest_launchready.probes.access.routes.route_words import ACTS, OPEN, OWN, says, singular, words


def of_graph(values: Values, graph: Graph, known_fields: frozenset[str]) -> Iterator[Route | Untried]:
    """The root fields that the map does not ask for."""
    for one in graph.queries.values():
        if one.name not in known_fields:
            yield _of_field(values, graph, one)


def graphql_request(mapped: Map, text: str, variables: dict[str, Any] | None = None) -> Request:
    """A request with a document of ours, to the endpoint of the map."""
    endpoint = mapped.contract.graphql
    assert endpoint is not None
    content = {"query": Given(text, "graphql"), **({"variables": variables} if variables else {})}
    return Request("POST", compile_target(endpoint), body=Body("graphql", compile_template(content)), safe=True)


def _of_field(values: Values, graph: Graph, one: Field) -> Route | Untried:
    name = f"query {one.name}"
    if word := says([one.name], ACTS):
        return Untried(name, f"{word} may change something")
    sent: dict[str, Any] = {}
    for argument, kind in one.required.items():
        found = values.named(argument, one.name)
        if found is None or kind.name not in graph.leaves:
            return Untried(name, f"no value is known for {argument}")
        sent[argument] = str(found) if kind.name in {"ID", "String"} else found
    admin, why = admin_by([one.name], [], [one.description])
    kinds = [values.kinds.get(singular(word), "") for word in words(one.name)]
    private = next((about for about in kinds if about in values.private), None)
    return Route(
        name,
        graphql_request(values.mapped, *graph.document(one, sent)),
        kind=private,
        open=says([one.name], OPEN) is not None,
        own=says([one.name], OWN) is not None,
        admin=admin,
        why_admin=why,
        actor="admin" if admin == "declared" else values.owner(private or ""),
    )
