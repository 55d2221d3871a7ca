"""Starting the demo marketplace in its own process, and stopping it. Standard library only."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

NEEDED = ("starlette", "uvicorn", "python_multipart")
ADMIN_EMAIL = "admin@demo.example"
STOP_SECONDS = 5.0


class DemoUnavailable(RuntimeError):  # noqa: N818 (it reads better where it is caught)
    """The demo cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo marketplace."""

    url: str
    pid: int
    data_dir: Path
    admin_email: str
    admin_password: str = field(repr=False)
    _process: subprocess.Popen[str] = field(repr=False, compare=False)
    _temporary: bool = field(repr=False, compare=False)

    @property
    def mail_dir(self) -> Path:
        """Where the marketplace writes its mail, one `.eml` file each."""
        return self.data_dir / "mail"

    @property
    def log(self) -> Path:
        """What the server had to say; empty where all went well."""
        return self.data_dir / "server.log"

    def stop(self) -> None:
        """Ends the process and deletes its temporary data; a second call does nothing."""
        _end(self._process)
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)


def start(
    *,
    defects: Iterable[str] = (),
    admin_email: str = ADMIN_EMAIL,
    admin_password: str | None = None,
    build: str = "demo-1",
    data_dir: Path | None = None,
    session_seconds: float = 3600.0,
    mail_catcher: bool = True,
    timeout: float = 15.0,
) -> Demo:
    """A marketplace on a free loopback port, once it answers.

    The process ends by itself when this one does, and ignores Ctrl-C, so that what a run made can still be undone.
    Without `data_dir` the data lives in a temporary folder. `mail_catcher` serves `GET /_mail?to=ADDRESS`, the mails
    to an address as JSON: anybody who reaches the port can read them. Times are seconds. Raises ValueError for an
    unknown defect, DemoUnavailable where the marketplace cannot be started.
    """
    require()
    from pytest_launchready.demo.defects import chosen

    names = [defect.name for defect in chosen(defects)]
    folder = Path(data_dir) if data_dir is not None else Path(tempfile.mkdtemp(prefix="launchready-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "data_dir": str(folder.absolute()),
        "temporary": data_dir is None,
        "admin_email": admin_email,
        "admin_password": admin_password or secrets.token_urlsafe(16),
        "build": build,
        "defects": names,
        "session_seconds": session_seconds,
        "mail_catcher": mail_catcher,
    }
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pytest_launchready.demo", "--child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    demo = Demo("", process.pid, folder, admin_email, str(settings["admin_password"]), process, data_dir is None)
    try:
        url = _first_line(process, json.dumps(settings), timeout)
    except DemoUnavailable as error:
        reason = _reason(demo.log)
        demo.stop()
        raise DemoUnavailable(f"{error} {reason}".rstrip()) from None
    except BaseException:  # Ctrl-C while it starts: no process may stay behind
        demo.stop()
        raise
    return Demo(url, process.pid, folder, admin_email, demo.admin_password, process, data_dir is None)


def require() -> None:
    """Raises DemoUnavailable unless everything that the demo needs is installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoUnavailable(
            f"the demo marketplace needs {', '.join(missing)}: pip install 'pytest-launchready[demo]'"
        )


def _first_line(process: subprocess.Popen[str], settings: str, timeout: float) -> str:
    """The address that the child reports; what it needs to know goes over its standard input, secrets included."""
    lines: list[str] = []
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(f"{settings}\n")
        process.stdin.flush()
    reader = threading.Thread(target=_read_line, args=(process.stdout, lines), daemon=True)
    reader.start()
    reader.join(timeout)
    if reader.is_alive():
        raise DemoUnavailable(f"the demo marketplace did not answer within {timeout:g} s.")
    if not lines or not lines[0].strip():
        raise DemoUnavailable("the demo marketplace ended while it was starting.")
    return lines[0].strip()


def _reason(log: Path) -> str:
    """The last thing that the child said at the margin: of a traceback that is the error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line[:1].strip() and not line.startswith("ERROR:")), "")


def _read_line(stream: IO[str], lines: list[str]) -> None:
    lines.append(stream.readline())


def _end(process: subprocess.Popen[str]) -> None:
    """Asks the child to stop by closing its standard input, then ends it with more and more force."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    for signal_to_send in (None, signal.SIGTERM, signal.SIGKILL):
        if signal_to_send is not None:
            process.send_signal(signal_to_send)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            break
    with contextlib.suppress(OSError):
        process.stdout.close()
