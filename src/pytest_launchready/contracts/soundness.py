"""What is wrong with an OpenAPI document: by the letter where a validator is installed, and by our own reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final

from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.operations import NAMES, Document, resolve
from pytest_launchready.contracts.schemas import is_json_schema

VALUES: Final = frozenset({"example", "examples", "default", "enum", "const"})
LONGEST: Final = 200
"""Characters of a validator's message."""


def flaws_of(document: Document, described: Described) -> list[str]:
    """Everything that is wrong, each once, in a line with its place."""
    found = [
        *document.flaws,
        *_lost_references(document.raw, "#"),
        *_paths(document),
        *_ids(document),
        *described.flaws(),
    ]
    validated = [] if find_spec("openapi_spec_validator") is None else list(_validated(document.raw))
    return list(dict.fromkeys(found + validated))


def _lost_references(root: Mapping[str, Any], where: str) -> Iterator[str]:
    """References that lead nowhere, or out of the document: those are never followed."""
    waiting: list[tuple[Any, str]] = [(root, where)]
    while waiting:
        node, place = waiting.pop()
        if isinstance(node, dict):
            reference = None if place.endswith("/properties") else node.get("$ref")
            if isinstance(reference, str):
                if not reference.startswith("#"):
                    yield f"{place}: $ref {reference!r} leads out of the document, and is not followed"
                elif resolve(root, node) is None:
                    yield f"{place}: $ref {reference!r} leads nowhere"
            named = place.endswith("/properties")
            inner = [(name, one) for name, one in reversed(node.items()) if named or not _is_value(name)]
            waiting += [(one, f"{place}/{_escaped(name)}") for name, one in inner]
        elif isinstance(node, list):
            waiting += [(one, f"{place}/{number}") for number, one in enumerate(node)]


def _is_value(key: str) -> bool:
    """Whether what stands under a key is data, in which nothing is a reference."""
    return key in VALUES or key.startswith("x-")


def _paths(document: Document) -> Iterator[str]:
    """Paths whose names are not described, and paths that are the same."""
    shapes: dict[str, str] = {}
    for operation in document.operations:
        described = {one.name for one in operation.parameters if one.where == "path" and one.raw}
        for name in sorted(set(NAMES.findall(operation.path)) - described):
            yield f"{operation.line}: no parameter describes {{{name}}} of its path"
        shape = f"{operation.method} {NAMES.sub('{}', operation.path)}"
        other = shapes.setdefault(shape, operation.path)
        if other != operation.path:
            yield f"{operation.line}: the same as {other}"
        if not operation.raw.get("responses") and not is_json_schema(document.version):
            yield f"{operation.line}: no answer is described (responses)"


def _ids(document: Document) -> Iterator[str]:
    seen: dict[str, str] = {}
    for operation in document.operations:
        if operation.id and (other := seen.setdefault(operation.id, operation.line)) != operation.line:
            yield f"{operation.line}: operationId {operation.id!r} is that of {other} too"


def _validated(raw: Mapping[str, Any]) -> Iterator[str]:
    """What openapi-spec-validator finds; references out of the document are taken away first, so none is fetched."""
    from openapi_spec_validator.shortcuts import get_validator_cls

    try:
        closed = _closed(raw)
        for error in get_validator_cls(closed)(closed).iter_errors():
            place = "/".join(map(_escaped, error.absolute_path))
            yield f"#/{place}: {_short(error.message)}" if place else _short(error.message)
    except Exception as error:  # noqa: BLE001 - it ends so where a document is too broken for it
        yield f"a validator cannot read it: {_short(f'{type(error).__name__}: {error}')}"


def _closed(node: Any) -> Any:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            return {"description": "left out"}
        return {name: _closed(one) for name, one in node.items()}
    return [_closed(one) for one in node] if isinstance(node, list) else node


def _short(message: str) -> str:
    line = re.split(r"\n|Failed validating", message)[0].strip()
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
