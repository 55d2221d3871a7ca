"""A schema of an OpenAPI document, with all that it refers to, as one of JSON Schema 2020-12.

Only what an answer is judged by is taken over. What the document says wrongly is told in `flaws` and left out, so that
the rest can be used: a part that cannot be read allows everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_launchready.contracts.discriminators import chosen_by
from pytest_launchready.contracts.engines import fastest
from pytest_launchready.contracts.operations import resolve
from pytest_launchready.contracts.patterns import Beyond, compiled

TYPES: Final = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
DEFS: Final = "$defs"


@dataclass(frozen=True, slots=True)
class Bundle:
    """One schema that stands alone."""

    schema: Mapping[str, Any]
    flaws: tuple[str, ...]
    """What could not be read in it, each with its place in the document."""


def bundle(root: Mapping[str, Any], version: str, node: Any, where: str) -> Bundle:
    """The schema at a node of a document, as answers are judged by it; `where` names it in flaws."""
    reader = _Reader(root, version)
    schema = reader.schema(node, where)
    while reader.waiting:
        reference, name = reader.waiting.popitem()
        reader.defs[name] = reader.schema(resolve(root, {"$ref": reference}), reference.removeprefix("#"))
    if reader.defs:
        schema = {**schema, DEFS: reader.defs}
    return Bundle(schema, tuple(dict.fromkeys(reader.flaws)))


def is_json_schema(version: str) -> bool:
    """Whether the schemas of an OpenAPI version are JSON Schema itself: 3.1 and later."""
    return re.match(r"3\.[1-9]", version) is not None


@dataclass
class _Reader:
    """Reads one schema and those that it refers to."""

    root: Mapping[str, Any]
    version: str
    flaws: list[str] = field(default_factory=list)
    defs: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Reference → its name in `defs`."""
    waiting: dict[str, str] = field(default_factory=dict)
    """References that are still to be read."""

    @property
    def new(self) -> bool:
        """Whether schemas are JSON Schema itself: OpenAPI 3.1 and later."""
        return is_json_schema(self.version)

    def schema(self, node: Any, where: str) -> dict[str, Any]:
        if node is True or node is False:
            return {} if node else {"not": {}}
        if not isinstance(node, dict):
            self.flaws.append(f"{where}: a schema is {'missing' if node is None else type(node).__name__}")
            return {}
        made = self._referred(node, where) if "$ref" in node else self._read(node, where)
        return _or_null(made) if self._nullable(node) else made

    def _referred(self, node: dict[str, Any], where: str) -> dict[str, Any]:
        reference = node["$ref"]
        if not isinstance(reference, str) or resolve(self.root, {"$ref": reference}) is None:
            self.flaws.append(f"{where}: $ref {reference!r} leads nowhere in this document")
            made: dict[str, Any] = {}
        else:
            made = {"$ref": f"#/{DEFS}/{self.name(reference)}"}
        # Before 3.1 nothing beside a reference counts.
        beside = {key: one for key, one in node.items() if key != "$ref"} if self.new else {}
        return {**self._read(beside, where), **made}

    def name(self, reference: str) -> str:
        """The name of what is referred to among the definitions; it is read later."""
        if reference not in self.names:
            self.names[reference] = f"{len(self.names)}-{re.sub(r'[^A-Za-z0-9_.-]', '_', reference.rpartition('/')[2])}"
            self.waiting[reference] = self.names[reference]
        return self.names[reference]

    def _read(self, node: dict[str, Any], where: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in node.items():
            place = f"{where}/{key}"
            if key in _ONE and (key not in _NEW or self.new):
                made[key] = self.schema(value, place)
            elif key in _MANY:
                if isinstance(value, list) and value:
                    made[key] = [self.schema(one, f"{place}/{number}") for number, one in enumerate(value)]
                else:
                    self.flaws.append(f"{place}: a list of schemas is wanted")
            elif key in _NAMED:
                if isinstance(value, dict):
                    made[key] = {name: self.schema(one, f"{place}/{name}") for name, one in value.items()}
                else:
                    self.flaws.append(f"{place}: a table of schemas is wanted")
            elif key in _PLAIN:
                self._plain(made, key, value, place)
        self._bounds(made, node)
        hidden = self._write_only(made, node)
        if hidden and "required" in made:
            made["required"] = [name for name in made["required"] if name not in hidden]
        chosen = chosen_by(node, made)
        if chosen is not None:
            by, values = chosen
            made = {key: one for key, one in made.items() if key not in {"oneOf", "anyOf"}}
            references = {value: self.schema({"$ref": reference}, where) for value, reference in values.items()}
            made["allOf"] = [*made.get("allOf", []), *by(references)]
        return made

    def _plain(self, made: dict[str, Any], key: str, value: Any, place: str) -> None:
        """A keyword whose value is no schema, if it is what the keyword wants."""
        wanted, words = _PLAIN[key]
        if key == "type" and value in ("file", "any"):
            return
        if key == "pattern" and _is_beyond(value):
            return
        if wanted(value):
            made[key] = value
        elif value is not None and not (key.startswith("exclusive") and isinstance(value, bool)):
            self.flaws.append(f"{place}: {words} is wanted, got {str(value)[:80]!r}")

    @staticmethod
    def _bounds(made: dict[str, Any], node: dict[str, Any]) -> None:
        """Before 3.1 an exclusive bound is said by true or false."""
        for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if node.get(exclusive) is True and plain in made:
                made[exclusive] = made.pop(plain)

    def _write_only(self, made: dict[str, Any], node: dict[str, Any]) -> set[str]:
        """Fields that no answer has to hold, though they are required of requests."""
        known = node.get("properties") if "properties" in made else None
        inner = {name: resolve(self.root, one) for name, one in (known or {}).items()}
        return {name for name, one in inner.items() if isinstance(one, dict) and one.get("writeOnly") is True}

    def _nullable(self, node: dict[str, Any]) -> bool:
        return node.get("nullable") is True or node.get("x-nullable") is True


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, null allowed besides."""
    if schema.keys() & {"$ref", "allOf", "anyOf", "oneOf", "not"}:
        return {"anyOf": [schema, {"type": "null"}]}
    made = dict(schema)
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(kind, str) and kind in TYPES for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_pattern(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        compiled(value)
    except Beyond:
        return True
    except (re.error, OverflowError):
        return False
    return True


def _is_beyond(value: Any) -> bool:
    """Whether the engine of this environment cannot judge by a pattern, though it is one."""
    try:
        compiled(str(value))
    except Beyond:
        return fastest() == "jsonschema"
    except (re.error, OverflowError):
        return False
    return False


_NUMBER: Final = (_is_number, "a number")
_COUNT: Final = (_is_count, "a whole number from 0")
_SWITCH: Final = (lambda value: isinstance(value, bool), "true or false")
_ONE: Final = frozenset(
    {
        *("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
_NEW: Final = frozenset(
    {"contains", "propertyNames", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"}
)
"""What JSON Schema has and OpenAPI has not before 3.1."""
_MANY: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_PLAIN: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "type": (_is_type, f"one of {', '.join(sorted(TYPES))}"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list of values"),
    "const": (lambda _: True, "a value"),
    "format": (lambda value: isinstance(value, str), "the name of a format"),
    "pattern": (_is_pattern, "a regular expression"),
    "required": (_is_names, "a list of names"),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER,
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    "minLength": _COUNT,
    "maxLength": _COUNT,
    "minItems": _COUNT,
    "maxItems": _COUNT,
    "minProperties": _COUNT,
    "maxProperties": _COUNT,
    "uniqueItems": _SWITCH,
}
