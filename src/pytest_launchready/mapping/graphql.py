"""GraphQL documents: parsed to know whether they read or write."""

from __future__ import annotations


def operation_kind(document: str) -> str:
    """`query`, `mutation` or `subscription`. Raises ValueError for a document that is not one operation."""
    # graphql-core takes a tenth of a second to import; most maps have no document.
    from graphql import GraphQLError, OperationDefinitionNode, parse

    try:
        tree = parse(document, no_location=True)
    except GraphQLError as error:
        place = error.locations[0] if error.locations else None
        where = f" at line {place.line}, column {place.column} of the document" if place else ""
        hint = "; values go into `variables`, not into {{ }}" if "{{" in document else ""
        raise ValueError(f"is not GraphQL: {error.message.rstrip('.')}{where}{hint}") from None
    except RecursionError:  # pragma: no cover - newer versions of graphql-core have a limit of their own
        raise ValueError("is not GraphQL: nested too deeply") from None
    kinds = [node.operation.value for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
    if len(kinds) != 1:
        raise ValueError(f"a document holds one operation, got {len(kinds)}")
    return str(kinds[0])
