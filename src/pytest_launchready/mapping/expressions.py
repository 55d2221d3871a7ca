"""One `{{ }}`: found in text, read for the names it uses, worked out in a scope.

Plain dotted names with our filters are most of every map. They are worked out here, without Jinja, whose cold compile
takes a millisecond each. Everything else goes to `mapping.jinja`, which is imported when the first one needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.mapping.filters import FILTERS

MISSING: Final = object()
"""What a look-up gives where there is nothing."""

_NAME = r"[A-Za-z]\w*"
_PATH = rf"{_NAME}(?:\.{_NAME}|\[\d+\])*"
_LITERAL = r"'[^'\\]*'|\"[^\"\\]*\"|-?\d+"
_FILTER = rf"\|\s*(?:{'|'.join(FILTERS)}|(?:default|d)\(\s*(?:{_LITERAL})\s*\))\s*"
_PLAIN = re.compile(rf"({_PATH})\s*((?:{_FILTER})*)\Z", re.ASCII)
_ONE_FILTER = re.compile(rf"\|\s*(\w+)(?:\(\s*({_LITERAL})\s*\))?", re.ASCII)
_STEP = re.compile(rf"({_NAME})|\[(\d+)\]", re.ASCII)
_SIMPLE = re.compile(r"[^'\"()\[\]{}]*\}\}")
_WORDS = frozenset({"true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "else", "is", "in"})
_CLOSES = {"(": ")", "[": "]", "{": "}"}

Path = tuple[str | int, ...]
Scope = Mapping[str, Any]


class TemplateError(ValueError):
    """A `{{ }}` that is not an expression, or that cannot be worked out in this scope."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between `{{` and `}}`."""

    text: str
    names: frozenset[str]
    """Dotted references, such as `listing.id`."""
    required: frozenset[str]
    """Those that must be there: neither under `default` nor under `is defined`."""
    evaluate: Callable[[Scope], Any]


def split(text: str) -> list[str | Expression]:
    """The text in pieces: plain text, and a compiled expression for each `{{ }}`. Raises TemplateError."""
    parts: list[str | Expression] = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = end_of(text, start + 2)
        if start > at:
            parts.append(text[at:start])
        parts.append(compile_expression(text[start + 2 : end].strip()))
        at = end + 2
    if at < len(text):
        parts.append(text[at:])
    return parts


def end_of(text: str, start: int) -> int:
    """Where the `}}` stands that closes an expression which begins at `start`. Raises TemplateError."""
    simple = _SIMPLE.match(text, start)
    if simple is not None:
        return simple.end() - 2
    waiting: list[str] = []
    quote = ""
    at = start
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif not waiting and text.startswith("}}", at):
            return at
        elif char in _CLOSES:
            waiting.append(_CLOSES[char])
        elif waiting and char == waiting[-1]:
            waiting.pop()
        at += 1
    what = f"a quote ({quote}) in it is never closed" if quote else "no }} follows"
    raise TemplateError(f"{_short(text[start - 2 :])} is not closed: {what}")


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """The expression, ready to be worked out. Raises TemplateError where it is not one."""
    if not text:
        raise TemplateError("{{ }} is empty: write a name in it, such as {{ listing.title }}")
    plain = _PLAIN.match(text)
    if plain is None or plain[1] in _WORDS:
        from pytest_launchready.mapping import jinja

        return jinja.compile_expression(text)
    path: Path = tuple(name or int(index) for name, index in _STEP.findall(plain[1]))
    filters = [(name, _literal(value)) for name, value in _ONE_FILTER.findall(plain[2])]
    names = frozenset({dotted(path)})
    optional = bool(filters) and filters[0][0] not in FILTERS
    return Expression(text, names, frozenset() if optional else names, partial(_evaluate, text, path, filters))


def _literal(text: str) -> str | int:
    return text[1:-1] if text[:1] in {"'", '"', ""} else int(text)


def dotted(path: Path) -> str:
    """The names of a path up to its first index, as `order.lines` of `order.lines[0].id`."""
    cut = next((place for place, step in enumerate(path) if isinstance(step, int)), len(path))
    return ".".join(str(step) for step in path[:cut])


def _evaluate(text: str, path: Path, filters: list[tuple[str, str | int]], scope: Scope) -> Any:
    value = lookup(path, scope)
    for name, argument in filters:
        if name in FILTERS:
            if value is MISSING:
                break
            try:
                value = FILTERS[name](value)
            except ValueError as error:
                raise TemplateError(f"{{{{ {text} }}}}: {error}") from None
        elif value is MISSING:
            value = argument
    if value is MISSING:
        raise TemplateError(explain(text, path, scope))
    return value


def lookup(path: Path, scope: Any) -> Any:
    """What the path leads to, or MISSING. Keys of mappings come before attributes; `_names` and methods are hidden."""
    value = scope
    for step in path:
        value = _step(value, step)
        if value is MISSING:
            break
    return value


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list | tuple) and step < len(value) else MISSING
    if step.startswith("_"):
        return MISSING
    if isinstance(value, Mapping):
        return value.get(step, MISSING)
    if value is None or isinstance(value, str | bytes | int | float | list | tuple):
        return MISSING
    found = getattr(value, step, MISSING)
    return MISSING if callable(found) else found


def explain(text: str, path: Path, scope: Scope) -> str:
    """The sentence that says which part of a missing path is not there, what is, and the nearest match."""
    place = next(place for place in range(len(path)) if lookup(path[: place + 1], scope) is MISSING)
    return f"{{{{ {text} }}}}: {_lacks(lookup(path[:place], scope), path[place], path[:place])}"


def _lacks(value: Any, step: str | int, before: Path) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in before)[1:]
    there = sorted(names_in(value))
    if not before:
        return f"nothing here is called {step!r}.{did_you_mean(str(step), there)} In scope: {_list(there)}."
    if isinstance(step, int):
        size = f"a list of {len(value)}" if isinstance(value, list | tuple) else "no list"
        return f"{where} has no item [{step}]: it is {size}."
    has = f"It has: {_list(there)}." if there else f"It is {_kind(value)}."
    return f"{where} has no {step!r}.{did_you_mean(step, there)} {has}"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds: list[tuple[Any, str]] = [(str, "text"), (bool, "true or false"), (int | float, "a number"), (list, "a list")]
    return next((word for kind, word in kinds if isinstance(value, kind)), "empty")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def names_in(value: Any) -> list[str]:
    """The names that a template may write after `value.`."""
    if isinstance(value, Mapping):
        return [name for name in value if isinstance(name, str) and not name.startswith("_")]
    if value is None or isinstance(value, str | bytes | int | float | list | tuple):
        return []
    return [name for name in dir(value) if not name.startswith("_") and not callable(getattr(value, name, None))]
