"""Stack traces and debug pages: how the frameworks that people use show their inside when something goes wrong."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from pytest_launchready.core.answer import Answer

LARGEST: Final = 200_000
"""Characters of an answer that are looked at; a trace stands in the first page."""

_PATH: Final = r"(?:/|[A-Za-z]:\\)"
"""How an absolute path begins."""
_PAGES: Final = {
    "Django's debug page": r"seeing this error because you have <code>DEBUG = True</code>|Using the URLconf defined in",
    "the Werkzeug debugger": r"Werkzeug Debugger</title>|__debugger__=yes|EVALEX\s*=\s*(?:true|false)",
    "Starlette's debug page": r"<title>Starlette Debugger</title>",
    "Laravel's debug page": (
        r"window\.ignite\(|facade/ignition|laravel-exceptions"
        r"|\"exception\":\s*\"(?:Illuminate|Symfony|\w*Error|\w*Exception)[^\"]*\",\s*\"file\""
    ),
    "the page of Whoops": r"<title>Whoops! There was an error|class=\"Whoops container\"",
    "Symfony's debug page": r"Symfony Exception</title>|class=\"?sf-dump",
    "Rails' debug page": r"<title>Action Controller: Exception caught</title>|<code>Rails\.root: /|better-errors",
    "Rack's debug page": r"Rack::ShowExceptions|you have enabled the <code>show_exceptions</code>",
    "ASP.NET's debug page": (
        r"An unhandled exception occurred while processing|<b>Source File: </b>|\[No relevant source lines\]"
    ),
    "Phoenix' debug page": r"<title>\w+(?:\.\w+)+Error at (?:GET|POST|PUT|PATCH|DELETE) ",
}
_TRACES: Final = {
    "a Python stack trace": r"Traceback \(most recent call last\):|^\s*File \"[^\"\n]+\.py\", line \d+, in ",
    "a Java stack trace": (
        r"^[\s\"\[]*at (?:[\w.$]+/)?[\w$]+(?:\.[\w$<>]+)+\((?:[\w$]+\.(?:java|kt|scala|groovy):\d+|Native Method)\)"
        r"|\b(?:javax?|jakarta|org|com)(?:\.\w+)+(?:Exception|Error)(?::[^\n]*)?\n\s+at "
    ),
    "a Node.js stack trace": rf"^[\s\"\[]*at (?:async )?(?:[^\n()]+ )?\(?(?:file://|node:|{_PATH})[^\n()]*:\d+:\d+\)?",
    "a PHP stack trace": (
        rf"^#\d+ {_PATH}[^\n]*\.php\(\d+\): "
        rf"|(?:Fatal error|Warning|Notice|Parse error)(?:</b>)?: [^\n]{{1,600}}? in (?:<b>)?{_PATH}[^\n]*?\.php"
    ),
    "a Ruby stack trace": r"[\w./-]+\.rb:\d+:in [`']",
    "a .NET stack trace": (
        r"^[\s\"\[]*at [\w.`<>\[\]]+\([^\n)]*\) in [^\n]+\.(?:cs|vb|fs):line \d+"
        r"|^[\s\"\[]*at (?:System|Microsoft)\.[\w.`<>]+\("
    ),
    "a Go stack trace": r"\bgoroutine \d+ \[[\w ]+\]:|^\t?/[^\n]+\.go:\d+ \+0x",
    "an Elixir stack trace": r"^\s*\(\w+ \d+\.\d+[^\n]*\) lib/[^\n]+\.exs?:\d+: ",
    "a Rust stack trace": r"thread '[^'\n]*' panicked at ",
}
_DATABASE: Final = {
    "an error text of the database": (
        r"SQLSTATE\[\w+\]|You have an error in your SQL syntax|\bORA-\d{5}: |SQLITE_ERROR|sqlite3?\.OperationalError"
        r"|unclosed quotation mark after the character string|psycopg2?\.errors?\.|SequelizeDatabaseError|PG::\w+Error"
        r"|syntax error at or near \\?\"|com\.mysql\.|MongoServerError:|unterminated quoted string"
    ),
}
_KINDS: Final = tuple(
    (what, re.compile(shape, re.MULTILINE | re.IGNORECASE if kind is _DATABASE else re.MULTILINE))
    for kind in (_PAGES, _TRACES, _DATABASE)
    for what, shape in kind.items()
)


def trace_in(answer: Answer) -> tuple[str, str] | None:
    """What of its inside an answer shows, and the words that prove it; None where it shows nothing."""
    text = answer.text[:LARGEST]
    plain = _plain(text)
    for what, shape in _KINDS:
        match = shape.search(text) or (shape.search(plain) if plain != text else None)
        if match is not None:
            return what, " ".join(match[0].split())[:120]
    return None


def _plain(text: str) -> str:
    """The text as a person would read it: line ends, quotes and lists of JSON, and the entities of HTML, undone."""
    for written, meant in (("\\r", ""), ("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'), ("\\/", "/"), ('",', '"\n')):
        text = text.replace(written, meant)
    return unescape(re.sub(r"<br\s*/?>", "\n", text)) if "&" in text or "<br" in text else text
