"""What a raw request accepts as its address."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_launchready.core.errors import UseError
from pytest_launchready.flows.sending import absolute


def test_an_address_that_is_none_is_refused_by_name() -> None:
    """`anonymous.get(target.web)` where the map has no `web` says what is missing, not a TypeError of `re`."""
    nothing: Any = None
    with pytest.raises(UseError, match=r"got None; `target\.web` is None where the map gives no `web`"):
        absolute(nothing, nothing)
