"""What JMESPath does in a map."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.extract import compile_extractor
from pytest_launchready.mapping.template import TemplateError

BODY = {
    "id": 7,
    "text_id": "7",
    "total": 25.1,
    "cents": 2510,
    "flag": True,
    "user": {"id": 3, "name": 'O\'Neil `"x"'},
    "items": [{"id": 1, "name": "a"}, {"id": 7, "name": "b"}],
    "mark": "\ue0000",
    "none": None,
}
HEADERS = (("Location", "https://x.test/orders/a%20b/?x=1"), ("Set-Cookie", "sid=s1; Path=/"), ("X-Total", "4"))
ANSWER = Answer(201, HEADERS, json.dumps(BODY))


def find(expr: str, **scope: Any) -> Any:
    """What the expression takes out of the answer."""
    return compile_extractor(expr).find(ANSWER, scope)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("user.id", 3),
        ("user.missing", None),
        ("missing || ''", ""),
        ("items[?id == `7`].name | [0]", "b"),
        ("header('LOCATION')", "https://x.test/orders/a%20b/?x=1"),
        ("header('none')", None),
        ("header(none)", None),
        ("cookie('sid')", "s1"),
        ("cookie(none)", None),
        ("status()", 201),
        ("status() == `201`", True),
        ("contains(text(), 'Neil')", True),
        ("segment(header('location'))", "a b"),
        ("segment('https://x.test')", None),
        ("segment(none)", None),
        (r"regex(text(), '\"cents\": (\d+)')", "2510"),
        ("regex(text(), 'cents')", "cents"),
        ("regex(text(), 'nowhere')", None),
        ("regex(none, 'x')", None),
        ("major(cents)", Decimal("25.10")),
        ("major('2510')", Decimal("25.10")),
        ("major(none)", None),
        ("major(flag)", None),
        ("major('x')", None),
        ("major(cents) == total", True),
        ("major(cents) > `25`", True),
        ("major(cents) > user", None),
        ("to_string(major(cents))", "25.1"),
        ("length(none)", None),
        ("id > text_id", None),
        ("{a: id, b: {c: user.id}}", {"a": 7, "b": {"c": 3}}),
    ],
)
def test_an_expression_finds_a_value(expr: str, expected: object) -> None:
    """JMESPath and our functions; null where there is nothing, and where the shape does not fit."""
    assert find(expr) == expected


@pytest.mark.parametrize(
    ("expr", "value", "expected"),
    [
        ("id == {{ v }}", 7, True),
        ("id == {{ v }}", "7", False),
        ("text_id == {{ v }}", "7", True),
        ("id == {{ v | string }}", 7, False),
        ("text_id == {{ v | string }}", 7, True),
        ("total == {{ v }}", Decimal("25.10"), True),
        ("{{ v }} < total", Decimal("25.11"), False),
        ("items[?id == {{ v }}].name", 7, ["b"]),
        ("user.name == {{ v }}", 'O\'Neil `"x"', True),
        ("{{ v }}", [Decimal(1), {"a": ("`",)}], [Decimal(1), {"a": ["`"]}]),
        ("contains(text(), {{ v }})", "O'Neil", True),
        ("{{ v }} || mark", None, "\ue0000"),
        ("mark == {{ v }}", "\ue0000", True),
        ("flag == {{ v }}", True, True),
    ],
)
def test_a_value_is_a_literal_in_jmespath(expr: str, value: object, expected: object) -> None:
    """Whatever the value holds, it is compared as a value and never read as JMESPath; numbers and texts differ."""
    assert find(expr, v=value) == expected


def test_the_subject_may_be_one_item() -> None:
    """The items of a list are read one by one; functions still read the whole answer."""
    extractor = compile_extractor("[name, status()]")
    assert extractor.find(ANSWER, {}, BODY["items"][0]) == ["a", 201]  # type: ignore[index]
    assert compile_extractor("@").find(ANSWER, {}, None) is None


def test_a_body_that_is_no_json_is_null() -> None:
    """Headers and text can be read from any answer, the JSON of a page is null."""
    page = Answer(200, (), "<p>order 12</p>")
    assert compile_extractor("id").find(page, {}) is None
    assert compile_extractor(r"regex(text(), 'order (\d+)')").find(page, {}) == "12"


def test_an_extractor_knows_its_names() -> None:
    """The loader can tell what an expression needs without an answer."""
    extractor = compile_extractor("id == {{ listing.id }} && x == {{ a.b | default('') }}")
    assert extractor.names == {"listing.id", "a.b"}
    assert extractor.required == {"listing.id"}
    assert extractor.text.startswith("id == {{")


def test_the_same_text_with_other_values() -> None:
    """Two expressions of the same shape do not share their values."""
    first, second = compile_extractor("id == {{ a }}"), compile_extractor("id == {{ b }}")
    assert first.find(ANSWER, {"a": 7}) is True
    assert second.find(ANSWER, {"b": 8}) is False


def test_a_missing_name_is_an_error() -> None:
    """A condition on an unknown value is not quietly false."""
    with pytest.raises(TemplateError, match="nothing here is called 'lisitng'"):
        find("id == {{ lisitng.id }}", listing={})


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("user.", "'user.': the end is missing"),
        ("user..id", "'.' was not expected at column 6"),
        ("a # b", "Unknown token # at column 3"),
        ("", "an empty text is not JMESPath"),
        ("`foo`", "between backticks stands JSON"),
        ("haeder('x')", "there is no function haeder(). Did you mean 'header'?"),
        ("header()", "header() takes 1 argument(s), got 0"),
        ("!user.errors", "! takes the first name only: put the whole path in brackets, as in !(user.errors)"),
        ("id && !user.errors[?code]", "! takes the first name only"),
        ("status('x')", "status() takes 0 argument(s), got 1"),
        ("merge()", "merge() takes at least 1 argument(s), got 0"),
        ("regex(text(), '(')", "'(' is not a regular expression"),
        ("[?name == '{{ listing.title }}']", "write {{ }} without quotes around it"),
        ('[?name == "{{ listing.title }}"]', "write {{ }} without quotes around it"),
        ("id == {{ x }} y", "not JMESPath around the {{ }}"),
        ("id == {{ x", "is not closed"),
    ],
)
def test_what_is_no_jmespath_is_refused(expr: str, message: str) -> None:
    """An expression that cannot work is refused when the map is read, with the reason."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        compile_extractor(expr)
    assert message in str(caught.value)


def test_functions_of_many_arguments() -> None:
    """JMESPath's own functions keep their number of arguments."""
    assert find("not_null(none, missing, id, user)") == 7
    assert find('merge(user, `{"a": 1}`).a') == 1
