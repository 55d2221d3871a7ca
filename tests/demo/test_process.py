"""The server as a process: it starts, stops, and goes when it should."""

import concurrent.futures
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pytest_launchready.demo import DemoUnavailable, server, start
from pytest_launchready.demo.__main__ import main

BY_HAND = [sys.executable, "-m", "pytest_launchready.demo"]


def until(condition, seconds=10.0):
    """Waits for a condition; fails the test if it never holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def answers(url):
    try:
        return httpx.get(f"{url}/healthz", verify=False).status_code == 200
    except httpx.TransportError:
        return False


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_demo_is_a_process_with_its_own_data(demo, capfd):
    """Loopback only, quick to start, quiet, apart from others; stopping it twice is fine and leaves nothing."""
    began = time.monotonic()
    other, demo = demo, start()
    took = time.monotonic() - began
    try:
        assert demo.url.startswith("http://127.0.0.1:")
        assert other.url != demo.url
        assert httpx.get(f"{demo.url}/api/listings", verify=False).json()["total"] == 0
        assert demo.mail_dir.is_dir()
        assert demo.log.read_text() == ""
        assert demo.admin_password not in repr(demo)
        command = Path(f"/proc/{demo.pid}/cmdline").read_bytes()
        assert demo.admin_password.encode() not in command
        assert os.getsid(demo.pid) != os.getsid(0), "Ctrl-C of our group must not reach it"
        os.kill(demo.pid, signal.SIGINT)
        assert answers(demo.url), "and if it does, it is ignored"
        assert took < 5
    finally:
        demo.stop()
    demo.stop()
    assert not alive(demo.pid)
    assert not demo.data_dir.exists()
    assert capfd.readouterr() == ("", "")


def test_given_data_is_kept(tmp_path):
    """With `data_dir` accounts and listings outlive the process; the admin gets the new password."""
    wide = {"email": "a@example.com", "password": "12345678x"}
    demo = start(data_dir=tmp_path / "shop", mail_catcher=False)
    try:
        httpx.post(f"{demo.url}/api/signup", json=wide, verify=False)
        assert httpx.get(f"{demo.url}/_mail?to=a@example.com", verify=False).status_code == 404
    finally:
        demo.stop()
    again = start(data_dir=tmp_path / "shop", admin_password="second-password")
    try:
        login = f"{again.url}/api/login"
        assert httpx.post(login, json=wide, verify=False).status_code == 200
        admin = {"email": "admin@demo.example", "password": "second-password"}
        assert httpx.post(login, json=admin, verify=False).json()["user"]["role"] == "admin"
    finally:
        again.stop()
    assert (tmp_path / "shop" / "market.sqlite3").exists()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it(signal_number):
    """SIGTERM ends it in order, without its data; after SIGKILL `stop` clears up."""
    demo = start()
    os.kill(demo.pid, signal_number)
    until(lambda: not alive(demo.pid))
    assert demo.data_dir.exists() == (signal_number == signal.SIGKILL)
    demo.stop()
    assert not demo.data_dir.exists()


def test_it_ends_with_the_process_that_started_it():
    """Even if that one is killed: no server stays behind, and no data."""
    code = (
        "from pytest_launchready.demo import start; d = start(); print(d.url, d.pid, d.data_dir, flush=True); input()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        url, pid, folder = parent.stdout.readline().split()
        assert answers(url)
        parent.kill()
    until(lambda: not alive(int(pid)))
    until(lambda: not Path(folder).exists())


def test_a_process_that_does_not_start_says_why(tmp_path):
    """The message holds what the process said."""
    (tmp_path / "market.sqlite3").mkdir()
    with pytest.raises(DemoUnavailable) as caught:
        start(data_dir=tmp_path)
    assert str(caught.value) == (
        "the demo marketplace ended while it was starting. sqlite3.OperationalError: unable to open database file"
    )


def test_a_start_that_takes_too_long_is_given_up():
    """In the time that was given."""
    with pytest.raises(DemoUnavailable, match=r"did not answer within 0\.001 s"):
        start(timeout=0.001)


def test_ctrl_c_while_it_starts_leaves_no_process(monkeypatch):
    """Whatever interrupts the start, the process is ended."""
    pids = []

    def interrupted(process, _settings, _timeout):
        pids.append(process.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "_first_line", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start()
    assert not alive(pids[0])


def test_a_process_that_does_not_listen_is_ended_by_force(monkeypatch):
    """First its input is closed, then it is asked, then it is killed."""
    monkeypatch.setattr(server, "STOP_SECONDS", 0.1)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    deaf = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deaf.stdout.readline()
    server._end(deaf)
    assert deaf.returncode == -signal.SIGKILL


def test_what_is_not_installed_is_named(monkeypatch, capsys):
    """With the command that installs it."""
    monkeypatch.setattr(server, "NEEDED", ("starlette", "no_such_module"))
    expected = "the demo marketplace needs no_such_module: pip install 'pytest-launchready[demo]'"
    with pytest.raises(DemoUnavailable) as caught:
        start()
    assert str(caught.value) == expected
    assert main([]) == 2
    assert capsys.readouterr().err == f"{expected}\n"


def test_by_hand_it_says_where_it_is_and_stops_on_ctrl_c(tmp_path):
    """Address, admin's account, mail, what is broken; exit status 0."""
    environ = {**os.environ, "LAUNCHREADY_DEMO_ADMIN_PASSWORD": "from-the-environment", "TMPDIR": str(tmp_path)}
    command = [*BY_HAND, "--port", "0", "--defects", "search-500, slow-search"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        lines = [process.stdout.readline() for _ in range(5)]
        url = lines[0].split()[1]
        try:
            assert answers(url)
            assert lines[1].split() == ["admin", "admin@demo.example", "from-the-environment"]
            assert lines[2].split()[0] == "mail"
            assert lines[3].split(maxsplit=1) == ["broken", "search-500, slow-search\n"]
            assert lines[4] == "Ctrl-C stops it.\n"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


def test_by_hand_mistakes_are_told(capsys):
    """An unknown defect and a port that is taken: a sentence and status 2."""
    assert main(["--defects", "nope"]) == 2
    assert "unknown demo defect 'nope'" in capsys.readouterr().err
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run([*BY_HAND, "--port", str(port)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (2, f"port {port} cannot be used: Address already in use\n")


def test_the_demo_stands_alone():
    """Neither the rest of the package nor pytest or httpx is loaded with it; the parent loads no framework."""
    code = (
        "import sys; import pytest_launchready.demo; assert not {'starlette', 'uvicorn'} & set(sys.modules);"
        "import pytest_launchready.demo.child;"
        "ours = {name for name in sys.modules if name.startswith('pytest_launchready.')};"
        "print(sorted(name for name in ours if not name.startswith('pytest_launchready.demo')),"
        "sorted({'pytest', 'httpx', 'anyio.pytest_plugin'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[] []\n"


def test_many_at_once_lose_nothing(rest_shop):
    """Four workers write in parallel: every listing and order is there, no stock is sold twice, nothing fails."""
    seller = rest_shop.person()
    who = seller.do("me")["id"]
    scarce = seller.do("create_listing", title="Scarce", price="2", stock=10)["id"]

    def work(person):
        statuses = []
        for number in range(8):
            statuses.append(person.do("create_listing", title=f"parallel {person.email} {number}", price="1").status)
            statuses.append(person.buy(scarce).status)
            statuses.append(person.do("search", q="parallel").status)
        return statuses

    people = [rest_shop.person() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = [status for done in pool.map(work, people) for status in done]
    assert set(statuses) <= {200, 201, 409}
    assert sum(person.do("list_orders")["total"] for person in people) == 10
    assert seller.do("get_listing", id=scarce)["stock"] == 0
    assert seller.do("search", q="parallel")["total"] == 32
    assert seller.do("search", seller=who)["total"] == 0


def test_reads_are_quick(web):
    """The server adds little to what a suite measures: a median read well under 10 ms."""
    times = []
    for _ in range(40):
        began = time.perf_counter()
        assert web.get("/api/listings", params={"q": "lamp"}).status_code == 200
        times.append(time.perf_counter() - began)
    assert sorted(times)[20] < 0.025, "a bound for a busy machine"
