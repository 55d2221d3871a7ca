"""Further fields: which are tried on what is shown, where they go, and when they count as taken."""

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.mapping.records import Body, Request
from pytest_launchready.mapping.template import compile_template
from pytest_launchready.probes.access.conduct.extras import JUNK, fewer, injected, merged, names_in, same, taken
from pytest_launchready.probes.access.conduct.privileges import LARGE, account_extras, handed_over, object_extras
from pytest_launchready.probes.access.conduct.telling import differences, traits

TARGET = compile_template("/x")


def sent(kind, content, extras, beside="mine"):
    """The content of a body with extras."""
    request = Request("POST", TARGET, body=Body(kind, compile_template(content)))
    return injected(request, extras, lambda value: value == beside).body.content.render({})


@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        ("json", {"email": "mine"}, {"email": "mine", "role": "x"}),
        ("json", {"user": {"email": "mine"}, "v": 1}, {"user": {"email": "mine", "role": "x"}, "v": 1}),
        ("json", {"other": 1}, {"other": 1, "role": "x"}),
        ("json", [{"email": "mine"}, 5], [{"email": "mine", "role": "x"}, 5]),
        ("form", {"a": "1", "user[email]": "mine"}, {"a": "1", "user[email]": "mine", "user[role]": "x"}),
        ("form", {"email": "mine"}, {"email": "mine", "role": "x"}),
        (
            "graphql",
            {"query": "q", "variables": {"id": 1, "input": {"a": 1}}},
            {"query": "q", "variables": {"id": 1, "input": {"a": 1, "role": "x"}}},
        ),
    ],
)
def test_extras_stand_beside_what_is_the_persons(kind, content, wanted):
    """In the same table, under the same brackets, in the input object; else in the outermost."""
    assert sent(kind, content, {"role": "x"}) == wanted


def test_where_there_is_no_room():
    """A text has no fields; a GraphQL document without an input object would drop them."""
    assert injected(Request("POST", TARGET), {"a": 1}, bool) is None
    assert injected(Request("POST", TARGET, body=Body("text", compile_template("x"))), {"a": 1}, bool) is None
    with pytest.raises(NotCovered, match="takes no input object"):
        sent("graphql", {"query": "q", "variables": {"email": "mine"}}, {"role": "x"})


def test_a_query_grows():
    """With and without one before."""
    assert merged(None, {"token": "t"}).render({}) == {"token": "t"}
    assert merged(compile_template({"q": "{{ word }}"}), {"token": "t"}).render({"word": "w"}) == {
        "q": "w",
        "token": "t",
    }


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ({"role": "USER"}, {"role": "ADMIN"}),
        ({"role": "ROLE_CUSTOMER"}, {"role": "ROLE_ADMIN"}),
        ({"user": {"isAdmin": False, "accountBalance": 0}}, {"isAdmin": True, "accountBalance": LARGE}),
        ({"is_staff": 0, "credits": "10"}, {"is_staff": 1, "credits": str(LARGE)}),
        (
            {"email_verified_at": None, "wallet": 1.5},
            {"email_verified_at": "2020-01-01T00:00:00Z", "wallet": float(LARGE)},
        ),
        ({"roles": ["Member"], "permissions": []}, {"roles": ["Admin"], "permissions": ["admin"]}),
    ],
)
def test_values_have_the_type_and_style_of_what_is_shown(view, shown):
    """What would be refused for its type proves nothing."""
    assert account_extras(view)[1] == shown


def test_what_gives_no_power_is_left_alone():
    """Names, texts, consents and what is set already."""
    view = {"name": "Ada", "bio": "", "admin_newsletter": False, "verified": True, "is_private": False, "page_limit": 5}
    everything, shown = account_extras(view)
    assert shown == {"role": "admin"}, "the likeliest, where nothing is shown"
    assert not {"name", "bio", "admin_newsletter", "is_private", "page_limit"} & everything.keys()
    assert JUNK in everything


def test_names_are_spelt_as_the_product_spells_them():
    """Camels write isAdmin, snakes is_admin; both are tried where nothing tells."""
    assert {"isAdmin"} == {"isAdmin", "is_admin"} & account_extras({"firstName": "A"})[0].keys()
    assert {"is_admin"} == {"isAdmin", "is_admin"} & account_extras({"first_name": "A"})[0].keys()
    assert {"isAdmin", "is_admin"} <= account_extras({"name": "A"})[0].keys()


def test_an_object_is_offered_to_the_stranger_under_names_that_say_whose_it_is():
    """Ids that are equal by chance are not touched."""
    view = {"id": 5, "seller": {"id": 5}, "buyerId": 5, "quantity": 5, "title": "5"}
    everything, shown = object_extras(view, "listing", 5, 6)
    assert shown == {"seller": 6, "sellerId": 6, "buyerId": 6}
    assert everything == {"ownerId": 6, "owner": 6, "userId": 6, **shown}
    assert object_extras(view, "listing", None, 6) == ({}, {})


def test_a_price_is_the_owners_own_unless_it_is_paid():
    """Sellers set prices of listings, buyers do not set those of orders; nor do they say that they have paid."""
    view = {"total": "25.00", "price": 2500, "status": "PENDING"}
    assert object_extras(view, "listing", None, None) == ({}, {})
    assert object_extras(view, "order", None, None)[1] == {"total": "1.07", "price": 107, "status": "PAID"}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"role": "user"}, {"role": "admin"}, [("role", "user", "admin")]),
        ({"role": "admin"}, {"role": "admin"}, []),
        ({"role": "user"}, {"role": "user", "note": "admin"}, []),
        ({}, {"a": {"Role": "ADMIN"}}, [("role", None, "ADMIN")]),
        ({}, {"role": "admin", JUNK: "extra"}, []),
        ({"role": "user"}, {"role": "admin", JUNK: "extra"}, [("role", "user", "admin")]),
        ([{"role": "user"}], [{"role": "admin"}], [("role", "user", "admin")]),
    ],
)
def test_what_counts_as_taken(before, after, found):
    """The value that was sent is shown and was not; a store that keeps nonsense too proves only what was there."""
    assert taken(before, after, {"role": "admin"}) == found


@pytest.mark.parametrize(
    ("shown", "wanted", "equal"),
    [
        ("1000007.00", 1000007, True),
        (1000007, "1000007.00", True),
        (1, True, True),
        ("true", True, True),
        (False, True, False),
        (None, "admin", False),
        (["USER", "ADMIN"], "admin", True),
        (["USER"], "admin", False),
    ],
)
def test_values_are_compared_across_types(shown, wanted, equal):
    """An amount is an amount, a flag a flag."""
    assert same(shown, wanted) is equal


def test_an_owner_is_handed_over_only_where_a_name_says_owner():
    """A version that counts from 5 to 6 is none."""
    before, after = {"version": 5, "owner": {"id": 5}}, {"version": 6, "owner": {"id": 6}}
    assert handed_over(before, after, 5, 6) == [("owner.id", 5, 6)]


def test_a_refusal_that_names_fields_is_followed():
    """First what it leaves, so many times, then what the account shows, less what is named of that."""
    everything = {"a": 1, "b": 2, "c": 3, "shown": 4, "seen": 5}
    shown = {"shown": 4, "seen": 5}
    assert fewer(1, everything, "unknown: a, b", shown) == {"c": 3, "shown": 4, "seen": 5}
    assert fewer(1, everything, "no", shown) == shown
    assert fewer(3, everything, "unknown: a", shown) == shown
    assert fewer(4, shown, "unknown: seen", shown) == {"shown": 4}
    assert fewer(5, {"shown": 4}, "unknown: shown", shown) is None
    assert fewer(1, everything, "no", {}) is None


def test_names_of_a_document_come_outermost_first():
    """With their values, lists looked into."""
    assert list(names_in([{"a": {"b": 1}}])) == [("a", {"b": 1}), ("b", 1)]


def page(text, status=200, **headers):
    """An answer of HTML or JSON."""
    kind = "application/json" if text.startswith("{") else "text/html"
    pairs = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(status, tuple(pairs.items()), text)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (page("<p>Sent to ada@example.com</p>"), page("<p>Sent to bob@example.com</p>"), []),
        (page("<p>Hi</p><input value='8f1c2d3e4f'>"), page("<p>Hi</p><input value='0a9b8c7d6e'>"), []),
        (page("<script>a=1</script><p>Hi</p>"), page("<script>b=2</script><p>Hi</p>"), []),
        (
            page('{"id": "8c6f7a52-2b0f-4d35-9a3c-0a1b2c3d4e5f"}'),
            page('{"id": "00000000-2b0f-4d35-9a3c-0a1b2c3d4e5f"}'),
            [],
        ),
        (page('{"at": "2026-01-01T10:00:00Z"}'), page('{"at": "2026-01-01T10:00:01Z"}'), []),
        (page("<p>Wrong password</p>"), page("<p>Unknown user</p>"), ["text"]),
        (page('{"code": 7}'), page('{"code": 8}'), ["codes"]),
        (page('{"a": 1000001}'), page('{"a": 1000002}'), []),
        (page('{"a": null}'), page('{"a": 1000002}'), ["text", "form"]),
        (page("<p/>", 401), page("<p/>", 404), ["status"]),
        (page("<p/>", location="/sent"), page("<p/>", location="/unknown"), ["location"]),
        (page("<p/>", location="https://a.example/sent"), page("<p/>", location="/sent"), []),
        (page("<p/>", set_cookie="sid=8"), page("<p/>"), ["cookies"]),
        (page("<p/>", set_cookie="sid=8"), page("<p/>", set_cookie="sid=9"), []),
    ],
)
def test_what_tells_two_answers_apart(one, other, told):
    """Words, codes, names, headers; not addresses, ids, times, tokens and what nobody reads."""
    own = ["ada@example.com", "bob@example.com"]
    assert differences(traits(one, own), traits(other, own)) == told
