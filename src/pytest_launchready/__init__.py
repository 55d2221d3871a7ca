"""Production smoke and contract tests for marketplaces, as ordinary pytest tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered, UseError
    from pytest_launchready.core.failures import StepFailure
    from pytest_launchready.flows.actor import Actor, AsyncActor
    from pytest_launchready.flows.marketplace import AsyncMarketplace, Marketplace
    from pytest_launchready.flows.objects import Account, Listing, Message, Order, Thing
    from pytest_launchready.flows.run import Run
    from pytest_launchready.mapping.load import load_map
    from pytest_launchready.mapping.records import Map, Target
    from pytest_launchready.wire.colour import verb
    from pytest_launchready.wire.engine import Engine

__version__ = "0.1.0"

_HOMES = {
    "core.errors": ("Inconclusive", "LaunchreadyError", "NotCovered", "UseError"),
    "core.failures": ("StepFailure",),
    "flows.actor": ("Actor", "AsyncActor"),
    "flows.marketplace": ("AsyncMarketplace", "Marketplace"),
    "flows.objects": ("Account", "Listing", "Message", "Order", "Thing"),
    "flows.run": ("Run",),
    "mapping.load": ("load_map",),
    "mapping.records": ("Map", "Target"),
    "wire.colour": ("verb",),
    "wire.engine": ("Engine",),
}
"""Where each public name lives; it is imported when it is first asked for, so an idle plugin costs nothing."""
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Account",
    "Actor",
    "AsyncActor",
    "AsyncMarketplace",
    "Engine",
    "Inconclusive",
    "LaunchreadyError",
    "Listing",
    "Map",
    "Marketplace",
    "Message",
    "NotCovered",
    "Order",
    "Run",
    "StepFailure",
    "Target",
    "Thing",
    "UseError",
    "__version__",
    "inconclusive",
    "load_map",
    "verb",
]


def inconclusive(reason: str) -> NoReturn:
    """Ends the test as inconclusive: neither passed nor failed, and never counted as clean."""
    from pytest_launchready.core.errors import Inconclusive

    raise Inconclusive(reason)


def __getattr__(name: str) -> Any:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f"{__name__}.{home}"), name)
