"""Small marketplaces on real sockets, and maps for them.

A marketplace is one function: it gets a request as the server saw it and gives `status, body` or
`status, body, headers`. A body is JSON, or a text that is sent as HTML, or None.
"""

import contextlib
import itertools
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.flows.run import Run
from pytest_launchready.mapping.load import load_map
from pytest_launchready.probes.access.objects import trials as objects
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.engine import Engine

RUN = "lrpoints"


@dataclass
class Seen:
    """One request, as it came over the wire."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def line(self):
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def parts(self):
        """The path's parts, decoded."""
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body) if self.body else None

    @property
    def form(self):
        """The fields of a form; of several values the last."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def bearer(self):
        """The token, or nothing."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def cookies(self):
        """The cookies that were sent."""
        pairs = (pair.strip().partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}


class Server:
    """A server on a free loopback port; `seen` is all that reached it."""

    def __init__(self, app):
        self.seen = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each kept-alive answer waits for the client's delayed ACK

            def answer(self):
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                request = Seen(self.command, url.path, parse_qs(url.query, keep_blank_values=True), headers, body)
                seen.append(request)
                status, content, *rest = app(request)
                extra = rest[0] if rest else {}
                text = isinstance(content, str)
                raw = content.encode() if text else b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "text/html" if text else "application/json")
                self.send_header("content-length", str(len(raw)))
                for name, value in extra.items() if isinstance(extra, dict) else extra:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the standard library's names

            def log_message(self, *_):
                """Say nothing."""

        # The socket listens before the thread starts, so the first request needs no wait.
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.005})
        self._thread.start()

    def lines(self):
        """Method and path of every request, in order."""
        return [request.line for request in self.seen]

    def last(self, line):
        """The last request with this method and path."""
        return next(request for request in reversed(self.seen) if request.line == line)

    def count(self, line):
        """How often this method and path were asked for."""
        return self.lines().count(line)

    def stop(self):
        """Close everything."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def serve():
    """A function: app → a running server."""
    with contextlib.ExitStack() as stack:

        def start(app):
            server = Server(app)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def open_shop(serve, tmp_path):
    """A function: a map and the address of its server → the marketplace, left again when the test ends.

    The map is written as a user would write it; where it has no [targets] one is added.
    """
    maps = itertools.count(1)
    with contextlib.ExitStack() as stack:

        def start(text, api, *, environ=None, seed=7, **more):
            path = Path(tmp_path / f"launchready{next(maps)}.toml")
            head = "" if "[targets" in text else f'[targets.here]\nkind = "local"\napi = "{api}"\n'
            path.write_text(head + text.replace("$API", api))
            engine = Engine()
            stack.callback(engine.close)
            mapped = load_map(path, "here", environ=environ or {})
            market = Marketplace(engine, mapped, Run(RUN, seed), **more)
            stack.callback(market.leave)
            return market

        yield start


@pytest.fixture
def anyone():
    """A fresh register of people, for marketplaces whose sign-up is not the point."""
    return Register()


class Register:
    """People by e-mail, and tokens by number."""

    def __init__(self):
        self.people = {}
        self.tokens = {}
        self.numbers = itertools.count(1)

    def join(self, email, password, **more):
        """A new person."""
        person = {"id": next(self.numbers), "email": email, "password": password, **more}
        self.people[email] = person
        return person

    def enter(self, email, password):
        """A new token, or None for a wrong password."""
        person = self.people.get(email)
        if person is None or person["password"] != password:
            return None
        token = f"token-{next(self.numbers):08d}"
        self.tokens[token] = person
        return token

    def by_token(self, token):
        """Whose token this is, or None."""
        return self.tokens.get(token)


NOTE_PEOPLE = """
[auth]
bearer = "token"

[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
"""
NOTE_MAKER = """
[steps.make_note]
request = "POST /notes"
json = { text = "note {{ unique }}" }
capture = { id = "id", code = "code" }
"""


class Notes:
    """People and their notes; what is asked of a note is for the test to answer."""

    def __init__(self, anyone, answer):
        self.anyone, self.answer = anyone, answer
        self.notes = {}
        self.numbers = itertools.count(4001)

    def __call__(self, request):
        """The answer to a request."""
        match request.line:
            case "POST /people":
                return 201, {"id": self.anyone.join(**request.json)["id"]}
            case "POST /sessions":
                token = self.anyone.enter(**request.json)
                return (200, {"token": token}) if token else (401, {"detail": "wrong"})
        person = self.anyone.by_token(request.bearer)
        if request.line == "POST /notes":
            number = next(self.numbers)
            note = {"id": number, "code": f"c{number * 7919:x}", "by": person["id"], "text": request.json["text"]}
            self.notes[str(number)] = note
            return 201, {"id": number, "code": note["code"]}
        note = self.notes.get(self.wanted(request))
        mine = note if note and person and note["by"] == person["id"] else None
        return self.answer(request, person, note, mine)

    @staticmethod
    def wanted(request):
        """The id that a request asks for, wherever it travels."""
        query = request.query.get("id", [None])[-1]
        body = request.json if request.body else {}
        variables = body.get("variables", body)
        return str(query or request.headers.get("x-note") or variables.get("id") or request.parts[-1])

    def of(self, person):
        """The newest note of a person."""
        return next((note for note in reversed(self.notes.values()) if note["by"] == person["id"]), None)


@pytest.fixture
def notes(anyone):
    """A function: what is answered to requests for a note → a shop of people and notes."""
    return lambda answer: Notes(anyone, answer)


@pytest.fixture
def judge(open_shop, serve):
    """A function: an app and the table of a resource → check id → verdict; None where it is not covered."""

    def run(app, resource, *, people=NOTE_PEOPLE, note=NOTE_MAKER, only="", **more):
        text = f'{people}{note}\n[resources.note]\nmade_by = "make_note"\n{resource}'
        market = open_shop(text, serve(app).url, **more)
        run.market = market
        context = Context(market, None, notebook=Notebook())
        found = {}
        for check in objects.checks(Subject(market.map)):
            name = check.id.removeprefix("access.note.")
            if check.absent is None and name.startswith(only):
                try:
                    found[name] = market._engine.run(lambda check=check: check.run(context))
                except NotCovered as error:
                    found[name] = None
                    run.reasons[name] = str(error)
        return found

    run.reasons, run.people = {}, NOTE_PEOPLE
    return run


@pytest.fixture
def conduct(open_shop, serve):
    """A function: an app, a map and functions that make checks → check id without `access.` → verdict, or the reason.

    The reason is a text: of a check that is not covered, whether that was known before or not.
    """

    def run(app, text, *parts, only="", **more):
        market = open_shop(text, serve(app).url, **more)
        run.market = market
        context = Context(market, None, notebook=Notebook())
        found = {}
        for check in (check for part in parts for check in part(Subject(market.map))):
            name = check.id.removeprefix("access.")
            if not name.startswith(only):
                continue
            try:
                found[name] = check.absent or market._engine.run(lambda check=check: check.run(context))
            except NotCovered as error:
                found[name] = str(error)
        return found

    return run
