"""`discriminator`: the value of one field says which of several schemas is meant, so that one alone is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Judges = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def chosen_by(node: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[Judges, dict[str, str]] | None:
    """How a schema is chosen by a field: a maker of schemas, and the field's values with the references they choose.

    None where nothing is chosen so: without a discriminator, or where a branch has no name of its own.
    """
    named = node.get("discriminator")
    field = named.get("propertyName") if isinstance(named, dict) else None
    branches = node.get("oneOf") or node.get("anyOf")
    if not isinstance(field, str) or not isinstance(branches, list) or not (made.keys() & {"oneOf", "anyOf"}):
        return None
    references = [one.get("$ref") if isinstance(one, dict) else None for one in branches]
    if not references or not all(isinstance(one, str) for one in references):
        return None
    assert isinstance(named, dict)
    mapping = named.get("mapping")
    explicit = mapping.items() if isinstance(mapping, dict) else ()
    values = {str(one).rpartition("/")[2]: str(one) for one in references}
    for value, target in explicit:
        name = str(target)
        full = next((str(one) for one in references if name in {str(one), str(one).rpartition("/")[2]}), None)
        if full is None:
            return None  # it names a schema that is not among the branches: too unclear to be relied on
        values[str(value)] = full

    def judges(schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
        known = {"type": "object", "required": [field], "properties": {field: {"enum": list(schemas)}}}
        return [known, *(_if(field, value, schema) for value, schema in schemas.items())]

    return judges, values


def _if(field: str, value: str, schema: Any) -> dict[str, Any]:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": schema}
