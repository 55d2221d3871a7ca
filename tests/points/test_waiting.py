"""Point 9: what comes late is waited for, and for no longer than the map says."""

import pytest

from pytest_launchready.core.failures import StepFailure

SIGNUP = """
[steps.signup]
request = "POST /people"
capture = { id = "id" }
"""
LISTINGS = """
[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id" }
[steps.search]
request = "GET /search"
query = { q = "{{ search.text }}" }
items = "hits"
capture = { id = "id", title = "title" }
"""


def late(answers):
    """A marketplace that answers GET /x with one after another of these, the last for ever."""
    left = list(answers)

    def app(request):
        if request.method == "POST":
            return 201, {"id": 1}
        return left.pop(0) if len(left) > 1 else left[0]

    return app


@pytest.mark.parametrize(
    ("condition", "early"),
    [
        ("ok = [200]", (404, None)),
        ("expect = \"state == 'paid'\"", (200, {"state": "pending"})),
        ('capture = { number = "number" }', (200, {"number": None})),
    ],
    ids=["ok", "expect", "capture"],
)
def test_wait_repeats_until_everything_holds(serve, open_shop, condition, early):
    """`wait` repeats the request until status, conditions and captures are good."""
    server = serve(late([early, early, (200, {"state": "paid", "number": 7})]))
    market = open_shop(f'{SIGNUP}[steps.status]\nrequest = "GET /x"\nwait = 5\n{condition}', server.url)
    market.get_actor("buyer").call("status")

    assert server.count("GET /x") == 3


def test_wait_outlives_a_dropped_answer(serve, open_shop):
    """A request that got no answer is one more try."""
    tries = []

    def app(request):
        tries.append(request)
        if request.path == "/x" and len(tries) == 2:
            raise ConnectionAbortedError  # the server thread dies on it: the connection is closed without an answer
        return 200, {"id": 1}

    server = serve(app)
    market = open_shop(f'{SIGNUP}[steps.status]\nrequest = "PUT /x"\nwait = 5\n', server.url)
    market.get_actor("buyer").call("status")

    assert server.count("PUT /x") == 2


def test_wait_ends_and_says_how_long_it_has_waited(serve, open_shop):
    """What does not come in time is a failure that names the seconds; without `wait` there is one try."""
    server = serve(late([(200, {"state": "pending"})]))
    step = "expect = \"state == 'paid'\"\n"
    market = open_shop(
        f'{SIGNUP}[steps.status]\nrequest = "GET /x"\nwait = 0.2\n{step}[steps.now]\nrequest = "GET /y"\n{step}',
        server.url,
    )
    buyer = market.get_actor("buyer")

    with pytest.raises(StepFailure, match=r"status failed, as buyer after waiting 0\.2 s"):
        buyer.call("status")
    with pytest.raises(StepFailure, match=r"now failed, as buyer\n"):
        buyer.call("now")
    assert server.count("GET /x") >= 2
    assert server.count("GET /y") == 1


def index_with_delay(tries):
    """A marketplace whose search shows a listing at the n-th look."""
    shown, looks = [], []

    def app(request):
        match request.line:
            case "POST /listings":
                shown.append({"id": str(7 + len(shown)), **request.json, "price": 3})
                return 201, {"id": 7 + len(shown) - 1}
            case "GET /search":
                looks.append(request)
                return 200, {
                    "hits": [{"id": 1, "title": "old"}, *(shown if len(looks) >= tries else [])],
                    "seen": len(looks),
                }
        return 201, {"id": 1}

    return app


def test_wait_until_found(serve, open_shop):
    """A search index that is late: the listing comes back as the search shows it, also where its id is text there."""
    server = serve(index_with_delay(3))
    buyer = open_shop(SIGNUP + LISTINGS, server.url).get_actor("buyer")
    lamp = buyer.create_listing(title="Lamp")
    found = buyer.wait_until_found(lamp)

    assert found == lamp
    assert (found.id, found.title, found.raw["price"]) == ("7", lamp.title, 3)
    assert server.count("GET /search") == 3
    assert server.last("GET /search").query["q"] == [lamp.title]


def test_wait_until_found_gives_up(serve, open_shop):
    """In the end the failure says what was looked for, how long and how often."""
    buyer = open_shop(SIGNUP + LISTINGS, serve(index_with_delay(10_000)).url).get_actor("buyer")
    lamp = buyer.create_listing(title="Lamp")

    with pytest.raises(StepFailure) as caught:
        buyer.wait_until_found(lamp, "lamp", within=0.2)
    text = str(caught.value)
    assert "search did not show the new listing, as buyer" in text
    assert "expected: listing 7 in a search for 'lamp' within 0.2 s" in text
    assert "got:      1 other listings in the last of " in text
    assert "change:   is the search index fed after a create?" in text


def test_found_replaces_the_comparison_of_ids(serve, open_shop):
    """`found` is the map's own condition, for a search whose items have no id of the listing's."""
    text = SIGNUP + LISTINGS + 'found = "hits[?title == {{ listing.title }}]"\n'
    server = serve(index_with_delay(2))
    buyer = open_shop(text.replace('{ id = "id", title = "title" }', "{ id = \"'x'\" }"), server.url).get_actor("buyer")
    lamp = buyer.create_listing(title="Lamp")
    found = buyer.wait_until_found(lamp)

    assert found == lamp
    assert found.raw["seen"] == 2
    assert server.count("GET /search") == 2
