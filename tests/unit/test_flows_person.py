"""How requests carry a person, and the hidden field of a page."""

import pytest

from pytest_launchready.flows.mail import mail_origin
from pytest_launchready.flows.person import basic, hidden_field
from pytest_launchready.mapping.records import Mail, Request
from pytest_launchready.mapping.template import compile_target


def test_basic_credentials():
    """As RFC 7617 has them, in UTF-8."""
    assert basic("user:pässword") == "Basic dXNlcjpww6Rzc3dvcmQ="


@pytest.mark.parametrize(
    ("page", "value"),
    [
        ('<input type="hidden" name="csrf" value="abc">', "abc"),
        ("<INPUT NAME='csrf' VALUE='a&amp;b' />", "a&b"),
        ("<input value=bare name=csrf>", "bare"),
        ('<input name="csrf" value="first"><input name="csrf" value="last">', "last"),
        ('<input name="csrf">', ""),
        ('<input name="other" value="1">', None),
        ("<p>name=csrf value=1</p>", None),
    ],
)
def test_the_hidden_field_of_a_page(page, value):
    """Any quoting and order of attributes; of several fields the last; None where there is none."""
    assert hidden_field(page, "csrf") == value


@pytest.mark.parametrize(
    ("target", "origins"),
    [
        ("http://127.0.0.1:8025/api?to={{ address }}", {("http", "127.0.0.1", 8025)}),
        ("/mails/{{ address }}", set()),
        ("{{ target.hosts.mail }}/mails", set()),
    ],
)
def test_the_origin_of_a_mail_catcher(target, origins):
    """Only a catcher that is written with its own address stands elsewhere."""
    assert mail_origin(Mail(url=Request("GET", compile_target(target)))) == origins
    assert mail_origin(Mail()) == frozenset()
