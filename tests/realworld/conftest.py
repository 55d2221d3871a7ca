"""A real shop that nobody here wrote: django-oscar, in an environment and a process of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

OSCAR = Path(__file__).parent / "oscar"
PROJECT = OSCAR / "project"
CACHE = Path(__file__).parents[2] / ".launchready" / "realworld"
STAFF = ("staff@shop.test", "Staff-pass-12345")
STARTS_WITHIN = 60.0
"""Seconds; with a warm disk it takes two."""


@dataclass(frozen=True)
class Shop:
    """A running shop."""

    url: str
    maps: Path

    def whole_map(self, way: str) -> str:
        """The map for a way to log in, with what the access checks need to know."""
        return (self.maps / f"{way}.toml").read_text() + (self.maps.parent / "access.toml").read_text()

    def environment(self) -> dict[str, str]:
        """What the maps read with `env:`."""
        return {"OSCAR_URL": self.url, "OSCAR_ADMIN_EMAIL": STAFF[0], "OSCAR_ADMIN_PASSWORD": STAFF[1]}

    def ask(self, path: str) -> list[dict[str, object]]:
        """What the shop's own API lists, asked as staff and without our package."""
        answer = httpx.get(f"{self.url}{path}", auth=STAFF, trust_env=False)
        answer.raise_for_status()
        rows: list[dict[str, object]] = answer.json()
        return rows


@pytest.fixture(scope="session")
def oscar(tmp_path_factory):
    """A shop without customers or products; its environment and its empty database are made once and kept."""
    home = installed()
    data = tmp_path_factory.mktemp("oscar")
    shutil.copy(home / "shop.sqlite3", data)
    log = data / "server.log"
    with socket.socket() as door:
        # The server inherits a socket that is already bound, so nobody can take the port in between.
        door.bind(("127.0.0.1", 0))
        door.listen()
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        gunicorn = [home / "venv/bin/gunicorn", "wsgi", "--threads", "4", "--no-control-socket"]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*gunicorn, "--bind", f"fd://{door.fileno()}"],
                env=environment(data),
                cwd=PROJECT,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )
    try:
        wait_until_it_answers(url, server, log)
        yield Shop(url, OSCAR / "maps")
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def installed() -> Path:
    """A folder with the shop's virtual environment and its empty database, kept until what they are made of changes."""
    sources = [OSCAR / "requirements.txt", *sorted(PROJECT.glob("*.py"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    home = CACHE / f"oscar-{digest.hexdigest()[:12]}-{sys.version_info.major}.{sys.version_info.minor}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home / "venv", symlinks=True)
            python = home / "venv/bin/python"
            # Our own pip, and no bytecode for what is never imported: a quarter of the time.
            pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", "--no-deps"]
            run(*pip, "--requirement", OSCAR / "requirements.txt", data=home)
            run(python, "-m", "django", "migrate", "--verbosity", "0", data=home)
            run(python, PROJECT / "seed.py", data=home)
            (home / "ready").touch()
    return home


def run(*command: str | Path, data: Path) -> None:
    """Runs one command of the installation; what it said is part of the failure."""
    done = subprocess.run(command, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout.decode()[-3000:]}")


def environment(data: Path) -> dict[str, str]:
    """The variables of the shop's processes."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PY"))}
    return inherited | {
        "OSCAR_DATA": str(data),
        "OSCAR_ADMIN_EMAIL": STAFF[0],
        "OSCAR_ADMIN_PASSWORD": STAFF[1],
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(PROJECT),
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
    }


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the shop serves a request; fails with its log if it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx.TransportError):
            # The open door accepts at once; the answer comes when the application is loaded.
            if httpx.get(f"{url}/api/products/", timeout=5.0, trust_env=False).is_success:
                return
        time.sleep(0.1)
    state = "takes too long" if server.poll() is None else f"ended with {server.returncode}"
    pytest.fail(f"Oscar {state}:\n{log.read_text(errors='replace')[-3000:]}")
