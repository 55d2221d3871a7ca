"""The console script `launchready`; it parses arguments and calls downward."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

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
    demo.set_defaults(run=_demo)
    wait = commands.add_parser("wait", help="wait until a target runs a build; exit status 4 if it does not")
    wait.add_argument("--target", required=True, metavar="NAME", help="a [targets.NAME] of the map")
    wait.add_argument("--build", required=True, metavar="ID", help="the build that it has to run")
    wait.add_argument("--seconds", type=float, default=300.0, metavar="N", help="how long to wait (default 300)")
    wait.add_argument("--config", type=Path, default=Path("launchready.toml"), metavar="PATH", help="the map")
    wait.set_defaults(run=_wait)
    _add_sweep(commands)
    given = parser.parse_args(arguments)
    status: int = given.run(given)
    return status


def _add_sweep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sweep = commands.add_parser("sweep", help="finish what killed runs left; exit status 1 if something remains")
    sweep.add_argument("--target", required=True, metavar="NAME", help="a [targets.NAME] of the map")
    sweep.add_argument("--config", type=Path, default=Path("launchready.toml"), metavar="PATH", help="the map")
    sweep.add_argument("--dry-run", action="store_true", help="say what would be undone, and send no write")
    sweep.add_argument("--older-than", default="0s", metavar="AGE", help="only journals untouched for 90s, 30m, 1h, 2d")
    sweep.add_argument(
        "--by-tag",
        action="store_true",
        help="without journals: remove whatever carries the tag of a run, also of one that runs elsewhere just now",
    )
    sweep.set_defaults(run=_sweep)


def _sweep(given: argparse.Namespace) -> int:
    from pytest_launchready.core.errors import LaunchreadyError
    from pytest_launchready.flows.home import folder_above
    from pytest_launchready.flows.tidying import seconds_of, tidy
    from pytest_launchready.mapping.load import load_map
    from pytest_launchready.mapping.problems import MapError
    from pytest_launchready.wire.engine import Engine

    engine = Engine()
    try:
        mapped = load_map(given.config, given.target)
        folder = folder_above(given.config.parent)
        age = seconds_of(given.older_than)
        lines, clean = tidy(mapped, folder, engine, older_than=age, dry=given.dry_run, by_tag=given.by_tag)
    except (LaunchreadyError, MapError) as error:
        return _refuse(str(error))
    finally:
        engine.close()
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0 if clean else 1


def _demo(given: argparse.Namespace) -> int:
    from pytest_launchready.demo.__main__ import main as serve

    return serve(["--port", str(given.port), "--defects", given.defects])


def _wait(given: argparse.Namespace) -> int:
    import asyncio

    from pytest_launchready.core.errors import LaunchreadyError
    from pytest_launchready.flows.build import Watch
    from pytest_launchready.flows.run import new_run_id
    from pytest_launchready.mapping.load import load_map
    from pytest_launchready.mapping.problems import MapError
    from pytest_launchready.probes.deployed import explain, wait_for_build

    try:
        mapped = load_map(given.config, given.target)
        verdict = asyncio.run(wait_for_build(Watch(mapped, new_run_id()), given.build, given.seconds))
    except (LaunchreadyError, MapError) as error:
        return _refuse(str(error))
    if verdict.outcome != "passed":
        return _refuse(explain(verdict, mapped))
    sys.stdout.write(f"target {given.target} runs build {given.build}: {verdict.evidence[0].said}\n")
    return 0


def _refuse(message: str) -> int:
    """Says why, and gives pytest's exit status for what cannot be run."""
    sys.stderr.write(f"ERROR: {message}\n")
    return 4
