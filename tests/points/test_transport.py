"""Point 15, and the promise about hosts: what happens on the wire and where nothing may go."""

import socket
import threading

import pytest

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.failures import StepFailure

SIGNUP = """
[steps.signup]
request = "POST /people"
capture = { id = "id" }
"""
TOKEN = """
[auth]
bearer = "token"
[steps.login]
request = "POST /login"
"""


class Dropper:
    """A raw HTTP/1.1 server that keeps connections alive, and drops one without a word at the request after a 500."""

    def __init__(self, *, answers=None):
        self.lines = []
        self.connections = 0
        self._answers = answers or {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            failed = False
            while line := stream.readline().decode().strip():
                length = 0
                while header := stream.readline().strip().lower():
                    if header.startswith(b"content-length:"):
                        length = int(header.partition(b":")[2])
                stream.read(length)
                if failed:
                    return  # the drop: the request was read, no byte of an answer was sent
                line = line.removesuffix(" HTTP/1.1")
                self.lines.append(line)
                status = self._answers.get(line, "200 OK")
                if status is None:
                    return
                failed = status.startswith("500")
                body = b'{"id": 1}'
                head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)

    def stop(self):
        """Close the socket and wait for every thread."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def dropper():
    """A function: statuses by request line → a running raw server."""
    started = []

    def start(**answers):
        started.append(Dropper(answers={line.replace("_", " "): status for line, status in answers.items()}))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_connection_that_is_dropped_after_a_500_does_not_blame_the_next_endpoint(dropper, open_shop, method):
    """The next request goes out on a fresh connection, whatever its method, and reaches the server once."""
    server = dropper(**{"POST_/broken": "500 Internal Server Error"})
    market = open_shop(
        f'{SIGNUP}[steps.broken]\nrequest = "POST /broken"\n[steps.next]\nrequest = "{method} /next"\n', server.url
    )
    buyer = market.get_actor("buyer")
    with pytest.raises(StepFailure, match="500 Internal Server Error"):
        buyer.call("broken")
    buyer.call("next")

    assert server.lines == ["POST /people", "POST /broken", f"{method} /next"]
    assert server.connections == 2
    market.leave()


def test_a_read_that_meets_a_dropped_connection_is_tried_once_more(dropper, open_shop):
    """A GET without a byte of an answer is repeated once on a fresh connection; twice is a failure with its layer."""
    server = dropper(**{"GET_/x": None})
    market = open_shop(f'{SIGNUP}[steps.read]\nrequest = "GET /x"\n', server.url)
    buyer = market.get_actor("buyer")

    with pytest.raises(StepFailure, match=r"got:      Server disconnected.*\n  layer:    transport"):
        buyer.call("read")
    assert server.lines == ["POST /people", "GET /x", "GET /x"]
    market.leave()


def test_a_write_that_meets_a_dropped_connection_is_not_repeated(dropper, open_shop):
    """What may have changed something is sent once only."""
    server = dropper(**{"POST_/x": None})
    market = open_shop(f'{SIGNUP}[steps.write]\nrequest = "POST /x"\n', server.url)

    with pytest.raises(StepFailure, match="no answer: Server disconnected"):
        market.get_actor("buyer").call("write")
    assert server.lines.count("POST /x") == 1
    market.leave()


def redirecting(location, status=302):
    """A marketplace whose /from leads to a location."""

    def app(request):
        if request.path == "/from":
            return status, None, {"location": location()}
        return 200, {"id": 1, "token": "a-token-of-mine"}

    return app


@pytest.mark.parametrize("body", ['form = { a = "1" }', 'multipart = { a = "1" }', 'body = "a"'])
def test_form_posts_are_not_redirected(serve, open_shop, body):
    """The redirect is the answer: the map judges it and captures from it."""
    server = serve(redirecting(lambda: "/thanks/42"))
    market = open_shop(
        f'{SIGNUP}[steps.it]\nrequest = "POST /from"\n{body}\nok = [302]\n'
        "capture = { id = \"segment(header('location'))\" }",
        server.url,
    )

    assert market.get_actor("buyer").call("it").id == "42"
    assert "GET /thanks/42" not in server.lines()


@pytest.mark.parametrize(
    ("request_line", "status", "then"),
    [("GET /from", 302, "GET /to"), ("POST /from", 303, "GET /to"), ("PUT /from", 307, "PUT /to")],
)
def test_other_requests_follow_redirects_inside_the_target(serve, open_shop, request_line, status, then):
    """A GET is followed with the session; 303 turns a write into a GET, 307 repeats it."""
    server = serve(redirecting(lambda: "/to", status))
    market = open_shop(f'{TOKEN}{SIGNUP}[steps.it]\nrequest = "{request_line}"\ncapture = {{ id = "id" }}', server.url)

    assert market.get_actor("buyer").call("it").id == 1
    assert server.lines()[-1] == then
    assert server.seen[-1].headers["authorization"] == "Bearer a-token-of-mine"


def test_a_circle_of_redirects_ends(serve, open_shop):
    """A server that redirects for ever is a failure that shows the way, after a few requests."""
    server = serve(lambda request: (302, None, {"location": "/from"}) if request.path == "/from" else (200, {"id": 1}))
    market = open_shop(f'{SIGNUP}[steps.it]\nrequest = "GET /from"\n', server.url)

    with pytest.raises(StepFailure, match="got:      a redirect loop: /from → /from"):
        market.get_actor("buyer").call("it")
    assert server.count("GET /from") == 6


def test_credentials_never_follow_a_redirect_to_another_origin(serve, open_shop):
    """Another origin of the same target is followed, without token, cookies, own headers or the gate."""
    other = serve(lambda _: (200, {"id": 1}))
    server = serve(redirecting(lambda: f"{other.url}/to"))
    market = open_shop(
        f"""
        [targets.here]
        kind = "local"
        api = "$API"
        hosts = ["{other.url}"]
        headers = {{ x-api-key = "for the api only" }}
        [auth]
        bearer = "token"
        headers = {{ authorization = "Bearer {{{{ account.token }}}}", x-session = "{{{{ account.token }}}}" }}
        cookies = true
        [steps.login]
        request = "POST /login"
        {SIGNUP}
        [steps.it]
        request = "GET /from"
        """,
        server.url,
    )
    buyer = market.get_actor("buyer")
    buyer._person.client._http.cookies.set("sid", "a-cookie-of-mine", domain="127.0.0.1")
    buyer.call("it")

    assert server.last("GET /from").headers["x-session"] == "a-token-of-mine"
    assert "cookie" in server.last("GET /from").headers
    assert {"authorization", "x-session", "cookie", "x-api-key"}.isdisjoint(other.seen[0].headers)


@pytest.mark.parametrize("how", ["redirect", "template", "raw"])
def test_a_foreign_origin_is_refused_and_nothing_is_sent(serve, open_shop, how):
    """Neither a redirect, nor a value in a request line, nor a raw request leaves the target."""
    foreign = serve(lambda _: (200, {}))
    server = serve(redirecting(lambda: f"{foreign.url}/to"))
    request = "GET /from" if how == "redirect" else "GET {{ url }}"
    buyer = open_shop(f'{TOKEN}{SIGNUP}[steps.it]\nrequest = "{request}"', server.url).get_actor("buyer")

    go = buyer.get if how == "raw" else lambda url: buyer.call("it", url=url)
    with pytest.raises(UseError) as caught:
        go(f"{foreign.url}/to")
    assert f"{foreign.url} is not part of the target, so nothing was sent. Allowed: {server.url}." in str(caught.value)
    assert "Add it to `hosts` of the target" in str(caught.value)
    assert foreign.seen == []


@pytest.mark.parametrize("url", ["http://127.0.0.1.example.com/", "http://user@127.0.0.1/", "https://127.0.0.1/"])
def test_origins_are_compared_as_origins(serve, open_shop, url):
    """A longer host, another port and another scheme are all foreign, whatever stands in front."""
    server = serve(lambda _: (200, {"id": 1}))
    buyer = open_shop(f'{SIGNUP}[steps.it]\nrequest = "GET {{{{ url }}}}"', server.url).get_actor("buyer")

    with pytest.raises(UseError):
        buyer.call("it", url=url)
    assert len(server.seen) == 1


def test_a_target_that_is_no_url_is_an_error_of_the_map_or_the_test(serve, open_shop):
    """A value that makes no URL ends the test with what was given, mapped and raw alike."""
    server = serve(lambda _: (200, {"id": 1}))
    buyer = open_shop(f'{SIGNUP}[steps.it]\nrequest = "GET {{{{ url }}}}"', server.url).get_actor("buyer")

    with pytest.raises(UseError, match=r"http://127\.0\.0\.1:port/"):
        buyer.call("it", url="http://127.0.0.1:port/")
    with pytest.raises(UseError, match=r"http://127\.0\.0\.1:port/"):
        buyer.get("http://127.0.0.1:port/")
    assert len(server.seen) == 1


def test_every_request_says_which_run_it_belongs_to(serve, open_shop):
    """An agent string that can be recognised, and the run's id."""
    server = serve(lambda _: (200, {"id": 1}))
    open_shop(SIGNUP, server.url).get_actor("buyer").get("/x")

    assert {request.headers["x-launchready-run"] for request in server.seen} == {"lrpoints"}
    assert all("pytest-launchready/" in request.headers["user-agent"] for request in server.seen)


def test_raw_requests(serve, open_shop):
    """Every method is there, with the arguments of httpx; redirects are followed by reads only, unless asked for."""
    server = serve(redirecting(lambda: "/to"))
    buyer = open_shop(TOKEN + SIGNUP, server.url).get_actor("buyer")
    for send in (buyer.get, buyer.post, buyer.put, buyer.patch, buyer.delete):
        assert send("/x", params={"a": "1"}, headers={"X-More": "yes"}).json()["id"] == 1
    assert buyer.request("options", "/x").status_code == 501
    assert buyer.get("/from").status_code == 200
    assert buyer.post("/from").status_code == 302
    assert buyer.post("/from", follow_redirects=True).status_code == 200
    assert buyer.post("/x", json={"a": 1}).request.content == b'{"a":1}'

    seen = server.seen[3]
    assert (seen.line, seen.query, seen.headers["x-more"]) == ("POST /x", {"a": ["1"]}, "yes")
    assert seen.headers["authorization"] == "Bearer a-token-of-mine"
    assert buyer.get("/x", headers={"Authorization": "mine"}).request.headers["authorization"] == "mine"


def test_a_raw_request_without_an_answer_is_a_failure_with_its_layer(serve, open_shop):
    """Nothing listens there: the failure names the layer and where to look."""
    server = serve(lambda _: (200, {"id": 1}))
    market = open_shop(
        f'[targets.here]\nkind = "local"\napi = "$API"\nhosts = {{ shut = "http://127.0.0.1:9" }}\n{SIGNUP}', server.url
    )

    with pytest.raises(StepFailure) as caught:
        market.get_actor("buyer").get("http://127.0.0.1:9/x")
    assert "GET /x got no answer, as buyer" in str(caught.value)
    assert "layer:    connect" in str(caught.value)
    assert "nothing accepts connections there: is the service up, and is targets.here.api" in str(caught.value)


def test_a_server_that_does_not_answer_in_time(serve, open_shop):
    """The whole request has a bound, from the first byte to the last."""
    stop = threading.Event()

    def app(request):
        if request.path == "/slow":
            stop.wait(5)
        return 200, {"id": 1}

    market = open_shop(f'{SIGNUP}[steps.it]\nrequest = "GET /slow"', serve(app).url, client_args={"seconds": 0.2})
    try:
        with pytest.raises(
            StepFailure, match=r"layer:    timeout\n.*\n.*\n  change:   the service did not answer in time"
        ):
            market.get_actor("buyer").call("it")
    finally:
        stop.set()
