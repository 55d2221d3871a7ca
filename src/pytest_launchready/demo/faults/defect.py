"""What a named defect is."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_launchready.demo.market.base import Fault


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that can be broken."""

    name: str
    breaks: str
    """What a user would notice, in a sentence."""
    operations: tuple[str, ...] = ()
    """Names of the operations that it changes; none for one that the web looks up by name (`Market.broken`)."""
    fault: Fault | None = None
    """Called in place of each, with the operation and its arguments."""
