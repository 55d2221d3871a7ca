"""The demo marketplace: a correct one, with a real database, in its own process, that can be broken by name.

It stands alone: nothing of the rest of the package, and no pytest, is imported here. Importing this costs the
standard library only; the web framework is loaded in the marketplace's own process.
"""

from __future__ import annotations

from pytest_launchready.demo.server import Demo, DemoUnavailable, start

__all__ = ["Demo", "DemoUnavailable", "start"]
