"""From a request's method and path to the operation that describes it, without a search through all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_launchready.contracts.operations import NAMES, Document, Operation


@dataclass(slots=True)
class Node:
    """What may follow a part of a path."""

    literal: dict[str, Node] = field(default_factory=dict)
    named: dict[str, Node] = field(default_factory=dict)
    """Parts with names in them, by the pattern that such a part has."""
    operations: dict[str, Operation] = field(default_factory=dict)
    """By method, where a path ends here."""


class Routes:
    """The operations of a document as a tree of the parts of their paths."""

    def __init__(self, document: Document) -> None:
        self._root = Node()
        for operation in document.operations:
            for prefix in {*operation.prefixes, ""}:
                node = self._root
                for part in _parts(prefix + operation.path):
                    below = node.named if "{" in part and NAMES.search(part) else node.literal
                    node = below.setdefault(_pattern(part) if below is node.named else part, Node())
                node.operations.setdefault(operation.method, operation)

    def find(self, method: str, path: str) -> Operation | None:
        """The most literal operation of a path, with or without a server's prefix and a final slash."""
        return next(_below(self._root, method, _parts(path), 0), None)


def _below(node: Node, method: str, parts: Sequence[str], place: int) -> Iterator[Operation]:
    if place == len(parts):
        if method in node.operations:
            yield node.operations[method]
        return
    part = parts[place]
    if part in node.literal:
        yield from _below(node.literal[part], method, parts, place + 1)
    for pattern, inner in node.named.items():
        if part and (pattern == ANY or re.fullmatch(pattern, part)):
            yield from _below(inner, method, parts, place + 1)


def _parts(path: str) -> list[str]:
    return path.rstrip("/").split("/")


def _pattern(part: str) -> str:
    """A part with names as a pattern; they stand at the odd places of what `split` gives."""
    return "".join(ANY if place % 2 else re.escape(text) for place, text in enumerate(NAMES.split(part)))


ANY = "[^/]+"
