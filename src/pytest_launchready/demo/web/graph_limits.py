"""How much one GraphQL document may ask for: decided before it is run, so that refusing it costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLError, SelectionSetNode

from pytest_launchready.demo.market.base import Market

DEEPEST = 8
"""Levels of fields; the deepest that a client of ours asks for is five."""
MOST_ROOTS = 20
"""Fields at the root, aliases counted one by one."""
MOST_BATCHED = 50
"""Documents in one request, where a defect lets them come in an array at all."""
NOT_COUNTED = frozenset({"__schema", "__type"})
"""Introspection is deep by nature, and bounded by the schema."""


def too_much(market: Market, document: DocumentNode) -> GraphQLError | None:
    """Why a document is not run, or None where it asks for no more than it may."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if not isinstance(node, FragmentDefinitionNode)]
    for operation in operations:
        roots: SelectionSetNode | None = getattr(operation, "selection_set", None)
        if roots is None:
            continue
        if _roots(roots, fragments) > MOST_ROOTS and not market.broken("graphql-batching"):
            return GraphQLError(f"A document may ask for {MOST_ROOTS} fields at its root, aliases included.")
        if _depth(roots, fragments) > DEEPEST and not market.broken("graphql-depth"):
            return GraphQLError(f"A document may be {DEEPEST} levels deep.")
    return None


def _roots(selection: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    inner = (_inside(one, fragments) for one in selection.selections if not isinstance(one, FieldNode))
    fields = sum(isinstance(one, FieldNode) for one in selection.selections)
    return fields + sum(_roots(one, fragments) for one in inner if one is not None)


def _depth(selection: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """Levels of fields; validation has already refused fragments that contain themselves."""
    deepest = 0
    for one in selection.selections if selection is not None else ():
        if isinstance(one, FieldNode) and one.name.value in NOT_COUNTED:
            continue
        here = 1 if isinstance(one, FieldNode) else 0
        deepest = max(deepest, here + _depth(_inside(one, fragments), fragments))
    return deepest


def _inside(node: object, fragments: Mapping[str, FragmentDefinitionNode]) -> SelectionSetNode | None:
    if isinstance(node, FragmentSpreadNode):
        return fragments[node.name.value].selection_set
    return getattr(node, "selection_set", None)
