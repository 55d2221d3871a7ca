"""Shops that limit their log-in in one way or another, and the checks that look for it."""

import threading
import time
from collections import defaultdict

from pytest_launchready.assertions.limits import Limits
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.probes.limits.family import FAMILY
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject

MAP = """
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /login"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.me]
request = "GET /me"
capture = { id = "id" }
"""
DECLARED = MAP + "[limits.login]\nwithin = 5\n"


class Counter:
    """Tries by key in a sliding window; a try counts before its outcome is known."""

    def __init__(self, most=5, window=60.0):
        self.most, self.window = most, window
        self.tries = defaultdict(list)
        self.lock = threading.Lock()

    def full(self, key):
        """Whether this try is one too many; it counts if it is not."""
        now = time.monotonic()
        with self.lock:
            tries = self.tries[key] = [at for at in self.tries[key] if now - at < self.window]
            if len(tries) >= self.most:
                return True
            tries.append(now)
            return False

    def forgive(self, key):
        """Takes the last try back: it was right."""
        with self.lock:
            del self.tries[key][-1:]


def shop(anyone, limit, *, wrong=(401, {"error": "wrong"}), hash_seconds=0.0, more=None):
    """A shop whose log-in asks `limit(request, email)` first: an answer of its own, or None."""

    def app(request):
        extra = more(request) if more else None
        if extra is not None:
            return extra
        if request.line == "POST /people":
            return 201, {"id": anyone.join(**request.json)["id"]}
        if request.line == "GET /me":
            person = anyone.by_token(request.bearer)
            return (200, {"id": person["id"]}) if person else (401, {"error": "who?"})
        return log_in(request)

    def log_in(request):
        email = request.json["email"]
        refusal = limit(request, email.lower())
        if refusal is not None:
            return refusal
        time.sleep(hash_seconds)
        token = anyone.enter(email.lower(), request.json["password"])
        if token is None:
            return wrong
        getattr(limit, "forgive", lambda _: None)(email.lower())
        return 200, {"token": token}

    return app


def open_to_all(_request, _email):
    """No limit at all."""


def by_account(_request, email):
    """The key of a limit that counts by account."""
    return email


def by_address(_request, _email):
    """The key of a limit that counts by address, or everybody as one."""
    return "127.0.0.1"


def refusing(counter, answer, key=by_account):
    """A limit that answers so once a key has tried too often; what was right does not count."""

    def limit(request, email):
        return answer if counter.full(key(request, email)) else None

    limit.forgive = lambda email: [counter.forgive(one) for one in list(counter.tries) if email in str(one)]
    return limit


def audit(market, *names):
    """Check id → verdict of the family's checks that end so; a reason in words where one is not covered."""
    context = Context(market, None, notebook=Notebook())
    found = {}
    for check in FAMILY.checks(Subject(market.map)):
        if names and check.id not in names:
            continue
        found[check.id] = check.absent or run(market, lambda check=check: check.run(context))
    return found


def run(market, make):
    """What a coroutine gives on the engine, or why it is not covered."""
    try:
        return market._engine.run(make)
    except NotCovered as error:
        return str(error)


def outcomes(found):
    """Check id → one word."""
    return {name: verdict if isinstance(verdict, str) else verdict.outcome for name, verdict in found.items()}


def asserting(market):
    """The fixture's function, on a marketplace."""
    return Limits(market._engine, Context(market, None, notebook=Notebook())).assert_rate_limited
