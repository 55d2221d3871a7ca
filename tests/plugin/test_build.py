"""No test runs against another build than the expected one; real servers, loopback only."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_launchready.cli import main
from pytest_launchready.flows.build import Watch
from pytest_launchready.mapping.load import load_map
from pytest_launchready.probes.build import FAMILY
from pytest_launchready.probes.deployed import RUNS, wait_for_build
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.client import Trust

MAP = """
[targets.shop]
kind = "local"
api = "http://{host}:{port}"

[build]
request = "GET /version"
source = "header('x-build')"

[steps.home]
request = "GET /version"
"""


class Server(ThreadingHTTPServer):
    """Says a build for each request in turn (the last one for ever); None: none; a number: that status."""

    daemon_threads = True

    def __init__(self, address, builds):
        super().__init__(address, Handler)
        self.builds = list(builds)
        self.asked = []
        self.connections = 0
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._serving.start()

    @property
    def port(self):
        """Where it listens."""
        return self.server_address[1]

    def get_request(self):
        """Counts the connections."""
        self.connections += 1
        return super().get_request()

    def stop(self):
        """Ends it, and waits for that."""
        self.shutdown()
        self.server_close()
        self._serving.join(5)


class Handler(BaseHTTPRequestHandler):
    """Answers with the build of the hour."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Any path."""
        server = self.server
        build = server.builds[min(len(server.asked), len(server.builds) - 1)]
        server.asked.append((self.path, dict(self.headers)))
        self.send_response(build if isinstance(build, int) else 200)
        if isinstance(build, str):
            self.send_header("x-build", build)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def serve():
    """Starts servers; stopped at the end."""
    servers = []

    def start(*builds, address="127.0.0.1", port=0):
        servers.append(Server((address, port), builds))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def look(tmp_path):
    """The verdict on the build of a target: of a named host, if addresses are given for it."""

    def judge(port, expected, seconds=0.0, *addresses):
        path = tmp_path / "launchready.toml"
        path.write_text(MAP.format(host="shop.test" if addresses else "127.0.0.1", port=port))
        watch = Watch(load_map(path, "shop"), "lrtest")
        if addresses:

            async def resolve(host, asked_port):
                assert (host, asked_port) == ("shop.test", port)
                return addresses

            watch = Watch(watch.mapped, "lrtest", resolve=resolve)
        return asyncio.run(wait_for_build(watch, expected, seconds))

    return judge


def test_the_expected_build_is_seen_five_times_on_new_connections(serve, look):
    """No kept-alive connection and no cache can answer for the server."""
    server = serve("42")
    verdict = look(server.port, "42")
    assert verdict.outcome == "passed"
    assert len(server.asked) == server.connections == RUNS
    assert len({path for path, _ in server.asked}) == RUNS
    assert {headers["cache-control"] for _, headers in server.asked} == {"no-cache"}
    assert verdict.evidence[0].measured["looks"] == RUNS
    assert "looked 5 times" in verdict.evidence[0].said
    assert "at 127.0.0.1" in verdict.evidence[0].said


def test_a_build_that_comes_while_we_wait_is_enough(serve, look):
    """The deploy ends during the wait; the five times running begin then."""
    server = serve("41", "41", "42", "41", "42")
    assert look(server.port, "42", 10.0).outcome == "passed"
    assert len(server.asked) == 4 + RUNS


def test_an_old_build_is_told_from_everything_else(serve, look):
    """Named, with what was expected, the request that shows it, and what to do."""
    verdict = look(serve("41").port, "42")
    assert (verdict.outcome, verdict.code) == ("failed", "old-build")
    assert verdict.failure.title == "target shop still runs another build (old-build)"
    assert verdict.failure.expected == "build 42"
    assert verdict.failure.got == "127.0.0.1 says 41"
    assert verdict.failure.exchange.path.startswith("/version?launchready=")
    assert "--launchready-wait=SECONDS" in verdict.failure.change


def test_servers_behind_one_address_that_differ_are_a_mixed_fleet(serve, look):
    """A balancer shows now the one, now the other: one look would have been green."""
    verdict = look(serve("42", "41", "42", "41", "42", "41").port, "42")
    assert (verdict.code, verdict.failure.got) == ("mixed-fleet", "127.0.0.1 says 41 and 42")
    assert "until the deploy has reached every server" in verdict.failure.change


def test_every_address_of_a_name_is_asked(serve, look):
    """Two addresses with two builds are a mixed fleet, whichever of them a resolver would give first."""
    new = serve("42")
    old = serve("41", address="127.0.0.2", port=new.port)
    verdict = look(new.port, "42", 0.0, "127.0.0.1", "127.0.0.2")
    assert verdict.code == "mixed-fleet"
    assert verdict.failure.title == "target shop runs more than one build (mixed-fleet)"
    assert verdict.failure.got == "127.0.0.1 says 42; 127.0.0.2 says 41"
    assert {headers["Host"] for _, headers in (*new.asked, *old.asked)} == {f"shop.test:{new.port}"}


def test_the_whole_fleet_has_to_say_it(serve, look):
    """Both addresses new: passed, and both are named."""
    one = serve("42")
    serve("42", address="127.0.0.2", port=one.port)
    verdict = look(one.port, "42", 0.0, "127.0.0.1", "127.0.0.2")
    assert verdict.outcome == "passed"
    assert verdict.evidence[0].said.endswith("at 127.0.0.1, 127.0.0.2")


def test_an_answer_without_a_build_is_not_an_old_build(serve, look):
    """The source is named: it may be wrong, or the deploy does not write it."""
    verdict = look(serve(None).port, "42")
    assert verdict.code == "build-absent"
    assert verdict.failure.got == "127.0.0.1 says no build in its answer"
    assert verdict.failure.change.startswith("[build] source = header('x-build') finds nothing")


def test_a_server_that_fails_is_down(serve, look):
    """A gateway's 503 says nothing of the build."""
    verdict = look(serve(503).port, "42")
    assert (verdict.code, verdict.failure.got) == ("down", "127.0.0.1 says answers 503 Service Unavailable")


def test_an_address_that_refuses_is_down_and_named(serve, look):
    """One of two addresses is dead: clients meet it, so it is not green."""
    verdict = look(serve("42").port, "42", 0.0, "127.0.0.1", "127.0.0.2")
    assert verdict.code == "down"
    assert verdict.failure.title == "target shop is down at 127.0.0.2 (down)"


def test_a_name_that_does_not_resolve_is_down(tmp_path):
    """The layer is named."""
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="shop.invalid", port=80))

    async def resolve(host, port):
        raise OSError(-2, "Name or service not known")

    watch = Watch(load_map(path, "shop"), "lrtest", resolve=resolve)
    verdict = asyncio.run(wait_for_build(watch, "42"))
    assert verdict.failure.got == "shop.invalid says the name does not resolve (DNS): Name or service not known"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_name_stays_in_tls_whatever_the_address(serve, tmp_path):
    """The certificate is that of the name: it is asked for by the name, and checked against it."""
    names = []
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test"),
            *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = serve("42")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="shop.test", port=server.port).replace("http://", "https://"))

    async def resolve(host, port):
        return ("127.0.0.1",)

    watch = Watch(load_map(path, "shop"), "lrtest", Trust(str(tmp_path / "cert.pem")), resolve)
    assert asyncio.run(wait_for_build(watch, "42")).outcome == "passed"
    assert set(names) == {"shop.test"}


def test_behind_a_proxy_the_addresses_are_not_measured(serve, look, monkeypatch):
    """The proxy is asked, and the evidence says so."""
    server = serve("42")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("no_proxy", "")
    verdict = look(80, "42", 0.0, "192.0.2.1")
    assert verdict.outcome == "passed"
    assert verdict.evidence[0].said.endswith(f"at shop.test by the proxy http://127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("builds", "second", "outcome", "code"),
    [
        (["42"], ["42"], "passed", None),
        (["42"], ["41"], "failed", "mixed-fleet"),
        ([None], [None], "inconclusive", "build-absent"),
    ],
)
def test_an_audit_compares_the_addresses(serve, tmp_path, builds, second, outcome, code):
    """`build.same` needs no expected build: whatever one address says, all have to say."""
    server = serve(*builds)
    serve(*second, address="127.0.0.2", port=server.port)
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="shop.test", port=server.port))

    async def resolve(host, port):
        return "127.0.0.1", "127.0.0.2"

    mapped = load_map(path, "shop")
    check = next(check for check in FAMILY.checks(Subject(mapped)) if check.id == "build.same")
    context = Context(marketplace=None, watch=Watch(mapped, "lrtest", resolve=resolve))
    verdict = asyncio.run(check.run(context))
    assert (verdict.outcome, verdict.code) == (outcome, code)


def test_the_expected_build_is_a_check_too(serve, tmp_path):
    """`build.expected` looks again, should a deploy have come in between."""
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="127.0.0.1", port=serve("41").port))
    mapped = load_map(path, "shop")
    checks = {check.id: check for check in FAMILY.checks(Subject(mapped, expected_build="42"))}
    context = Context(marketplace=None, watch=Watch(mapped, "lrtest"), expected_build="42")
    assert asyncio.run(checks["build.expected"].run(context)).code == "old-build"


@pytest.fixture
def run(pytester):
    """Runs pytest against a server."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile("def test_it(anonymous): anonymous.call('home')")

    def start(server, *arguments):
        pytester.makefile(".toml", launchready=MAP.format(host="127.0.0.1", port=server.port))
        return pytester.runpytest("--launchready-target=shop", "-p", "no:cacheprovider", *arguments)

    return start


def test_another_build_ends_the_run_before_the_first_test(serve, run):
    """Exit status 4, one message, and no request but the looks."""
    server = serve("41")
    result = run(server, "--launchready-expect-build=42")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: target shop still runs another build (old-build)", "  expected: build 42"])
    assert len(server.asked) == RUNS


def test_the_expected_build_lets_the_run_begin(serve, run):
    """The output says that it was seen."""
    result = run(serve("42"), "--launchready-expect-build=42", "--launchready-wait=5")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["launchready: waiting at most 5 s for build 42", "launchready: build 42: looked 5 times *"]
    )


def test_workers_do_not_look_again(serve, run):
    """Under xdist the build is read once a run, by the controller."""
    server = serve("42")
    run(server, "--launchready-expect-build=42", "-n", "2").assert_outcomes(passed=1)
    assert len(server.asked) == RUNS + 1


def test_collecting_alone_sends_nothing(serve, run):
    """`--collect-only` needs no server."""
    server = serve("41")
    assert run(server, "--launchready-expect-build=42", "--collect-only").ret == 0
    assert server.asked == []


def test_a_map_without_a_build_source_is_a_usage_error(shop):
    """Nothing could be compared, so nothing runs."""
    result = shop("--launchready-expect-build=42", source="def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --launchready-expect-build: launchready.toml does not say where the build is told. Add*source*"]
    )


def test_certificates_that_cannot_be_read_are_a_usage_error(pytester):
    """Named, before anything is sent."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makefile(".toml", launchready=MAP.format(host="127.0.0.1", port=9).replace("http://", "https://"))
    given = ("--launchready-target=shop", "--launchready-expect-build=42", "--launchready-ca-bundle=nowhere.pem")
    result = pytester.runpytest(*given)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --launchready-expect-build: nowhere.pem cannot be used for TLS*"])


def test_waiting_for_nothing_is_a_usage_error(shop):
    """A wait without a build would always be over at once."""
    result = shop("--launchready-wait=5", source="def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --launchready-wait waits for a build: add --launchready-expect-build=ID"])


def test_the_command_waits_alone(serve, tmp_path, capsys):
    """`launchready wait` is for a deploy script: 0 once the build is there, 4 with the reason if it is not."""
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="127.0.0.1", port=serve("41", "42").port))
    given = ["wait", "--target=shop", f"--config={path}"]
    assert main([*given, "--build=42", "--seconds=5"]) == 0
    assert capsys.readouterr().out.startswith("target shop runs build 42: looked 6 times")
    assert main([*given, "--build=43", "--seconds=0"]) == 4
    assert capsys.readouterr().err.startswith("ERROR: target shop still runs another build (old-build)")


def test_the_command_names_what_is_wrong_with_the_map(tmp_path, capsys):
    """No traceback for a target that there is not."""
    path = tmp_path / "launchready.toml"
    path.write_text(MAP.format(host="127.0.0.1", port=1))
    assert main(["wait", "--target=prod", "--build=1", f"--config={path}"]) == 4
    assert "there is no such target, got 'prod'" in capsys.readouterr().err
