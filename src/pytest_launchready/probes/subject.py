"""What families of checks are made from, and what a check runs in."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_launchready.flows.build import Watch
from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.contract.baseline import Baseline
from pytest_launchready.probes.notebook import Notebook


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a run before anything is sent: the same in every worker."""

    mapped: Map
    read_only: bool = False
    expected_build: str | None = None
    baseline: Baseline | None = None
    """The shapes of answers that the team has agreed to; None where the run keeps none."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a check that speaks to the marketplace runs in."""

    marketplace: Marketplace
    watch: Watch
    expected_build: str | None = None
    notebook: Notebook = field(default_factory=Notebook)
    """What the checks of one run share."""
    planned: frozenset[str] = frozenset()
    """The ids of all checks of this run, where this process runs them all."""
    baseline: Baseline | None = None
