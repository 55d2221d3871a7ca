"""What `{{ }}` does in a map."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pytest_launchready.mapping.filters import as_text, b64, minor, totp
from pytest_launchready.mapping.template import Given, TemplateError, compile_target, compile_template


@dataclass(frozen=True, slots=True)
class Listing:
    """An object as flows hand it over."""

    id: int
    title: str
    price: Decimal
    _hidden: str = "hidden"

    def method(self) -> str:
        """Nothing that a map may call without saying so."""
        return "called"


LAMP = Listing(7, "Desk lamp", Decimal("25.00"))
SCOPE: dict[str, Any] = {
    "listing": LAMP,
    "account": {"email": "ann@example.test", "id": 3, "tags": ["a", "b"], "items": "of the account", "none": None},
    "order": None,
    "unique": "x1y2",
    "png": b"\x89PNG",
    "target": {"api": "https://api.example.test/v1", "web": "https://example.test", "hosts": {"up": "https://up.test"}},
}


def render(value: object, **more: object) -> Any:
    """The value as a request would carry it."""
    return compile_template(value).render({**SCOPE, **more})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain } text {", "plain } text {"),
        ("", ""),
        (7, 7),
        (None, None),
        (True, True),
        ("{{ listing.id }}", 7),
        ("{{listing.price}}", Decimal("25.00")),
        ("{{ account.tags }}", ["a", "b"]),
        ("{{ account.tags[1] }}", "b"),
        ("{{ account.items }}", "of the account"),
        ("{{ account['email'] }}", "ann@example.test"),
        ("{{ account.none }}", None),
        ("{{ png }}", b"\x89PNG"),
        ("{{ listing.id }}-{{ unique }}", "7-x1y2"),
        (" {{ listing.id }}", " 7"),
        ("costs {{ listing.price }} now", "costs 25.00 now"),
        ("{{ listing.price | minor }}", 2500),
        ("{{ listing.price | string }}", "25.00"),
        ("{{ listing.id | string | b64 }}", "Nw=="),
        ("{{ account.role | default('BUYER') }}", "BUYER"),
        ("{{ account.role | d(4) }}", 4),
        ('{{ account.role | default("x") | b64 }}', "eA=="),
        ("{{ account.email | default('x') }}", "ann@example.test"),
        ("{{ account.a.b.c | default('deep') }}", "deep"),
        ("{{ account.a.b.c | default(listing.id) }}", 7),
        ("{{ nobody.name | default('') }}", ""),
        ("{{ 'ANON:' ~ unique }}", "ANON:x1y2"),
        ("{{ account.sid | default('ANON:' ~ unique) }}", "ANON:x1y2"),
        ("{{ account.role if account.role is defined else 'none' }}", "none"),
        ("{{ listing.id + 1 }}", 8),
        ("{{ [listing.id] }}", [7]),
        ("{{ {'a': {'b': listing.id}} }}", {"a": {"b": 7}}),
        ("{{ account.tags | map('upper') }}", ["A", "B"]),
        ("{{ account.tags | map('upper') | list }}", ["A", "B"]),
        ("{{ account.email.upper() }}", "ANN@EXAMPLE.TEST"),
        ("{{ '}}' }}", "}}"),
        (r"{{ 'it\'s' ~ 1 }}", "it's1"),
        ("{{ true }}", True),
        ({"a": ["{{ listing.id }}", {"b": "n{{ unique }}"}], "c": 1}, {"a": [7, {"b": "nx1y2"}], "c": 1}),
        ("{{ account.tags }} {{ last }}", '["a", "b"] x'),
    ],
)
def test_a_value_renders_with_its_type(written: object, expected: object) -> None:
    """A lone expression keeps its type, a mix is text, everything else stays what it is."""
    value = render(written, last="x")
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("written", ["{{ account.tags | tojson }}", "{{ [listing.title | escape] | first }}"])
def test_text_of_any_filter_is_plain_text(written: str) -> None:
    """Jinja marks the text of some filters by a class of its own, which no encoder of bodies takes."""
    assert type(render(written)) is str


def test_rendering_twice_gives_two_lists() -> None:
    """What a caller does to a rendered body does not reach the next request."""
    template = compile_template({"a": [1]})
    template.render({})["a"].append(2)
    assert template.render({}) == {"a": [1]}
    assert template.constant


def test_given_text_is_sent_as_it_is() -> None:
    """A password that holds braces is no template, in a value and in a target."""
    given = Given("p{{ x }}w", "env:SHOP_PASSWORD")
    assert render({"password": given}) == {"password": "p{{ x }}w"}
    assert type(render(given)) is str
    assert repr(given) == "'env:SHOP_PASSWORD'"
    assert compile_target(Given("https://x.test/{{", "env:URL")).render({}) == "https://x.test/{{"


@pytest.mark.parametrize(
    ("written", "names", "required"),
    [
        ("plain", set(), set()),
        ("{{ listing.id }} {{ unique }}", {"listing.id", "unique"}, {"listing.id", "unique"}),
        ("{{ order.lines[0].id }}", {"order.lines"}, {"order.lines"}),
        ("{{ account.role | default('x') }}", {"account.role"}, set()),
        ("{{ account.role | string | default('x') }}", {"account.role"}, {"account.role"}),
        ("{{ account.a | default(order.id) }}", {"account.a", "order.id"}, {"order.id"}),
        ("{{ cart.id if cart is defined else 0 }}", {"cart", "cart.id"}, set()),
        ("{{ account.email.upper() ~ x['y'] }}", {"account.email", "x.y"}, {"account.email", "x.y"}),
        ("{{ f(unique) }}", {"f", "unique"}, {"f", "unique"}),
        ("{{ a[unique] }}", {"a", "unique"}, {"a", "unique"}),
        ({"a": ["{{ x }}"], "b": "{{ y | d('') }}"}, {"x", "y"}, {"x"}),
    ],
)
def test_a_template_knows_its_names(written: object, names: set[str], required: set[str]) -> None:
    """The loader can tell what a template needs without rendering it."""
    template = compile_template(written)
    assert template.names == names
    assert template.required == required


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/orders", "/orders"),
        ("/orders/{{ listing.id }}", "/orders/7"),
        ("/search?q={{ text }}&n=1", "/search?q=a%26b%2F%C3%A9%20%3F&n=1"),
        ("{{ url }}", "https://x.test/a b?c=d"),
        ("{{ target.hosts.up }}/files/{{ text }}", "https://up.test/files/a%26b%2F%C3%A9%20%3F"),
        ("{{ target.api }}/x", "https://api.example.test/v1/x"),
        ("/x/{{ target.web }}", "/x/https%3A%2F%2Fexample.test"),
    ],
)
def test_a_target_is_percent_encoded(written: str, expected: str) -> None:
    """No value can change the path or the query it stands in; a whole URL, or an origin in front, is left alone."""
    assert compile_target(written).render({**SCOPE, "text": "a&b/é ?", "url": "https://x.test/a b?c=d"}) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "{{ account.emial }}",
            "{{ account.emial }}: account has no 'emial'. Did you mean 'email'? It has: email, id, items, none, tags.",
        ),
        (
            "{{ lisitng.id }}",
            "called 'lisitng'. Did you mean 'listing'? In scope: account, listing, order, png, target, unique.",
        ),
        ("{{ listing.prize }}", "listing has no 'prize'. Did you mean 'price'? It has: id, price, title."),
        ("{{ listing._hidden }}", "listing has no '_hidden'. It has: id, price, title."),
        ("{{ listing.method }}", "listing has no 'method'."),
        ("{{ order.id }}", "order has no 'id'. It is null."),
        ("{{ account.email.x }}", "account.email has no 'x'. It is text."),
        ("{{ listing.id.x }}", "listing.id has no 'x'. It is a number."),
        ("{{ account.tags.x }}", "account.tags has no 'x'. It is a list."),
        ("{{ account.tags[2].x }}", "account.tags has no item [2]: it is a list of 2."),
        ("{{ account.email[0] }}", "account.email has no item [0]: it is no list."),
        ("{{ account.emial | string | default('x') }}", "account has no 'emial'"),
        ("{{ account.emial ~ 'x' }}", "{{ account.emial ~ 'x' }}: account has no 'emial'. Did you mean 'email'?"),
        ("{{ [account.emial] }}", "account has no 'emial'"),
        ("{{ {'a': account.emial} }}", "account has no 'emial'"),
        ("{{ account.emial or 'x' }}", "account has no 'emial'"),
        ("{{ account[unique] }}", "has no attribute 'x1y2'"),
        ("{{ listing['_hidden'] ~ '' }}", "{{ listing['_hidden'] ~ '' }}: "),
        ("{{ ''.__class__ ~ '' }}", "has no attribute '__class__'"),
        ("{{ range(3) | list }}", "nothing here is called 'range'"),
        ("{{ listing.id / 0 }}", "{{ listing.id / 0 }}: ZeroDivisionError: "),
        ("{{ listing.title | minor }}", "{{ listing.title | minor }}: minor wants an amount such as 25.00, got 'Desk"),
        ("x{{ account.none }}", "{{ account.none }} in 'x{{ account.none }}': null cannot be written as text"),
        ("x{{ png }}", "{{ png }} in 'x{{ png }}': binary content cannot be written as text"),
        ("x{{ account.emial }}", "account has no 'emial'"),
    ],
)
def test_what_is_missing_is_named(written: str, message: str) -> None:
    """The message says which name is missing, what is there, and the nearest match."""
    with pytest.raises(TemplateError) as caught:
        render(written)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{{ listing.id", "{{ listing.id is not closed: no }} follows"),
        ("{{ " + "x" * 80, "… is not closed"),
        ("{{ it's }}", "is not closed: a quote (') in it is never closed"),
        ("{{ }}", "{{ }} is empty"),
        ("{{ listing.id | }}", "{{ listing.id | }}: "),
        ("{{ listing id }}", "{{ listing id }}: 'id' was not expected here"),
        ("{{ listing.price | miner }}", "there is no filter 'miner'. Did you mean 'minor'?"),
        ("{{ x is defnied }}", "there is no test 'defnied'. Did you mean 'defined'?"),
        ("{% if x %}a{% endif %}", "{% %} is not read here"),
    ],
)
def test_bad_syntax_is_found_before_any_request(written: str, message: str) -> None:
    """A template that cannot work is refused when the map is read."""
    with pytest.raises(TemplateError) as caught:
        compile_template(["fine", {"deep": written}])
    assert message in str(caught.value)


def test_the_sandbox_holds() -> None:
    """A map cannot reach Python through a value."""
    with pytest.raises(TemplateError):
        render("{{ listing.method.__globals__['sys'] }}")
    with pytest.raises(TemplateError):
        render("{{ ('a'.format | string) ~ '{0.__class__}'.format(listing).__len__() }}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (Decimal("1E+2"), "100"),
        ([Decimal("1.5"), "é"], '[1.5, "é"]'),
        ({"when": datetime(2026, 1, 2, tzinfo=UTC)}, '{"when": "2026-01-02T00:00:00+00:00"}'),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    ],
)
def test_values_read_as_text(value: object, expected: str) -> None:
    """In a URL or a form, values look as they would in JSON, money without exponent."""
    assert as_text(value) == expected


def test_money_in_its_smallest_unit() -> None:
    """Half a cent rounds up; what is no amount is refused."""
    assert [minor(value) for value in ("25.00", 25, 0.29, Decimal("0.005"))] == [2500, 2500, 29, 1]
    for wrong in (True, None, "x"):
        with pytest.raises(ValueError, match="minor wants an amount"):
            minor(wrong)


def test_base64_of_text_and_bytes() -> None:
    """Both read as base64 text."""
    assert (b64("é"), b64(b"\xff")) == ("w6k=", "/w==")


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_one_time_codes_follow_the_standard(at: int, code: str) -> None:
    """The codes are those of RFC 6238, appendix B, cut to six digits; the secret may be written in groups."""
    assert totp("GEZD GNBV-gy3tqojqgezdgnbvgy3tqojq", at) == code


def test_a_one_time_code_of_now() -> None:
    """In a map the code is the current one, and a bad secret is not shown."""
    assert len(render("{{ 'GEZDGNBVGY3TQOJQ' | totp }}")) == 6
    with pytest.raises(TemplateError) as caught:
        render("{{ secret | totp }}", secret="not/base32")
    assert "totp wants a secret in base32" in str(caught.value)
    assert "not/base32" not in str(caught.value)


def test_plain_names_do_not_load_jinja() -> None:
    """A map of plain names pays nothing for the template engine."""
    code = (
        "import sys; from pytest_launchready.mapping.template import compile_template as c;"
        "c(\"{{ a.b | default('x') }}\").render({}); assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
