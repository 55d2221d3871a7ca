"""What the checks and assertions of one pytest session run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_launchready.flows.marketplace import Marketplace
    from pytest_launchready.probes.contract.baseline import Baseline
    from pytest_launchready.probes.notebook import Notebook
    from pytest_launchready.probes.subject import Context, Subject

NOTEBOOK = pytest.StashKey["Notebook"]()
PLANNED = pytest.StashKey[frozenset[str]]()
"""The ids of the checks of an audit, where this process runs them all."""


def notebook_of(config: pytest.Config) -> Notebook:
    """What the checks and assertions of this session share."""
    from pytest_launchready.probes.notebook import Notebook as New

    return config.stash.setdefault(NOTEBOOK, New())


def subject_of(config: pytest.Config) -> Subject:
    """What is known of this run before anything is sent."""
    from pytest_launchready.probes.subject import Subject as New
    from pytest_launchready.session.state import state_of

    run = state_of(config)
    assert run is not None
    return New(run.mapped, run.settings.get("read-only"), run.settings.get("expect-build"), baseline_of(config))


def baseline_of(config: pytest.Config) -> Baseline:
    """The file of shapes in the root folder, for this run's target."""
    from pytest_launchready.probes.contract.baseline import NAME
    from pytest_launchready.probes.contract.baseline import Baseline as New
    from pytest_launchready.session.state import state_of

    run = state_of(config)
    assert run is not None
    update = run.settings.get("update-baseline")
    return New(config.rootpath / NAME, run.mapped.target.name, run.folder / f"{NAME}.lock", update)


def context_of(config: pytest.Config, marketplace: Marketplace) -> Context:
    """The marketplace, and what earlier checks of this session have found out."""
    from pytest_launchready.probes.subject import Context
    from pytest_launchready.session.building import watch
    from pytest_launchready.session.state import state_of

    run = state_of(config)
    assert run is not None
    planned = config.stash.get(PLANNED, frozenset())
    return Context(
        marketplace,
        watch(run),
        run.settings.get("expect-build"),
        notebook_of(config),
        planned,
        baseline_of(config),
    )
