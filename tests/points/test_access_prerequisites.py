"""A marketplace in which nothing works proves nothing about access."""

import pytest

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.probes.access import family as access
from pytest_launchready.probes.limits import family as limits
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject

MAP = """
[auth]
bearer = "token"

[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }

[steps.me]
request = "GET /me"
capture = { id = "id" }

[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}", price = "{{ listing.price }}" }
capture = { id = "id" }

[steps.search]
request = "GET /listings"
query = { q = "{{ search.text }}" }
items = "@"
capture = { id = "id" }

[steps.checkout]
request = "POST /orders"
json = { listing = "{{ listing.id }}", quantity = "{{ quantity }}" }
capture = { id = "id", total = "total" }

[resources.listing]
read = "GET /listings/{{ id }}"
update = { request = "PATCH /listings/{{ id }}", json = { title = "{{ canary }}" } }

[resources.order]
read = "GET /orders/{{ id }}"
list = "GET /orders"
delete = "DELETE /orders/{{ id }}"
"""


@pytest.mark.parametrize("status", [503, 403, 404])
def test_where_nobody_can_sign_up_no_check_fails(open_shop, serve, status):
    """What the checks need does not work, so they say so: none fails, and what needs a person does not pass."""
    market = open_shop(MAP, serve(lambda _request: (status, {"detail": "not today"})).url)
    context, found = Context(market, None, notebook=Notebook()), {}
    for check in (*access.checks(Subject(market.map)), *limits.checks(Subject(market.map))):
        if check.absent is None:
            try:
                found[check.id] = market._engine.run(lambda c=check: c.run(context)).outcome
            except NotCovered:
                found[check.id] = "not covered"
    assert "failed" not in found.values()
    passed = {name for name, outcome in found.items() if outcome == "passed"}
    assert {
        name for name in passed if not name.startswith(("access.debug", "access.exposure", "access.input"))
    } == set()
