"""The console script `launchready`; it parses arguments and calls downward."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pytest_launchready import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit status."""
    parser = argparse.ArgumentParser(
        prog="launchready", description="Smoke and contract tests for marketplaces. Tests run with pytest itself."
    )
    parser.add_argument("--version", action="version", version=f"pytest-launchready {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="serve the embedded marketplace until Ctrl-C")
    demo.add_argument("--port", type=int, default=8000, help="loopback port, 0 for a free one (default 8000)")
    demo.add_argument("--defects", default="", metavar="NAME,…", help="faults to switch on by name")
    given = parser.parse_args(arguments)
    from pytest_launchready.demo.__main__ import main as serve

    return serve(["--port", str(given.port), "--defects", given.defects])
