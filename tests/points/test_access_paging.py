"""Pages without bounds, on a small server."""

import json

import pytest

from pytest_launchready.probes.access.hygiene import paging
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context

SEARCH = """
[contract]
graphql = "/graphql"

[steps.search]
actor = "anonymous"
graphql = "query ($first: Int!) { items(first: $first) { id } }"
variables = { first = 20 }
items = "data.items"
capture = { id = "id" }
"""


@pytest.mark.parametrize(("cap", "outcome"), [(100, "passed"), (10**9, "failed")], ids=["capped", "without bound"])
def test_a_server_may_demand_a_page_size(open_shop, serve, cap, outcome):
    """Where a list without a size is refused, the map's own size is what a huge one is compared with."""

    def app(request):
        first = json.loads(request.body)["variables"].get("first")
        if first is None:
            return 200, {"errors": [{"message": "$first of type Int! was not provided"}]}
        return 200, {"data": {"items": [{"id": number} for number in range(min(first, cap, 700))]}}

    market = open_shop(SEARCH, serve(app).url)
    verdict = market._engine.run(lambda: paging.page(Context(market, None, notebook=Notebook())))
    assert verdict.outcome == outcome
