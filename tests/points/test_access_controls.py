"""What object checks say where a control fails, and what a map may declare of a resource."""

# ruff: noqa: ARG005 - what answers a request takes all that is known of it
import itertools
import uuid

import pytest

from pytest_launchready.assertions.access import Access
from pytest_launchready.assertions.judging import CheckFailure
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.probes.access.objects import deletes, writes
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context

READ = 'read = "GET /notes/{{ id }}"'
UPDATE = 'update = { request = "PATCH /notes/{{ id }}", json = { text = "{{ canary }}" } }'
DELETE = 'delete = "DELETE /notes/{{ id }}"'
NOBODY = (401, {"detail": "who are you?"})
NEVER = (404, {"detail": "no such note"})


def healthy(request, person, note, mine):
    """Notes are their writers' alone."""
    if person is None:
        return NOBODY
    if mine and request.method == "PATCH":
        mine["text"] = request.json["text"]
    return (200, dict(mine)) if mine else NEVER


def leaky(request, person, note, mine):
    """Anybody reads and writes any note."""
    if note and request.method == "PATCH":
        note["text"] = request.json["text"]
    return (200, dict(note)) if note else NEVER


def codes(found, *names):
    """Code, or outcome where there is none, of these checks."""
    return tuple(found[name].code or found[name].outcome for name in names)


def test_an_owner_who_cannot_read_decides_nothing(judge, notes):
    """Whatever others are told."""
    found = judge(notes(lambda *_: (403, {"detail": "closed for repair"})), READ)
    assert set(codes(found, *found)) == {"owner-cannot-read"}
    assert "buyer cannot read buyer's note 4001: GET /notes/4001 → 403 Forbidden" in found["read.stranger"].reason


@pytest.mark.parametrize("answered", [(500, {"detail": "oops"}), (429, {"detail": "slowly"})], ids=["500", "429"])
def test_a_baseline_that_breaks_decides_nothing(judge, notes, answered):
    """Unless the refusal is the very same break-down, or a leak is proven anyway."""

    def broken(request, person, note, mine):
        return healthy(request, person, note, mine) if note or person is None else answered

    app = notes(
        lambda request, person, note, mine: (
            (403, {"detail": "no"}) if note and not mine else broken(request, person, note, mine)
        )
    )
    assert codes(judge(app, READ, only="read.stranger"), "read.stranger") == ("baseline",)
    app = notes(lambda request, person, note, mine: (200, note) if note else broken(request, person, note, mine))
    assert codes(judge(app, READ, only="read.stranger"), "read.stranger") == ("leak",)


def test_a_baseline_that_shows_the_victims_data_decides_nothing(judge, notes):
    """Where any id is answered with the first note there is, the note proves nothing about ids."""
    app = notes(None)

    def answer(request, person, note, mine):
        return NOBODY if person is None else (200, mine or next(iter(app.notes.values())))

    app.answer = answer
    found = judge(app, READ)
    assert codes(found, "read.stranger", "read.anonymous") == ("baseline", "passed")
    assert "an object that never existed is answered with what shows buyer's note 4001" in found["read.stranger"].reason


def test_an_answer_that_is_neither_refusal_nor_proof_decides_nothing(judge, notes):
    """A 200 with something else than the object."""
    app = notes(
        lambda request, person, note, mine: (
            (200, mine) if mine else (200, {"text": "Try our app!", "by": 0}) if note else NEVER
        )
    )
    assert codes(judge(app, READ), "read.stranger") == ("unlike-baseline",)


def test_a_proof_that_its_owner_is_not_shown_proves_nothing(judge, notes):
    """The message says which answer lacks it, and what to declare."""
    found = judge(notes(healthy), f'{READ}\nproof = ["{{{{ owner.email }}}}"]')
    assert codes(found, "read.stranger", "existence") == ("proof-not-shown", "proof-not-shown")
    assert "declare in resources.note.proof what it does show" in found["read.stranger"].reason


def test_where_nothing_could_prove_anything_the_map_has_to_say_it(judge, notes):
    """An answer with nothing of its own in it."""
    found = judge(notes(lambda request, person, note, mine: (200, {"state": "new"}) if mine else NEVER), READ)
    assert codes(found, "read.stranger") == ("no-proof",)
    assert "declare resources.note.proof or match" in found["read.stranger"].reason


def test_what_others_objects_show_too_proves_nothing(judge, notes):
    """A declared proof that every note shows is told apart from one that only this note has."""

    def answer(request, person, note, mine):
        return (200, {"id": mine["id"], "text": "one of many notes"}) if mine else NEVER

    found = judge(notes(answer), f'{READ}\nproof = ["one of many notes"]')
    assert codes(found, "read.stranger") == ("proof-not-shown",)
    assert "also shows another note" in found["read.stranger"].reason


@pytest.mark.parametrize("open_to_all", [False, True], ids=["healthy", "vulnerable"])
def test_an_object_without_any_text_is_known_by_its_id_and_what_stands_beside_it(judge, notes, open_to_all):
    """Numbers and states alone prove nothing; in the same places, beside the same id, they do."""

    def answer(request, person, note, mine):
        shown = note if open_to_all else mine
        return (200, {"id": shown["id"], "state": "new", "total": 25}) if shown else NEVER

    assert codes(judge(notes(answer), READ), "read.stranger") == ("leak" if open_to_all else "passed",)


def test_accounts_that_are_one_are_told_apart_by_nobody(judge, notes, anyone):
    """Two people with one token: every check would be blind."""
    app = notes(healthy)

    def shared(request):
        status, body, *more = app(request)
        same = next(iter(anyone.tokens), None) if request.line == "POST /sessions" else None
        return (200, {"token": same}) if same else (status, body, *more)

    found = judge(shared, READ)
    assert codes(found, "read.stranger") == ("same-account",)
    assert "the same token" in found["read.stranger"].reason


def test_without_a_second_account_the_stranger_decides_nothing(judge, notes, anyone):
    """The reason is that of the sign-up; others are tried all the same."""
    app = notes(healthy)

    def full(request):
        return (403, {"detail": "closed"}) if request.line == "POST /people" and anyone.people else app(request)

    found = judge(full, READ)
    assert codes(found, "read.stranger", "read.anonymous") == ("no-second-account", "passed")
    assert "signup failed, as stranger" in found["read.stranger"].reason


def test_an_own_write_that_does_not_show_decides_nothing(judge, notes, monkeypatch):
    """Unless somebody else's did."""
    for module in (writes, deletes):
        monkeypatch.setattr(module, "PAUSES", (0.0, 0.01))

    def deaf(request, person, note, mine):
        return NOBODY if person is None else (200, mine) if mine else NEVER

    found = judge(notes(deaf), f"{READ}\n{UPDATE}\n{DELETE}")
    assert codes(found, "update.stranger", "delete.stranger") == ("write-not-seen", "write-not-seen")
    assert "buyer's own change of buyer's note 4001 does not show" in found["update.stranger"].reason

    def backwards(request, person, note, mine):
        if request.method == "PATCH" and note and not mine:
            note["text"] = request.json["text"]
        return deaf(request, person, note, mine)

    assert codes(judge(notes(backwards), f"{READ}\n{UPDATE}"), "update.stranger") == ("written",)


def test_a_resource_that_nobody_can_look_at_decides_nothing_of_writes(judge, notes):
    """The reason says what to map."""
    found = judge(notes(healthy), UPDATE)
    assert codes(found, "update.stranger") == ("no-reread",)
    assert "map resources.note.read, list or verify" in found["update.stranger"].reason


def test_a_list_that_does_not_show_its_owner_the_object_decides_nothing(judge, notes):
    """It may be full, or sorted the other way round."""
    found = judge(notes(lambda *_: (200, [{"id": 1, "text": "somebody's"}])), 'list = "GET /notes"')
    assert codes(found, "list.stranger", "list.anonymous") == ("not-listed", "not-listed")


def test_what_is_public_by_declaration_is_noted_and_not_judged(judge, notes):
    """Nothing is sent for it; the other verbs are tried."""
    app = notes(leaky)
    found = judge(app, f'{READ}\npublic = ["read"]', only="read")
    assert codes(found, "read.stranger", "read.anonymous") == ("passed", "passed")
    assert found["read.stranger"].notes == ("open by declaration: stranger may read any note",)
    assert judge.market.sent == 0


def test_an_id_that_is_the_secret_is_reported_and_does_not_fail(judge, notes):
    """`capability = true`: who has the link may read."""
    found = judge(notes(leaky), f"{READ}\n{UPDATE}\ncapability = true")
    assert {verdict.outcome for verdict in found.values() if verdict} == {"passed"}
    assert found["read.stranger"].notes[0].startswith("the id is the secret, by declaration: stranger reads buyer's")


def test_who_is_refused_may_differ_from_verb_to_verb(judge, notes):
    """A verb's own `deny` wins over the resource's."""
    read = '[resources.note.read]\nrequest = "GET /notes/{{ id }}"\ndeny = ["seller"]\n'
    found = judge(notes(healthy), f'deny = ["stranger"]\n{UPDATE}\n{read}')
    assert sorted(found) == ["read.seller", "update.stranger"]
    assert codes(found, *found) == ("passed", "passed")


def test_what_an_admin_does_in_its_own_way_is_no_check(judge, notes):
    """A verb with its own actor is how the map cleans up."""
    found = judge(notes(healthy), f'{READ}\ndelete = {{ request = "DELETE /notes/{{{{ id }}}}", actor = "admin" }}')
    assert not [name for name in found if name.startswith("delete")]
    steps = '\n[steps.list_notes]\nactor = "admin"\nrequest = "GET /every/note"\nitems = "@"\n'
    found = judge(notes(healthy), READ, people=judge.people + steps)
    assert not [name for name in found if name.startswith("list")]


def test_without_consent_a_write_is_not_covered_by_name(judge, notes):
    """On production, what the map does not name is not tried, and what makes an object is needed."""
    head = '[targets.here]\nkind = "production"\napi = "$API"\nwrites = {}\n'
    app = notes(healthy)
    only_make = head.replace("{}", '["signup", "make_note"]') + judge.people
    found = judge(app, f"{READ}\n{UPDATE}\n{DELETE}", people=only_make)
    assert codes(found, "read.stranger") == ("passed",)
    assert found["update.stranger"] is None
    assert (
        "access.note.update: no consent: step note.update would write on the production"
        in judge.reasons["update.stranger"]
    )
    assert found["delete.anonymous"] is None
    found = judge(app, READ, people=head.replace("{}", '["signup"]') + judge.people)
    assert found["read.stranger"] is None
    assert "no consent to make one: step make_note" in judge.reasons["read.stranger"]
    found = judge(
        app, f"{READ}\n{UPDATE}", people=head.replace("{}", '["signup", "make_note", "note.*"]') + judge.people
    )
    assert codes(found, "update.stranger") == ("passed",)


def test_the_stranger_has_the_owners_role(judge, notes):
    """A map that makes sellers otherwise than buyers gets a second seller, and only one."""
    people = judge.people + '\n[people.seller]\nrole = "SELLER"\n'
    app = notes(healthy)
    found = judge(app, f'owner = "seller"\n{READ}\n{UPDATE}', people=people)
    assert codes(found, "read.stranger", "update.stranger") == ("passed", "passed")
    assert [person["name"] for person in judge.market.company.roster() if person["role"] == "seller"] == [
        "seller",
        "seller-2",
    ]


LOGOUT = '\n[steps.logout]\nrequest = "POST /bye"\n'


@pytest.mark.parametrize("ends", [True, False], ids=["healthy", "vulnerable"])
def test_a_session_that_has_ended_opens_nothing(judge, notes, anyone, ends):
    """Tried with the stranger's old token, on the stranger's own note."""

    def answer(request, person, note, mine):
        if request.path == "/bye":
            if ends:
                anyone.tokens.pop(request.bearer, None)
            return 204, None
        return healthy(request, person, note, mine)

    found = judge(notes(answer), f"{READ}\n{UPDATE}", people=judge.people + LOGOUT)
    expected = ("passed", "passed") if ends else ("leak", "written")
    assert codes(found, "read.logged-out", "update.logged-out") == expected
    assert codes(found, "read.stranger", "update.stranger") == ("passed", "passed")


@pytest.mark.parametrize("ends", [True, False], ids=["healthy", "vulnerable"])
def test_a_session_whose_token_stays_the_same_is_tried_while_it_has_ended(judge, notes, anyone, ends):
    """Where a new log-in gives the old token again, each attack comes between a log-out and a log-in."""
    inside = set()
    app = notes(None)

    def answer(request, person, note, mine):
        if request.path == "/bye" and ends:
            inside.discard(request.bearer)
        return healthy(request, person, note, mine) if request.path != "/bye" else (204, None)

    def same_token(request):
        if request.line == "POST /sessions":
            token = f"token-of-{anyone.people[request.json['email']]['id']}"
            inside.add(token)
            anyone.tokens[token] = anyone.people[request.json["email"]]
            return 200, {"token": token}
        return app(request) if request.path == "/people" or request.bearer in inside else NOBODY

    app.answer = answer
    found = judge(same_token, f"{READ}\n{UPDATE}", people=judge.people + LOGOUT)
    expected = ("passed", "passed") if ends else ("leak", "written")
    assert codes(found, "read.logged-out", "update.logged-out") == expected
    assert codes(found, "read.stranger", "update.stranger") == ("passed", "passed")


def test_without_a_log_out_there_is_no_ended_session(judge, notes):
    """The cell says so, and is not tried."""
    assert "read.logged-out" not in judge(notes(healthy), READ)


@pytest.mark.parametrize(
    ("ids", "refused", "verdict"),
    [
        ("numbers", (403, {"detail": "no"}), "oracle"),
        ("numbers", NEVER, "passed"),
        ("numbers", (404, {"detail": "no such note for you"}), "oracle"),
        ("uuids", (403, {"detail": "no"}), "passed"),
    ],
)
def test_a_refusal_must_not_tell_that_an_object_exists(judge, notes, ids, refused, verdict):
    """Where ids can be guessed that fails; where they cannot it is a note."""
    app = notes(
        lambda request, person, note, mine: (
            NOBODY if person is None else (200, mine) if mine else refused if note else NEVER
        )
    )
    if ids == "uuids":
        app.numbers = _Uuids()
    found = judge(app, READ)
    assert codes(found, "existence", "read.stranger") == (verdict, "passed")
    noted = any("its id cannot be guessed" in note for note in found["existence"].notes)
    assert noted == (ids == "uuids")


class _Uuids:
    """Ids that can be multiplied, for the code that is made of them."""

    def __next__(self):
        return _Uuid(str(uuid.uuid4()))


class _Uuid(str):
    __slots__ = ()

    def __mul__(self, _):
        return 4711


def test_answers_that_vary_by_themselves_are_no_oracle(judge, notes):
    """Ids of requests, times, and words that change at every request."""
    words = itertools.cycle(["sorry", "alas", "oh no"])
    app = notes(
        lambda request, person, note, mine: (
            NOBODY
            if person is None
            else (200, mine)
            if mine
            else (404, {"detail": next(words), "request": str(uuid.uuid4()), "at": "2026-01-01T00:00:00Z"})
        )
    )
    assert codes(judge(app, READ), "existence") == ("passed",)


@pytest.fixture
def private(judge, notes):
    """A function: how notes are answered → assert_private, and a new note of the buyer's."""

    def start(answer, resource, **more):
        judge(notes(answer), resource, only="nothing", **more)
        market = judge.market
        note = market.get_actor("buyer").call("make_note")
        access = Access(market._engine, Context(market, None, notebook=Notebook()))
        return access.assert_private, note

    return start


def test_assert_private_passes_for_what_is_its_owners_alone(private):
    """The thing that the test has made is the one that is tried."""
    assert_private, note = private(healthy, f"{READ}\n{UPDATE}")
    assert_private(note)
    assert_private(note, verbs=["read", "existence"])


def test_assert_private_says_who_reached_what(private):
    """With the request that shows it; further failures in a line each."""
    assert_private, note = private(leaky, f"{READ}\n{UPDATE}")
    with pytest.raises(CheckFailure) as failure:
        assert_private(note)
    text = str(failure.value)
    assert text.startswith(f"access.note.read.stranger: stranger reads buyer's note {note.id}")
    assert f"control:  GET /notes/{note.id} → 200 OK" in text
    assert f"failed: access.note.update.stranger: stranger changes buyer's note {note.id}" in text
    assert "see:      API1:2023" in text
    with pytest.raises(CheckFailure, match=r"update.stranger"):
        assert_private(note, verbs=["update"])


def test_assert_private_says_what_it_cannot_do(private):
    """Unknown verbs and things, nothing to try, and writes that nobody has consented to."""
    assert_private, note = private(healthy, f'{READ}\n{UPDATE}\npublic = ["read"]')
    with pytest.raises(UseError, match=r"got 'raed', allowed are read, list, update, delete, existence. Did you mean"):
        assert_private(note, verbs=["raed"])
    with pytest.raises(NotCovered, match=r"note has none of read, delete that is not public"):
        assert_private(note, verbs=["read", "delete"])
    with pytest.raises(UseError, match=r"wants what a step has made"):
        assert_private(note.id)


def test_assert_private_needs_consent_to_what_it_is_asked_for(private, judge):
    """A test asks for it, so without consent it is undecided and not merely left out."""
    head = '[targets.here]\nkind = "production"\napi = "$API"\nwrites = ["signup", "make_note"]\n'
    assert_private, note = private(healthy, f"{READ}\n{UPDATE}", people=head + judge.people)
    with pytest.raises(Inconclusive, match=r"no consent: step note.update would write") as undecided:
        assert_private(note)
    assert undecided.value.code == "no-consent"
    assert_private(note, verbs=["read"])
