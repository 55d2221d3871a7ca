"""What a schema refers to, found on this machine only: nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from pytest_launchready.contracts.texts import Unreadable, read_text
from pytest_launchready.core.errors import UseError

ENDINGS: Final = (".json", ".yaml", ".yml")
"""What files of schemas end with."""
MOST_FILES: Final = 500
"""Files of a folder that are read for their ids."""


class Unresolved(UseError):  # noqa: N818 - a verdict on a schema, in the words of messages
    """A reference that leads nowhere, or off this machine."""


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that a schema may refer to."""

    schema: Any
    """The schema itself, with an id by which it can be referred to."""
    registry: Any
    """Of `referencing`."""
    resources: tuple[tuple[str, Any], ...]
    """What it refers to, as URIs and schemas; without the standard's own."""


def gather(schema: Any, *, home: Path | None = None, known: Mapping[str, Any] | None = None) -> Library:
    """A schema and all that it refers to.

    `home` is the file that it was read from: only files of the same folder, and below it, are read. `known` is what
    is there already, URI → schema. Raises Unresolved for a reference that leads anywhere else.
    """
    from jsonschema_specifications import REGISTRY
    from referencing import Registry

    kind = specification_of(schema)
    if home is not None and isinstance(schema, dict):
        own = "id" if "draft-04" in str(schema.get("$schema")) else "$id"
        schema = {**schema, own: urljoin(home.resolve().as_uri(), str(schema.get(own, "")))}
    files = Files(home.resolve().parent if home else None, kind, known or {})
    made: Any = Registry
    registry = REGISTRY.combine(made(retrieve=files.read))
    resource = _resource(schema, kind)
    _follow(registry.resolver_with_root(resource), resource)
    return Library(schema, registry, tuple(files.found.items()))


class Files:
    """Gives schemas that are known, and those below one folder; remembers which were asked for."""

    def __init__(self, folder: Path | None, kind: Any, known: Mapping[str, Any]) -> None:
        self._folder = folder
        self._kind = kind
        self._known = known
        self.found: dict[str, Any] = {}

    def read(self, uri: str) -> Any:
        """The schema of an address; raises Unresolved where it is not on this machine."""
        if uri in self._known:
            self.found[uri] = self._known[uri]
            return _resource(self.found[uri], self._kind)
        parts = urlsplit(uri)
        if parts.scheme != "file":
            raise Unresolved(
                f"{uri!r} is not on this machine, and references are never fetched: put that schema beside yours and "
                "refer to it by its file name, or into the folder of [contract] schemas with that $id"
            )
        path = Path(unquote(parts.path)).resolve()
        if self._folder is None or not path.is_relative_to(self._folder):
            raise Unresolved(f"{path} is outside of {self._folder}: only files beside a schema, and below, are read")
        if uri not in self.found:
            self.found[uri] = read_schema(path)
        return _resource(self.found[uri], self._kind)


def read_schema(path: Path) -> Any:
    """A JSON or YAML file; raises UseError, which names it."""
    try:
        return read_text(path.read_text("utf-8"))[0]
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        raise UseError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def schemas_by_id(folder: Path | None) -> dict[str, Any]:
    """The schemas of a folder that have an id of their own (`$id`), by that id; raises UseError for a broken file."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS)[:MOST_FILES] if folder else []
    found: dict[str, Any] = {}
    for path in files:
        schema = read_schema(path)
        name = schema.get("$id", schema.get("id")) if isinstance(schema, dict) else None
        if isinstance(name, str) and "://" in name:
            found[name.rstrip("#")] = schema
    return found


def specification_of(schema: Any) -> Any:
    """What `referencing` knows of the draft that a schema names; 2020-12 where it names none."""
    from referencing.jsonschema import DRAFT202012, specification_with

    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    return specification_with(dialect, default=DRAFT202012) if isinstance(dialect, str) else DRAFT202012


def _resource(schema: Any, kind: Any) -> Any:
    from referencing import Resource

    if not isinstance(schema, dict):
        return kind.create_resource(schema)
    return Resource.from_contents(schema, default_specification=kind)


def _follow(resolver: Any, resource: Any) -> None:
    """Looks every reference up, also of what is referred to."""
    from referencing import exceptions

    seen: set[int] = set()
    waiting = [(resolver, resource)]
    while waiting:
        outer, schema = waiting.pop()
        for within, inner in _schemas(outer, schema):
            for word in ("$ref", "$dynamicRef", "$recursiveRef"):
                reference = inner.contents.get(word)
                if not isinstance(reference, str):
                    continue
                try:
                    found = within.lookup(reference)
                except (exceptions.Unresolvable, exceptions.CannotDetermineSpecification, ValueError) as error:
                    raise _lost(reference, error) from None
                if id(found.contents) not in seen:
                    seen.add(id(found.contents))
                    waiting.append((found.resolver, _resource(found.contents, specification_of(resource.contents))))


def _schemas(resolver: Any, resource: Any) -> Iterator[tuple[Any, Any]]:
    """A schema and those inside of it, each after what it resolves names against."""
    if not isinstance(resource.contents, dict):
        return
    yield resolver, resource
    for inner in resource.subresources():
        yield from _schemas(resolver.in_subresource(inner), inner)


def _lost(reference: str, error: BaseException | None) -> Unresolved:
    while error is not None:
        if isinstance(error, Unresolved):
            return Unresolved(f"the reference {reference!r} leads astray: {error}")
        error = error.__cause__
    return Unresolved(f"the reference {reference!r} leads nowhere")
