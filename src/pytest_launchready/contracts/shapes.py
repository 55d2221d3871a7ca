"""The shape of answers, learnt from samples: types, fields that are always there, words of which there are few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from pytest_launchready.contracts.faults import jmespath_of

ALWAYS: Final = 3
"""Objects in which a field has to be before it counts as always there: one or two may have it by chance."""
FEW: Final = 6
"""Different words at most that are taken for a list of choices."""
OFTEN: Final = 20
"""Times that a text has to be seen before its words are taken for choices: each of them three times on average."""
LONGEST: Final = 24
"""Characters of a choice."""
KEYED: Final = "*"
"""The one field of a table whose names are ids."""
_ID: Final = re.compile(r"\d+|[0-9a-f]{24,}|[0-9a-f-]{32,}", re.IGNORECASE)
_CHOICE: Final = re.compile(r"[A-Za-z][A-Za-z _-]*")


def shape(samples: Iterable[Any], *, sure: bool = True) -> dict[str, Any]:
    """What these documents have in common, as JSON Schema with sorted keys.

    Where it need not be `sure`, a field of one object counts as always there, and a word seen once as a choice.
    """
    builder = _builder(sure=sure)(schema_uri=None)
    for sample in samples:
        builder.add_object(_plain(sample))
    made: dict[str, Any] = _sorted(builder.to_schema())
    return made


def _plain(value: Any) -> Any:
    """The value with tables whose names are ids as one field that holds a list."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value and all(_ID.fullmatch(name) for name in value):
        return {KEYED: [_plain(one) for one in value.values()]}
    return {name: _plain(one) for name, one in value.items()}


def flat(schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """A learnt shape in lines, one for each place: `items[].price: text, always`."""
    for one in schema.get("anyOf", [schema]):
        kinds = one.get("type", [])
        words = " or ".join([kinds] if isinstance(kinds, str) else kinds) or "empty"
        choices = f", one of {', '.join(one['enum'])}" if "enum" in one else ""
        yield f"{place or '@'}: {words}{choices}"
        for name, inner in one.get("properties", {}).items():
            path = f"{place}.{jmespath_of([name])}" if place else jmespath_of([name])
            if name in one.get("required", ()):
                yield f"{path}: always there"
            yield from flat(inner, path)
        if "items" in one:
            yield from flat(one["items"], f"{place}[]")


@cache
def _builder(*, sure: bool) -> Any:
    from genson import SchemaBuilder

    class Builder(SchemaBuilder):  # type: ignore[misc]
        EXTRA_STRATEGIES = (_words(sure=sure), _objects(sure=sure), _numbers())

    return Builder


def _words(*, sure: bool) -> Any:
    from genson.schema.strategies import String

    class Words(String):  # type: ignore[misc]
        """Texts; remembers which, until they are too many."""

        def __init__(self, node_class: Any) -> None:
            super().__init__(node_class)
            self._seen = 0
            self._words: set[str] | None = set()

        def add_object(self, obj: str) -> None:
            super().add_object(obj)
            self._seen += 1
            if self._words is not None:
                self._words.add(obj)
                if len(self._words) > FEW or len(obj) > LONGEST or not _CHOICE.fullmatch(obj):
                    self._words = None

        def to_schema(self) -> dict[str, Any]:
            made: dict[str, Any] = super().to_schema()
            words = self._words or set()
            choices = self._seen >= OFTEN and len(words) > 1 if sure else bool(words)
            return {**made, "enum": sorted(words)} if choices else made

    return Words


def _objects(*, sure: bool) -> Any:
    from genson.schema.strategies import Object

    class Objects(Object):  # type: ignore[misc]
        """Objects; a field is only sure once enough of them had it."""

        def __init__(self, node_class: Any) -> None:
            super().__init__(node_class)
            self._count = 0

        def add_object(self, obj: Mapping[str, Any]) -> None:
            super().add_object(obj)
            self._count += 1

        def to_schema(self) -> dict[str, Any]:
            made: dict[str, Any] = super().to_schema()
            if sure and self._count < ALWAYS:
                made.pop("required", None)
            return made

    return Objects


def _numbers() -> Any:
    from genson.schema.strategies import Number

    class Numbers(Number):  # type: ignore[misc]
        """Numbers of one kind: many a server writes 25 for 25.0."""

        def to_schema(self) -> dict[str, Any]:
            made: dict[str, Any] = super().to_schema()
            return {**made, "type": "number"}

    return Numbers


def _sorted(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _sorted(node[name]) for name in sorted(node)}
    if isinstance(node, list):
        inner = [_sorted(one) for one in node]
        return sorted(inner, key=str)
    return node
