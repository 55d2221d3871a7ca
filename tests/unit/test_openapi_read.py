"""Descriptions of APIs, read as people write them."""

from __future__ import annotations

import json
import textwrap

import pytest

from pytest_launchready.contracts.openapi import read_openapi
from pytest_launchready.contracts.operations import matches
from pytest_launchready.contracts.texts import Unreadable


def document(paths, **more):
    return read_openapi(json.dumps({"openapi": "3.0.3", "paths": paths, **more}))


def only(read):
    (operation,) = read.operations
    return operation


class TestTexts:
    """JSON and YAML, sound and flawed."""

    def test_yaml_and_json_say_the_same(self):
        """YAML is read as JSON is: keys are texts, dates and `on` are words."""
        text = """
        openapi: 3.0.3
        paths:
          /orders:
            get:
              tags: [on, 2024-01-01]
              responses: {200: {description: ok}}
        """
        operation = only(read_openapi(textwrap.dedent(text)))
        assert (operation.line, operation.tags) == ("GET /orders", ("on", "2024-01-01"))
        assert list(operation.raw["responses"]) == ["200"]

    def test_flawed_json_is_read_and_told(self):
        """A key that comes twice and a comma too many are flaws, not ends."""
        twice = '{"openapi": "3.0.0", "paths": {"/a": {"get": {}}, "/a": {"get": {"summary": "b"}}}}'
        comma = '{"openapi": "3.0.0", "paths": {"/a": {"get": {},},},}'
        for text in (twice, comma):
            read = read_openapi(text)
            assert only(read).line == "GET /a"
            assert read.flaws

    def test_an_own_tag_of_yaml_is_passed_over(self):
        """A value with a tag that we do not know is read as if it had none."""
        assert only(read_openapi("openapi: 3.0.0\npaths:\n  /a:\n    get: !own {summary: hi}\n")).summary == "hi"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "empty"),
            ("<!doctype html><title>Swagger UI</title>", "HTML"),
            ("[1, 2]", "not an object"),
            ("just words", "not an object"),
            ('{"message": "not found"}', "neither `openapi` nor `swagger` nor `paths`"),
            ("a: [1", "neither JSON nor YAML"),
            ('{"paths": ' + "[" * 5_000, "JSON"),
            ("a: &a [*a]", "contains itself"),
        ],
    )
    def test_what_describes_no_api_is_named(self, text, says):
        """Each text that is of no use says why."""
        with pytest.raises(Unreadable, match=says):
            read_openapi(text)

    def test_a_small_text_cannot_stand_for_a_huge_document(self):
        """Aliases that multiply are refused before anything walks them."""
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
        with pytest.raises(Unreadable, match="more than 200,000 values"):
            read_openapi("\n".join(lines))


class TestOperations:
    """Methods, paths, references, servers and parameters."""

    def test_methods_paths_and_words(self):
        """Each method of each path is an operation, however its parts are spelt; extensions are none."""
        read = document(
            {
                "orders/:id": {"GET": {"tags": "shop", "description": "One order"}, "x-note": {}, "summary": "s"},
                "https://api.example/users#all": {"post": {"operationId": "make", "tags": [{"name": "a"}, 3]}},
                "x-internal": {"get": {}},
            }
        )
        assert [one.line for one in read.operations] == ["GET /orders/{id}", "POST /users"]
        assert [one.tags for one in read.operations] == [("shop",), ("a", "3")]
        assert [(one.summary, one.id) for one in read.operations] == [("One order", ""), ("", "make")]
        assert read.flaws == ("orders/:id: a path begins with a slash",)

    @pytest.mark.parametrize("broken", [None, [], "text", 3, {"/a": None}, {"/a": []}, {"/a": {"get": "x"}}])
    def test_wrong_types_are_flaws(self, broken):
        """What is not an object where one has to be is told, and nothing falls over."""
        read = document(broken)
        assert read.flaws
        assert not [one for one in read.operations if one.raw]

    def test_references(self):
        """Local references are followed, also in path items; those that lead nowhere are flaws."""
        read = document(
            {
                "/a": {"$ref": "#/components/pathItems/A"},
                "/b": {"get": {"parameters": [{"$ref": "#/nowhere"}, {"$ref": "other.yaml#/x"}]}},
                "/c": {"$ref": "#/paths/~1c"},
            },
            components={"pathItems": {"A": {"get": {"summary": "found"}}}},
        )
        assert [(one.line, one.summary) for one in read.operations] == [("GET /a", "found"), ("GET /b", "")]
        assert "GET /b: #/nowhere leads nowhere" in read.flaws
        assert "/c: #/paths/~1c leads nowhere" in read.flaws
        assert read.resolve({"$ref": "#/components/pathItems/A/get/summary"}) == "found"

    @pytest.mark.parametrize(
        ("more", "prefixes"),
        [
            ({"servers": [{"url": "https://api.example/v1/"}, {"url": "/v2"}]}, ("/v1", "/v2")),
            (
                {"servers": [{"url": "//{h}/{p}", "variables": {"h": {"default": "x"}, "p": {"default": "z"}}}]},
                ("/z",),
            ),
            ({"servers": {"url": "/v1"}}, ("",)),
            ({"servers": "broken"}, ("/broken",)),
            ({"servers": []}, ("",)),
            ({"basePath": "api/", "swagger": "2.0"}, ("/api",)),
            ({"basePath": "/"}, ("",)),
        ],
    )
    def test_servers_become_prefixes(self, more, prefixes):
        """Only the path of a server counts: the map says which host is meant."""
        assert only(document({"/a": {"get": {}}}, **more)).prefixes == prefixes

    def test_parameters(self):
        """Parameters of the path and of the operation, with the values that the document shows for them."""
        read = document(
            {
                "/a/{id}/{other}": {
                    "parameters": [{"name": "id", "in": "path", "schema": {"type": "string", "default": "7"}}],
                    "get": {
                        "parameters": [
                            {"name": "id", "in": "path", "example": 8},
                            {"name": "q", "in": "query", "schema": {"$ref": "#/components/schemas/Q"}},
                            {"name": "page", "in": "query", "examples": {"first": {"value": 1}}},
                            {"name": "sort", "in": "query", "required": True, "type": "string", "enum": ["up", "down"]},
                            {"name": "j", "in": "query", "content": {"application/json": {"schema": {"example": [1]}}}},
                            {"in": "query"},
                            "nonsense",
                        ]
                    },
                }
            },
            components={"schemas": {"Q": {"examples": ["lamp"]}}},
        )
        found = {(one.name, one.where): (one.required, one.example) for one in only(read).parameters}
        assert found == {
            ("id", "path"): (True, 8),
            ("q", "query"): (False, "lamp"),
            ("page", "query"): (False, 1),
            ("sort", "query"): (True, "up"),
            ("j", "query"): (False, [1]),
            ("other", "path"): (True, None),
        }


class TestSecurity:
    """What the document says of who is let in."""

    @pytest.mark.parametrize(
        ("everywhere", "own", "secured"),
        [
            (None, None, False),
            ([{"bearer": []}], None, True),
            ([{"bearer": []}], [], False),
            ([{"bearer": []}], [{}], False),
            (None, [{"bearer": []}, {}], False),
            (None, [{"bearer": ["admin"]}], True),
            (None, {"bearer": "admin"}, True),
            (None, ["bearer"], True),
            ([], None, False),
        ],
    )
    def test_who_is_let_in(self, everywhere, own, secured):
        """An operation is secured by its own word, else by the document's; an empty way lets everybody in."""
        node = {} if own is None else {"security": own}
        more = {} if everywhere is None else {"security": everywhere}
        assert only(document({"/a": {"get": node}}, **more)).secured is secured

    def test_scopes_are_read(self):
        """Scopes are read, a single text too."""
        node = {"security": [{"oauth": ["orders:read", "admin"]}, {"other": "staff"}]}
        assert only(document({"/a": {"get": node}})).scopes == ("orders:read", "admin", "staff")

    def test_a_required_session_header_secures(self):
        """Swagger documents often ask for the header as an ordinary parameter."""
        node = {"parameters": [{"name": "Authorization", "in": "header", "required": True}]}
        assert only(document({"/a": {"get": node}})).secured

    def test_schemes_of_both_versions(self):
        """Schemes are read from where each version of the standard has them."""
        two = document({}, swagger="2.0", securityDefinitions={"key": {"type": "apiKey", "in": "header", "name": "K"}})
        three = document({}, components={"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}})
        assert (list(two.schemes), list(three.schemes)) == (["key"], ["basic"])


class TestFinding:
    """From a request to its operation."""

    def test_a_request_finds_its_operation(self):
        """The most literal template wins; prefixes and final slashes may be there or not."""
        read = document({"/a/{id}": {"get": {}}, "/a/me/": {"get": {}}, "/b": {"post": {}}}, servers=[{"url": "/v1"}])
        found = {path: read.find("GET", path) for path in ("/a/7", "/v1/a/7?x=1", "/a/me", "/v1/a/me", "/b", "/a/1/2")}
        assert {path: one.path if one else None for path, one in found.items()} == {
            "/a/7": "/a/{id}",
            "/v1/a/7?x=1": "/a/{id}",
            "/a/me": "/a/me/",
            "/v1/a/me": "/a/me/",
            "/b": None,
            "/a/1/2": None,
        }

    def test_signs_in_a_path_are_taken_as_they_are(self):
        """A dot in a template is a dot."""
        assert matches("/a.json", "/a.json")
        assert not matches("/a.json", "/aXjson")
        assert matches("/", "/")
