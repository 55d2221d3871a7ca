"""jsonschema's validators with keywords that say the same as jsonschema-rs: where, by which rule, and about what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

from pytest_launchready.contracts.patterns import compiled


@cache
def extended(draft: str) -> Any:
    """The class of jsonschema for a draft ("2020-12"), its patterns those of ECMA-262."""
    from jsonschema.validators import extend

    made = extend(
        plain(draft),
        {
            "pattern": _pattern,
            "multipleOf": _multiple_of,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            **({"propertyNames": _property_names} if draft != "4" else {}),
            **({"items": _items(plain(draft).VALIDATORS["items"])} if draft == "2020-12" else {}),
        },
    )
    made.descend = _with_places(made.descend)
    return made


def plain(draft: str) -> Any:
    """The own class of jsonschema for a draft."""
    import jsonschema

    words = {"2020-12": "202012", "2019-09": "201909"}
    return getattr(jsonschema, f"Draft{words.get(draft, draft)}Validator")


def _with_places(descend: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """What is forbidden by `false` is told with its own place, not with that of what holds it."""

    def placed(self: Any, instance: Any, schema: Any, path: Any = None, schema_path: Any = None, **more: Any) -> Any:
        for error in descend(self, instance, schema, path=path, schema_path=schema_path, **more):
            if schema is False and path is not None:
                error.relative_path.appendleft(path)
            if schema is False and schema_path is not None:
                error.relative_schema_path.appendleft(schema_path)
            yield error

    return placed


def _pattern(_validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not compiled(wanted).search(instance):
        yield ValidationError(f"{instance!r} does not match {wanted!r}")


def _multiple_of(validator: Any, wanted: float, instance: Any, _schema: Any) -> Iterator[Any]:
    """By the digits that are written: 19.99 is a multiple of 0.01, though no binary fraction says so."""
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "number") and Fraction(str(instance)) % Fraction(str(wanted)) != 0:
        yield ValidationError(f"{instance!r} is not a multiple of {wanted!r}")


def _pattern_properties(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, inner in wanted.items():
        for name, value in instance.items():
            if compiled(pattern).search(name):
                yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "object"):
        return
    known, patterns = schema.get("properties", {}), [compiled(one) for one in schema.get("patternProperties", {})]
    extra = [name for name in instance if name not in known and not any(one.search(name) for one in patterns)]
    if validator.is_type(wanted, "object"):
        for name in extra:
            yield from validator.descend(instance[name], wanted, path=name)
    elif not wanted and extra:
        listed = ", ".join(map(repr, sorted(extra)))
        yield ValidationError(f"Additional properties are not allowed ({listed} were unexpected)")


def _items(plainly: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Of a list that must end, each item too many is told, not the list."""

    def items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if wanted is not False or not validator.is_type(instance, "array"):
            yield from plainly(validator, wanted, instance, schema)
            return
        first = len(schema.get("prefixItems", ()))
        for place in range(first, len(instance)):
            yield from validator.descend(instance[place], False, path=place)  # noqa: FBT003 - a schema

    return items


def _property_names(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "object"):
        if wanted is False and instance:
            yield from validator.descend(instance, wanted)
            return
        for name in instance:
            if next(validator.descend(name, wanted), None) is not None:
                yield ValidationError(f"{name!r} is no name that is allowed")
