"""The errors that a user of the library meets.

    LaunchreadyError
    ├── Inconclusive     declared, but could not be decided; never counts as a pass
    ├── NotCovered       the map declares that the product has no such thing
    └── UseError         a call that cannot be right, or a map that cannot serve it
    AssertionError
    └── StepFailure      a step of the marketplace did not work (core/failures.py)

`expected_by_user` marks errors that explain themselves: their tracebacks show the user's lines only.
"""

from __future__ import annotations


class LaunchreadyError(Exception):
    """Whatever this package raises on purpose, other than a failed step."""

    expected_by_user = True


class Inconclusive(LaunchreadyError):  # noqa: N818 - a verdict, not an error
    """Ends a test that could neither pass nor fail; the message is the reason, and `code` its kind in one word."""

    code = "undecided"
    sent_before = False
    """Where a request was refused: whether another one of the same call had left, as before a redirect."""
    read = False
    """Whether anybody has read the reason. A test that catches the error and reads why has decided by itself; one that
    catches it unread has taken it for something else."""

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        self.read = True
        return super().__str__()


class NotCovered(LaunchreadyError):  # noqa: N818 - a verdict, not an error
    """Ends a test of something that the map declares absent; the message is the reason."""


class UseError(LaunchreadyError):
    """A call that cannot be carried out as it was written; the message says what is allowed."""
