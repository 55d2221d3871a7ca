"""The ledger: what a run found, as versioned plain data that every report is drawn from."""

from __future__ import annotations

import pytest

FOUND = pytest.StashKey["dict[str, object]"]()
"""What a check has found, kept with its item for the ledger."""
