"""The shape of answers: learnt from samples, kept in a file, compared with what comes later."""

import json

import pytest

from pytest_launchready.contracts.drifting import changes
from pytest_launchready.contracts.shapes import flat, shape
from pytest_launchready.core.errors import UseError
from pytest_launchready.probes.contract.baseline import Baseline


def drift(before, now):
    """The changes between samples and one answer: line and whether it breaks a client."""
    return [(change.line, change.breaks) for change in changes(shape(before), shape([now], sure=False))]


ITEM = {"id": 1, "title": "Lamp", "price": 2.5, "sold": False, "note": None}
LIST = [{"items": [ITEM, ITEM | {"note": "x"}, ITEM]}]


def test_nothing_changed():
    assert drift(LIST, LIST[0]) == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (ITEM | {"price": "2.50"}, ("items[].price: was a number, is text", True)),
        (ITEM | {"title": None}, ("items[].title: was text, is null", True)),
        ({k: v for k, v in ITEM.items() if k != "sold"}, ("items[].sold: was always there, is missing", True)),
        (ITEM | {"colour": "red"}, ("items[].colour: was not there, is text, a new field", False)),
        (ITEM | {"id": 2.5}, None),
        (ITEM | {"note": 3}, ("items[].note: was text or null, is a number", True)),
    ],
)
def test_each_change_is_told(now, expected):
    """Missing, retyped and null break a client; a new field is worth a note; 2.5 is a number as 2 is."""
    assert drift(LIST, {"items": [now, now]}) == ([expected] if expected else [])


def test_a_field_that_is_missing_in_some_is_told():
    """It was always there, and a client relies on it."""
    less = {name: value for name, value in ITEM.items() if name != "id"}
    assert drift(LIST, {"items": [ITEM, less]}) == [("items[].id: was always there, is missing in some", True)]


def test_a_field_is_only_sure_once_three_objects_had_it():
    """One or two may have had it by chance."""
    assert drift([ITEM, ITEM], {"id": 1}) == []
    assert [breaks for _, breaks in drift([ITEM] * 3, {"id": 1})] == [True] * 4


def test_what_was_always_null_may_become_anything():
    """Nobody has known it."""
    assert drift([{"a": None}] * 3, {"a": 3}) == [("a: was null, is a number", False)]


def test_an_empty_list_tells_nothing_of_its_items():
    """Neither before nor now."""
    assert drift([{"items": []}] * 3, {"items": [ITEM]}) == []
    assert drift(LIST * 3, {"items": []}) == []


def test_a_few_words_are_choices():
    """Seen often enough; a further word is worth a note. Titles are no choices."""
    rows = [{"state": ("open", "sold")[number % 2], "title": f"Lamp {number}"} for number in range(30)]
    assert shape([rows])["items"]["properties"]["state"]["enum"] == ["open", "sold"]
    assert "enum" not in shape([rows])["items"]["properties"]["title"]
    assert "enum" not in shape([rows[:10]])["items"]["properties"]["state"]
    assert drift([rows], [{"state": "lost", "title": "x"}]) == [("[].state: was one of open, sold, is lost too", False)]


def test_tables_by_id_are_lists():
    """Their names differ from run to run."""
    before = {"by_id": {"17": {"a": 1}, "18": {"a": 2}}}
    assert drift([before] * 3, {"by_id": {"4711": {"a": 3}}}) == []
    assert drift([before] * 3, {"by_id": {"4711": {"a": "3"}}}) == [('by_id."*"[].a: was a number, is text', True)]


def test_other_kinds_of_documents():
    """A list in place of an object, values of several types."""
    assert drift([{"a": 1}] * 3, [1]) == [("@: was an object, is a list", True)]
    assert drift([{"a": 1}, {"a": "x"}, {"a": {"b": 1}}], {"a": {"b": "x"}}) == [("a.b: was a number, is text", True)]


def test_a_shape_is_told_in_lines():
    """As a reviewer reads them."""
    assert list(flat(shape([{"a b": [{"c": 1}] * 3}] * 3))) == [
        "@: object",
        '"a b": always there',
        '"a b": array',
        '"a b"[]: object',
        '"a b"[].c: always there',
        '"a b"[].c: number',
    ]


@pytest.fixture
def baseline(tmp_path):
    return Baseline(tmp_path / "launchready-contract.json", "prod", tmp_path / ".launchready" / "lock", update=True)


def test_the_file_is_sorted_and_keeps_other_targets(baseline):
    """So that a change of it can be read."""
    assert baseline.read() == {}
    assert baseline.write("search", {"GET /b": shape([{"a": 1}])}) == ["search: new in the baseline, 2 lines"]
    other = Baseline(baseline.path, "staging", baseline.lock, update=True)
    other.write("me", {"GET /me": {}})
    baseline.write("me", {"GET /me": {}})
    written = json.loads(baseline.path.read_text())
    assert list(written["targets"]) == ["prod", "staging"]
    assert list(written["targets"]["prod"]) == ["me", "search"]
    assert baseline.path.read_text() == json.dumps(written, indent=1, sort_keys=True) + "\n"
    assert list(baseline.read()) == ["me", "search"]


def test_a_change_of_the_file_is_told(baseline):
    """What goes and what comes, and nothing where nothing does."""
    baseline.write("search", {"GET /b": shape([{"a": 1}])})
    assert baseline.write("search", {"GET /b": shape([{"a": 1}])}) == []
    assert baseline.write("search", {"GET /b": shape([{"a": "x"}])}) == [
        "- search: GET /b: a: number",
        "+ search: GET /b: a: string",
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"targets": []}', '{"version": 9, "targets": {}}'])
def test_a_file_that_is_none_is_an_error_with_the_command(baseline, text):
    """A broken baseline must not pass for an empty one."""
    baseline.path.write_text(text)
    with pytest.raises(UseError, match=r"launchready-contract\.json"):
        baseline.read()
    assert "--launchready-update-baseline" in baseline.command
