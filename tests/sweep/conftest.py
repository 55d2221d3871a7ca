"""A marketplace of its own, and a suite that runs against it in processes that a test can kill."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import pytest_launchready.demo
from pytest_launchready.demo import server
from pytest_launchready.flows.journal import journals, living

SUITE = Path(__file__).parents[2] / "examples" / "smoke_suite"
MAPS = Path(pytest_launchready.demo.__file__).parent / "maps"
CASCADED = ("listings", "messages", "addresses", "cart_items")
"""Tables that hold what only its owner can list."""


def wait_until(condition, seconds=20.0):
    """Wait for a condition; fails after a while."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@dataclass
class Market:
    """A marketplace that a run cannot take down, and the folder of a team that tests it."""

    shop: server.Demo
    folder: Path

    @property
    def home(self):
        """Where runs keep journals and key."""
        return self.folder / ".launchready"

    def environ(self):
        """What the map reads."""
        admin = {
            "LAUNCHREADY_DEMO_ADMIN_EMAIL": self.shop.admin_email,
            "LAUNCHREADY_DEMO_ADMIN_PASSWORD": self.shop.admin_password,
        }
        return {**os.environ, **admin}

    def start(self, *arguments):
        """A run that a test can kill."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--launchready-target=staging"]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments):
        """A run that ends by itself: exit status and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def kill(self, process, delay):
        """Kills a run and its workers, so long after it has begun to write."""
        wait_until(lambda: any(journals(self.home)) or process.poll() is not None)
        time.sleep(delay)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        wait_until(lambda: not any(living(path) for path in journals(self.home)))

    def sweep(self, *arguments):
        """`launchready sweep`: exit status and output."""
        command = [sys.executable, "-m", "pytest_launchready", "sweep", "--target", "staging", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ(), capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def accounts(self):
        """What the admin sees, over the network: addresses of everybody else, and titles on sale."""
        with httpx.Client(base_url=self.shop.url) as admin:
            given = {"email": self.shop.admin_email, "password": self.shop.admin_password}
            admin.headers["authorization"] = f"Bearer {admin.post('/api/login', json=given).json()['access_token']}"
            users = admin.get("/api/admin/users", params={"per_page": 100}).json()["items"]
            goods = admin.get("/api/listings", params={"per_page": 100}).json()["items"]
        return [user["email"] for user in users if user["role"] != "admin"] + [one["title"] for one in goods]

    def rows(self):
        """How many rows there are of what no admin can list."""
        with contextlib.closing(sqlite3.connect(self.shop.data_dir / "market.sqlite3")) as store:
            return {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in CASCADED}

    def is_empty(self):
        """Whether nothing is left but orders."""
        return self.accounts() == [] and set(self.rows().values()) == {0}


@pytest.fixture
def market(tmp_path):
    """A marketplace, and the smoke suite with a map for it."""
    folder = tmp_path / "team"
    shutil.copytree(SUITE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shop = server.start()
    try:
        text = (MAPS / "demo.toml").read_text(encoding="utf-8")
        target = f'[targets.staging]\nkind = "local"\napi = "{shop.url}"\nweb = "{shop.url}"\n'
        text = text.replace('[targets.demo]\nkind = "local"\n', target)
        (folder / "launchready.toml").write_text(text, encoding="utf-8")
        yield Market(shop, folder)
    finally:
        shop.stop()
