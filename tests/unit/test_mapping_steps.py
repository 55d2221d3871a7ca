"""What steps and resources of a map are once they are loaded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.records import Map, ReadMail, Request, RunStep, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.template import Template

    Load = Callable[..., Map]

TARGET = """
[targets.shop]
kind = "staging"
api = "https://api.shop.example/v1/"
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a map from its text."""

    def _load(text: str, target: str = "shop", *, name: str = "launchready.toml", **environ: str) -> Map:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_map(path, target, environ=environ)

    return _load


def request_of(map_: Map, step: str, place: int = 0) -> Request:
    """One request of a step."""
    part = map_.steps[step].parts[place]
    assert isinstance(part, Request)
    return part


def shown(template: Template | None, **scope: Any) -> Any:
    """A template rendered."""
    assert template is not None
    return template.render(scope)


def found(extractor: Extractor | None, body: str, **scope: Any) -> Any:
    """What an expression takes out of a body."""
    assert extractor is not None
    return extractor.find(Answer(200, (), body), scope)


def body_of(request: Request, **scope: Any) -> Any:
    """The rendered body of a request."""
    assert request.body is not None
    return request.body.content.render(scope)


def test_keys_on_a_step_are_defaults_of_its_requests(load: Load) -> None:
    """Request, actor, headers, ok and basic are written once for all requests of a step."""
    map_ = load(
        TARGET
        + """
        [steps.setup]
        request = "POST /rpc"
        actor = "seller"
        headers = { x-a = "1", x-b = "{{ unique }}" }
        ok = [200, 202]
        basic = "user:{{ account.password }}"
        [[steps.setup.requests]]
        json = { op = 1 }
        capture = { first = "id" }
        [[steps.setup.requests]]
        request = "GET /done/{{ first }}"
        actor = "admin"
        headers = { x-b = "2" }
        ok = [200]
        expect = ["done", "status() == `200`"]
        wait = 5
        """
    )
    first, second = request_of(map_, "setup"), request_of(map_, "setup", 1)
    assert (first.method, first.actor, first.ok, first.wait) == ("POST", "seller", frozenset({200, 202}), 0.0)
    assert shown(first.headers, unique="u") == {"x-a": "1", "x-b": "u"}
    assert shown(first.basic, account={"password": "p"}) == "user:p"
    assert (second.method, second.actor, second.ok, second.wait) == ("GET", "admin", frozenset({200}), 5.0)
    assert shown(second.headers) == {"x-a": "1", "x-b": "2"}
    assert len(second.expect) == 2
    assert second.safe


def test_a_step_may_run_steps_and_read_mail(load: Load) -> None:
    """A list of requests also holds other steps and mails to wait for."""
    map_ = load(
        TARGET
        + """
        [steps.signup]
        requests = [
            { request = "POST /users", capture = { ticket = "ticket" } },
            { mail = "{{ account.email }}", wait = 10, capture = { code = "regex(text(), 'code (x+)')" } },
            { mail = "{{ account.email }}" },
            { request = "POST /users/{{ ticket }}/{{ code }}", capture = { id = "id" } },
        ]
        [steps.add_to_cart]
        request = "POST /cart/{{ listing.id }}"
        capture = { id = "id" }
        [steps.checkout]
        requests = [
            { step = "add_to_cart" },
            { request = "POST /orders/{{ cart.id }}", capture = { id = "id", total = "major(total)" } },
        ]
        """
    )
    first, second = map_.steps["signup"].parts[1:3]
    assert isinstance(first, ReadMail)
    assert isinstance(second, ReadMail)
    assert (first.wait, second.wait) == (10, 30)
    assert shown(first.address, account={"email": "e"}) == "e"
    assert map_.steps["checkout"].parts[0] == RunStep("add_to_cart")
    assert map_.steps["checkout"].needs == {"listing"}
    assert map_.steps["add_to_cart"].makes == "cart"


def test_bodies(load: Load) -> None:
    """Tables, lists, text of JSON with bare values in it, forms and plain text."""
    map_ = load(
        TARGET
        + """
        [steps.text]
        request = "POST /x"
        json = '''{
            "price": {{ listing.price }}, "list": [{{ a }}, "b{{ a }}"], "quote": "\\"{{ a }}", "n": 1.5,
            "m": {"k":{{a}}}
        }'''
        [steps.whole]
        request = "POST /x"
        json = "{{ everything }}"
        [steps.list]
        request = "POST /x"
        json = ["{{ a }}"]
        [steps.form]
        request = "POST /x"
        form = { a = "{{ a }}" }
        [steps.plain]
        request = "POST /x"
        body = "<a>{{ a }}</a>"
        query = { q = "{{ a }}", n = 1 }
        safe = true
        """
    )
    text = body_of(request_of(map_, "text"), a=7, listing={"price": Decimal("2.50")})
    assert text == {"price": Decimal("2.50"), "list": [7, "b7"], "quote": '"7', "n": 1.5, "m": {"k": 7}}
    assert body_of(request_of(map_, "whole"), everything=[1]) == [1]
    assert body_of(request_of(map_, "list"), a=7) == [7]
    assert body_of(request_of(map_, "form"), a=7) == {"a": 7}
    plain = request_of(map_, "plain")
    assert body_of(plain, a=7) == "<a>7</a>"
    assert shown(plain.query, a=7) == {"q": 7, "n": 1}
    assert plain.safe
    assert [str(request_of(map_, step).body)[:16] for step in ("form", "plain")] == [
        "Body(kind='form'",
        "Body(kind='text'",
    ]


def test_graphql(load: Load) -> None:
    """One document, values in variables only; the kind of operation says whether it writes."""
    map_ = load(
        TARGET
        + """
        [contract]
        graphql = "/graphql"
        [steps.read]
        graphql = "query Q($id: ID!) { node(id: $id) { ...F } } fragment F on Node {id}"
        variables = { id = "{{ id }}" }
        [steps.write]
        requests = [ { graphql = "mutation { a }", headers = { x = "1" } }, { graphql = "{ me }", safe = false } ]
        """
    )
    read = request_of(map_, "read")
    assert (read.method, shown(read.target), read.safe) == ("POST", "/graphql", True)
    assert body_of(read, id=3)["variables"] == {"id": 3}
    assert body_of(read, id=3)["query"].startswith("query Q(")
    assert [request_of(map_, "write", place).safe for place in (0, 1)] == [False, False]


def test_resources(load: Load) -> None:
    """Verbs from steps, from a line, from a table; and what follows from the names of steps."""
    map_ = load(
        TARGET
        + """
        [steps.create_address]
        request = "POST /addresses"
        json = { line = "{{ canary }}" }
        capture = { number = "id" }
        [steps.list_addresses]
        request = "GET /addresses"
        [steps.update_address]
        actor = "buyer"
        request = "PUT /addresses/{{ address.number }}"
        [steps.delete_address]
        requests = [ { request = "GET /a" }, { request = "DELETE /a" } ]
        [steps.show]
        request = "GET /show/{{ address.number }}"
        [resources.address]
        made_by = "create_address"
        read = "show"
        delete = { request = "DELETE /addresses/{{ number }}", deny = ["anonymous"] }
        proof = ["{{ canary }}", "Long Street 1"]
        match = "id == {{ id }}"
        verify = "show"
        owner = "buyer"
        deny = ["stranger"]
        public = ["list"]
        capability = true
        gone = "status == 'closed'"
        absent = "00000000"
        """
    )
    address = map_.resources["address"]
    assert {verb: found.step for verb, found in address.verbs.items()} == {
        "read": "show",
        "list": "list_addresses",
        "update": "update_address",
        "delete": None,
    }
    assert address.verbs["update"].request.actor is None
    assert address.verbs["delete"].deny == ("anonymous",)
    assert (address.owner, address.deny, address.public, address.capability) == (
        "buyer",
        ("stranger",),
        frozenset({"list"}),
        True,
    )
    assert address.verify == "show"
    assert shown(address.absent) == "00000000"
    assert found(address.match, '{"id": 4}', id=4) is True
    assert found(address.gone, '{"status": "closed"}') is True
    assert map_.steps["create_address"].makes == "address"
    assert map_.steps["show"].needs == {"address"}


def test_names_of_the_undone_step_are_in_scope(load: Load) -> None:
    """An undo knows what the step captured that it undoes; a get or an update knows the id."""
    load(
        TARGET
        + """
        [steps.create_listing]
        request = "POST /l"
        capture = { id = "id", handle = "handle" }
        undo = ["delete_listing"]
        [steps.delete_listing]
        request = "DELETE /l/{{ handle }}"
        [steps.update_listing]
        request = "PUT /l/{{ id }}/{{ listing.handle }}"
        found = "id == {{ listing.id }}"
        public = true
        """
    )


def test_a_skipped_step_says_why(load: Load) -> None:
    """What a product lacks is declared with a reason, and what it would make is not judged."""
    map_ = load(
        TARGET
        + """
        [steps.send_message]
        skip = "no messages yet"
        [steps.list_messages]
        request = "GET /messages/{{ message.thread }}"
        items = "@"
        capture = { id = "id" }
        """
    )
    assert map_.steps["send_message"] == Step("send_message", skip="no messages yet", makes="message")
    assert map_.steps["list_messages"].needs == {"message"}


def test_custom_steps_take_arguments(load: Load) -> None:
    """A name that a team's own step does not know is an argument of call()."""
    map_ = load(
        TARGET
        + """
        [auth]
        bearer = "t"
        [steps.rate]
        request = "POST /rate/{{ stars }}"
        [steps.cancel_order]
        request = "POST /orders/{{ id }}"
        capture = { id = "id" }
        [steps.create_address]
        request = "POST /{{ address.city }}/{{ account.token }}/{{ run.tag }}"
        capture = { id = "id" }
        [resources.address]
        made_by = "create_address"
        """
    )
    assert shown(request_of(map_, "rate").target, stars=5) == "/rate/5"


def test_steps_may_share_what_they_run(load: Load) -> None:
    """Two ways to the same step are no circle."""
    map_ = load(
        TARGET
        + """
        [steps.a]
        requests = [ { step = "b" }, { step = "c" } ]
        [steps.b]
        requests = [ { step = "d" } ]
        [steps.c]
        requests = [ { step = "d" } ]
        [steps.d]
        request = "GET /{{ listing.id }}"
        """
    )
    assert map_.steps["a"].needs == {"listing"}


def test_a_capture_hides_an_object_of_its_name(load: Load) -> None:
    """A step that has captured `listing` itself needs none made."""
    map_ = load(
        TARGET
        + """
        [[steps.a.requests]]
        request = "GET /"
        capture = { listing = "listing" }
        [[steps.a.requests]]
        request = "GET /{{ listing.anything }}"
        """
    )
    assert not map_.steps["a"].needs
