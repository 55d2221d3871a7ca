"""What is wrong with a document, as data: where, by which rule, what was expected and what was got."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Place = tuple[str | int, ...]
"""Where something is inside a document: names and places in lists, from the outside in."""
BRANCHING: Final = frozenset({"anyOf", "oneOf"})
TELLING: Final = frozenset({"type", "const", "enum"})
"""Rules that say "this branch is not meant" where they fail at the top of one."""
ARTICLES: Final = {"string": "text", "integer": "an integer", "object": "an object", "array": "a list", "null": "null"}
LONGEST: Final = 160
"""Characters of a value that a sentence shows."""
SHOWN_WORDS: Final = 12
"""Allowed values that a sentence lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a schema does not allow. Holds what the answer said, so it is masked where it is shown."""

    place: Place
    rule: str
    """The keyword that failed ("type", "required", "format" …)."""
    limit: Any
    """What the keyword says."""
    value: Any = field(repr=False)
    """What stands at the place."""
    names: tuple[str, ...] = ()
    """Fields that are missing, or that should not be there."""
    branches: tuple[tuple[Fault, ...], ...] = ()
    """Of anyOf and oneOf: what each branch does not allow."""

    @property
    def path(self) -> str:
        """The place in JMESPath form."""
        return jmespath_of(self.place)

    @property
    def subject(self) -> str:
        """The path of what is to be changed: of a missing field, its own."""
        alone = self.rule == "required" and len(self.names) == 1
        return jmespath_of((*self.place, self.names[0])) if alone else self.path

    @property
    def expected(self) -> str:
        """What the schema wants there, in words."""
        return _expected(self)

    @property
    def got(self) -> str:
        """What stands there, in words."""
        if self.rule == "required":
            held = ", ".join(self.value) if isinstance(self.value, dict) and self.value else "nothing"
            return f"no such field; there is {held}"
        if self.names:
            return f"{', '.join(self.names)} as well"
        return told(self.value)


def jmespath_of(place: Iterable[str | int]) -> str:
    """A place as JMESPath writes it: `items[3].price`, with quotes around names that need them; `@` for all of it."""
    said = ""
    for part in place:
        if isinstance(part, int):
            said += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part) else json.dumps(part, ensure_ascii=False)
            said += f".{name}" if said else name
    return said or "@"


def told(value: Any) -> str:
    """A value and its type, as in `"25.00" (text)`."""
    kind = kind_of(value)
    if kind == "null":
        return "null"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{text if len(text) <= LONGEST else text[:LONGEST] + '…'} ({_WORDS.get(kind, kind)})"


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    known = {int: "integer", str: "string", dict: "object", list: "array"}
    return next((name for kind, name in known.items() if isinstance(value, kind)), "number")


def most_relevant(faults: Sequence[Fault]) -> Fault:
    """The one fault that tells most: the outermost; of a choice between shapes, what the nearest shape lacks."""
    best = min(faults, key=lambda fault: (len(fault.place), fault.rule in BRANCHING))
    while best.branches:
        inner = _nearest(best)
        if inner is None:
            return best
        best = min(inner, key=lambda fault: (len(fault.place), fault.rule in BRANCHING))
    return best


def _nearest(fault: Fault) -> tuple[Fault, ...] | None:
    """The branch that was meant, if one can be told: the only one that the value's type or its constants allow."""
    failing = [branch for branch in fault.branches if branch]
    meant = [branch for branch in failing if not any(_rules_out(one, fault.place) for one in branch)]
    if len(meant) == 1:
        return meant[0]
    fewest = sorted(meant, key=len)
    return fewest[0] if len(fewest) > 1 and len(fewest[0]) < len(fewest[1]) else None


def _rules_out(fault: Fault, place: Place) -> bool:
    """Whether a fault says that another branch was meant: a wrong type here, or a wrong constant one level in."""
    depth = len(fault.place) - len(place)
    return (depth == 0 and fault.rule in TELLING) or (depth == 1 and fault.rule == "const")


@dataclass(frozen=True, slots=True)
class Group:
    """Faults that are one: the same rule at the same place of every item."""

    first: Fault
    count: int
    place: str
    """With `[]` for every place in a list."""


def grouped(faults: Iterable[Fault]) -> list[Group]:
    """Faults by rule and place, places in lists apart; those that occur most come first."""
    found: dict[tuple[str, str, str], list[Any]] = {}
    for fault in faults:
        place = re.sub(r"\[\d+\]", "[]", fault.subject)
        entry = found.setdefault((place, fault.rule, fault.expected), [fault, 0])
        entry[1] += 1
    groups = [Group(first, count, place) for (place, _, _), (first, count) in found.items()]
    return sorted(groups, key=lambda group: -group.count)


def _null_last(kind: str) -> tuple[bool, str]:
    return kind == "null", kind


_WORDS: Final = {"string": "text", "array": "list"}


def _expected(fault: Fault) -> str:
    limit, rule = fault.limit, fault.rule
    if rule == "type":
        kinds = [limit] if isinstance(limit, str) else list(limit)
        return " or ".join(ARTICLES.get(kind, f"a {kind}") for kind in sorted(kinds, key=_null_last))
    if rule == "required":
        return "a field " + " and ".join(repr(name) for name in fault.names or (str(limit),))
    if rule == "enum":
        words = [json.dumps(word, ensure_ascii=False) for word in limit]
        more = f" … ({len(words)} values)" if len(words) > SHOWN_WORDS else ""
        return f"one of {', '.join(words[:SHOWN_WORDS])}{more}"
    if rule in BRANCHING:
        exactly = "exactly " if rule == "oneOf" else ""
        return f"{exactly}one of the {len(fault.branches) or len(limit)} shapes that are described"
    shown = limit if isinstance(limit, str | int | float) and rule != "const" else json.dumps(limit, default=str)
    return _SENTENCES.get(rule, f"{rule}: {{}}").format(shown)


_SENTENCES: Final = {
    "const": "{}",
    "additionalProperties": "no field but those that are described",
    "unevaluatedProperties": "no field but those that are described",
    "falseSchema": "nothing here",
    "format": "a value of format {}",
    "pattern": "text that matches {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
    "uniqueItems": "no item twice",
    "not": "anything but {}",
}
