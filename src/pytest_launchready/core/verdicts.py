"""What a check came to, as plain data: passed, failed or inconclusive, with what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, curl
from pytest_launchready.core.redact import Secrets

Outcome = Literal["passed", "failed", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen, in a sentence, and the numbers behind it."""

    said: str
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out; made by `passed`, `failed` and `inconclusive`."""

    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    code: str | None = None
    """Why it could not be decided, or how it failed, in one word that machines read, as "mixed-fleet"."""
    reason: str | None = None
    """The same in a sentence; None where it passed."""
    failure: Failure | None = None
    """What to show of a failure."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and decides nothing: reported, whatever the outcome."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, with what it costs and what to do about it: plain data that reports are drawn from.

    Holds no secrets: its texts are masked when it is made.
    """

    id: str
    """The check's."""
    outcome: Outcome
    code: str | None
    reason: str
    impact: str
    proves: str
    remedy: str
    reference: str
    evidence: tuple[str, ...] = ()
    request: str | None = None
    """The one request that shows it."""
    again: str | None = None
    """A command that repeats that request, secrets as shell variables."""
    control: str | None = None
    """The request that it was compared with."""
    control_again: str | None = None
    notes: tuple[str, ...] = ()


def passed(*evidence: str | Evidence, notes: Iterable[str] = ()) -> Verdict:
    """What was to be proved is proved, by this evidence."""
    return Verdict("passed", _evidence(evidence), notes=tuple(notes))


def failed(failure: Failure, *evidence: str | Evidence, code: str | None = None, notes: Iterable[str] = ()) -> Verdict:
    """What was to be proved is not so."""
    return Verdict("failed", _evidence(evidence), code, failure.title, failure, tuple(notes))


def inconclusive(code: str, reason: str, *evidence: str | Evidence, notes: Iterable[str] = ()) -> Verdict:
    """It could not be decided, for a reason."""
    return Verdict("inconclusive", _evidence(evidence), code, reason, notes=tuple(notes))


def request_of(exchange: Exchange | None, secrets: Secrets) -> tuple[str | None, str | None]:
    """A request in a line, and the command that repeats it."""
    return (None, None) if exchange is None else (secrets.mask(exchange.line), curl(exchange, secrets))


def _evidence(given: tuple[str | Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(one) if isinstance(one, str) else one for one in given)
