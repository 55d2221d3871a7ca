"""Fields of an answer that its schema does not describe, though it does not forbid them either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_launchready.contracts.faults import Place

MOST = 200
"""Fields that are told of one answer."""


@dataclass
class Shape:
    """What is described of a value, by all of its schemas together."""

    schemas: list[Mapping[str, Any]]
    defs: Mapping[str, Any]
    known: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    items: list[Mapping[str, Any]] = field(default_factory=list)
    open: bool = False
    """Whether any field may stand here: the schema says so, or describes none."""
    deep: dict[str, Shape] | None = None
    """Fields that hold more than a plain value; found when they are first needed."""
    inner: dict[str | None, Shape] = field(default_factory=dict)
    """Shapes of fields, of items under None; made when they are first needed, since schemas contain themselves."""

    def __post_init__(self) -> None:
        seen: set[int] = set()
        for schema in self.schemas:
            self._gather(schema, seen)
        self.open = self.open or not self.known

    def _gather(self, schema: Any, seen: set[int]) -> None:
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen.add(id(schema))
        if not schema or schema == {"type": "object"}:
            self.open = True  # anything at all is one of the shapes
        for name, one in schema.get("properties", {}).items():
            self.known.setdefault(name, []).append(one)
        if isinstance(schema.get("items"), dict):
            self.items.append(schema["items"])
        further = (schema.get("additionalProperties"), schema.get("unevaluatedProperties"))
        self.open = self.open or "patternProperties" in schema or not all(map(_closed, further))
        if isinstance(schema.get("$ref"), str):
            self._gather(self.defs.get(schema["$ref"].rpartition("/")[2]), seen)
        lists = [one for word in ("allOf", "anyOf", "oneOf") for one in schema.get(word, ())]
        for one in (*lists, schema.get("then"), schema.get("else")):
            self._gather(one, seen)

    def of(self, name: str | None) -> Shape | None:
        """The shape of a field, or of the items (None); None where nothing is described."""
        if name not in self.inner:
            schemas = self.items if name is None else self.known.get(name, [])
            self.inner[name] = Shape(schemas, self.defs)
        found = self.inner[name]
        return found if found.known or found.items else None

    def nested(self) -> dict[str, Shape]:
        """The fields that hold more than a plain value, with their shapes."""
        if self.deep is None:
            shapes = {name: self.of(name) for name in self.known}
            self.deep = {name: shape for name, shape in shapes.items() if shape is not None}
        return self.deep


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """What a bundled schema describes."""
    return Shape([schema], schema.get("$defs", {}))


def unknown_fields(shape: Shape, value: Any) -> list[Place]:
    """Where a value has fields that are not described, at most `MOST`."""
    found: list[Place] = []
    for place in _walk(shape, value, ()):
        found.append(place)
        if len(found) >= MOST:
            break
    return found


def _walk(shape: Shape, value: Any, place: Place) -> Iterator[Place]:
    if isinstance(value, list):
        inner = shape.of(None)
        if inner is not None:
            for number, one in enumerate(value):
                yield from _walk(inner, one, (*place, number))
    elif isinstance(value, dict):
        if not shape.open and not value.keys() <= shape.known.keys():
            for name in sorted(value.keys() - shape.known.keys()):
                yield (*place, name)
        for name, within in shape.nested().items():
            if value.get(name):
                yield from _walk(within, value[name], (*place, name))


def _closed(additional: Any) -> bool:
    """Whether nothing is said of further fields; `false` is judged by the schema itself, and `not: {}` is that."""
    return additional is None or additional == {"not": {}}
