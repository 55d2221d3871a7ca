"""`python -m pytest_launchready.demo`: the marketplace by hand."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pytest_launchready.demo.server import ADMIN_EMAIL, DemoUnavailable, require


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the marketplace until Ctrl-C; the exit status is 2 for what cannot be."""
    options = _parser().parse_args(arguments)
    try:
        require()
    except DemoUnavailable as error:
        _say(error, sys.stderr)
        return 2
    if options.child:
        from pytest_launchready.demo.child import run_child

        run_child()
        return 0
    return _by_hand(options)


def _by_hand(options: argparse.Namespace) -> int:
    from pytest_launchready.demo.app import Setup
    from pytest_launchready.demo.child import serve
    from pytest_launchready.demo.defects import chosen

    try:
        defects = chosen(name.strip() for name in options.defects.split(",") if name.strip())
    except ValueError as error:
        _say(error, sys.stderr)
        return 2
    email = os.environ.get("LAUNCHREADY_DEMO_ADMIN_EMAIL", ADMIN_EMAIL)
    password = os.environ.get("LAUNCHREADY_DEMO_ADMIN_PASSWORD") or secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="launchready-demo-") as folder:
        setup = Setup(Path(folder), email, password, build=options.build, defects=defects)

        def announce(url: str) -> None:
            broken = f"\n  broken   {', '.join(defect.name for defect in defects)}" if defects else ""
            _say(f"  shop     {url}\n  admin    {email}  {password}\n  mail     {setup.mail_dir}{broken}")
            _say("Ctrl-C stops it.")

        try:
            serve(setup, options.port, announce)
        except KeyboardInterrupt:
            return 0
        except OSError as error:
            _say(f"port {options.port} cannot be used: {error.strerror}", sys.stderr)
            return 2
    return 0


def _say(text: object, stream: TextIO | None = None) -> None:
    stream = stream or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_launchready.demo",
        description="The demo marketplace, on loopback only. The admin's account comes from"
        " LAUNCHREADY_DEMO_ADMIN_EMAIL and LAUNCHREADY_DEMO_ADMIN_PASSWORD, or is made up and printed.",
    )
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    parser.add_argument("--defects", default="", metavar="NAME,…", help="what to break on purpose")
    parser.add_argument("--build", default="demo-1", metavar="ID", help="the build that it says it is")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
