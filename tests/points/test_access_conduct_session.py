"""Sessions of shops that carry them in their own ways: each flaw is seen by its own check, and healthy ones pass."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from pytest_launchready.probes.access.conduct import session, session_ends

STRONG, WEAK = "9f0e7d44c6f1a2b3958e7761d0c4a5b6e7f80912", "changeme"
MAP = """
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.logout]
request = "POST /bye"
[steps.change_password]
request = "PUT /password"
json = { old = "{{ account.password }}", new = "{{ new_password }}" }
[steps.me]
request = "GET /profile"
"""
COOKIES = "[auth]\ncookies = true\n"
TOKEN = '[auth]\nbearer = "token"\nheaders = { authorization = "Token {{ account.token }}" }\n'
OWN = '[auth]\nbearer = "token"\nheaders = { x-auth-token = "{{ account.token }}" }\n'


def encoded(value):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Shop:
    """People with sessions; `flaw` is what is wrong with it."""

    def __init__(self, anyone, flaw="", *, jwt=True, lifetime=3600, how="cookie"):
        self.anyone, self.flaw, self.jwt, self.lifetime, self.how = anyone, flaw, jwt, lifetime, how
        self.sessions = {}

    def __call__(self, request):
        """The answer to a request."""
        match request.line:
            case "POST /people":
                return 201, {"id": self.anyone.join(**request.json)["id"]}
            case "POST /sessions":
                return self.log_in(request)
        person, name = self.of(request)
        match request.line:
            case "POST /bye":
                if self.flaw != "logged-out":
                    self.sessions.pop(name, None)
                return 204, None
            case "PUT /password" if person and person["password"] == request.json["old"]:
                person["password"] = request.json["new"]
                if self.flaw != "password-changed":
                    self.sessions = {key: who for key, who in self.sessions.items() if who is not person or key == name}
                return 204, None
            case "GET /profile":
                return self.profile(person)
        return 404, None

    def log_in(self, request):
        """A new session."""
        person = self.anyone.people.get(request.json["email"])
        if not person or person["password"] != request.json["password"]:
            return 401, {"detail": "wrong"}
        name = hashlib.sha256(f"{next(self.anyone.numbers)} of {person['email']}".encode()).hexdigest()
        self.sessions[name] = person
        token = self.issue(name) if self.jwt else name
        if self.how != "cookie":
            return 200, {"token": token}
        cookies = [f"auth={token}; HttpOnly", "visitor=v-20831947-first-seen", "xsrf-token=f00df00df00df00d"]
        return 200, {}, [("set-cookie", cookie) for cookie in cookies]

    def issue(self, name):
        """The token of a session."""
        claims = {"sid": name, **({"exp": int(time.time()) + self.lifetime} if self.lifetime else {})}
        written = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims)}"
        return f"{written}.{self.signature(written)}"

    def signature(self, written):
        """What the shop signs with its key."""
        key = WEAK if self.flaw in {"weak-key", "expired"} else STRONG
        return encoded(hmac.digest(key.encode(), written.encode(), "sha256"))

    def of(self, request):
        """Who sends a request, and the name of the session."""
        token = {
            "cookie": request.cookies.get("auth", ""),
            "token": request.headers.get("authorization", "").removeprefix("Token "),
            "own": request.headers.get("x-auth-token", ""),
        }[self.how]
        if self.flaw == "in-query":
            token = token or request.query.get("auth_token", [""])[-1]
        name = self.read(token) if self.jwt else token
        if self.flaw == "prefix" and name:
            name = next((key for key in self.sessions if key[:20] == name[:20]), name)
        return self.sessions.get(name), name

    def read(self, token):
        """The session that a token names, or None."""
        head, _, rest = token.partition(".")
        body, _, signature = rest.partition(".")
        try:
            algorithm, claims = decoded(head)["alg"], decoded(body)
        except (ValueError, KeyError):
            return None
        fits = algorithm == "HS256" and signature == self.signature(f"{head}.{body}")
        fits = fits or (self.flaw == "tampered" and algorithm == "HS256" and bool(signature))
        fits = fits or (self.flaw == "empty-signature" and algorithm == "HS256" and not signature)
        fits = fits or (self.flaw == "alg-none" and algorithm.lower() == "none")
        late = claims.get("exp", time.time() + 1) <= time.time() and self.flaw != "expired"
        return claims["sid"] if fits and not late else None

    def profile(self, person):
        """The account of whoever is logged in."""
        return (200, {"id": person["id"], "email": person["email"]}) if person else (401, {"detail": "log in"})


def failed(found):
    return sorted(
        name for name, verdict in found.items() if not isinstance(verdict, str) and verdict.outcome == "failed"
    )


def outcomes(found):
    return {name: verdict.outcome for name, verdict in found.items() if not isinstance(verdict, str)}


@pytest.mark.parametrize(
    ("flaw", "seen"),
    [
        ("", []),
        ("tampered", ["session.tampered"]),
        ("alg-none", ["session.alg-none"]),
        ("empty-signature", ["session.empty-signature"]),
        ("weak-key", ["session.weak-key"]),
        ("expired", ["session.expired", "session.weak-key"]),
        ("in-query", ["session.in-query"]),
        ("logged-out", ["session.logged-out"]),
        ("password-changed", ["session.password-changed"]),
    ],
)
def test_a_jwt_in_a_cookie_among_others(conduct, anyone, flaw, seen):
    """Each flaw of a shop with a JWT in a cookie is seen by its own check, and by no other."""
    found = conduct(Shop(anyone, flaw), COOKIES + MAP, session.checks, session_ends.checks)
    assert failed(found) == seen
    assert set(outcomes(found).values()) <= {"passed", "failed"}


@pytest.mark.parametrize(("how", "auth"), [("token", TOKEN), ("own", OWN)])
@pytest.mark.parametrize("flaw", ["", "prefix"])
def test_an_opaque_token_of_which_only_the_beginning_counts(conduct, anyone, how, auth, flaw):
    """A changed end is accepted: a finding, whatever header carries the token; what only JWTs can do is not covered."""
    found = conduct(Shop(anyone, flaw, jwt=False, how=how), auth + MAP, session.checks, session_ends.checks)
    assert failed(found) == (["session.tampered"] if flaw else [])
    assert "is no JWT, so nothing in it can be forged" in found["session.alg-none"]
    assert found["session.logged-out"].outcome == "passed"


def test_a_finding_shows_both_requests_and_masks_the_proof(conduct, anyone):
    """Control and attack are there; of the victim's data only the beginning, and nothing of the token."""
    found = conduct(Shop(anyone, "alg-none"), COOKIES + MAP, session.checks, only="session.alg-none")
    failure = found["session.alg-none"].failure
    assert failure.title.startswith("an unsigned token (alg: none) is accepted: me shows the account of buyer-2")
    assert failure.control.answer.status == failure.exchange.answer.status == 200
    assert "@" not in failure.got


class Pages(Shop):
    """Everything is a page with status 200, also a refusal."""

    def profile(self, person):
        """The account of whoever is logged in."""
        if person is None:
            return 200, "<h1>Please log in</h1><p>Your session for a@example.com is over</p>"
        return 200, f"<h1>Your account</h1><p>{person['email']}</p>"


def test_a_page_that_asks_to_log_in_is_a_refusal(conduct, anyone):
    """A status of 200 proves nothing: the page does not show the person's data."""
    found = conduct(Pages(anyone), COOKIES + MAP, session.checks, session_ends.checks)
    assert failed(found) == []
    assert found["session.logged-out"].outcome == "passed"


def test_and_one_that_shows_the_account_is_not(conduct, anyone):
    """The same shop, where log-out forgets nothing."""
    found = conduct(Pages(anyone, "logged-out"), COOKIES + MAP, session_ends.checks, only="session.logged-out")
    assert failed(found) == ["session.logged-out"]


class Echo(Shop):
    """A refusal that names the account, as a log line would."""

    def __call__(self, request):
        """The answer to a request."""
        status, body, *rest = super().__call__(request)
        if request.line == "GET /profile" and status == 401:
            return 401, {"detail": f"no session for {[person['email'] for person in self.anyone.people.values()]}"}
        return status, body, *rest


def test_a_refusal_that_echoes_the_address_is_a_refusal(conduct, anyone):
    """What proves is what the genuine answer alone shows; where a refusal shows all of it, nothing can be decided."""
    found = conduct(Echo(anyone), COOKIES + MAP, session.checks, session_ends.checks)
    assert failed(found) == []


class Fragile(Shop):
    """A token that cannot be read is an error of the server's."""

    def read(self, token):
        """The session that a token names, or None."""
        name = super().read(token)
        if name is None and token:
            raise ValueError
        return name

    def __call__(self, request):
        """The answer to a request."""
        try:
            return super().__call__(request)
        except ValueError:
            return 500, {"detail": "oops"}


def test_a_server_that_fails_on_a_forgery_has_not_accepted_it(conduct, anyone):
    """A 500 opens nothing: passed, with a note that the server failed."""
    verdict = conduct(Fragile(anyone), COOKIES + MAP, session.checks, only="session.alg-none")["session.alg-none"]
    assert verdict.outcome == "passed"
    assert "makes the server fail" in verdict.notes[0]


class Busy(Shop):
    """Whoever has no good session is asked to come back later."""

    def profile(self, person):
        """The account of whoever is logged in."""
        return super().profile(person) if person else (503, {"detail": "busy"})


def test_an_answer_that_says_nothing_is_inconclusive(conduct, anyone):
    """503 is neither an acceptance nor a refusal."""
    found = conduct(Busy(anyone), COOKIES + MAP, session_ends.checks, only="session.logged-out")
    verdict = found["session.logged-out"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "no-answer")


class Open(Shop):
    """Shows everybody the same."""

    def profile(self, person):  # noqa: ARG002 - everybody is shown the same
        """The newest account."""
        newest = list(self.anyone.people.values())[-1]
        return 200, {"id": newest["id"], "email": newest["email"]}


def test_what_everybody_is_shown_proves_nothing(conduct, anyone):
    """The control fails: without a session the same data is shown, so no forgery could be told."""
    found = conduct(Open(anyone), COOKIES + MAP, session.checks, session_ends.checks)
    assert {verdict.code for verdict in found.values() if not isinstance(verdict, str)} == {"control"}


def test_without_a_step_that_shows_who_is_logged_in_nothing_is_covered(conduct, anyone):
    """The reason says what to map."""
    text = (COOKIES + MAP).partition("[steps.me]")[0]
    found = conduct(Shop(anyone), text, session.checks, session_ends.checks)
    assert found["session.tampered"].endswith("map [steps.me], or the read of a resource")


def test_a_resource_stands_in_for_me(conduct, anyone):
    """Where the map has no `me`, the read of an own object shows whether a session is open."""
    notes = []

    class Notes(Shop):
        def __call__(self, request):
            if request.parts[0] != "notes":
                return super().__call__(request)
            person, _ = self.of(request)
            if request.method == "POST" and person:
                notes.append({"id": 4711 + len(notes), "text": request.json["text"], "by": person["id"]})
                return 201, notes[-1]
            return (200, notes[-1]) if person else (401, {"detail": "log in"})

    text = (
        (COOKIES + MAP).partition("[steps.me]")[0]
        + """
[steps.make_note]
request = "POST /notes"
json = { text = "note {{ unique }}" }
capture = { id = "id", text = "text" }
[resources.note]
made_by = "make_note"
read = "GET /notes/{{ id }}"
"""
    )
    found = conduct(Notes(anyone, "alg-none"), text, session.checks, session_ends.checks)
    assert failed(found) == ["session.alg-none"]
    assert "note.read shows the account" in found["session.alg-none"].failure.title


def test_a_token_that_lives_for_seconds_is_waited_for(conduct, anyone, monkeypatch):
    """Its end is tried without any key; a token without an end is a note."""
    monkeypatch.setattr(session, "LEEWAY", 0.2)
    found = conduct(Shop(anyone, lifetime=2), COOKIES + MAP, session.checks, only="session.expired")
    assert found["session.expired"].outcome == "passed"


def test_a_token_without_an_end_is_a_note(conduct, anyone):
    """It is told, and judged by nobody."""
    found = conduct(Shop(anyone, lifetime=0), COOKIES + MAP, session.checks)
    assert found["session.tampered"].notes == ("the token has no `exp`: it never ends by itself",)
    assert found["session.expired"] == "not covered: the token has no `exp`, so it never expires"


def test_another_scheme_word_is_a_note(conduct, anyone):
    """It opens nothing that the token would not: no finding."""

    class Lax(Shop):
        def of(self, request):
            token = request.headers.get("authorization", " ").split(" ")[-1]
            return self.sessions.get(token), token

    found = conduct(Lax(anyone, jwt=False, how="token"), TOKEN + MAP, session.checks, only="session.other-scheme")
    verdict = found["session.other-scheme"]
    assert verdict.outcome == "passed"
    assert verdict.notes == ("the token is also taken as `Bearer`: the scheme word is not looked at",)


def test_a_log_in_that_ends_the_session_before_it_leaves_nothing_to_end(conduct, anyone):
    """One session an account: after the next log-in the old token is refused already."""

    class Single(Shop):
        def log_in(self, request):
            self.sessions = {key: who for key, who in self.sessions.items() if who["email"] != request.json["email"]}
            return super().log_in(request)

    found = conduct(Single(anyone), COOKIES + MAP, session_ends.checks, only="session.password-changed")
    verdict = found["session.password-changed"]
    assert verdict.outcome == "passed"
    assert verdict.evidence[0].said.startswith("a new log-in ends the session before it")


def test_the_password_is_changed_back(conduct, anyone):
    """A sweep of a later run must find its way in: the account has its own password again."""
    conduct(Shop(anyone), COOKIES + MAP, session_ends.checks, only="session.password-changed")
    person = conduct.market._company._people["buyer-2"]
    assert anyone.people[person.identity["email"]]["password"] == person.identity["password"]
    assert person.identity["password"] == conduct.market._company.stage.run.key.password(person.identity["email"])


def test_a_password_step_is_known_by_what_it_asks_for(conduct, anyone):
    """Names of any style that only a call can give, and that speak of a password; a reset is none."""
    names = {
        "change_password": "{{ new_password }}",
        "kennwort_wechseln": "{{ neues_kennwort }}",
        "update_me": "{{ newPassword }}",
    }
    for name, value in names.items():
        text = MAP.replace("steps.change_password", f"steps.{name}").replace("{{ new_password }}", value)
        found = conduct(Shop(anyone, "password-changed"), COOKIES + text, session_ends.checks)
        assert failed(found) == ["session.password-changed"], name
    text = MAP.replace("steps.change_password", "steps.reset_password")
    found = conduct(Shop(anyone), COOKIES + text, session_ends.checks)
    assert "the map has no step that changes a password" in found["session.password-changed"]


def test_basic_on_every_call_has_no_token(conduct, anyone):
    """There is nothing to forge: not covered, with the reason."""

    def app(request):
        if request.line == "POST /people":
            return 201, {"id": anyone.join(**request.json)["id"]}
        sent = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        person = anyone.people.get(sent.partition(":")[0])
        fits = person and person["password"] == sent.partition(":")[2]
        return (200, {"id": person["id"], "email": person["email"]}) if fits else (401, None)

    auth = '[auth]\nbasic = "{{ account.email }}:{{ account.password }}"\n'
    text = auth + MAP.partition("[steps.login]")[0] + '[steps.me]\nrequest = "GET /profile"\n'
    found = conduct(app, text, session.checks)
    assert all("carried by no token" in reason for reason in found.values())
