"""A request as it is written → a compiled `Request`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.expressions import end_of
from pytest_launchready.mapping.leaves import Leaves, written_origin
from pytest_launchready.mapping.records import Body, Request
from pytest_launchready.mapping.template import Given, Template, TemplateError, compile_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.mapping.problems import Key
    from pytest_launchready.mapping.tables import RequestTable

METHODS: Final = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_BODIES: Final = ("json", "form", "multipart", "body", "graphql")
_OUTSIDE = re.compile(r"\{\{.*?\}\}")


@dataclass(frozen=True)
class Requests:
    """Compiles the requests of one map."""

    leaves: Leaves
    origins: frozenset[str]
    """Where an absolute URL may lead; none: not known."""
    graphql: str | None
    """`[contract] graphql`."""

    def compile(self, table: RequestTable, key: Key, *, headers: Mapping[str, Key] | None = None) -> Request:
        """The request; `headers` says where each header is written, if not at `key`."""
        leaves = self.leaves
        method, target = self._line(table, key)
        body, reads = self._body(table, key)
        capture = table.capture or {}
        for name in capture:
            leaves.name(name, (*key, "capture", name))
        at: Key = (*key, "expect")
        expect = (
            {at: table.expect}
            if isinstance(table.expect, str)
            else {(*at, n): text for n, text in enumerate(table.expect or [])}
        )
        return Request(
            method,
            target,
            query=None if table.query is None else leaves.template(table.query, (*key, "query")),
            headers=self._headers(table.headers, key, headers or {}),
            body=body,
            basic=None if table.basic is None else leaves.credentials(table.basic, (*key, "basic")),
            actor=table.actor,
            ok=frozenset(table.ok or ()),
            expect=tuple(leaves.reader(text, place) for place, text in expect.items()),
            capture={name: leaves.extractor(text, (*key, "capture", name)) for name, text in capture.items()},
            items=leaves.maybe(table.items, (*key, "items")),
            wait=table.wait or 0.0,
            safe=table.safe if table.safe is not None else (method in _SAFE if reads is None else reads),
        )

    def _headers(self, table: dict[str, Any] | None, key: Key, written: Mapping[str, Key]) -> Template | None:
        if table is None:
            return None
        try:
            return compile_template(table)
        except TemplateError:
            for name, value in table.items():
                self.leaves.template(value, written.get(name, (*key, "headers", name)))
            return self.leaves.nothing

    def bare(self, text: str, key: Key) -> Request:
        """The request of a "METHOD target" text that stands alone."""
        method, target = self.line(text, key)
        return Request(method, target, safe=method in _SAFE)

    def line(self, text: str, key: Key) -> tuple[str, Template]:
        """Method and target of a "METHOD target" text."""
        method, _, target = text.strip().partition(" ")
        target = target.strip()
        if method not in METHODS:
            self.leaves.problems.add(key, f"{method!r} is no method", got=text, allowed=METHODS)
        elif not target:
            self.leaves.problems.add(key, "has no target", got=text, allowed='"METHOD target", such as "GET /orders"')
        else:
            self._check_target(target, key)
        return method, self.leaves.target(target, key)

    def _line(self, table: RequestTable, key: Key) -> tuple[str, Template]:
        if table.request is not None:
            return self.line(table.request, (*key, "request"))
        if table.graphql is not None and self.graphql is not None:
            return "POST", self.leaves.target(self.graphql, key)
        what = "says no endpoint: write `request`, or `graphql` in [contract]" if table.graphql else "has no `request`"
        self.leaves.problems.add(key, what, allowed='request = "METHOD target"')
        return "GET", self.leaves.nothing

    def _check_target(self, target: str, key: Key) -> None:
        problems = self.leaves.problems
        fixed = _OUTSIDE.sub("", target)
        if any(char.isspace() for char in fixed):
            problems.add(key, "a target holds no spaces", got=target)
        elif target.startswith(("http://", "https://")):
            origin = written_origin(fixed)
            if self.origins and origin not in self.origins:
                what = "leads to an origin that is not the target's"
                problems.add(key, what, got=origin or target, allowed=self.origins)
        elif target.startswith("//") or not target.startswith(("/", "{{")):
            allowed = 'a path that begins with "/", an absolute URL, or a {{ }}'
            problems.add(key, "is no target", got=target, allowed=allowed)

    def _body(self, table: RequestTable, key: Key) -> tuple[Body | None, bool | None]:
        """The body, and whether a GraphQL document only reads."""
        kinds = [kind for kind in _BODIES if getattr(table, kind) is not None]
        problems = self.leaves.problems
        if len(kinds) > 1:
            problems.add((*key, kinds[1]), f"a request has one body, got {' and '.join(kinds)}", allowed=_BODIES)
        if table.variables is not None and table.graphql is None:
            problems.add((*key, "variables"), "belong to a `graphql` document, and there is none")
        if not kinds:
            return None, None
        kind, place = kinds[0], (*key, kinds[0])
        if kind == "graphql":
            return self._graphql(table, key)
        if kind == "json":
            return Body("json", self._json(table.json, place)), None
        if kind == "body":
            if not isinstance(table.body, str | bytes):
                problems.add(place, "", got=table.body, allowed="text")
            return Body("text", self.leaves.template(table.body, place)), None
        return Body("form" if kind == "form" else "multipart", self.leaves.template(getattr(table, kind), place)), None

    def _json(self, value: Any, key: Key) -> Template:
        if isinstance(value, Given) or not isinstance(value, str):
            return self.leaves.template(value, key)
        try:
            return self.leaves.template(json.loads(quote_bare(value)), key)
        except TemplateError as error:
            self.leaves.problems.add(key, str(error))
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno} of the text"
            self.leaves.problems.add(key, f"is not JSON: {error.msg} at {where}")
        except RecursionError:
            self.leaves.problems.add(key, "is nested too deeply")
        return self.leaves.nothing

    def _graphql(self, table: RequestTable, key: Key) -> tuple[Body, bool]:
        from pytest_launchready.mapping.graphql import operation_kind

        document = str(table.graphql)
        kind = "query"
        try:
            kind = operation_kind(document)
        except ValueError as error:
            self.leaves.problems.add((*key, "graphql"), str(error))
        variables = self.leaves.template(table.variables or {}, (*key, "variables"))
        source = table.variables or {} if variables is not self.leaves.nothing else {}
        # The document is full of braces of its own: values go into variables only.
        content = self.leaves.template({"query": Given(document, "graphql"), "variables": source}, key)
        return Body("graphql", content), kind == "query"


def quote_bare(text: str) -> str:
    """Text of JSON with each `{{ }}` that stands for a whole value put in quotes. Raises TemplateError."""
    pieces: list[str] = []
    at = start = 0
    inside = False
    while at < len(text):
        if inside and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            inside = not inside
        elif not inside and text.startswith("{{", at):
            end = end_of(text, at + 2) + 2
            pieces += [text[start:at], json.dumps(text[at:end])]
            start = at = end
            continue
        at += 1
    return "".join([*pieces, text[start:]])
