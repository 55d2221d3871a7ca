"""What a GraphQL document selects of a schema, as JSON Schema: so that one engine judges answers of every dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from graphql import DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

SCALARS: Final[Mapping[str, dict[str, Any]]] = {
    "Int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "ID": {"type": "string"},
    "Boolean": {"type": "boolean"},
}
"""As the specification has them sent; of a team's own scalars nothing is known."""
ANYTHING: Final = {"type": ["array", "boolean", "number", "object", "string"]}
"""But null: a team's own scalar that is never absent."""
ERRORS: Final = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["message"],
        "properties": {"message": {"type": "string"}},
        "additionalProperties": True,
    },
}


@dataclass
class _Field:
    """One key of an answer: its type, what is selected of it, and whether it may be left out."""

    kind: Any
    selections: list[SelectionSetNode] = field(default_factory=list)
    optional: bool = False


def selected(schema: GraphQLSchema, document: DocumentNode, name: str | None, *, failed: bool) -> dict[str, Any] | None:
    """The schema of the whole answer to an operation of a document; None where there is no such operation.

    `failed`: the answer tells errors, and then `data` may be null or left out.
    """
    from graphql import FragmentDefinitionNode, OperationDefinitionNode

    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    operation = next((one for one in operations if name is None or (one.name and one.name.value == name)), None)
    root = _root(schema, operation) if operation else None
    if operation is None or root is None:
        return None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    data = _Selecting(schema, fragments).of_object(root, [operation.selection_set])
    if failed:
        return {
            "type": "object",
            "required": ["errors"],
            "properties": {"data": {"anyOf": [data, {"type": "null"}]}, "errors": ERRORS, "extensions": {}},
        }
    return {"type": "object", "required": ["data"], "properties": {"data": data, "errors": {}, "extensions": {}}}


def _root(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Any:
    kinds = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    return kinds[operation.operation.value]


@dataclass(frozen=True)
class _Selecting:
    """Walks selections of one document."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]

    def of_object(self, kind: Any, selections: list[SelectionSetNode]) -> dict[str, Any]:
        """What an object of this very type answers."""
        fields: dict[str, _Field] = {}
        for selection in selections:
            self._collect(kind, selection, fields, optional=False)
        made: dict[str, Any] = {
            "type": "object",
            "properties": {key: self.of_type(one.kind, one.selections) for key, one in fields.items()},
        }
        required = [key for key, one in fields.items() if not one.optional]
        if "__typename" in made["properties"]:
            made["properties"]["__typename"] = {"const": kind.name}
        return {**made, "required": required} if required else made

    def of_type(self, kind: Any, selections: list[SelectionSetNode]) -> dict[str, Any]:
        """What a field of this type answers."""
        from graphql import GraphQLNonNull

        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, selections) or ANYTHING
        present = self._present(kind, selections)
        if isinstance(present.get("type"), str) and "enum" not in present:
            return {**present, "type": [present["type"], "null"]}
        return {"anyOf": [present, {"type": "null"}]} if present else {}

    def _present(self, kind: Any, selections: list[SelectionSetNode]) -> dict[str, Any]:
        from graphql import GraphQLEnumType, GraphQLList, GraphQLObjectType, is_abstract_type

        if isinstance(kind, GraphQLList):
            return {"type": "array", "items": self.of_type(kind.of_type, selections)}
        if isinstance(kind, GraphQLEnumType):
            return {"type": "string", "enum": list(kind.values)}
        if isinstance(kind, GraphQLObjectType):
            return self.of_object(kind, selections)
        if is_abstract_type(kind):
            return {"anyOf": [self.of_object(one, selections) for one in self.schema.get_possible_types(kind)]}
        return SCALARS.get(kind.name, {})

    def _collect(self, kind: Any, selection: SelectionSetNode, fields: dict[str, _Field], *, optional: bool) -> None:
        from graphql import FieldNode

        for node, maybe in self._nodes(kind, selection):
            free = optional or maybe
            if not isinstance(node, FieldNode):
                self._collect(kind, node.selection_set, fields, optional=free)
                continue
            name = node.name.value
            key = node.alias.value if node.alias else name
            known = _typename() if name == "__typename" else kind.fields.get(name)
            if known is None:
                continue  # the schema's own questions, and what validation has told already
            entry = fields.setdefault(key, _Field(getattr(known, "type", known), optional=True))
            entry.optional = entry.optional and free
            if node.selection_set:
                entry.selections.append(node.selection_set)

    def _nodes(self, kind: Any, selection: SelectionSetNode) -> Iterator[tuple[Any, bool]]:
        """Fields, and fragments that hold for this type; each with whether a directive may leave it out."""
        from graphql import FieldNode, FragmentSpreadNode

        for node in selection.selections:
            maybe = any(one.name.value in {"skip", "include", "defer"} for one in node.directives or ())
            if isinstance(node, FieldNode):
                yield node, maybe
                continue
            inner: Any = self.fragments.get(node.name.value) if isinstance(node, FragmentSpreadNode) else node
            condition = inner.type_condition.name.value if inner is not None and inner.type_condition else None
            if inner is not None and (condition is None or self._holds(condition, kind)):
                yield inner, maybe

    def _holds(self, condition: str, kind: Any) -> bool:
        from graphql import is_abstract_type

        other = self.schema.get_type(condition)
        return condition == kind.name or (
            other is not None and is_abstract_type(other) and self.schema.is_sub_type(other, kind)
        )


def _typename() -> Any:
    from graphql import GraphQLNonNull, GraphQLString

    return GraphQLNonNull(GraphQLString)
