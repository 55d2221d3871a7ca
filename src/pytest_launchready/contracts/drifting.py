"""How the shape of answers differs from an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_launchready.contracts.faults import ARTICLES, jmespath_of


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    path: str
    before: str
    now: str
    breaks: bool
    """Whether a client that relied on the earlier shape breaks."""

    @property
    def line(self) -> str:
        """The change in a line."""
        return f"{self.path}: was {self.before}, is {self.now}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[Change]:
    """What is different now; `new` may be learnt from a single answer."""
    before, now = _kinds(old), _kinds(new)
    path = _path(place)
    others = [kind for kind in before if kind != "null"]
    for kind in now:
        if kind in before or not before:
            continue
        # What was always null was never known: a value is new there, and breaks nobody.
        yield Change(path, _words(before), _word(kind), breaks=bool(others))
    if "object" in before and "object" in now:
        yield from _fields(before["object"], now["object"], place)
    if "array" in before and "array" in now:
        inner, current = before["array"].get("items"), now["array"].get("items")
        if inner and current:
            yield from changes(inner, current, (*place, "[]"))
    if "string" in before and "string" in now:
        yield from _choices(before["string"], now["string"], path)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[Change]:
    before, now = old.get("properties", {}), new.get("properties", {})
    sure, still = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() | now.keys()):
        here = (*place, name)
        if name not in now:
            if name in sure:
                yield Change(_path(here), "always there", "missing", breaks=True)
            continue
        if name not in before:
            kind = _words(_kinds(now[name]))
            yield Change(_path(here), "not there", f"{kind}, a new field", breaks=False)
            continue
        if name in sure and name not in still:
            yield Change(_path(here), "always there", "missing in some", breaks=True)
        yield from changes(before[name], now[name], here)


def _choices(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Change]:
    known = old.get("enum")
    grown = sorted(set(new.get("enum", ())) - set(known)) if known else []
    if known and grown:
        yield Change(path, f"one of {', '.join(known)}", f"{', '.join(grown)} too", breaks=False)


def _kinds(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The types of a learnt schema, each with its part of it."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in schema.get("anyOf", [schema]):
        kinds = one.get("type", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            found[kind] = one
    return found


def _words(kinds: Mapping[str, Any]) -> str:
    return " or ".join(_word(kind) for kind in sorted(kinds, key=lambda kind: (kind == "null", kind))) or "empty"


def _word(kind: str) -> str:
    return ARTICLES.get(kind, f"a {kind}")


def _path(place: tuple[str, ...]) -> str:
    """In JMESPath form, `[]` for every item."""
    said = ""
    for part in place:
        said += part if part == "[]" else f".{jmespath_of([part])}" if said else jmespath_of([part])
    return said or "@"
