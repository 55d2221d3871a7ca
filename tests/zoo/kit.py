"""What the small back ends of the zoo share: a socket, routes, and the list of holes that are switched on.

A back end is a process of its own: `python rest.py order-read,no-login-limit` prints its address and serves until it is
ended. What it is like (names, statuses, sessions, texts) stands in its own file; here is only what HTTP itself is.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

HOLES = frozenset(filter(None, sys.argv[1].split(","))) if len(sys.argv) > 1 else frozenset()

Reply = Any
"""A body; or status and body; or status, body and headers. Text is sent as HTML, bytes as plain text, else JSON."""


def hole(name: str) -> bool:
    """Whether this hole is switched on."""
    return name in HOLES


class Stop(Exception):  # noqa: N818 - it ends a request, it is no error of the server
    """Ends the request with this answer."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.reply = (status, body, headers or {})


@dataclass
class Ask:
    """One request as the server sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str = "127.0.0.1"
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body as JSON; `{}` where there is none. Raises ValueError."""
        return json.loads(self.body) if self.body.strip() else {}

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were sent."""
        pairs = (pair.strip().partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    @property
    def bearer(self) -> str:
        """The token after `Bearer`, in any case, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


class App:
    """Routes, and what answers where none fits or one breaks. A back end may replace these three."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = []
        self.lock = threading.RLock()
        self.nowhere: Callable[[Ask], Reply] = lambda ask: (404, {"error": "no such route"})
        self.other_verb: Callable[[Ask], Reply] | None = None
        self.broken: Callable[[Ask, Exception], Reply] = lambda ask, error: (500, {"error": "something went wrong"})
        self.unreadable: Callable[[Ask], Reply] = lambda ask: (400, {"error": "bad request"})
        self.before: Callable[[Ask], None] = lambda ask: None
        self.after: Callable[[Ask, int, Any, dict[str, str]], Reply] = lambda ask, *reply: reply

    def on(self, *lines: str) -> Callable[[Callable[..., Reply]], Callable[..., Reply]]:
        """Registers a handler for lines like `GET /orders/{id}`."""

        def register(handler: Callable[..., Reply]) -> Callable[..., Reply]:
            for line in lines:
                verb, _, path = line.partition(" ")
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
                self.routes.append((verb, re.compile(pattern + "/?"), handler))
            return handler

        return register

    def answer(self, ask: Ask) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers."""
        try:
            with self.lock:
                self.before(ask)
                reply = self._find(ask)()
        except Stop as stop:
            reply = stop.reply
        except (ValueError, UnicodeDecodeError) as error:
            reply = self.unreadable(ask) if isinstance(error, json.JSONDecodeError) else self.broken(ask, error)
        except Exception as error:  # noqa: BLE001 - what a framework does
            reply = self.broken(ask, error)
        if not isinstance(reply, tuple):
            reply = (200, reply)
        status, body, *headers = reply
        return self.after(ask, status, body, dict(headers[0]) if headers else {})

    def _find(self, ask: Ask) -> Callable[[], Reply]:
        seen = False
        for verb, pattern, handler in self.routes:
            if found := pattern.fullmatch(ask.path):
                if verb == (ask.method if ask.method != "HEAD" else "GET"):
                    values = {name: unquote(value) for name, value in found.groupdict().items()}
                    return lambda handler=handler, values=values: handler(ask, **values)
                seen = True
        if seen and self.other_verb:
            return lambda: self.other_verb(ask)  # type: ignore[misc]
        return lambda: self.nowhere(ask)


class Counter:
    """Counts tries by key within a window of seconds."""

    def __init__(self, most: int, window: float = 60.0) -> None:
        self.most, self.window = most, window
        self.tries: dict[str, list[float]] = defaultdict(list)

    def full(self, key: str) -> float:
        """Seconds until another try is served; 0 if it is served now."""
        now = time.monotonic()
        self.tries[key] = [at for at in self.tries[key] if now - at < self.window]
        return self.window - (now - self.tries[key][0]) if len(self.tries[key]) >= self.most else 0.0

    def add(self, key: str) -> None:
        """Counts one try."""
        self.tries[key].append(time.monotonic())


def run(app: App) -> None:
    """Serves on a free loopback port, whose address is the first line of the output."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            status, content, extra = app.answer(Ask(self.command, url.path, query, headers, body))
            kind = "text/html; charset=utf-8" if isinstance(content, str) else "application/json"
            kind = "text/plain; charset=utf-8" if isinstance(content, bytes) else kind
            raw = content.encode() if isinstance(content, str) else content
            raw = b"" if status == 204 or raw is ... else raw if isinstance(raw, bytes) else json.dumps(raw).encode()
            self.send_response(status)
            if not any(name.lower() == "content-type" for name in extra):
                self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            for name, value in extra.items():
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, str(one))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = serve  # noqa: N815

        def version_string(self) -> str:
            return "web"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - how the harness learns it
    server.serve_forever()


def run_asgi(app: Any) -> None:
    """Serves an ASGI application in the same way."""
    import socket

    import uvicorn

    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{door.getsockname()[1]}", flush=True)  # noqa: T201 - how the harness learns it
    config = uvicorn.Config(app, log_level="critical", server_header=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[door])
