"""`[contract] mode = "all"` in one pytest session: every answer is judged, and what differs fails the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_launchready.core.settings import Settings
    from pytest_launchready.flows.marketplace import Marketplace
    from pytest_launchready.session.state import State

SHOWN = 30
"""Lines of the summary; the ledger has them all."""


def refuse(settings: Settings) -> None:
    """Raises UsageError for a baseline that nothing would write."""
    if settings.get("update-baseline") and not (settings.get("audit") or settings.get("checks")):
        raise pytest.UsageError(
            "--launchready-update-baseline writes what the contract.drift checks learn, and none of them runs: "
            "add --launchready-checks='contract.drift.*'"
        )


def watch(config: pytest.Config, run: State, marketplace: Marketplace) -> None:
    """Judges every exchange of the marketplace from now on."""
    from pytest_launchready.probes.contract.watching import Watcher, watcher
    from pytest_launchready.session.engine import engine_of
    from pytest_launchready.session.probing import context_of

    context = context_of(config, marketplace)
    made = engine_of(config).run(lambda: watcher(context))
    if isinstance(made, Watcher):
        marketplace.observers.append(made)
    else:
        run.broken.append(made)


def is_broken(run: State) -> bool:
    """Whether an answer of this run, or of a worker's, broke its contract."""
    return any(finding["failed"] for trace in run.traces for finding in trace.get("contract", ()))


def lines(run: State) -> list[str]:
    """What the summary says of it."""
    if not any(trace.get("contract") for trace in run.traces):
        return []
    from pytest_launchready.probes.contract.watching import line_of, merged

    found = merged(run.traces)
    told = [f"contract{'' if one['failed'] else ' (note)'}: {line_of(one)}" for one in found]
    more = [f"contract: and {len(told) - SHOWN} more, in the ledger (--launchready-json)"] if len(told) > SHOWN else []
    return [*told[:SHOWN], *more]
