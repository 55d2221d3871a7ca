"""Schemas and what they do not allow: the same from both engines."""

import json
import socket

import pytest

from pytest_launchready.contracts import engines
from pytest_launchready.contracts.deviations import deviation_of
from pytest_launchready.contracts.engines import compile_schema
from pytest_launchready.contracts.faults import Fault, grouped, jmespath_of, most_relevant, told
from pytest_launchready.core.errors import UseError

ENGINES = ["jsonschema-rs", "jsonschema"]


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine in turn."""
    if request.param == "jsonschema-rs":
        pytest.importorskip("jsonschema_rs")
    return request.param


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whatever opens a socket fails the test."""

    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def faults(engine, schema, value, **more):
    return sorted((one.path, one.rule, one.expected, one.got) for one in compiled(engine, schema, **more).faults(value))


def compiled(engine, schema, **more):
    return compile_schema(schema, engine=engine, **more)


ORDER = {
    "type": "object",
    "required": ["id", "total", "lines"],
    "properties": {
        "id": {"type": "string", "minLength": 3},
        "total": {"type": "number", "exclusiveMinimum": 0},
        "status": {"enum": ["paid", "sent"]},
        "version": {"const": 2},
        "made-at": {"type": "string", "format": "date-time"},
        "lines": {"type": "array", "maxItems": 2, "items": {"type": ["integer", "null"]}},
        "gone": False,
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "abc", "total": 1, "lines": []}, []),
        (
            {"id": "abc", "lines": []},
            [("@", "required", "a field 'total'", "no such field; there is id, lines")],
        ),
        (
            {"id": "abc", "total": "1", "lines": [1, "x"]},
            [
                ("lines[1]", "type", "an integer or null", '"x" (text)'),
                ("total", "type", "a number", '"1" (text)'),
            ],
        ),
        (
            {"id": "a", "total": 0, "lines": [None] * 3, "status": "lost", "version": 3},
            [
                ("id", "minLength", "at least 3 characters", '"a" (text)'),
                ("lines", "maxItems", "at most 2 items", "[null, null, null] (list)"),
                ("status", "enum", 'one of "paid", "sent"', '"lost" (text)'),
                ("total", "exclusiveMinimum", "more than 0", "0 (integer)"),
                ("version", "const", "2", "3 (integer)"),
            ],
        ),
        (
            {"id": "abc", "total": 1, "lines": [], "made-at": "yesterday", "more": 1, "and": 2, "gone": 0},
            [
                ('"made-at"', "format", "a value of format date-time", '"yesterday" (text)'),
                ("@", "additionalProperties", "no field but those that are described", "and, more as well"),
                ("gone", "falseSchema", "nothing here", "0 (integer)"),
            ],
        ),
    ],
)
def test_faults_have_place_rule_and_words(engine, value, expected):
    """Where, by which rule, what was expected and what was got, in both engines alike."""
    assert faults(engine, ORDER, value) == expected


def test_formats_are_on(engine):
    """What is no date is told, whichever draft a schema names; a format that nobody knows allows everything."""
    for draft in ("http://json-schema.org/draft-04/schema#", "https://json-schema.org/draft/2020-12/schema"):
        schema = {"$schema": draft, "properties": {"a": {"format": "email"}, "b": {"format": "isbn"}}}
        assert [path for path, *_ in faults(engine, schema, {"a": "nobody", "b": "?"})] == ["a"]


@pytest.mark.parametrize(("price", "good"), [(19.99, True), (0.07, True), (12, True), (1e300, True), (0.075, False)])
def test_prices_are_multiples_of_a_cent(engine, price, good):
    """By the digits that are written, not by the fraction that a processor makes of them."""
    assert (faults(engine, {"multipleOf": 0.01}, price) == []) is good


def test_each_draft_is_read_in_its_own_way(engine):
    """An exclusive bound was once a switch, and is a number today."""
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}
    assert [rule for _, rule, *_ in faults(engine, old, 3)] == ["exclusiveMaximum"]
    new = {"$schema": "https://json-schema.org/draft/2019-09/schema", "exclusiveMaximum": 3}
    assert [rule for _, rule, *_ in faults(engine, new, 3)] == ["exclusiveMaximum"]


def test_a_draft_that_nobody_knows_is_refused(engine):
    """With the nearest one."""
    with pytest.raises(UseError, match=r"draft-08.*Did you mean 'http://json-schema.org/draft-0\d/schema'"):
        compiled(engine, {"$schema": "http://json-schema.org/draft-08/schema#"})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"properties": {"a": {"type": "text"}}}, r"at properties\.a\.type expected .*, got \"text\" \(text\)"),
        ({"required": "id"}, r"at required expected a list, got \"id\""),
        ([], "a schema is a table, or true or false: got list"),
    ],
)
def test_what_is_no_schema_is_refused(engine, schema, message):
    """And the message says where it is wrong."""
    with pytest.raises(UseError, match=message):
        compiled(engine, schema)


def test_no_reference_is_fetched(engine):
    """One that leads off this machine is an error that says what to do."""
    schema = {"properties": {"a": {"items": {"$ref": "https://schemas.example/a.json#/x"}}}}
    with pytest.raises(UseError, match=r"https://schemas\.example/a\.json.*never fetched: put that schema beside"):
        compiled(engine, schema)


def test_a_reference_that_leads_nowhere_is_an_error(engine):
    """Before anything is judged."""
    with pytest.raises(UseError, match=r"'#/\$defs/b' leads nowhere"):
        compiled(engine, {"$defs": {"a": {}}, "items": {"$ref": "#/$defs/b"}})


def test_what_only_looks_like_a_reference_is_none(engine):
    """The name of a field, and a value that is allowed."""
    schema = {"properties": {"$ref": {"type": "string"}}, "not": {"const": {"$ref": "https://x.example/"}}}
    assert faults(engine, schema, {"$ref": 3}) == [('"$ref"', "type", "text", "3 (integer)")]


def test_files_beside_a_schema_are_read(engine, tmp_path):
    """Also below it, in YAML, and files that refer to others."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "price.yaml").write_text("type: number\nminimum: 0\n")
    (tmp_path / "item.json").write_text(json.dumps({"properties": {"price": {"$ref": "parts/price.yaml"}}}))
    home = tmp_path / "list.json"
    assert faults(engine, {"items": {"$ref": "item.json"}}, [{"price": -1}], home=home) == [
        ("[0].price", "minimum", "at least 0", "-1 (integer)")
    ]


def test_files_elsewhere_are_not_read(engine, tmp_path):
    """A schema of a team's reads nothing outside of its folder."""
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "schemas").mkdir()
    with pytest.raises(UseError, match="only files beside a schema, and below, are read"):
        compiled(engine, {"$ref": "../secret.json"}, home=tmp_path / "schemas" / "a.json")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\d+$", "12", "12\n"),
        (r"^\d+$", "12", "\u0967\u0968"),
        (r"^\p{Lu}\w+$", "Éa", "éa"),
        (r"^(?<a>x)$", "x", "y"),
        (r"^\/a$", "/a", "a"),
    ],
)
def test_patterns_mean_what_ecma_says(engine, pattern, good, bad):
    """Python's `re` means something else by some of them."""
    assert faults(engine, {"pattern": pattern}, good) == []
    assert [rule for _, rule, *_ in faults(engine, {"pattern": pattern}, bad)] == ["pattern"]


SHAPES = {
    "anyOf": [
        {"type": "null"},
        {"required": ["kind", "a"], "properties": {"kind": {"const": "a"}, "a": {"type": "integer"}}},
        {"required": ["kind", "b"], "properties": {"kind": {"const": "b"}, "b": {"type": "integer"}}},
    ]
}


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"kind": "b", "b": "1"}, "b", "an integer"),
        ({"kind": "b"}, "b", "a field 'b'"),
        ({"kind": "c"}, "@", "one of the 3 shapes that are described"),
    ],
)
def test_of_a_choice_the_shape_that_was_meant_is_told(engine, value, path, expected):
    """Where one can be told by a constant or by the type; else the choice itself."""
    best = most_relevant(compiled(engine, SHAPES).faults(value))
    assert (best.subject, best.expected) == (path, expected)


def test_the_outermost_fault_is_the_most_relevant(engine):
    """What is missing at the top says more than what is wrong far inside."""
    schema = {"required": ["id"], "properties": {"a": {"properties": {"b": {"type": "null"}}}}}
    assert most_relevant(compiled(engine, schema).faults({"a": {"b": 1}})).subject == "id"


def test_five_hundred_faults_are_told_as_one(engine):
    """One place, the number of others, and other kinds in a line each."""
    schema = {"items": {"properties": {"price": {"type": "number"}, "rank": {"maximum": 100}}}}
    found = compiled(engine, schema).faults([{"price": "1", "rank": rank} for rank in range(500)])
    assert len(found) == 500 + 399
    deviation = deviation_of(found)
    assert deviation.title == "wrong type: [0].price"
    assert deviation.got == '"1" (text); the same at 499 more places, [].price'
    assert deviation.also == ("[].rank: at most 100 expected, 399 times",)


def test_kinds_of_faults_are_counted():
    """Those that occur most come first, and places in lists are one."""
    many = [Fault(("a", number, "b"), "type", "string", 1) for number in range(3)]
    groups = grouped([Fault(("x",), "type", "string", 1), *many])
    assert [(group.place, group.count) for group in groups] == [("a[].b", 3), ("x", 1)]


@pytest.mark.parametrize(
    ("place", "path"),
    [((), "@"), (("a", 0, "b"), "a[0].b"), ((2,), "[2]"), (("a b", "c-d", 'e"'), '"a b"."c-d"."e\\""')],
)
def test_places_are_written_as_jmespath(place, path):
    """So that they can be tried where captures are written."""
    assert jmespath_of(place) == path


def test_a_pattern_that_one_engine_has_not_is_left_to_the_other():
    """Unless the engine was asked for by name."""
    assert [one.rule for one in compile_schema({"pattern": r"^(?<a>x)\k<a>[^]$"}).faults("xy")] == ["pattern"]


def test_a_pattern_that_python_has_not_is_an_error_that_names_the_extra():
    """Never a silent pass."""
    schema = compile_schema({"pattern": r"^\p{Script=Greek}$"}, engine="jsonschema")
    with pytest.raises(UseError, match=r"needs the faster engine, pip install 'pytest-launchready\[contract\]'"):
        schema.faults("a")


def test_a_schema_that_refers_to_itself_without_end_is_an_error():
    """Not a crash."""
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}
    with pytest.raises(UseError, match="refers to itself without end"):
        compile_schema(schema, engine="jsonschema").faults(1)


def test_the_faster_engine_is_recommended_where_judging_took_long(monkeypatch):
    """Where it is not installed, and only then."""
    monkeypatch.setattr(engines, "_has_rust", lambda: False)
    assert engines.hint(0.2) is None
    assert "pip install 'pytest-launchready[contract]'" in engines.hint(5.0)
    assert compile_schema({}).engine == "jsonschema"
    monkeypatch.setattr(engines, "_has_rust", lambda: True)
    assert engines.hint(5.0) is None


def test_long_values_are_cut():
    """A message stays readable, whatever an answer holds."""
    assert len(told("x" * 10_000)) < 200
    assert told(None) == "null"
    assert told(1.5) == "1.5 (number)"
