"""A check of the catalogue and a family of checks, as records; the catalogue itself is a tuple of families."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.redact import Secrets
from pytest_launchready.core.verdicts import Finding, Verdict, request_of

C = TypeVar("C")
"""What a check runs in: a marketplace, a folder of files, a domain name."""


@dataclass(frozen=True, slots=True)
class Check(Generic[C]):
    """One entry of the catalogue."""

    id: str
    """Dotted, the family first, the same everywhere: "flows.checkout"."""
    proves: str
    impact: str
    """What a failure costs the business, one of `IMPACTS`."""
    remedy: str
    """What to do where it fails."""
    run: Callable[[C], Awaitable[Verdict]]
    """Measures. Raises NotCovered where that turns out to be impossible; any other error is one of ours."""
    needs: tuple[str, ...] = ()
    """Steps and resources of the map without which it is not covered."""
    reference: str = ""
    """The standard behind it (ASVS, RFC …), if there is one."""
    requests: int = 0
    """About how many requests it sends, for a plan that is told before anything is sent."""
    phase: int = 0
    """Checks of a later phase run after all others: 1 for what uses limits up, 2 for what may bring the target down."""
    absent: str | None = None
    """Why it cannot run on this map, where that is known without running it."""

    @property
    def family(self) -> str:
        """The first part of the id."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Family(Generic[C]):
    """Checks that belong together, made from what they are asked of without touching the network."""

    name: str
    proves: str
    checks: Callable[[Any], Iterable[Check[C]]]
    """From a `Subject` of the layer that knows such things."""


def choose(
    families: Sequence[Family[C]], names: Iterable[str], globs: Sequence[str], subject: Any
) -> tuple[Check[C], ...]:
    """The checks of these families ("all" or none named: of all) whose ids match one of the globs, in order.

    Raises ValueError, which says what there is and the nearest match, for an unknown family, for a glob that matches
    nothing, and where nothing is left.
    """
    wanted = set(names) - {"all"} or {family.name for family in families}
    known = [family.name for family in families]
    for name in sorted(wanted - set(known)):
        raise ValueError(f"there is no family {name!r} of checks.{did_you_mean(name, known)} Allowed: {_list(known)}.")
    checks = [check for family in families if family.name in wanted for check in family.checks(subject)]
    ids = [check.id for check in checks]
    for glob in globs:
        if not any(fnmatchcase(one, glob) for one in ids):
            raise ValueError(f"no check matches {glob!r}.{did_you_mean(glob, ids)} {_what_there_is(checks)}")
    chosen = tuple(check for check in checks if not globs or any(fnmatchcase(check.id, glob) for glob in globs))
    if not chosen:
        raise ValueError(f"the audit of {_list(sorted(wanted))} has no checks: an audit of nothing proves nothing")
    return tuple(sorted(chosen, key=lambda check: check.phase))


def finding(check: Check[Any], verdict: Verdict, secrets: Secrets) -> Finding:
    """The verdict of a check as a report tells it."""
    failure = verdict.failure
    request, again = request_of(failure.exchange if failure else None, secrets)
    control, control_again = request_of(failure.control if failure else None, secrets)
    return Finding(
        id=check.id,
        outcome=verdict.outcome,
        code=verdict.code,
        reason=secrets.mask(verdict.reason or ""),
        impact=check.impact,
        proves=check.proves,
        remedy=check.remedy,
        reference=check.reference,
        evidence=tuple(secrets.mask(one.said) for one in verdict.evidence),
        request=request,
        again=again,
        control=control,
        control_again=control_again,
        notes=tuple(map(secrets.mask, verdict.notes)),
    )


def _what_there_is(checks: Iterable[Check[Any]]) -> str:
    ids = [check.id for check in checks]
    return f"There are {len(ids)} checks: {_list(ids)}." if ids else "There are no checks."


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
