"""Schemas, compiled once: by jsonschema-rs where it is installed, else by jsonschema; the same faults from both."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from pytest_launchready.contracts.faults import Fault, Place, most_relevant
from pytest_launchready.contracts.keywords import extended, plain
from pytest_launchready.contracts.patterns import Beyond
from pytest_launchready.contracts.references import Library, gather
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.nearest import did_you_mean

EngineName = Literal["jsonschema-rs", "jsonschema"]
DRAFTS: Final[Mapping[str, str]] = {
    "https://json-schema.org/draft/2020-12/schema": "2020-12",
    "https://json-schema.org/draft/2019-09/schema": "2019-09",
    "http://json-schema.org/draft-07/schema": "7",
    "http://json-schema.org/draft-06/schema": "6",
    "http://json-schema.org/draft-04/schema": "4",
}
RULES: Final[Mapping[str, str]] = {
    "dependentRequired": "required",
    "dependencies": "required",
    "minContains": "contains",
    "maxContains": "contains",
}
"""What jsonschema calls otherwise than jsonschema-rs."""
SLOW: Final = 1.0
"""Seconds of judging after which the faster engine is recommended."""
EXTRA: Final = "pip install 'pytest-launchready[contract]'"


class Compiled(Protocol):
    """A schema that is ready to judge."""

    engine: EngineName

    def faults(self, instance: Any) -> list[Fault]:
        """All that it does not allow in a document; nothing where that is as promised."""


def fastest() -> EngineName:
    """The engine of this environment."""
    return "jsonschema-rs" if _has_rust() else "jsonschema"


def hint(seconds: float) -> str | None:
    """What would be faster, where judging took long and the slower engine did it."""
    if seconds < SLOW or _has_rust():
        return None
    return f"judging took {seconds:.1f} s with jsonschema; jsonschema-rs is some fifty times as fast: {EXTRA}"


@cache
def _has_rust() -> bool:
    return find_spec("jsonschema_rs") is not None


def compile_schema(
    schema: Any,
    *,
    home: Path | None = None,
    known: Mapping[str, Any] | None = None,
    engine: EngineName | None = None,
) -> Compiled:
    """The schema, ready to judge, formats on.

    `home` is the file that it was read from, `known` what it may refer to besides (URI → schema). Raises UseError for
    a schema that is none, for a draft that is not known, and for a reference that leads off this machine.
    """
    draft = draft_of(schema)
    _check(schema, draft)
    return _compiled(gather(schema, home=home, known=known), draft, engine)


def compile_bundled(schema: Mapping[str, Any], *, engine: EngineName | None = None) -> Compiled:
    """A schema of 2020-12 that our own reader has made: it is sound, and refers to nothing but itself."""
    from jsonschema_specifications import REGISTRY

    return _compiled(Library(schema, REGISTRY, ()), "2020-12", engine)


def _compiled(library: Library, draft: str, engine: EngineName | None) -> Compiled:
    if (engine or fastest()) == "jsonschema":
        return _Python(library, draft)
    try:
        return _Rust(library, draft)
    except UseError:
        if engine is not None:
            raise
        return _Python(library, draft)  # a pattern that its regular expressions do not have


def draft_of(schema: Any) -> str:
    """The draft that a schema names by `$schema`, as in "2020-12"; raises UseError for one that is not known."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if named is None:
        return "2020-12"
    draft = DRAFTS.get(str(named).rstrip("#"))
    if draft is None:
        raise UseError(
            f"$schema is {named!r}.{did_you_mean(str(named), DRAFTS)} Allowed: {', '.join(DRAFTS)}; "
            "or none, for 2020-12"
        )
    return draft


def _check(schema: Any, draft: str) -> None:
    """Raises UseError for what is no schema."""
    if not isinstance(schema, dict | bool):
        raise UseError(f"a schema is a table, or true or false: got {type(schema).__name__}")
    found = [_fault_of(error) for error in plain(draft)(plain(draft).META_SCHEMA).iter_errors(schema)]
    if found:
        worst = most_relevant(found)
        raise UseError(f"the schema itself is none: at {worst.path} expected {worst.expected}, got {worst.got}")


class _Rust:
    """jsonschema-rs."""

    engine: EngineName = "jsonschema-rs"

    def __init__(self, library: Library, draft: str) -> None:
        import jsonschema_rs as rust

        name = {"2020-12": "Draft202012", "2019-09": "Draft201909"}.get(draft, f"Draft{draft}")
        more: dict[str, Any] = {}
        if library.resources:
            more["registry"] = rust.Registry(library.resources, draft=getattr(rust, name))
        try:
            self._inner = getattr(rust, f"{name}Validator")(library.schema, validate_formats=True, offline=True, **more)
        except ValueError as error:
            raise UseError(f"the schema cannot be used: {str(error).partition(chr(10))[0]}") from None

    def faults(self, instance: Any) -> list[Fault]:
        """All that the schema does not allow."""
        if self._inner.is_valid(instance):
            return []
        return [self._fault(error) for error in self._inner.iter_errors(instance)]

    def _fault(self, error: Any) -> Fault:
        kind = error.kind
        names: tuple[str, ...] = ()
        if kind.name == "required":
            names = (kind.property,)
        elif kind.name in {"additionalProperties", "unevaluatedProperties"}:
            names = tuple(sorted(kind.unexpected))
        branches = tuple(
            tuple(self._fault(inner) for inner in branch) for branch in getattr(kind, "context", None) or ()
        )
        limit = False if names and kind.name != "required" else list(names) if names else kind.value
        return Fault(tuple(error.instance_path), kind.name, limit, error.instance, names, branches)


class _Python:
    """jsonschema, with the formats of `formats.py`."""

    engine: EngineName = "jsonschema"

    def __init__(self, library: Library, draft: str) -> None:
        self._inner = extended(draft)(library.schema, registry=library.registry, format_checker=_formats())

    def faults(self, instance: Any) -> list[Fault]:
        """All that the schema does not allow."""
        try:
            return [_fault_of(error) for error in self._inner.iter_errors(instance)]
        except Beyond as error:
            raise UseError(f"the schema has a pattern that needs the faster engine, {EXTRA}: {error}") from None
        except RecursionError:
            raise UseError("the schema refers to itself without end") from None


def _fault_of(error: Any, above: Place = ()) -> Fault:
    place = (*above, *error.relative_path)
    rule = "falseSchema" if error.validator is None else RULES.get(str(error.validator), str(error.validator))
    branches: tuple[tuple[Fault, ...], ...] = ()
    if rule in {"anyOf", "oneOf"} and error.context:
        found: dict[int, list[Fault]] = {}
        for inner in error.context:
            found.setdefault(inner.schema_path[0], []).append(_fault_of(inner, place))
        branches = tuple(tuple(found[number]) for number in sorted(found))
    names = tuple(sorted(_named(rule, error.message)))
    limit = list(names) if rule == "required" else error.validator_value
    if rule in {"minimum", "maximum"} and error.schema.get(exclusive := f"exclusive{rule.capitalize()}") is True:
        rule = exclusive  # draft 4 says it by a second keyword
    return Fault(place, rule, limit, error.instance, names, branches)


def _named(rule: str, message: str) -> Iterator[str]:
    """The fields that a message of jsonschema names: it tells them nowhere else."""
    if rule == "required":
        name = message.removesuffix(" is a required property").rpartition(" is a dependency of ")
        yield str(literal_eval(name[0] or name[2]))
    elif rule in {"additionalProperties", "unevaluatedProperties"}:
        listed = re.search(r"\((['\"].*['\"]) (?:was|were) unexpected\)$", message, re.DOTALL)
        if listed is not None:
            yield from map(str, literal_eval(f"[{listed[1]}]"))


@cache
def _formats() -> Any:
    from pytest_launchready.contracts.formats import checker

    return checker()
