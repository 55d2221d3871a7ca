"""The one marker, and its typed arguments."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pytest_launchready.core.impacts import IMPACTS
from pytest_launchready.core.nearest import did_you_mean

DESCRIPTION = (
    "launchready(*, impact=None, requires=()): what a failure costs the business, and which steps or resources "
    "the test needs; it is skipped as not covered where the map declares them absent"
)


class Mark(NamedTuple):
    """What a test says of itself."""

    impact: str | None = None
    requires: tuple[str, ...] = ()


def marks_of(item: pytest.Item) -> list[Mark]:
    """The marks of a test, nearest first; raises UsageError, naming the test, for wrong arguments."""
    marks = []
    for mark in item.iter_markers("launchready"):
        try:
            marks.append(_parse(*mark.args, **mark.kwargs))
        except (TypeError, ValueError) as error:
            message = str(error).replace("_parse()", "@pytest.mark.launchready")
            raise pytest.UsageError(f"{item.nodeid}: {message}. Allowed: impact=, requires=") from None
    return marks


def _parse(*, impact: str | None = None, requires: str | tuple[str, ...] | list[str] = ()) -> Mark:
    if impact is not None and impact not in IMPACTS:
        raise ValueError(f"impact={impact!r} is not one of {', '.join(IMPACTS)}.{did_you_mean(str(impact), IMPACTS)}")
    names = (requires,) if isinstance(requires, str) else tuple(requires)
    return Mark(impact, names)
