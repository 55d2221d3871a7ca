"""OpenAPI 3.0 and 3.1 and Swagger 2.0 → operations, read as tolerantly as people write them.

Half of the documents that teams publish are not valid. What is wrong is told (`Document.flaws`), and everything else
is still used. Schemas are not looked into here: each record keeps its node of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.contracts.operations import NAMES, Document, Operation, Parameter, Requirement, resolve
from pytest_launchready.contracts.texts import Unreadable, read_text

METHODS: Final = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
_COLON = re.compile(r"/:([A-Za-z_]\w*)")


def read_openapi(text: str) -> Document:
    """The document in a text of JSON or YAML; raises Unreadable where it describes no API at all."""
    raw, flaw = read_text(text)
    if not isinstance(raw, dict):
        raise Unreadable("it is no OpenAPI document: it is not an object")
    version = str(raw.get("openapi") or raw.get("swagger") or "")
    paths = raw.get("paths")
    if not version and not isinstance(paths, dict):
        raise Unreadable("it is no OpenAPI document: it has neither `openapi` nor `swagger` nor `paths`")
    reader = _Reader(raw, [flaw] if flaw else [])
    if not version:
        reader.flaws.append("it says no version")
    operations = tuple(reader.operations(paths))
    return Document(version, operations, reader.schemes(), tuple(reader.flaws), raw)


@dataclass(frozen=True)
class _Reader:
    """Reads one document, and notes what is wrong with it."""

    raw: Mapping[str, Any]
    flaws: list[str]

    def operations(self, paths: Any) -> Iterator[Operation]:
        if not isinstance(paths, dict):
            self.flaws.append(f"`paths` is {_kind(paths)}, not an object")
            return
        for written, node in paths.items():
            if written.startswith("x-"):
                continue
            path = self._path(written)
            item = self._object(node, path)
            for key, inner in item.items():
                if key.upper() in METHODS:
                    yield self._operation(key.upper(), path, item, self._object(inner, f"{key.upper()} {path}"))

    def schemes(self) -> dict[str, Mapping[str, Any]]:
        places = (self.raw.get("securityDefinitions"), _dict(self.raw.get("components")).get("securitySchemes"))
        return {name: _dict(resolve(self.raw, one)) for place in places for name, one in _dict(place).items()}

    def _operation(self, method: str, path: str, item: dict[str, Any], node: dict[str, Any]) -> Operation:
        where = f"{method} {path}"
        declared = {
            (one.name, one.where): one
            for inner in (item.get("parameters"), node.get("parameters"))
            for one in self._parameters(inner, where)
        }
        for name in NAMES.findall(path):
            if (name, "path") not in declared:
                declared[name, "path"] = Parameter(name, "path", required=True)
        own = "security" in node
        return Operation(
            method=method,
            path=path,
            prefixes=self._prefixes(item, node),
            parameters=tuple(declared.values()),
            security=self._security(node.get("security") if own else self.raw.get("security"), where),
            tags=tuple(_text(tag.get("name") if isinstance(tag, dict) else tag) for tag in _list(node.get("tags"))),
            summary=_text(node.get("summary")) or _text(node.get("description")),
            id=_text(node.get("operationId")),
            raw=node,
            item=item,
        )

    def _parameters(self, nodes: Any, where: str) -> Iterator[Parameter]:
        for written in _list(nodes):
            node = self._object(written, where)
            place, name = _text(node.get("in")), _text(node.get("name"))
            if not place or not name:
                self.flaws.append(f"{where}: a parameter without `name` and `in`")
                continue
            schema = self._schema(node)
            yield Parameter(name, place, node.get("required") is True or place == "path", _example(node, schema), node)

    def _schema(self, node: dict[str, Any]) -> dict[str, Any]:
        content = [_dict(one) for one in _dict(node.get("content")).values()]
        return _dict(resolve(self.raw, node.get("schema") or next((one.get("schema") for one in content), None)))

    def _security(self, node: Any, where: str) -> tuple[Requirement, ...] | None:
        if node is None:
            return None
        if not isinstance(node, list):
            self.flaws.append(f"{where}: `security` is {_kind(node)}, not a list")
        ways = []
        for way in node if isinstance(node, list) else [node]:
            if isinstance(way, dict):
                ways.append({name: tuple(map(_text, _list(scopes))) for name, scopes in way.items()})
            elif isinstance(way, str):
                ways.append({way: ()})
        return tuple(ways)

    def _prefixes(self, item: dict[str, Any], node: dict[str, Any]) -> tuple[str, ...]:
        if isinstance(base := self.raw.get("basePath"), str):
            return (_prefix(base),)
        servers = next((_list(one["servers"]) for one in (node, item, self.raw) if one.get("servers")), [])
        found = [_prefix(_server(one)) for one in servers if isinstance(one, dict | str)]
        return tuple(dict.fromkeys(found)) or ("",)

    def _path(self, written: str) -> str:
        path = re.sub(r"^https?://[^/]+", "", written).partition("#")[0]
        if not path.startswith("/"):
            self.flaws.append(f"{written}: a path begins with a slash")
            path = f"/{path}"
        return _COLON.sub(r"/{\1}", path)

    def _object(self, node: Any, where: str) -> dict[str, Any]:
        found = resolve(self.raw, node)
        if isinstance(found, dict):
            return (
                {**found, **{key: value for key, value in node.items() if key != "$ref"}}
                if found is not node
                else found
            )
        what = f"{node['$ref']} leads nowhere" if isinstance(node, dict) else f"{_kind(node)}, not an object"
        self.flaws.append(f"{where}: {what}")
        return {}


def _example(node: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The first value that a parameter or its schema shows."""
    for place in (node, schema, _dict(node.get("items"))):
        for key in ("example", "x-example", "default", "const"):
            if place.get(key) not in (None, "", [], {}):
                return place[key]
        many = place.get("examples")
        values = [one.get("value") if isinstance(one, dict) else one for one in _dict(many).values()]
        values += many if isinstance(many, list) else []
        values += _list(place.get("enum"))
        if values:
            return values[0]
    return None


def _server(node: dict[str, Any] | str) -> str:
    """The URL of a server, its variables filled in."""
    if isinstance(node, str):
        return node
    url = _text(node.get("url"))
    for name, variable in _dict(node.get("variables")).items():
        url = url.replace(f"{{{name}}}", _text(_dict(variable).get("default")))
    return url


def _prefix(url: str) -> str:
    path = re.sub(r"^[a-z][a-z0-9+.-]*:", "", url.strip(), flags=re.IGNORECASE)
    path = re.sub(r"^//[^/]*", "", path).partition("?")[0].strip("/")
    return f"/{path}" if path and not path.startswith(".") else ""


def _dict(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [] if node is None or isinstance(node, dict) else [node]


def _text(node: Any) -> str:
    return "" if node is None or isinstance(node, dict | list) else str(node)


def _kind(node: Any) -> str:
    names = {"dict": "an object", "list": "a list", "str": "text", "NoneType": "missing", "bool": "true or false"}
    return names.get(type(node).__name__, "a number")
