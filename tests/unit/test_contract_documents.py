"""Answers against OpenAPI documents of every version, sound ones and broken ones."""

import json

import pytest

from pytest_launchready.contracts import engines
from pytest_launchready.contracts.described import Described
from pytest_launchready.contracts.openapi import read_openapi
from pytest_launchready.contracts.soundness import flaws_of
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def engine(request):
    if request.param == "jsonschema-rs":
        pytest.importorskip("jsonschema_rs")
    return request.param


def document(schema, *, version="3.0.3", schemas=None, **more):
    """A document with one operation, GET /things/{id}, that answers with a schema."""
    answers = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    path = {"get": {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}], "responses": answers}}
    whole = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/things/{id}": path}}
    return whole | ({"components": {"schemas": schemas}} if schemas else {}) | more


def described(raw, engine=None, **more):
    return Described(read_openapi(json.dumps(raw)), engine=engine, **more)


def exchange(body, status=200, kind="application/json", line="GET /things/7"):
    method, _, path = line.partition(" ")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    answer = Answer(status, (("content-type", kind),) if kind else (), text)
    return Exchange(method, f"https://api.shop.example{path}", (), b"", 0.01, answer)


def judged(raw, body, engine=None, *, base="", **more):
    found = described(raw, engine, base=base).judge(exchange(body, **more))
    return [(one.rule, one.about, one.expected, one.got) for one in found]


def rules(*arguments, **more):
    return [(rule, about) for rule, about, *_ in judged(*arguments, **more)]


THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}}


def test_an_answer_as_described_has_no_deviation(engine):
    assert judged(document(THING), {"id": 1, "note": "x"}, engine) == []


@pytest.mark.parametrize(
    ("body", "more", "expected"),
    [
        ({"id": "1"}, {}, ("wrong type", "id", "an integer", '"1" (text)')),
        ({"note": "x"}, {}, ("field missing", "id", "a field 'id'", "no such field; there is note")),
        ({"id": 1, "x": 2}, {}, ("unknown field", "x", "only the fields that the document describes", "x as well")),
        ({"id": 1}, {"status": 203}, ("undocumented status", "203", "one of 200", "203 Non-Authoritative Information")),
        ("<p>", {}, ("no JSON", "status 200", "a body of application/json", "HTML, not JSON")),
        (None, {}, ("no JSON", "status 200", "a body of application/json", "no body")),
        ("<p>", {"kind": "text/html"}, ("content type", "status 200", "application/json", "text/html")),
        ({"id": 1}, {"kind": None}, ("content type", "status 200", "application/json", "no Content-Type")),
        (
            {"id": 1},
            {"line": "GET /other"},
            ("undocumented operation", "GET /other", "an operation that the document describes", "GET /other → 200 OK"),
        ),
    ],
)
def test_each_deviation_is_told(engine, body, more, expected):
    """By its kind, what it is about, and both sides."""
    assert judged(document(THING), body, engine, **more) == [expected]


def test_json_of_another_type_is_judged_all_the_same():
    """The wrong media type is one thing, what it holds another."""
    raw = document(THING)
    assert rules(raw, {"id": "1"}, kind="application/hal+json") == [
        ("content type", "status 200"),
        ("wrong type", "id"),
    ]


def test_what_is_not_there_is_no_undocumented_operation():
    """A probe asks for what no document has, and is told so."""
    assert rules(document(THING), {}, status=404, line="DELETE /other") == []
    assert rules(document(THING), {}, status=405, line="PUT /things/7") == []


def test_a_redirect_to_the_same_path_is_no_answer_of_the_operation():
    """Frameworks take a final slash away; a redirect elsewhere counts."""
    found = described(document(THING))

    def redirect(where):
        answer = Answer(307, (("location", where),), "")
        return found.judge(Exchange("GET", "https://api.shop.example/things/7/", (), b"", 0.01, answer))

    assert redirect("https://api.shop.example/things/7") == []
    assert [one.rule for one in redirect("/login")] == ["undocumented status"]


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("GET /things/7", {}),
        ("GET /things/7/", {}),
        ("GET /things/7?full=1", {}),
        ("HEAD /things/7", {}),
        ("GET /v2/things/7", {"servers": [{"url": "https://api.shop.example/v2"}]}),
        ("GET /eu/things/7", {"servers": [{"url": "/{region}", "variables": {"region": {"default": "eu"}}}]}),
    ],
)
def test_operations_are_found_by_method_and_path(line, more):
    """With server prefixes, a final slash and a query."""
    found = described(document(THING, **more)).operation(*line.split(" "))
    assert found is not None
    assert found.line == "GET /things/{id}"


def test_the_path_of_the_target_may_stand_before_it():
    """A document that says nothing of servers is below the target's own path."""
    raw = document(THING)
    assert rules(raw, {"id": "1"}, line="GET /shop/api/things/7", base="/shop/api/") == [("wrong type", "id")]


def test_the_literal_path_comes_before_the_template():
    """/things/new is not the thing with the id "new"."""
    raw = document(THING)
    raw["paths"]["/things/new"] = {"get": {"responses": {"default": {"description": ""}}}}
    assert described(raw).operation("GET", "/things/new").path == "/things/new"


@pytest.mark.parametrize(
    ("written", "status", "expected"),
    [("200", 200, []), ("2XX", 201, []), ("4xx", 404, []), ("default", 503, []), ("2XX", 404, ["undocumented status"])],
)
def test_statuses_may_be_ranges_and_defaults(written, status, expected):
    raw = document(THING)
    answers = raw["paths"]["/things/{id}"]["get"]["responses"]
    raw["paths"]["/things/{id}"]["get"]["responses"] = {written: answers["200"]}
    assert [rule for rule, _ in rules(raw, {"id": 1}, status=status)] == expected


@pytest.mark.parametrize(
    ("promised", "said", "good"),
    [
        ("application/json", "application/json; charset=utf-8", True),
        ("application/json", "Application/JSON", True),
        ("application/*", "application/json", True),
        ("*/*", "application/json", True),
        ("application/json", "application/problem+json", False),
        ("application/vnd.shop+json", "application/vnd.shop+json", True),
    ],
)
def test_media_types_are_compared_without_parameters(promised, said, good):
    raw = document(THING)
    answer = raw["paths"]["/things/{id}"]["get"]["responses"]["200"]
    answer["content"] = {promised: answer["content"]["application/json"]}
    assert (rules(raw, {"id": 1}, kind=said) == []) is good


NULLABLE = [
    ("3.0.3", {"type": "string", "nullable": True}),
    ("3.0.3", {"type": "string", "enum": ["a"], "nullable": True}),
    ("3.0.3", {"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": True}),
    ("3.0.3", {"$ref": "#/components/schemas/A", "nullable": True}),
    ("3.1.0", {"type": ["string", "null"]}),
    ("3.1.0", {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}),
]


@pytest.mark.parametrize(("version", "schema"), NULLABLE)
def test_null_is_allowed_where_a_document_says_so(engine, version, schema):
    """However its version has it written; and a number is not."""
    raw = document({"properties": {"a": schema}}, version=version, schemas={"A": {"type": "string", "enum": ["a"]}})
    assert rules(raw, {"a": None}, engine) == []
    assert rules(raw, {"a": "a"}, engine) == []
    assert [about for _, about in rules(raw, {"a": 1}, engine)] == ["a"]


def test_null_is_not_allowed_where_it_says_nothing(engine):
    raw = document({"properties": {"a": {"type": "string"}}})
    assert rules(raw, {"a": None}, engine) == [("wrong type", "a")]


def test_before_3_1_nothing_beside_a_reference_counts(engine):
    schemas = {"A": {"type": "string"}}
    node = {"$ref": "#/components/schemas/A", "maxLength": 1}
    assert rules(document(node, schemas=schemas), "abc", engine, kind="application/json") != []
    raw = document({"properties": {"a": node}}, schemas=schemas)
    assert rules(raw, {"a": "abc"}, engine) == []
    assert rules({**raw, "openapi": "3.1.0"}, {"a": "abc"}, engine) == [("wrong value", "a")]


def test_bounds_that_are_switches(engine):
    raw = document({"properties": {"a": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}})
    assert rules(raw, {"a": 0}, engine) == [("wrong value", "a")]


def test_what_only_requests_hold_is_not_missed(engine):
    """A password is required of a sign-up, and no answer shows it."""
    schema = {
        "required": ["email", "password"],
        "properties": {"email": {"type": "string"}, "password": {"type": "string", "writeOnly": True}},
    }
    assert rules(document(schema), {"email": "a"}, engine) == []
    assert rules(document(schema), {}, engine) == [("field missing", "email")]


PETS = {
    "Cat": {"type": "object", "required": ["lives"], "properties": {"kind": {}, "lives": {"type": "integer"}}},
    "Dog": {"type": "object", "properties": {"kind": {}, "lives": {"type": "string"}}},
}
PET = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {"propertyName": "kind", "mapping": {"puppy": "#/components/schemas/Dog"}},
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"kind": "Cat", "lives": 9}, []),
        ({"kind": "Cat", "lives": "9"}, [("wrong type", "lives")]),
        ({"kind": "puppy", "lives": "9"}, []),
        ({"kind": "Bird"}, [("wrong value", "kind")]),
        ({"lives": 9}, [("field missing", "kind")]),
    ],
)
def test_a_discriminator_says_which_schema_counts(engine, body, expected):
    """By its own names and by those of a mapping; and the message is about that schema only."""
    assert rules(document(PET, schemas=PETS), body, engine) == expected


def test_a_discriminator_that_is_unclear_is_left_aside(engine):
    """Its mapping names what is not among the schemas: then all of them count."""
    unclear = PET | {"discriminator": {"propertyName": "kind", "mapping": {"x": "#/components/schemas/Fish"}}}
    assert rules(document(unclear, schemas=PETS), {"lives": 9}, engine) == []


def test_schemas_that_contain_themselves(engine):
    """A tree of categories, for example."""
    schemas = {"Node": {"properties": {"name": {}, "below": {"items": {"$ref": "#/components/schemas/Node"}}}}}
    raw = document({"$ref": "#/components/schemas/Node"}, schemas=schemas)
    body = {"name": "a", "below": [{"name": "b", "below": [{"nam": "c"}]}]}
    assert rules(raw, body, engine) == [("unknown field", "below[].below[].nam")]


SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "t", "version": "1"},
    "basePath": "/api",
    "produces": ["application/json"],
    "paths": {
        "/things/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
                "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Thing"}}},
            }
        }
    },
    "definitions": {"Thing": THING | {"properties": {"id": {"type": "integer", "x-nullable": True}}}},
}


def test_swagger_2_is_read_too(engine):
    """Its base path, its definitions, the media types of the whole document."""
    assert rules(SWAGGER, {"id": None}, engine, line="GET /api/things/7") == []
    assert rules(SWAGGER, {"id": "x"}, engine, line="GET /api/things/7") == [("wrong type", "id")]
    assert rules(SWAGGER, "<p>", engine, line="GET /api/things/7", kind="text/html") == [("content type", "status 200")]


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        (THING | {"additionalProperties": True}, {"id": 1, "x": 2}, []),
        (THING | {"additionalProperties": {"type": "integer"}}, {"id": 1, "x": 2}, []),
        ({"type": "object"}, {"x": 2}, []),
        ({"allOf": [THING, {"properties": {"x": {}}}]}, {"id": 1, "x": 2}, []),
        ({"anyOf": [THING, {"properties": {"x": {}}}]}, {"x": 2, "id": 3}, []),
        ({"anyOf": [THING, {}]}, {"x": 2}, []),
        ({"items": THING}, [{"id": 1}, {"id": 1, "x": 2}], [("unknown field", "[].x")]),
        ({"properties": {"a": THING}}, {"a": {"id": 1, "b": {"c": 1}}}, [("unknown field", "a.b")]),
    ],
)
def test_fields_that_nobody_described(schema, body, expected):
    """Only where a schema names fields and is silent about others."""
    assert rules(document(schema), body) == expected


BROKEN = [
    ({"properties": {"a": {"type": "text"}, "b": {"type": "integer"}}}, "properties/a/type: one of "),
    ({"properties": {"a": {"$ref": "#/components/schemas/No"}, "b": {"type": "integer"}}}, "leads nowhere in this"),
    (
        {"required": True, "properties": {"a": {}, "b": {"type": "integer"}}},
        "required: a list of names is wanted, got 'True'",
    ),
    ({"properties": {"a": {"pattern": "("}, "b": {"type": "integer"}}}, "pattern: a regular expression is wanted"),
    ({"properties": {"a": {"enum": {}}, "b": {"type": "integer"}}}, "enum: a list of values is wanted"),
    ({"allOf": {}, "properties": {"a": {}, "b": {"type": "integer"}}}, "allOf: a list of schemas is wanted"),
    ({"properties": {"a": "text", "b": {"type": "integer"}}}, "properties/a: a schema is str"),
]


@pytest.mark.parametrize(("schema", "flaw"), BROKEN)
def test_the_sound_parts_of_a_broken_schema_are_used(engine, schema, flaw):
    """What is broken allows everything and is told; the rest counts."""
    raw = document(schema)
    assert rules(raw, {"a": object.__name__, "b": 1}, engine) == []
    assert rules(raw, {"b": "x"}, engine) == [("wrong type", "b")]
    assert any(flaw in one for one in described(raw, engine).flaws())


def test_a_pattern_that_python_has_not_is_no_flaw(monkeypatch):
    """It counts where the faster engine is there, and is left aside where it is not."""
    raw = document({"properties": {"a": {"pattern": r"^\p{Script=Greek}+$"}}})
    monkeypatch.setattr(engines, "_has_rust", lambda: False)
    assert (rules(raw, {"a": "x"}), described(raw).flaws()) == ([], [])
    pytest.importorskip("jsonschema_rs")
    monkeypatch.undo()
    assert (rules(raw, {"a": "x"}), described(raw).flaws()) == ([("wrong value", "a")], [])


def test_a_document_that_says_little_judges_little():
    """No schema, no content, no answers at all: nothing to hold an answer against."""
    raw = document(THING)
    operation = raw["paths"]["/things/{id}"]["get"]
    for answers in ({"200": {"description": ""}}, {"200": {"description": "", "content": {"application/json": {}}}}):
        operation["responses"] = answers
        assert rules(raw, {"x": 1}) == []
        assert not described(raw).covers(exchange({"x": 1}))
    del operation["responses"]
    assert rules(raw, {"x": 1}, status=500) == []


def flaws(raw):
    read = read_openapi(json.dumps(raw))
    return flaws_of(read, Described(read))


def test_a_sound_document_has_no_flaws():
    assert flaws(document(THING)) == []
    assert flaws(SWAGGER) == []


def test_examples_hold_no_references_and_3_1_needs_no_answers():
    """What stands in an example is data; a field may be called so."""
    told = {
        "example": {"a": {"$ref": "#/no"}},
        "properties": {"example": {"type": "string"}, "$ref": {"type": "string"}},
    }
    assert flaws(document(told)) == []
    silent = document({}, version="3.1.0")
    del silent["paths"]["/things/{id}"]["get"]["responses"]
    assert flaws(silent) == []


def test_flaws_of_a_document_are_told_with_their_places():
    """Lost and foreign references, names of paths, operations twice, answers that nobody described."""
    raw = document({"$ref": "#/components/schemas/Lost"}, schemas={"A": {"$ref": "https://x.example/a.json"}})
    get = raw["paths"]["/things/{id}"]["get"]
    raw["paths"]["/things/{name}"] = {"get": {"operationId": "twice", "responses": {}}}
    raw["paths"]["/more"] = {"get": {"operationId": "twice", "responses": get["responses"]}}
    told = "\n".join(flaws(raw))
    for flaw in (
        "schema: $ref '#/components/schemas/Lost' leads nowhere",
        "#/components/schemas/A: $ref 'https://x.example/a.json' leads out of the document, and is not followed",
        "GET /things/{name}: no parameter describes {name} of its path",
        "GET /things/{name}: the same as /things/{id}",
        "GET /things/{name}: no answer is described (responses)",
        "GET /more: operationId 'twice' is that of GET /things/{name} too",
    ):
        assert flaw in told


def test_a_validator_says_what_the_letter_of_the_standard_wants():
    """As two of four documents that teams have published break it: parts of another version, and no title."""
    pytest.importorskip("openapi_spec_validator")
    mixed = SWAGGER | {"components": {"schemas": {}}}
    assert any("'components' was unexpected" in one for one in flaws(mixed))
    assert any(
        "title" in one and "is a required property" in one
        for one in flaws(document(THING) | {"info": {"version": "1"}})
    )


def test_many_rows_are_judged_in_one_go(engine):
    """The first row that is wrong is told, with how many others are."""
    rows = [{"id": number if number % 2 else str(number)} for number in range(1000)]
    [(_, about, _, got)] = judged(document({"type": "array", "items": THING}), rows, engine)
    assert about == "[0].id"
    assert got == '"0" (text); the same at 499 more places, [].id'


def test_a_body_that_is_too_large_for_a_step_is_judged_all_the_same():
    """Ten thousand rows of thirty fields are 300,000 values."""
    rows = [{"id": number, "list": [0] * 28} for number in range(10_000)]
    schema = {"type": "array", "items": THING | {"properties": THING["properties"] | {"list": {}}}}
    assert judged(document(schema), rows) == []
    rows[-1]["id"] = "x"
    assert rules(document(schema), rows) == [("wrong type", "[9999].id")]
