"""Traps that real back ends set for access probes: each with a healthy and a vulnerable variant of one small server."""

import base64
import html
import itertools
import json

import pytest

from pytest_launchready.probes.access.objects import trials as objects
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject

READ = 'read = "GET /notes/{{ id }}"'
UPDATE = 'update = { request = "PATCH /notes/{{ id }}", json = { text = "{{ canary }}" } }'
DELETE = 'delete = "DELETE /notes/{{ id }}"'
NOBODY = (401, {"detail": "who are you?"})
NEVER = (404, {"detail": "no such note"})


def said(found, *names):
    """Outcome, or code where there is one, of these checks."""
    return tuple(found[name].code or found[name].outcome for name in names)


def guarded(refuse, *, leaky=False, anonymous=NOBODY):
    """A note is its writer's to read; others get what `refuse` says, or the note itself."""

    def answer(request, person, note, mine):
        if person is None:
            return anonymous
        if note is None:
            return NEVER
        return (200, note) if mine or leaky else refuse(request, person, note)

    return answer


REFUSALS = {
    "400": (400, {"message": "bad request"}),
    "402": (402, {"message": "pay first"}),
    "405": (405, None),
    "409": (409, {"message": "conflict"}),
    "422": (422, {"errors": {"id": ["is not yours"]}}),
    "500": (500, {"message": "TypeError: null"}),
    "html": (403, "<h1>Forbidden</h1>"),
    "200 []": (200, []),
    "200 null": (200, None),
    "200 {}": (200, {}),
    "200 empty page": (200, {"count": 0, "next": None, "results": []}),
    "200 with an error": (200, {"success": False, "message": "not yours"}),
    "200 with a log-in page": (200, '<form><input type="password" name="p"></form>'),
    "204": (204, None),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_refusals_come_in_every_status_and_form(judge, notes, refusal):
    """None of them is a failure, and none is left undecided."""
    found = judge(notes(guarded(lambda *_: refusal, anonymous=refusal)), READ)
    assert said(found, "read.stranger", "read.anonymous") == ("passed", "passed")


@pytest.mark.parametrize("status", [200, 203, 403, 404, 500])
def test_a_leak_is_proven_by_data_whatever_the_status_says(judge, notes, status):
    """The victim's text in the answer is a leak, even in a refusal; the message masks what was matched."""
    app = notes(guarded(lambda _r, _p, note: (status, {"error": "no", "note": note["text"]})))
    verdict = judge(app, READ)["read.stranger"]
    assert verdict.code == "leak"
    assert verdict.failure.title.startswith("stranger reads buyer's note 4001")
    assert verdict.failure.got.startswith(str(status))
    assert "shows lrpo…" in verdict.failure.got or "shows note…" in verdict.failure.got
    assert verdict.failure.control.actor == "buyer"
    assert ("though it refuses" in verdict.failure.got) == (status >= 400)


def hidden(text):
    """One text in many writings."""
    return {
        "a header": (403, {"detail": "no"}, {"x-debug": text}),
        "a cookie": (403, {"detail": "no"}, {"set-cookie": f"last={text.replace(' ', '%20')}; path=/"}),
        "base64": (200, {"blob": base64.b64encode(json.dumps({"t": text}).encode()).decode()}),
        "html": (200, f"<p>{html.escape(text)}</p>"),
        "entities": (200, "".join(f"&#{ord(char)};" for char in text)),
        "json in json": (200, {"payload": json.dumps({"text": text})}),
        "capitals": (200, {"text": text.upper()}),
    }


@pytest.mark.parametrize("way", hidden("x"))
def test_a_leak_is_seen_however_it_is_written(judge, notes, way):
    """In a header, a cookie, base64, HTML, JSON in JSON, or another case."""
    app = notes(guarded(lambda _r, _p, note: hidden(note["text"])[way]))
    assert said(judge(app, READ), "read.stranger") == ("leak",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_a_200_with_the_callers_own_object_is_no_leak(judge, notes, leaky):
    """Servers that ignore the id answer with what is the caller's."""
    app = notes(None)
    app.answer = guarded(lambda _r, person, note: (200, note if leaky else app.of(person)))
    assert said(judge(app, READ), "read.stranger") == ("leak" if leaky else "passed",)


def test_what_an_answer_only_repeats_of_the_request_proves_nothing(judge, notes):
    """A refusal that names the id that was asked for, and a `match` by that id, is no leak."""

    def refuse(request, person, note):
        return 403, {"id": int(request.parts[-1]), "error": f"{request.path} is not yours"}

    app = notes(guarded(refuse))
    assert said(judge(app, f'{READ}\nmatch = "id == {{{{ id }}}}"', only="read"), "read.stranger") == ("leak",)
    never = app.answer

    def echo(request, person, note, mine):
        return (
            (404, {"id": int(request.parts[-1]), "error": "no such note"})
            if person and not note
            else never(request, person, note, mine)
        )

    app = notes(echo)
    found = judge(app, f'{READ}\nmatch = "id == {{{{ id }}}}"', only="read")
    assert said(found, "read.stranger") == ("baseline",)
    assert said(judge(app, READ, only="read"), "read.stranger") == ("passed",)


PLACES = {
    "query": 'read = { request = "GET /note", query = { id = "{{ id }}" } }',
    "body": 'read = { request = "POST /note", json = { id = "{{ id }}" }, safe = true }',
    "header": 'read = { request = "GET /note", headers = { x-note = "{{ id }}" } }',
}


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_id_may_travel_anywhere(judge, notes, place, leaky):
    """In the query, the body or a header as in the path: the baseline asks there, too."""
    app = notes(guarded(lambda *_: (403, {"detail": "no"}), leaky=leaky))
    assert said(judge(app, place), "read.stranger") == ("leak" if leaky else "passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_an_id_may_travel_in_graphql_variables(judge, notes, leaky):
    """Refusals are errors in a 200."""

    def answer(request, person, note, mine):
        if note and (mine or leaky):
            return 200, {"data": {"note": note}}
        return 200, {"data": {"note": None}, "errors": [{"message": "not found" if person else "log in"}]}

    read = '[resources.note.read]\ngraphql = "query ($id: ID!) { note(id: $id) { id text } }"\n'
    people = judge.people + '\n[contract]\ngraphql = "/graphql"\n'
    found = judge(notes(answer), read + 'variables = { id = "{{ id }}" }', people=people)
    assert said(found, "read.stranger", "read.anonymous") == (("leak", "leak") if leaky else ("passed", "passed"))


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_a_route_without_an_id_answers_with_the_callers_own(judge, notes, leaky):
    """`GET /note` leaks only if the victim's data is in it, as from a cache that forgets who asks."""
    app = notes(None)

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        return 200, next(iter(app.notes.values())) if leaky else app.of(person)

    app.answer = answer
    found = judge(app, 'read = "GET /note"')
    assert said(found, "read.stranger") == ("leak" if leaky else "passed",)
    assert found["existence"] is None
    assert "names no object" in judge.reasons["existence"] or leaky


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_an_object_may_be_read_by_its_code_and_not_by_its_id(judge, notes, leaky):
    """What a capture calls the object serves as its id."""
    app = notes(None)

    def answer(request, person, note, mine):
        note = next((note for note in app.notes.values() if note["code"] == request.parts[-1]), None)
        mine = note and person and note["by"] == person["id"]
        return NOBODY if person is None else NEVER if not (mine or (note and leaky)) else (200, note)

    app.answer = answer
    assert said(judge(app, 'read = "GET /notes/{{ code }}"'), "read.stranger") == ("leak" if leaky else "passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_tokens_that_soon_end_are_renewed_before_a_refusal_is_believed(judge, notes, leaky):
    """A 401 after an expiry is no refusal of the object: the stranger logs in again and tries once more."""
    uses = {}

    def answer(request, person, note, mine):
        uses[request.bearer] = uses.get(request.bearer, 0) + 1
        if person is None or uses[request.bearer] > 2:
            return NOBODY
        return (200, note) if mine or (note and leaky) else NEVER

    found = judge(notes(answer), READ)
    assert said(found, "read.stranger", "read.anonymous") == ("leak" if leaky else "passed", "passed")


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_a_token_for_guests_is_not_what_anonymous_means(judge, notes, leaky):
    """Nobody in particular sends no credentials at all, though the shop hands a guest's token to everybody."""

    def answer(request, person, note, mine):
        given = {"set-cookie": "guest=token-of-a-guest"}
        if "authorization" in request.headers or "cookie" in request.headers:
            return (200, note, given) if mine else (404, {"detail": "no such note"}, given)
        return (200, note, given) if leaky and note else (404, {"detail": "no such note"}, given)

    found = judge(notes(answer), READ)
    assert said(found, "read.stranger", "read.anonymous") == ("passed", "leak" if leaky else "passed")


WRITES = {
    "refused": ((403, {"detail": "no"}), None, "passed"),
    "done though refused": ((403, {"detail": "no"}), "victim", "written"),
    "answered 204, nothing done": ((204, None), None, "passed"),
    "answered 204, the caller's own record changed": ((204, None), "own", "passed"),
    "answered 200 and done": ((200, {"ok": True}), "victim", "written"),
    "broken, nothing done": ((500, "<h1>oops</h1>"), None, "passed"),
    "broken after it was done": ((500, "<h1>oops</h1>"), "victim", "written"),
    "limited": ((429, {"detail": "slowly"}), None, "no-answer"),
}


@pytest.mark.parametrize(("answered", "changes", "verdict"), WRITES.values(), ids=WRITES)
def test_a_write_is_judged_by_what_the_owner_sees_afterwards(judge, notes, answered, changes, verdict):
    """Whatever the attacker is told."""
    app = notes(None)

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.method == "PATCH" and not mine:
            target = {"victim": note, "own": app.of(person), None: None}[changes]
            if target is not None:
                target["text"] = request.json["text"]
            return answered
        if mine and request.method == "PATCH":
            mine["text"] = request.json["text"]
        return (200, mine) if mine else NEVER

    app.answer = answer
    assert said(judge(app, f"{READ}\n{UPDATE}"), "update.stranger", "update.anonymous") == (verdict, "passed")


@pytest.mark.parametrize("open_to", ["nobody", "stranger"])
def test_an_update_need_not_carry_a_canary(judge, notes, open_to):
    """`status = cancelled`: what the owner's own write changes is what an attacker's must not."""

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.method == "POST" and note and (mine or open_to == "stranger"):
            note["status"] = "cancelled"
        return (200, {"status": "open", "looks": next(looks), **mine}) if mine else (404, {"detail": "no such note"})

    looks = itertools.count()
    update = 'update = { request = "POST /cancel/{{ id }}" }'
    found = judge(notes(answer), f"{READ}\n{update}")
    assert said(found, "update.stranger") == ("written" if open_to == "stranger" else "passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_what_changes_by_itself_is_no_write(judge, notes, leaky):
    """Counters of visits and times of the last look move at every request."""
    ticks = itertools.count(1)

    def answer(request, person, note, mine):
        tick = next(ticks)
        if person is None:
            return NOBODY
        if request.method == "PATCH" and note and (mine or leaky):
            note["text"] = request.json["text"]
        if not mine:
            return NEVER
        more = {"visits": tick, "mood": f"mood {tick}", "updated_at": f"2026-01-01T00:00:{tick % 60:02}Z"}
        return 200, {**mine, **more}

    found = judge(notes(answer), f"{READ}\n{UPDATE}")
    assert said(found, "update.stranger") == ("written" if leaky else "passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_a_write_may_show_late(judge, notes, leaky):
    """Where the owner's own change takes a while to show, an attacker's is waited for as long."""
    import time

    late = []

    def answer(request, person, note, mine):
        for due, one, text in [entry for entry in late if entry[0] <= time.monotonic()]:
            one["text"] = text
            late.remove((due, one, text))
        if person is None:
            return NOBODY
        if request.method == "PATCH" and note and (mine or leaky):
            late.append((time.monotonic() + 0.15, note, request.json["text"]))
            return 202, None
        return (200, dict(mine)) if mine else NEVER

    found = judge(notes(answer), f"{READ}\n{UPDATE}")
    assert said(found, "update.stranger") == ("written" if leaky else "passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
@pytest.mark.parametrize(("rules", "restored"), [("", True), ("Aa1!", False)], ids=["set back", "kept"])
def test_a_change_of_a_password_is_verified_by_logging_in(judge, notes, anyone, rules, restored, leaky):
    """No read shows a password: the owner's log-in must still work, and does again in the end."""

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.method == "PUT" and (mine or leaky) and note:
            owner = next(one for one in anyone.people.values() if one["id"] == note["by"])
            owner["password"] = request.json["password"]
            return 204, None
        return (200, mine) if mine else NEVER

    update = 'update = { request = "PUT /notes/{{ id }}", json = { password = "{{ canary }}RULES" } }\nverify = "login"'
    found = judge(notes(answer), f"{READ}\n{update.replace('RULES', rules)}")
    assert said(found, "update.stranger") == ("written" if leaky else "passed",)
    changed = ["canary" in one["password"] for one in anyone.people.values()]
    assert changed == [not restored, False]
    judge.market.get_actor("buyer").login()


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
def test_a_delete_is_judged_by_what_the_owner_still_sees(judge, notes, soft, leaky):
    """Gone, or only marked as such; a 204 alone says nothing."""
    app = notes(None)

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.method == "DELETE":
            if note and (mine or leaky):
                note["status"] = "deleted"
                if not soft:
                    app.notes.pop(str(note["id"]))
            return 204, None
        return (200, mine) if mine else NEVER

    app.answer = answer
    found = judge(app, f"{READ}\n{DELETE}")
    assert said(found, "delete.stranger", "delete.anonymous") == ("deleted" if leaky else "passed", "passed")
    assert said(found, "read.stranger") == ("passed",)


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_a_list_may_hide_what_the_item_shows(judge, notes, leaky):
    """Ids in the caller's list tell whose objects it has, though no proof stands there; other ids mean nothing."""
    app = notes(None)

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.path == "/notes":
            shown = [one for one in app.notes.values() if leaky or one["by"] == person["id"]]
            return 200, {"items": [{"id": one["id"], "code": one["code"]} for one in shown], "pages": [4001, 4002]}
        return (200, mine) if mine else NEVER

    app.answer = answer
    found = judge(app, f'{READ}\nlist = "GET /notes"')
    assert said(found, "list.stranger", "list.anonymous") == ("leak" if leaky else "passed", "passed")


@pytest.mark.parametrize("name", ["writer", "user_id", None])
def test_a_filter_must_not_open_a_list(judge, notes, name):
    """Filters are named after the fields that say whose an item is, and a few common ones."""
    app = notes(None)

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        if request.path == "/notes":
            who = request.query.get(name, [str(person["id"])])[-1]
            shown = [one for one in app.notes.values() if str(one["by"]) == who]
            return 200, [{"id": one["id"], "text": one["text"], "writer": one["by"]} for one in shown]
        return (200, mine) if mine else NEVER

    app.answer = answer
    found = judge(app, f'{READ}\nlist = "GET /notes"')
    assert said(found, "list.stranger") == ("leak" if name else "passed",)
    if name:
        assert name in found["list.stranger"].failure.title


def test_a_delete_may_take_objects_of_another_resource_along(judge, open_shop, serve, anyone):
    """Deletes are tried on spares with a chain of their own, so what cascades was nobody else's evidence."""
    folders, notes, numbers = {}, {}, itertools.count(70)

    def app(request):  # noqa: PLR0911 - a table of routes
        match request.method, request.parts:
            case "POST", ["people"]:
                return 201, {"id": anyone.join(**request.json)["id"]}
            case "POST", ["sessions"]:
                return 200, {"token": anyone.enter(**request.json)}
        person = anyone.by_token(request.bearer)
        if person is None:
            return NOBODY
        kind = folders if request.parts[0] == "folders" else notes
        if request.method == "POST":
            number = str(next(numbers))
            kind[number] = {"id": number, "by": person["id"], **request.json}
            return 201, {"id": number}
        row = kind.get(request.parts[1])
        if row is None or row["by"] != person["id"]:
            return NEVER
        if request.method == "DELETE":
            del kind[row["id"]]
            for one in [one for one in notes.values() if one.get("folder") == row["id"]]:
                del notes[one["id"]]
            return 204, None
        row.update(request.json or {})
        return 200, row

    market = open_shop(
        f"""{judge.people}
[steps.make_folder]
request = "POST /folders"
json = {{ name = "folder {{{{ unique }}}}" }}
capture = {{ id = "id" }}

[steps.make_note]
request = "POST /notes"
json = {{ text = "note {{{{ unique }}}}", folder = "{{{{ folder.id }}}}" }}
capture = {{ id = "id" }}

[resources.folder]
made_by = "make_folder"
read = "GET /folders/{{{{ id }}}}"
delete = "DELETE /folders/{{{{ id }}}}"

[resources.note]
made_by = "make_note"
{READ}
{UPDATE}
{DELETE}
""",
        serve(app).url,
    )
    context = Context(market, None, notebook=Notebook())
    cells = [check for check in objects.checks(Subject(market.map)) if check.absent is None]
    found = {check.id: market._engine.run(lambda check=check: check.run(context)).outcome for check in cells}
    wrong = {name: outcome for name, outcome in found.items() if outcome != "passed"}
    assert wrong == {}


@pytest.mark.parametrize("leaky", [False, True], ids=["healthy", "vulnerable"])
def test_an_equal_number_of_another_thing_is_not_the_object(judge, notes, leaky):
    """A quantity, a count and the number of what was bought may all be the same as an object's own small id."""
    app = notes(None)
    firsts = []

    def answer(request, person, note, mine):
        if person is None:
            return NOBODY
        firsts.extend(one["id"] for one in app.notes.values() if one["id"] not in firsts)
        shown = [one for one in app.notes.values() if leaky or one["by"] == person["id"]]
        same = [{"id": number, "name": "Seat", "price": "10.00", "picture": "seat.svg"} for number in firsts[:9]]
        if request.path == "/notes":
            items = [{"id": one["id"], "state": "paid", "goods": same, "quantity": firsts[0]} for one in shown]
            return 200, {"count": firsts[0], "items": items}
        return (200, mine) if mine else NEVER

    app.answer = answer
    found = judge(app, f'{READ}\nlist = "GET /notes"')
    assert said(found, "list.stranger", "list.anonymous") == ("leak" if leaky else "passed", "passed")
