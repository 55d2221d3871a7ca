"""Objects of back ends that answer in odd ways: pages with flashes, redirects, breakdowns, lists that come late."""

import itertools
import math
import time

import pytest

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.probes.access.objects import trials as objects
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject

PEOPLE = """
[auth]
bearer = "token"

[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }

[steps.logout]
skip = "not here"

[steps.make_note]
request = "POST /notes"
json = { text = "note {{ unique }}" }
capture = { id = "id", text = "text" }
"""
FORM = '[resources.note.update]\nrequest = "POST /notes/{{ id }}"\nform = { text = "{{ canary }}" }\nok = [302]\n'


class Notes:
    """A shop of people and notes; what is asked of a note is for the test to answer."""

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
                return 200, {"token": self.anyone.enter(**request.json)}
        person = self.anyone.by_token(request.bearer)
        if request.line == "POST /notes":
            note = {"id": next(self.numbers), "by": person["id"], "text": request.json["text"]}
            self.notes[str(note["id"])] = note
            return 201, {"id": note["id"], "text": note["text"]}
        note = self.notes.get(request.parts[-1])
        mine = note if note and person and note["by"] == person["id"] else None
        return self.answer(request, person, note, mine)


@pytest.fixture
def verdicts(open_shop, serve):
    """A function: an app and the table of a resource → check id → verdict, or None where it is not covered."""

    def judge(app, resource):
        market = open_shop(f'{PEOPLE}\n[resources.note]\nmade_by = "make_note"\n{resource}', serve(app).url)
        context = Context(market, None, notebook=Notebook())
        found = {}
        for check in objects.checks(Subject(market.map)):
            if check.absent is None:
                try:
                    found[check.id.removeprefix("access.note.")] = market._engine.run(lambda c=check: c.run(context))
                except NotCovered:
                    found[check.id.removeprefix("access.note.")] = None
        return found

    return judge


def outcomes(found):
    return {name: verdict.outcome for name, verdict in found.items() if verdict is not None}


def test_who_is_led_to_another_page_is_refused(verdicts, anyone):
    """A redirect to the front page or to a log-in, answered 200 in the end, is a refusal where the owner stays."""

    def answer(request, person, note, mine):
        if request.parts[0] != "notes":
            return 200, f"<h1>{request.path}</h1><p>Nothing to see for {'you' if person else 'guests'}.</p>"
        if note and not mine:
            return 302, None, {"location": "/front" if person else "/enter?next=x"}
        return (200, f"<p>{note['text']}</p>") if note else (404, "<h1>no such page</h1>")

    found = verdicts(Notes(anyone, answer), 'read = "GET /notes/{{ id }}"')
    assert found["read.stranger"].outcome == found["read.anonymous"].outcome == "passed"
    assert "led away to /front" in str(found["read.stranger"].evidence[1])


def test_what_a_page_tells_once_is_no_change(verdicts, anyone):
    """A flash ("Saved.") on the owner's next page goes away by itself: nobody has changed anything."""
    flashes = {}

    def answer(request, person, note, mine):
        if not note:
            return 404, "<h1>no such page</h1>"
        if not mine:
            return 302, None, {"location": "/front"}
        if request.method == "POST":
            flashes[person["id"]] = "Saved."
            if request.form.get("_method") != "delete":
                mine["text"] = request.form["text"]
                return 302, "", {"location": "/"}
            del app.notes[str(mine["id"])]
            return 302, "", {"location": "/"}
        return 200, f"<b>{flashes.pop(person['id'], '')}</b><p>{note['text']}</p>"

    app = Notes(anyone, answer)
    make, others = app, []

    def with_flash(request):
        reply = make(request)
        if request.line == "POST /notes":
            flashes[anyone.by_token(request.bearer)["id"]] = "Made."
            others.append(reply)
        return reply

    delete = '[resources.note.delete]\nrequest = "POST /notes/{{ id }}"\nform = { _method = "delete" }\nok = [302]\n'
    found = verdicts(with_flash, f'read = "GET /notes/{{{{ id }}}}"\n{FORM}{delete}')
    changes = {name: one for name, one in outcomes(found).items() if not name.startswith(("read", "existence"))}
    assert changes == dict.fromkeys(
        ("update.stranger", "update.anonymous", "delete.stranger", "delete.anonymous"), "passed"
    )


def test_a_shop_that_breaks_on_what_is_gone_shows_that_it_is_gone(verdicts, anyone):
    """Where an object that never existed is a 500, the owner's 500 after a delete means that the delete took."""

    def answer(request, person, note, mine):
        if not mine:
            return (500, {"trouble": "index out of range"}) if person else (401, {"detail": "who?"})
        if request.method == "DELETE":
            del app.notes[str(mine["id"])]
        return 200, mine

    app = Notes(anyone, answer)
    found = verdicts(app, 'read = "GET /notes/{{ id }}"\ndelete = "DELETE /notes/{{ id }}"')
    assert outcomes(found)["delete.stranger"] == outcomes(found)["delete.anonymous"] == "passed"


@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("kind", ["urls", "page"])
def test_a_list_may_name_objects_by_url_and_show_them_late(verdicts, anyone, kind, opened):
    """Links in JSON or on a page, whose first look shows nothing yet, still tell whose object is listed."""
    looks = itertools.count()

    def answer(request, person, note, mine):
        mine = [one for one in app.notes.values() if person and (one["by"] == person["id"] or opened)]
        if person and person["id"] == 1 and next(looks) == 0:
            mine = []
        if kind == "urls":
            return 200, {"results": [{"url": f"http://shop.test/notes/{one['id']}/"} for one in mine]}
        return 200, "".join(f'<li><a href="/notes/{one["id"]}">a note</a>' for one in mine) or "<p>None.</p>"

    app = Notes(anyone, answer)
    found = outcomes(verdicts(app, 'list = "GET /list"'))
    assert found == {"list.stranger": "failed" if opened else "passed", "list.anonymous": "passed"}


@pytest.mark.parametrize("delay", [0.0, 0.3], ids=["at once", "late"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_what_varies_by_chance_is_no_change_and_what_comes_late_is_one(verdicts, anyone, opened, delay):
    """Of a field with few values two looks may agree; a delete that shows later is awaited as long as the owner's."""
    chance = itertools.cycle([1, 1, 2, 2, 2, 1])
    gone = {}

    def answer(request, person, note, mine):
        if note and time.monotonic() >= gone.get(note["id"], math.inf):
            note = mine = None
        if not mine and not (opened and request.method == "DELETE" and person and note):
            return (404, {"detail": "no such note"}) if person else (401, {"detail": "who?"})
        if request.method == "DELETE":
            gone[note["id"]] = time.monotonic() + delay
            return 204, None
        if request.method == "PATCH":
            note["text"] = request.json["text"]
        return 200, {**note, "took": next(chance)}

    update = 'update = { request = "PATCH /notes/{{ id }}", json = { text = "{{ canary }}" } }'
    app = Notes(anyone, answer)
    found = outcomes(
        verdicts(app, f'read = "GET /notes/{{{{ id }}}}"\n{update}\ndelete = "DELETE /notes/{{{{ id }}}}"')
    )
    assert {found[f"update.{who}"] for who in ("stranger", "anonymous")} == {"passed"}
    assert found["delete.stranger"] == ("failed" if opened else "passed")
    assert found["delete.anonymous"] == "passed"
