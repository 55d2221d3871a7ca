"""What an answer shows, what of it proves something, and whether it refuses."""

import base64
import json

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.extract import compile_extractor
from pytest_launchready.mapping.records import Auth, Body, Request, Resource
from pytest_launchready.mapping.template import compile_template
from pytest_launchready.probes.access.objects.items import holds, places_of, same_object
from pytest_launchready.probes.access.objects.proofs import Proof, declared, learnt
from pytest_launchready.probes.access.refusals import alike, refusal, same_form, shared, wants_login
from pytest_launchready.probes.access.texts import carried, is_empty, settled, shows


def answer(body, status=200, **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), text)


def exchange(body, status=200, url="http://shop.example/notes/17", said=b"", **headers):
    return Exchange("GET", url, (), said, 0.01, answer(body, status, **headers))


PLAIN = Request("GET", compile_template("/notes"))
GRAPHQL = Request("POST", compile_template("/graphql"), body=Body("graphql", compile_template({})))


@pytest.mark.parametrize(
    "given",
    [
        answer({"note": "Anna's secret 17"}),
        answer("<p>Anna&#39;s  secret\n 17</p>"),
        answer("x=Anna%27s+secret+17"),
        answer({"blob": base64.urlsafe_b64encode(b"note: Anna's secret 17.").decode()}),
        answer({"inner": json.dumps({"note": "Anna's secret 17"})}),
        answer('{"note": "Anna\\u0027s secret 17"'),
        answer({"note": "ANNA'S SECRET 17"}),
        answer("", 403, x_reason="Anna's secret 17"),
    ],
    ids=["json", "html", "url", "base64", "json in json", "broken json", "capitals", "header"],
)
def test_a_text_is_seen_however_it_is_written(given):
    """In the body or a header."""
    assert shows(given, "Anna's secret 17")


def test_a_text_is_a_word_of_its_own():
    """Else the first object of a run would be seen in its twelfth."""
    assert not shows(answer({"note": "lrbcdfghjk12"}), "lrbcdfghjk1")
    assert shows(answer({"note": "canary-lrbcdfghjk1!"}), "lrbcdfghjk1")
    assert not shows(answer({"id": 4711}), "471")
    assert shows(answer({"id": 4711}), "4711")
    assert not shows(answer({}), " ")
    assert not shows(None, "anything")


@pytest.mark.parametrize(
    "document", [None, "", [], {}, {"data": None}, {"count": 0, "next": None, "results": []}, [[], {}], {"ok": False}]
)
def test_nothing_comes_in_many_forms(document):
    """Null, empty lists, and a page of a list with nothing on it."""
    assert is_empty(document)
    assert not is_empty({"results": [1]})
    assert not is_empty({"message": "no"})


def test_answers_are_alike_but_for_what_varies():
    """Ids that were asked for, ids of requests, times and numbers."""
    one = answer({"error": "note 17 not found", "request": "req-0a1b2c3d4e5f", "at": "2026-01-01T10:00:00Z"}, 404)
    two = answer({"error": "note 98 not found", "request": "req-9f8e7d6c5b4a", "at": "2026-01-02T11:11:11Z"}, 404)
    assert alike(one, two)
    assert not alike(one, answer({"error": "note 98 is not yours"}, 404))
    assert not alike(one, answer(two.text, 403))
    assert settled(answer("no abc-def"), ["abc-def"]) == settled(answer("no ghi-jkl"), ["ghi-jkl"])
    away = [
        answer("", 302, location=where) for where in ("/login?next=/notes/17", "/login?next=/notes/98", "/notes/17")
    ]
    assert alike(away[0], away[1])
    assert not alike(away[0], away[2])


REFUSED = [
    (answer({"detail": "no"}, 418), PLAIN),
    (answer("", 302, location="/login?next=/notes/17"), PLAIN),
    (answer({"data": {"note": None}}), GRAPHQL),
    (answer({"data": {"note": {"id": None}}, "errors": [{"message": "no"}]}), GRAPHQL),
    (answer("", 204), PLAIN),
    (answer("null"), PLAIN),
    (answer({"success": False, "note": 1}), PLAIN),
    (answer({"status": "error", "message": "no"}), PLAIN),
    (answer({"errorMessage": "no"}), PLAIN),
    (answer({"code": 403, "message": "no"}), PLAIN),
    (answer("<form><input name=p type='password'></form>"), PLAIN),
]


@pytest.mark.parametrize(("given", "request_"), REFUSED, ids=range(len(REFUSED)))
def test_refusals_are_known_in_every_form(given, request_):
    """By status, emptiness, errors, and forms to log in."""
    assert refusal(given, request_, Auth())


@pytest.mark.parametrize(
    "given",
    [
        answer({"id": 17, "status": "open"}),
        answer({"id": 17, "error": None, "success": True}),
        answer("<h1>Note</h1>"),
        answer("", 302, location="/notes/17/view"),
        answer({"code": 17, "name": "x"}),
    ],
)
def test_what_is_no_refusal_by_itself(given):
    """It may be one by what it is like."""
    assert refusal(given, PLAIN, Auth()) is None


def test_the_map_may_say_what_refuses():
    """`auth.refused`."""
    auth = Auth(refused=compile_extractor("reason == 'private'"))
    assert refusal(answer({"reason": "private"}), PLAIN, auth)
    assert refusal(answer({"reason": "none"}), PLAIN, auth) is None


def test_an_ended_session_is_known():
    """By status, by a way to the log-in, by its page, or as the map says."""
    assert wants_login(answer({}, 401), Auth())
    assert wants_login(answer("", 302, location="https://shop.example/sign-in"), Auth())
    assert wants_login(answer("<input type=password>"), Auth())
    assert wants_login(answer({"state": "expired"}), Auth(expired=compile_extractor("state == 'expired'")))
    assert not wants_login(answer({}, 403), Auth())
    assert not wants_login(None, Auth())


def test_forms_and_what_is_shared():
    """Two answers have one form where their names are the same, and share what stands at the same place."""
    one, two = answer({"id": 17, "note": "a"}), answer({"id": 98, "note": "b"})
    assert same_form(one, two)
    assert not same_form(one, answer({"id": 17, "note": None}))
    assert shared(one, answer({"id": 17, "note": "a", "on": True}), [], ["17"]) == ["a"]
    assert shared(one, answer({"id": 17, "note": "a"}), [answer({"note": "a"})], ["17"]) == []


def test_a_request_says_what_it_carries():
    """Decoded, so that its echo is known."""
    sent = exchange({}, url="http://shop.example/?q=Anna%20B", said=b'{"name": "M\\u00fcller", "note": "x"}')
    assert "anna b" in carried(sent)
    assert "müller" in carried(sent)


def test_what_is_declared_is_all_that_proves():
    """Texts of eight characters or more; conditions are worked out with the names of the request."""
    resource = Resource(
        "note",
        "make_note",
        {},
        proof=(compile_template("{{ owner.email }}"), compile_template("{{ id }}")),
        match=compile_extractor("id == {{ id }}"),
    )
    proof = declared(resource, {"owner": {"email": "anna@shop.example"}, "id": 17})
    assert proof.declared
    assert proof.texts == ("anna@shop.example",)
    assert proof.found_in(exchange({"by": "anna@shop.example"})) == "anna…"
    assert proof.found_in(exchange({"by": "x"}, url="http://shop.example/?q=anna@shop.example")) is None
    assert proof.found_in(exchange({"id": 17})) == "an answer that is it by match (id == {{ id }})"
    echoed = proof.besides([answer({"id": 98, "by": "anna@shop.example"})], {"id": 98})
    assert not echoed.exists
    assert not proof.seen_by_owner(answer({"id": 18})).exists


def test_where_nothing_is_declared_what_a_run_made_up_proves():
    """Long texts and opaque ids of the answer only where another object's is known."""
    resource = Resource("note", "make_note", {})
    own = answer(
        {"text": "note lrbcdfghjk7", "ref": "a8f3k2m9x1", "state": "in progress", "at": "2026-01-01T10:00:00Z"}
    )
    made = {"unique": "lrbcdfghjk7", "note": {"text": "note lrbcdfghjk7", "price": "25.00"}}
    owner = {"email": "lrbcdfghjk1@example.com", "name": "Ann"}
    alone = learnt(resource, made, owner, own, compared=False)
    assert alone.texts == ("note lrbcdfghjk7", "lrbcdfghjk7", "lrbcdfghjk1@example.com")
    assert learnt(resource, made, owner, own, compared=True).texts == (*alone.texts, "a8f3k2m9x1")


def test_one_object_is_known_by_its_id_and_what_is_beside_it():
    """An id elsewhere is another thing's; an answer that repeats any id proves nothing."""
    control = answer({"items": [{"id": 17, "state": "new", "total": 5}], "pages": [17]})
    places = places_of(control, 17)
    assert places == {("items", "*", "id")}
    assert holds(answer({"items": [{"id": 3}, {"id": 17, "state": "new", "total": 6}]}), control, 17, places, None)
    assert not holds(answer({"items": [{"id": 17, "state": "old", "total": 6}]}), control, 17, places, None)
    assert not holds(answer({"pages": [17], "items": []}), control, 17, places, None)
    one = answer({"id": 17, "state": "new"})
    assert same_object(one, one, answer({"error": "no"}, 404), 17, ["98"])
    assert not same_object(one, one, answer({"id": 98}, 404), 17, ["98"])
    assert not same_object(answer(one.text, 403), one, answer({}, 404), 17, ["98"])


def test_a_proof_of_nothing_is_none():
    """Nothing found, nothing shown."""
    assert not Proof().exists
    assert Proof(("lrbcdfghjk7",)).found_in(Exchange("GET", "http://shop.example", (), b"", 0.1)) is None
