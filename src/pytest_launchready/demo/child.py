"""The marketplace's own process: it serves until it is told to stop, or until whoever started it is gone."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from pytest_launchready.demo.app import Setup, make_app
from pytest_launchready.demo.defects import chosen

GRACE_SECONDS = 2
"""What requests that are under way get when the server stops."""


class Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def serve(setup: Setup, port: int, announce: Callable[[str], None], watched: IO[str] | None = None) -> None:
    """Serves on a loopback port (0: a free one) until a signal, or the end of the watched stream."""
    signal.signal(signal.SIGTERM, _stop)
    # asyncio switches Nagle's algorithm off only where the protocol is given; with it an answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # Forwarding headers are not trusted, or anybody could choose the address that limits count.
        config = uvicorn.Config(
            make_app(setup),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = Server(config, lambda: announce(url))
        if watched is not None:
            threading.Thread(target=_follow, args=(watched, server), daemon=True).start()
        server.run(sockets=[listener])
    if not server.started:
        raise SystemExit(3)


def run_child() -> None:
    """The process that `start` starts: settings come as one line on standard input, whose end means stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    temporary, names = told.pop("temporary"), told.pop("defects")
    setup = Setup(data_dir=Path(told.pop("data_dir")), defects=chosen(names), **told)
    try:
        serve(setup, 0, _tell, sys.stdin)
    finally:
        if temporary:
            shutil.rmtree(setup.data_dir, ignore_errors=True)


def _tell(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def _follow(stream: IO[str], server: uvicorn.Server) -> None:
    while stream.readline():
        pass
    server.should_exit = True


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Ends the process in order; the server raises the signal again after it has shut down."""
    raise SystemExit(0)
