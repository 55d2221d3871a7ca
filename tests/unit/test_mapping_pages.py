"""What a page says of the build that made it."""

from __future__ import annotations

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.extract import compile_extractor

PAGE = """<!doctype html><head><meta charset="utf-8"><META NAME="Build" content="r&amp;d-7">
<meta property="og:title" content="Lamps"><link rel="stylesheet" href="/assets/site-BqF3_x9Z.css?v=1">
<script src="/static/vendor.min.js"></script><script src="https://cdn.example/js/app.3f9a1c77.min.js" defer></script>
<script src="/static/app-main.js"></script>"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("meta('build')", "r&d-7"),
        ("meta('og:title')", "Lamps"),
        ("meta('version')", None),
        ("asset('app')", "3f9a1c77"),
        ("asset('site')", "BqF3_x9Z"),
        ("asset('vendor')", None),
        ("asset('ap')", None),
    ],
)
def test_a_page_names_its_build(expression: str, value: str | None) -> None:
    """`meta()` reads the head, `asset()` the hash in a file's name; a word in a file's name is no hash."""
    answer = Answer(200, (("content-type", "text/html"),), PAGE)
    assert compile_extractor(expression).find(answer, {}) == value


def test_a_broken_page_is_read_as_far_as_it_goes() -> None:
    """No page ends in a traceback."""
    answer = Answer(200, (), "<meta name=build content=7><![if x]><script <<<>")
    assert compile_extractor("meta('build')").find(answer, {}) == "7"
