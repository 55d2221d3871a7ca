"""What an API is described as: operations, their parameters and who is let in, as records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CHAIN: Final = 20
"""References that lead to references; more are a circle."""
NAMES: Final = re.compile(r"\{([^{}/]+)\}")
"""What is filled into a path."""
_SESSION_HEADERS = frozenset({"authorization", "x-auth-token", "x-access-token", "x-session-token"})

Requirement = Mapping[str, tuple[str, ...]]
"""One way to be let in: scheme names, with their scopes; an empty one lets everybody in."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a request carries."""

    name: str
    where: str
    """path, query, header, cookie; body and formData in Swagger 2.0."""
    required: bool
    example: Any = None
    """A value that the document itself shows: example, default, first of an enum; None where it shows none."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """As it is written, with a slash in front and names in braces; below one of `prefixes`."""
    prefixes: tuple[str, ...]
    """Paths of the servers that it stands below, "" for none."""
    parameters: tuple[Parameter, ...]
    security: tuple[Requirement, ...] | None
    """Its own, else the document's; None where neither says anything."""
    tags: tuple[str, ...]
    summary: str
    id: str
    raw: Mapping[str, Any] = field(repr=False)
    item: Mapping[str, Any] = field(repr=False)
    """The node of its path."""

    @property
    def line(self) -> str:
        """Method and path, as in "GET /orders/{id}"."""
        return f"{self.method} {self.path}"

    @property
    def secured(self) -> bool:
        """Whether the document says that nobody is let in without credentials."""
        if self.security is not None:
            return bool(self.security) and all(self.security)
        return any(
            one.required and one.where == "header" and one.name.lower() in _SESSION_HEADERS for one in self.parameters
        )

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope or role that its security names."""
        return tuple(scope for way in self.security or () for scopes in way.values() for scope in scopes)


@dataclass(frozen=True, slots=True)
class Document:
    """A description of an API, as far as it can be used."""

    version: str
    """"2.0", "3.0.3" …, as the document says it; "" where it says nothing."""
    operations: tuple[Operation, ...]
    schemes: Mapping[str, Mapping[str, Any]]
    """Security schemes, by name."""
    flaws: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request's path (with or without a server's prefix), the most literal one of several."""
        plain = path.partition("?")[0].rstrip("/") or "/"
        fits = [
            one
            for one in self.operations
            if one.method == method and any(matches(prefix + one.path, plain) for prefix in {*one.prefixes, ""})
        ]
        return min(fits, key=lambda one: len(NAMES.findall(one.path)), default=None)

    def resolve(self, node: Any) -> Any:
        """What a node refers to inside the document; None where the reference leads nowhere or elsewhere."""
        return resolve(self.raw, node)


def resolve(root: Mapping[str, Any], node: Any) -> Any:
    """What a node refers to inside a document; None where the reference leads nowhere or elsewhere."""
    for _ in range(CHAIN):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return node
        node = _at(root, node["$ref"])
    return None


def matches(template: str, path: str) -> bool:
    """Whether a path is one of those that a template stands for; a final slash makes no difference."""
    pattern = "".join(
        "[^/]+" if number % 2 else re.escape(text) for number, text in enumerate(NAMES.split(template.rstrip("/")))
    )
    return re.fullmatch(pattern or "/", path.rstrip("/") or "/") is not None


def _at(root: Any, reference: str) -> Any:
    if not reference.startswith("#"):
        return None
    node = root
    for part in reference.lstrip("#").split("/")[1:]:
        key = (
            re.sub(r"%([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), part).replace("~1", "/").replace("~0", "~")
        )
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node
