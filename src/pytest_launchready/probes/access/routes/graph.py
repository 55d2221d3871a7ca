"""A GraphQL schema as introspection tells it: root fields, their arguments, and documents that ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LEVELS: Final = 3
"""Levels of objects below a root field that a document of ours asks for."""
WIDEST: Final = 12
"""Fields of one object that it asks for."""
LONGEST: Final = 6
"""Fields from a root to where a circle closes; longer ones are not gone round within the depth that is tried."""
_TYPE: Final = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
INTROSPECTION: Final = (
    "query IntrospectionQuery { __schema { queryType { name } mutationType { name } types { kind name fields { "
    f"name description args {{ name defaultValue type {{ {_TYPE} }} }} type {{ {_TYPE} }} }} }} }} }}"
)
SHALLOW: Final = (
    "{ __schema { queryType { name } mutationType { name } types { kind name fields { "
    "name description type { kind name ofType { kind name ofType { kind name } } } } } } }"
)
"""For servers that limit the depth of introspection too; it tells nothing of arguments."""
SHORTEST: Final = "{ __schema { queryType { name } } }"
"""Tells only whether there is introspection at all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type as a field or argument has it."""

    name: str
    """Of what is inside lists and non-nulls."""
    many: bool
    required: bool
    written: str
    """As a document writes it: "[ID!]!"."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object type."""

    name: str
    kind: Kind
    description: str = ""
    arguments: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def required(self) -> dict[str, Kind]:
        """Arguments without which it cannot be asked for."""
        return {name: kind for name, kind in self.arguments.items() if kind.required}


@dataclass(frozen=True, slots=True)
class Graph:
    """What can be asked for."""

    queries: Mapping[str, Field]
    mutations: Mapping[str, Field]
    types: Mapping[str, Mapping[str, Field]]
    """Object types, by name."""
    leaves: frozenset[str]
    """Scalars and enums."""

    def document(self, root: Field, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A query for a root field and what stands below it, with the variables for these arguments."""
        used = {name: value for name, value in values.items() if name in root.arguments}
        declared = ", ".join(f"${name}: {root.arguments[name].written}" for name in used)
        given = ", ".join(f"{name}: ${name}" for name in used)
        head = f"query ({declared})" if used else "query"
        inner = self.selection(root.kind.name, LEVELS)
        return f"{head} {{ {root.name}{f'({given})' if used else ''}{f' {inner}' if inner else ''} }}", used

    def selection(self, name: str, levels: int) -> str:
        """The fields of a type that need no arguments, plain ones first; "" for a type without fields."""
        fields = [one for one in self.types.get(name, {}).values() if not one.required]
        plain = [one.name for one in fields if one.kind.name in self.leaves]
        deep: list[str] = []
        if levels > 1:
            pairs = ((one.name, self.selection(one.kind.name, levels - 1)) for one in fields if one.name not in plain)
            deep = [f"{field} {inner}" for field, inner in pairs if inner]
        wanted = (plain + deep)[:WIDEST] if plain else deep[:WIDEST]
        if not wanted:
            return "{ __typename }" if name not in self.leaves and name else ""
        return f"{{ {' '.join(wanted)} }}"

    def circles(self) -> Iterator[tuple[Field, tuple[Field, ...]]]:
        """Root fields, each with a way below it that ends at a type that it has passed, over a list.

        It can be gone round as often as one likes.
        """
        for root in self.queries.values():
            way = next(self._ways((root.kind.name,), ()), None)
            if way is not None:
                yield root, way

    def _ways(self, passed: tuple[str, ...], way: tuple[Field, ...]) -> Iterator[tuple[Field, ...]]:
        """Ways from the last of the types that were passed, each ending where it was before."""
        if len(way) >= LONGEST:
            return
        for one in self.types.get(passed[-1], {}).values():
            if one.required or one.kind.name not in self.types:
                continue
            if one.kind.name not in passed:
                yield from self._ways((*passed, one.kind.name), (*way, one))
                continue
            here = (*way, one)
            if any(field.kind.many for field in here[passed.index(one.kind.name) :]):
                yield here


def tells_schema(answer: Any) -> bool:
    """Whether an answer tells anything of the schema."""
    data = answer.get("data") if isinstance(answer, dict) else None
    schema = data.get("__schema") if isinstance(data, dict) else None
    return isinstance(schema, dict) and bool(schema.get("queryType"))


def read_graph(answer: Any) -> Graph | None:
    """The schema in the answer to introspection, or None where there is none in it."""
    data = answer.get("data") if isinstance(answer, dict) else None
    schema = data.get("__schema") if isinstance(data, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("types"), list):
        return None
    nodes = [node for node in schema["types"] if isinstance(node, dict) and isinstance(node.get("name"), str)]
    types = {node["name"]: _fields(node) for node in nodes if node.get("kind") == "OBJECT" and node["name"][:2] != "__"}
    leaves = frozenset(node["name"] for node in nodes if node.get("kind") in {"SCALAR", "ENUM"})
    return Graph(_root(schema, "queryType", types), _root(schema, "mutationType", types), types, leaves)


def _root(schema: dict[str, Any], key: str, types: Mapping[str, Mapping[str, Field]]) -> Mapping[str, Field]:
    node = schema.get(key)
    return types.get(node.get("name", ""), {}) if isinstance(node, dict) else {}


def _fields(node: dict[str, Any]) -> dict[str, Field]:
    found = [one for one in node.get("fields") or () if isinstance(one, dict) and isinstance(one.get("name"), str)]
    return {
        one["name"]: Field(
            one["name"],
            _kind(one.get("type")),
            str(one.get("description") or ""),
            {
                argument["name"]: _kind(argument.get("type"), optional=argument.get("defaultValue") is not None)
                for argument in one.get("args") or ()
                if isinstance(argument, dict) and isinstance(argument.get("name"), str)
            },
        )
        for one in found
    }


def _kind(node: Any, *, optional: bool = False) -> Kind:
    many, required = False, isinstance(node, dict) and node.get("kind") == "NON_NULL" and not optional
    pattern = "{}"
    while isinstance(node, dict) and isinstance(node.get("ofType"), dict):
        if node.get("kind") == "LIST":
            many, pattern = True, pattern.format("[{}]")
        else:
            pattern = pattern.format("{}!")
        node = node["ofType"]
    name = str(node.get("name") or "") if isinstance(node, dict) else ""
    return Kind(name, many, required, pattern.format(name))
