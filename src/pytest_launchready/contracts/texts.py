"""JSON or YAML text → a plain document, as tolerantly as can be done safely."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Hashable
from typing import Any

from pytest_launchready.core import documents

DEEPEST = 400
"""Levels of a document; schemas are nested deeper than answers, and whatever walks one calls itself that often."""


class Unreadable(ValueError):  # noqa: N818 - a verdict on a text, in the words of messages
    """Why a text is neither JSON nor YAML that can be used."""


def read_text(text: str) -> tuple[Any, str | None]:
    """The document, with every key a text, and what is wrong with it though it could be read.

    Raises Unreadable where nothing can be made of it.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise Unreadable("it is empty")
    if sys.getsizeof(text) > documents.MOST_MEMORY:
        raise Unreadable(f"it is larger than {documents.MOST_MEMORY // 1_000_000} MB")
    try:
        return documents.read(text), None
    except documents.Flaw as flaw:
        if str(flaw).startswith(("HTML", "XML")):
            raise Unreadable(f"it is {str(flaw).partition(',')[0]}") from None
        if text.lstrip().startswith(("{", "[")):
            return _loosely(text, str(flaw))
    return _bounded(_from_yaml(text)), None


def _loosely(text: str, flaw: str) -> tuple[Any, str]:
    """JSON that strict clients refuse: a key twice, a comma too many."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise Unreadable(flaw) from None
    except ValueError:
        try:
            found = _from_yaml(text)
        except Unreadable:
            raise Unreadable(flaw) from None
    return _bounded(found), flaw


def _from_yaml(text: str) -> Any:
    # 20 ms to load, and most documents are JSON.
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """YAML as OpenAPI means it: texts, numbers, true and false; no dates, and `on` and `no` are words."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's own way to say it
            first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith((":timestamp", ":bool"))]
            for first, pairs in base.yaml_implicit_resolvers.items()
        }

    for first, word in (("t", "true"), ("T", "True"), ("f", "false"), ("F", "False")):
        Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(f"^{word}$"), [first])
    Loader.add_multi_constructor("!", lambda loader, _suffix, node: _untagged(loader, node))
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise Unreadable(f"it is neither JSON nor YAML: {getattr(error, 'problem', None) or 'broken'}{where}") from None
    except (ValueError, RecursionError, TypeError) as error:
        raise Unreadable(f"it is neither JSON nor YAML: {type(error).__name__}") from None


def _untagged(loader: Any, node: Any) -> Any:
    """A value with a tag of somebody's own, as if it had none."""
    kind = type(node).__name__
    if kind == "MappingNode":
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if kind == "SequenceNode" else loader.construct_scalar(node)


def _bounded(document: Any) -> Any:
    """The document with texts for keys; what YAML shares stays shared, and counts as often as it stands there."""
    known: dict[int, tuple[Any, int]] = {}
    inside: set[int] = set()

    def plain(value: Any, level: int) -> tuple[Any, int]:
        if not isinstance(value, dict | list):
            return value, 1
        if id(value) in known:
            return known[id(value)]
        if id(value) in inside:
            raise Unreadable("a part of it contains itself")
        if level > DEEPEST:
            raise Unreadable(f"it is nested deeper than {DEEPEST} levels")
        inside.add(id(value))
        made: Any
        if isinstance(value, dict):
            pairs = {_key(key): plain(inner, level + 1) for key, inner in value.items()}
            made, size = {key: inner for key, (inner, _) in pairs.items()}, sum(size for _, size in pairs.values())
        else:
            items = [plain(inner, level + 1) for inner in value]
            made, size = [inner for inner, _ in items], sum(size for _, size in items)
        inside.discard(id(value))
        if size > documents.MOST_VALUES:
            raise Unreadable(f"it has more than {documents.MOST_VALUES:,} values")
        known[id(value)] = made, size + 1
        return known[id(value)]

    return plain(document, 0)[0]


def _key(key: Hashable) -> str:
    return str(key).lower() if isinstance(key, bool) else "null" if key is None else str(key)
