"""The catalogue: every family of checks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from pytest_launchready.core.checks import Family
from pytest_launchready.probes import build, flows, safety
from pytest_launchready.probes.access.family import FAMILY as ACCESS
from pytest_launchready.probes.contract.family import FAMILY as CONTRACT
from pytest_launchready.probes.latency.family import FAMILY as LATENCY
from pytest_launchready.probes.limits.family import FAMILY as LIMITS
from pytest_launchready.probes.subject import Context

FAMILIES: Final[tuple[Family[Context], ...]] = (
    build.FAMILY,
    safety.FAMILY,
    flows.FAMILY,
    ACCESS,
    LIMITS,
    CONTRACT,
    LATENCY,
)
