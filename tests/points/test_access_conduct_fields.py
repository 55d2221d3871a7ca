"""Fields that only the marketplace may set: taken or not, as people read it again, in shops of several styles."""

import itertools

import pytest

from pytest_launchready.probes.access.conduct import mass_assignment, mass_updates

MAP = """
[auth]
bearer = "token"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.me]
request = "GET /me"
capture = { id = "id" }
[steps.update_profile]
request = "PATCH /me"
json = { bio = "{{ canary }}" }
[steps.make_note]
request = "POST /notes"
json = { text = "note {{ unique }}" }
capture = { id = "id" }
[resources.note]
made_by = "make_note"
read = "GET /notes/{{ id }}"
update = { request = "PATCH /notes/{{ id }}", json = { text = "{{ canary }}" } }
"""
ORDINARY = {"role": "USER", "isVerified": False, "balance": "0.00", "roles": ["USER"], "bio": ""}


class Shop:
    """Accounts and notes; `takes` says which fields of a body are kept, and where."""

    def __init__(self, anyone, *, signup=(), me=(), note=(), strict="", show=None):
        self.anyone, self.kept = anyone, {"signup": signup, "me": me, "note": note}
        self.strict, self.show = strict, show
        self.notes, self.numbers = {}, itertools.count(40)

    def __call__(self, request):  # noqa: PLR0911 - a table of routes
        """The answer to a request."""
        person = self.anyone.by_token(request.bearer)
        match (request.method, *request.parts):
            case ("POST", "people"):
                return self.sign_up(request)
            case ("POST", "sessions"):
                token = self.anyone.enter(request.json["email"], request.json["password"])
                return (200, {"token": token}) if token else (401, None)
            case ("GET", "me") if person:
                return 200, self.view(person)
            case ("PATCH", "me") if person:
                return self.change(request, person, "me", ("bio",), lambda: self.view(person))
            case ("POST", "notes") if person:
                note = {"id": next(self.numbers), "text": request.json["text"], "ownerId": person["id"], "version": 0}
                self.notes[str(note["id"])] = note
                return 201, note
            case (method, "notes", name) if person and self.notes.get(name, {}).get("ownerId") == person["id"]:
                note = self.notes[name]
                if method == "PATCH":
                    note["version"] += 1
                    return self.change(request, note, "note", ("text",), lambda: note)
                return 200, note
        return 404, {"detail": "no such thing"}

    def sign_up(self, request):
        """A new account."""
        sent = request.json
        more = {name: value for name, value in sent.items() if name not in {"email", "password"}}
        if more and self.strict:
            return self.refuse(more)
        kept = {name: value for name, value in more.items() if self.takes("signup", name)}
        person = self.anyone.join(sent["email"], sent["password"], **{**ORDINARY, **kept})
        return 201, {"id": person["id"], **more}  # an echo is no proof

    def change(self, request, thing, where, own, view):
        """A thing with the fields that are taken."""
        more = {name: value for name, value in request.json.items() if name not in own}
        if more and self.strict:
            return self.refuse(more)
        thing |= {name: value for name, value in request.json.items() if name in own or self.takes(where, name)}
        return 200, view()

    def refuse(self, more):
        """A refusal of more fields than are known."""
        if self.strict == "whole":
            return 400, {"detail": "unknown fields"}
        unknown = [name for name in more if name not in self.kept["signup"] + self.kept["me"] + self.kept["note"]]
        if not unknown:
            self.strict = ""
            return 400, {"detail": "try again"}
        return 422, {"errors": [f"property {name} should not exist" for name in unknown[:4]]}

    def takes(self, where, name):
        """Whether a field is kept."""
        return self.kept[where] == "all" or name in self.kept[where]

    def view(self, person):
        """An account as it is shown."""
        shown = {name: value for name, value in person.items() if name != "password"}
        return shown if self.show is None else {name: shown[name] for name in self.show if name in shown}


def failed(found):
    return {
        name: verdict.failure.title.partition(": ")[2]
        for name, verdict in found.items()
        if not isinstance(verdict, str) and verdict.outcome == "failed"
    }


def judged(conduct, app, text=MAP):
    return conduct(app, text, mass_assignment.checks, mass_updates.checks, only="mass_assignment")


@pytest.mark.parametrize("strict", ["", "whole", "named"])
def test_a_shop_that_ignores_or_refuses_more_is_healthy(conduct, anyone, strict):
    """Ignored, refused as a whole, refused by name: nothing is taken, and the control says that updates do work."""
    found = judged(conduct, Shop(anyone, strict=strict))
    assert {verdict.outcome for verdict in found.values()} == {"passed"}
    if strict:
        assert "without them the update works" in str(found["mass_assignment.note"].evidence)


@pytest.mark.parametrize(
    ("taken", "check", "field"),
    [
        ({"signup": ("role",)}, "mass_assignment.signup", "role"),
        ({"signup": ("isVerified",)}, "mass_assignment.signup", "isVerified"),
        ({"signup": ("balance",)}, "mass_assignment.signup", "balance"),
        ({"signup": ("roles",)}, "mass_assignment.signup", "roles"),
        ({"me": ("role", "balance")}, "mass_assignment.me", "role, balance"),
        ({"note": ("ownerId",)}, "mass_assignment.note", "owner"),
    ],
)
def test_what_is_taken_is_seen_when_it_is_read_again(conduct, anyone, taken, check, field):
    """One field at a time, in the style of the shop's own names."""
    assert failed(judged(conduct, Shop(anyone, **taken))) == {check: field}


def test_values_are_like_those_that_are_shown(conduct, anyone):
    """USER becomes ADMIN, an amount as text stays one: what is plausible is not refused for its type."""
    app = Shop(anyone, signup="all")
    judged(conduct, app)
    person = next(person for person in anyone.people.values() if person.get("role") != "USER")
    assert (person["role"], person["roles"], person["balance"]) == ("ADMIN", ["ADMIN"], "1000007.00")


def test_an_account_gets_back_what_it_had(conduct, anyone):
    """The finding leaves no admin behind, and no note with a stranger."""
    app = Shop(anyone, me=("role",), note=("ownerId",))
    judged(conduct, app)
    assert {person["role"] for person in anyone.people.values()} == {"USER"}
    owners = {note["ownerId"] for note in app.notes.values()}
    stranger = conduct.market._company._people["stranger"].account()["id"]
    assert stranger not in owners


def test_who_refuses_by_name_is_asked_for_the_rest(conduct, anyone):
    """A validator that lists what it does not know has told what it does know."""
    found = judged(conduct, Shop(anyone, me=("balance",), strict="named"))
    assert failed(found) == {"mass_assignment.me": "balance"}


def test_a_store_that_keeps_everything_is_told_from_one_that_knows_the_field(conduct, anyone):
    """A new field beside a nonsense one proves nothing; one that had another value before does."""
    assert failed(judged(conduct, Shop(anyone, signup="all", show=("id", "email", "admin", "launchready_extra")))) == {}
    assert "role" in failed(judged(conduct, Shop(anyone, signup="all")))["mass_assignment.signup"]


def test_a_hidden_flag_that_appears_is_taken(conduct, anyone):
    """Accounts show it only where it is set: absent before, true after."""
    found = judged(conduct, Shop(anyone, signup=("isAdmin",), show=("id", "email", "isAdmin", "firstName")))
    assert failed(found) == {"mass_assignment.signup": "isAdmin"}


def test_a_counter_that_happens_to_be_the_strangers_number_is_no_owner(conduct, anyone):
    """Small numbers meet by chance: only a name that says whose it is counts."""

    class Counting(Shop):
        def __call__(self, request):
            status, body, *rest = super().__call__(request)
            stranger = list(anyone.people.values())[-1]["id"]
            if isinstance(body, dict) and "version" in body:
                body = {**body, "version": stranger if body["version"] else body["ownerId"]}
            return status, body, *rest

    assert failed(judged(conduct, Counting(anyone))) == {}


def test_an_update_that_does_not_work_is_inconclusive(conduct, anyone):
    """Where even the plain one is refused, nothing is known of the fields."""

    class Closed(Shop):
        def change(self, *_):
            return 409, {"detail": "locked"}

    found = judged(conduct, Closed(anyone))
    assert {found[f"mass_assignment.{name}"].code for name in ("me", "note")} == {"control"}
    assert "does not work, with or without further fields" in found["mass_assignment.me"].reason


ADMIN = """
[people.admin]
email = "boss@example.com"
password = "env:BOSS"
[steps.everybody]
actor = "admin"
request = "GET /admin/people"
"""


def test_a_door_of_the_admins_that_opens_is_a_proof(conduct, anyone):
    """No answer shows what an account may do: then a step that refuses others and opens to this one does."""

    class Doors(Shop):
        def __call__(self, request):
            if request.line == "GET /admin/people":
                person = self.anyone.by_token(request.bearer)
                return (200, []) if person and person.get("isAdmin") else (403, {"detail": "admins only"})
            return super().__call__(request)

    text = MAP.partition("[steps.make_note]")[0] + ADMIN
    for kept, wanted in (((), {}), (("isAdmin",), {"mass_assignment.signup": "everybody opens"})):
        app = Doors(anyone, signup=kept, show=("id", "email"))
        found = conduct(app, text, mass_assignment.checks, environ={"BOSS": "bosses-only"})
        assert failed(found) == wanted
    assert "everybody stays shut" in str(found["mass_assignment.me"].evidence)


def test_a_form_with_brackets_gets_fields_with_brackets(conduct, anyone):
    """What stands beside `user[bio]` is `user[admin]`; the page shows nothing, the admin's door does."""

    class Forms(Shop):
        def __call__(self, request):
            person = self.anyone.by_token(request.bearer)
            match request.line:
                case "GET /admin/people":
                    return (200, "<h1>All</h1>") if person and person.get("admin") else (200, "<h1>Not for you</h1>")
                case "POST /account":
                    person["admin"] = request.form.get("user[admin]") == "true"
                    return 200, "<p>Saved</p>"
            return super().__call__(request)

    text = (
        MAP.partition("[steps.update_profile]")[0]
        + '[steps.update_account]\nrequest = "POST /account"\nform = { "user[bio]" = "{{ canary }}" }\n'
        + ADMIN
        + "expect = \"contains(text(), 'All')\"\n"
    )
    app = Forms(anyone, show=("id", "email"))
    found = conduct(app, text, mass_assignment.checks, only="mass_assignment.me", environ={"BOSS": "bosses-only"})
    assert failed(found) == {"mass_assignment.me": "everybody opens"}
    assert not any(person.get("admin") for person in anyone.people.values()), "put back"


def test_a_shop_where_nothing_shows_it_is_not_covered(conduct, anyone):
    """No JSON of an account and no door of an admin's: what was set cannot be seen."""
    text = MAP.partition("[steps.make_note]")[0].replace(
        'request = "GET /me"\ncapture = { id = "id" }', 'skip = "none"'
    )
    found = conduct(Shop(anyone), text, mass_assignment.checks)
    assert found["mass_assignment.signup"].startswith("not covered: nothing of the map shows what an account may do")


def test_graphql_has_room_in_an_input_object_only(conduct, anyone):
    """A variable that no document names never arrives: not covered, and not passed."""

    class Graph(Shop):
        def __call__(self, request):
            if request.path != "/graphql":
                return super().__call__(request)
            data = request.json["variables"].get("input") or request.json["variables"]
            person = self.anyone.join(**{**ORDINARY, **data})
            return 200, {"data": {"join": {"id": person["id"]}}}

    head = MAP.partition("[steps.signup]")[0] + "[steps.signup]\n"
    rest = "[steps.login]" + MAP.partition("[steps.login]")[2].partition("[steps.update_profile]")[0]
    fields = '{ email = "{{ account.email }}", password = "{{ account.password }}" }'
    document = (
        'graphql = "mutation ($input: Join!) { join(input: $input) { id } }"\ncapture = { id = "data.join.id" }\n'
    )
    contract = '[contract]\ngraphql = "/graphql"\n'
    for variables, wanted in ((f"{{ input = {fields} }}", "failed"), (fields, "not covered")):
        found = conduct(
            Graph(anyone), f"{head}{document}variables = {variables}\n{rest}{contract}", mass_assignment.checks
        )
        verdict = found["mass_assignment.signup"]
        assert (verdict if isinstance(verdict, str) else verdict.outcome).startswith(wanted)
