"""What a request does by what it says itself: its method, what stands in for it, and the GraphQL that it carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from posixpath import normpath
from typing import Any
from urllib.parse import parse_qsl

import httpx

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110, section 9.2.1."""
OVERRIDES = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""Headers by which common frameworks let a POST or GET stand for another method."""
METHOD_FIELD = "_method"
"""The query parameter that does the same."""
DOCUMENTS = frozenset({"id", "hash", "doc_id", "docid", "documentid", "document_id", "queryid", "operationid"})
"""Names beside `query` by which servers choose a stored operation, of which only they know what it does."""
WRITING = re.compile(r"\b(mutation|subscription)\b[^{}]*\{")
"""What begins a writing operation, in a text that our parser does not take, and the server's may."""


def overrides(request: httpx.Request) -> bool:
    """Whether a request says that another method than a safe one is meant; most servers read `_` in a header as `-`."""
    raw = request.headers.raw
    values = [value.decode("latin-1") for name, value in raw if name.lower().replace(b"_", b"-") in OVERRIDES]
    values += [value for name, value in _parameters(request.url) if name == METHOD_FIELD]
    return any(value.strip().upper() not in SAFE_METHODS for value in values)


def writes(request: httpx.Request, graphql: str | None) -> bool:
    """Whether a request may change something; `graphql` is the path of the endpoint whose POST may be a read."""
    at_graphql = graphql is not None and _plain(request.url.path) == _plain(graphql)
    if request.method in SAFE_METHODS:
        return writes_by_query(request.url, strict=at_graphql) or _by_body(request.content, strict=at_graphql)
    if request.method != "POST" or not at_graphql or "json" not in request.headers.get("content-type", ""):
        return True
    # What stands in the URL wins over the body in some servers.
    named = any(name in {"query", "extensions"} | DOCUMENTS for name, _ in _parameters(request.url))
    return (named and writes_by_query(request.url, strict=True)) or not _reads_only(request.content)


def _plain(path: str) -> str:
    return normpath("/" + path.strip("/")).lower()


def _parameters(url: httpx.URL) -> list[tuple[str, str]]:
    """Names, in lower case and without a `[]`, and values of a query; some servers part them at semicolons too."""
    query = url.query.decode("ascii", "replace")
    if not query:
        return []
    texts = {query, query.replace(";", "&")}
    pairs = [pair for text in texts for pair in parse_qsl(text, keep_blank_values=True)]
    return [(name.lower().partition("[")[0], value) for name, value in pairs]


def writes_by_query(url: httpx.URL, *, strict: bool) -> bool:
    """Whether the query carries an operation that writes; at a GraphQL endpoint also one that cannot be read."""
    values = _parameters(url)
    names = {name for name, _ in values}
    if strict and values and ("query" not in names or names & (DOCUMENTS | {"extensions"})):
        return True  # a stored operation
    return _any_writes((value for name, value in values if name == "query"), strict=strict)


def _by_body(body: bytes, *, strict: bool) -> bool:
    """Whether the body of a GET carries an operation that writes."""
    if not body:
        return False
    if strict:
        return not _reads_only(body)
    entries = _entries(body)
    return _any_writes((str(entry.get("query")) for entry in entries or () if isinstance(entry, dict)), strict=False)


def _any_writes(texts: Iterable[str], *, strict: bool) -> bool:
    for text in texts:
        kinds = operations(text)
        if strict if kinds is None else kinds != {"query"}:
            return True
        if kinds is None and WRITING.search(text):
            return True
    return False


def _reads_only(body: bytes) -> bool:
    """Whether a GraphQL request, or every one of a batch, is made of queries; one that cannot be read is not."""
    entries = _entries(body)
    return bool(entries) and all(_is_query(entry) for entry in entries or ())


def _is_query(entry: Any) -> bool:
    if not isinstance(entry, dict) or {name.lower() for name in entry} & DOCUMENTS:
        return False
    text, extensions = entry.get("query"), entry.get("extensions")
    stored = isinstance(extensions, dict) and "persistedQuery" in extensions
    return isinstance(text, str) and not stored and operations(text) == {"query"}


def _entries(body: bytes) -> list[Any] | None:
    """The entries of a JSON body, of which a key that comes twice makes none: each server takes another one."""
    try:
        document = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, list) else [document]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise ValueError("a key that comes twice")
    return dict(pairs)


def operations(text: str) -> set[str] | None:
    """The kinds of operation in a GraphQL document, or None if it is none."""
    from graphql import GraphQLError, OperationDefinitionNode, parse

    try:
        document = parse(text, no_location=True)
    except (GraphQLError, RecursionError):
        return None
    kinds = {node.operation.value for node in document.definitions if isinstance(node, OperationDefinitionNode)}
    return kinds or None
