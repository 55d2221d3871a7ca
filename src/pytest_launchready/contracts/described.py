"""Answers against an OpenAPI document: operation, status, media type and schema, each compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_launchready.contracts.bodies import body_of
from pytest_launchready.contracts.deviations import Deviation, deviation_of, unknown
from pytest_launchready.contracts.engines import Compiled, EngineName, compile_bundled
from pytest_launchready.contracts.media import chosen, is_json
from pytest_launchready.contracts.operations import Document, Operation
from pytest_launchready.contracts.routing import Routes
from pytest_launchready.contracts.schemas import Bundle, bundle
from pytest_launchready.contracts.unknown import Shape, shape_of, unknown_fields
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange

BODILESS: Final = frozenset({204, 205, 304})
MOST_PATHS: Final = 5_000
"""Paths whose operation is remembered; they hold ids, so there may be many."""
REDIRECTS: Final = frozenset({301, 302, 307, 308})
REFUSED: Final = frozenset({404, 405, 501})
"""What an operation that there is not is answered with."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One described body, ready to judge."""

    compiled: Compiled | None
    """None where the document describes nothing that can be used."""
    shape: Shape
    flaws: tuple[str, ...]
    """What could not be read in its schema."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is described for one status of an operation."""

    node: Mapping[str, Any]
    status: str
    """As it is written: "200", "4XX", "default"."""
    content: Mapping[str, Any]
    """Media type → node with a `schema`; empty where no body is described."""


class Described:
    """A document that judges answers."""

    def __init__(self, document: Document, *, base: str = "", engine: EngineName | None = None) -> None:
        self.document = document
        self._routes = Routes(document)
        self._base = base.rstrip("/")
        """Path below which the target's API stands, which the document may leave out."""
        self._engine = engine
        self._operations: dict[tuple[str, str], Operation | None] = {}
        self._judges: dict[tuple[int, str, str], Judge] = {}
        self._promises: dict[tuple[int, int], Promise | None] = {}

    def operation(self, method: str, url: str) -> Operation | None:
        """The operation of a request: a URL, or its path."""
        path = urlsplit(url).path
        key = (method, path)
        if key not in self._operations:
            if len(self._operations) > MOST_PATHS:
                self._operations.clear()
            self._operations[key] = self._find(method, path)
        return self._operations[key]

    def judge(self, exchange: Exchange) -> list[Deviation]:
        """How the answer of an exchange differs from the document; nothing where it has no answer."""
        answer = exchange.answer
        if answer is None or _tidied(exchange, answer):
            return []
        operation = self.operation(exchange.method, exchange.url)
        if operation is None:
            return [] if answer.status in REFUSED else [_undocumented(exchange)]
        return self.judge_answer(operation, answer, head=exchange.method == "HEAD")

    def judge_answer(self, operation: Operation, answer: Answer, *, head: bool = False) -> list[Deviation]:
        """The same, for an answer whose operation is known."""
        if not isinstance(operation.raw.get("responses"), dict):
            return []
        promise = self._promise(operation, answer.status)
        if promise is None:
            known = ", ".join(sorted(map(str, operation.raw["responses"])))
            return [Deviation("undocumented status", str(answer.status), f"one of {known}", answer.reason)]
        if head or answer.status in BODILESS or not promise.content:
            return []
        return list(self._body(operation, promise, answer))

    def covers(self, exchange: Exchange) -> bool:
        """Whether the document describes a body that this answer has, or that it has none."""
        operation = self.operation(exchange.method, exchange.url)
        return operation is not None and exchange.answer is not None and self.covers_answer(operation, exchange.answer)

    def covers_answer(self, operation: Operation, answer: Answer) -> bool:
        """The same, for an answer whose operation is known."""
        if not isinstance(operation.raw.get("responses"), dict):
            return False
        promise = self._promise(operation, answer.status)
        if promise is None or answer.status in BODILESS:
            return promise is not None
        media = chosen(promise.content, answer.header("content-type") or "")
        return media is not None and self.judge_of(operation, promise, media).compiled is not None

    def judge_value(self, operation: Operation, value: Any, *path: str) -> list[Deviation] | None:
        """How a value differs from the body of a good answer; `path` leads to the part of the body that it is.

        None where no body is described that anything could differ from.
        """
        for status in self.statuses(operation):
            promise = self._promise(operation, status)
            for media in promise.content if promise else ():
                if is_json(media) or "*" in media:
                    assert promise is not None
                    judge = self.judge_of(operation, promise, media, path)
                    return None if judge.compiled is None else list(_faults(judge, value))
        return None

    @staticmethod
    def statuses(operation: Operation) -> list[int]:
        """The good statuses that are described."""
        nodes = operation.raw.get("responses")
        written = [str(one) for one in nodes] if isinstance(nodes, dict) else []
        found = sorted(int(one) for one in written if one.isdigit() and one[0] == "2")
        return found or ([200] if any(one.upper() in {"2XX", "DEFAULT"} for one in written) else [])

    def flaws(self) -> list[str]:
        """What is wrong in the schemas of answers, as far as they can be reached; compiles them all."""
        found: list[str] = []
        for operation in self.document.operations:
            responses = operation.raw.get("responses")
            for written in responses if isinstance(responses, dict) else ():
                status = str(written)
                promise = self._promise(operation, int(status) if status.isdigit() else 0, written=status)
                for media in promise.content if promise else ():
                    assert promise is not None
                    found += self.judge_of(operation, promise, media).flaws
        return list(dict.fromkeys(found))

    def _find(self, method: str, path: str) -> Operation | None:
        ways = [path]
        if self._base and path.startswith(f"{self._base}/"):
            ways.append(path.removeprefix(self._base))
        methods = [method, "GET"] if method == "HEAD" else [method]
        found = (self._routes.find(word, way) for word in methods for way in ways)
        return next((one for one in found if one is not None), None)

    def _promise(self, operation: Operation, status: int, *, written: str | None = None) -> Promise | None:
        key = (id(operation), status)
        if written is not None or key not in self._promises:
            nodes = {str(name): one for name, one in operation.raw.get("responses", {}).items()}
            names = (written,) if written else (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
            name = next((one for one in names if one in nodes), None)
            made = None
            if name is not None:
                node = self.document.resolve(nodes[name])
                node = node if isinstance(node, dict) else {}
                made = Promise(node, name, self._content(operation, node))
            if written is not None:
                return made
            self._promises[key] = made
        return self._promises[key]

    def _content(self, operation: Operation, node: Mapping[str, Any]) -> Mapping[str, Any]:
        content = node.get("content")
        if isinstance(content, dict):
            return {str(kind): one if isinstance(one, dict) else {} for kind, one in content.items()}
        if "schema" not in node or not self.document.version.startswith("2"):
            return {}
        produced = operation.raw.get("produces") or self.document.raw.get("produces") or ["*/*"]
        kinds = produced if isinstance(produced, list) else [produced]
        return {str(kind): {"schema": node["schema"]} for kind in kinds}

    def _body(self, operation: Operation, promise: Promise, answer: Answer) -> Iterator[Deviation]:
        kinds = ", ".join(promise.content)
        said = answer.header("content-type")
        if not answer.text and answer.broken is None:
            if any(is_json(kind) for kind in promise.content):
                yield Deviation("no JSON", f"status {answer.status}", f"a body of {kinds}", "no body")
            return
        media = chosen(promise.content, said) if said else None
        if media is None:
            yield Deviation("content type", f"status {answer.status}", kinds, said or "no Content-Type")
            if not (said and is_json(said)) or not (media := next(filter(is_json, promise.content), None)):
                return
        if not is_json(said or media) and not (is_json(media) and answer.flaw is None):
            return
        value, flaw = body_of(answer)
        if flaw is not None:
            yield Deviation("no JSON", f"status {answer.status}", f"a body of {media}", flaw)
            return
        yield from _faults(self.judge_of(operation, promise, media), value)

    def judge_of(self, operation: Operation, promise: Promise, media: str, path: tuple[str, ...] = ()) -> Judge:
        """What judges a body; made once."""
        key = (id(operation), promise.status, "/".join((media, *path)))
        if key not in self._judges:
            where = f"{operation.line}: {promise.status} {media}"
            node = promise.content[media].get("schema")
            if node is None:
                self._judges[key] = Judge(None, shape_of({}), ())
            else:
                made = bundle(self.document.raw, self.document.version, node, where)
                self._judges[key] = self._compiled(_part(made, path), where)
        return self._judges[key]

    def _compiled(self, made: Bundle, where: str) -> Judge:
        try:
            return Judge(compile_bundled(made.schema, engine=self._engine), shape_of(made.schema), made.flaws)
        except UseError as error:
            return Judge(None, shape_of({}), (*made.flaws, f"{where}: {error}"))


def _faults(judge: Judge, value: Any) -> Iterator[Deviation]:
    found = judge.compiled.faults(value) if judge.compiled else []
    if found:
        yield deviation_of(found)
    places = unknown_fields(judge.shape, value)
    if places:
        yield unknown(places)


def _part(made: Bundle, path: tuple[str, ...]) -> Bundle:
    """The schema of a part of a body, by the names that lead there; "[]" leads to the items of a list."""
    schema: Any = made.schema
    defs = made.schema.get("$defs", {})
    for name in path:
        while isinstance(schema, dict) and "$ref" in schema and "properties" not in schema:
            schema = defs.get(schema["$ref"].rpartition("/")[2], {})
        inner = schema.get("items") if name == "[]" else schema.get("properties", {}).get(name)
        schema = inner if isinstance(inner, dict) else {}
    return Bundle({**schema, "$defs": defs} if path and defs else schema, made.flaws)


def _tidied(exchange: Exchange, answer: Answer) -> bool:
    """Whether it only sends on to the same path, less or more by a final slash: a framework does, and no operation."""
    where = answer.header("location") if answer.status in REDIRECTS else None
    return where is not None and urlsplit(where).path.rstrip("/") == urlsplit(exchange.url).path.rstrip("/")


def _undocumented(exchange: Exchange) -> Deviation:
    got = (
        f"{exchange.method} {urlsplit(exchange.url).path} → {exchange.answer.reason if exchange.answer else 'nothing'}"
    )
    about = f"{exchange.method} {urlsplit(exchange.url).path}"
    return Deviation("undocumented operation", about, "an operation that the document describes", got)
