"""A check as a test item: it reports through the ordinary outcomes, and explains itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.assertions.judging import CheckFailure, settle
from pytest_launchready.core.checks import Check, finding
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.probes.subject import Context
from pytest_launchready.reporting.ledger import FOUND
from pytest_launchready.session.engine import engine_of
from pytest_launchready.session.probing import context_of

if TYPE_CHECKING:
    from pytest_launchready.core.redact import Secrets
    from pytest_launchready.core.verdicts import Verdict
    from pytest_launchready.flows.marketplace import Marketplace

ROOT = "launchready"
"""Our part of the tree: node ids are `launchready::flows.checkout`."""


class Audit(pytest.Collector):
    """Our branch of the tree, made from the catalogue and the map only."""

    checks: tuple[Check[Context], ...] = ()

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each check, in the order of the catalogue; nothing is sent."""
        for check in self.checks:
            yield CheckItem.make(self, check)


class CheckItem(pytest.Function):
    """One check. A function item, so that the fixtures of the team's ladder serve it as they serve tests."""

    check: Check[Context]

    @classmethod
    def make(cls, parent: pytest.Collector, check: Check[Context]) -> CheckItem:
        """The item of a check."""
        item: CheckItem = cls.from_parent(parent, name=check.id, callobj=_body(check))
        item.check = check
        item.add_marker(pytest.mark.launchready(impact=check.impact))
        item.extra_keyword_matches.add(item.nodeid)
        item.stash[FOUND] = {name: getattr(check, name) for name in ("id", "proves", "remedy", "reference")}
        return item

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is: in no file of the team's; and its title."""
        return self.config.rootpath / ROOT, None, f"{self.check.id}: {self.check.proves}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """What failed and what to do; a traceback only for what nobody foresaw."""
        error = excinfo.value
        if isinstance(error, CheckFailure):
            return str(error)
        if isinstance(error, LaunchreadyError):
            return f"{self.check.id}: {self.check.proves}\n{error}"
        return super().repr_failure(excinfo)


def _body(check: Check[Context]) -> Callable[..., None]:
    """The function that pytest calls; it asks for a marketplace only if the check can run."""
    if check.absent is not None:
        reason = check.absent

        def absent() -> None:
            raise NotCovered(f"not covered: {reason}")

        return absent

    def audit(marketplace: Marketplace, request: pytest.FixtureRequest) -> None:
        context = context_of(request.config, marketplace)
        verdict: Verdict = engine_of(request.config).run(lambda: _measured(check, context))
        _settle(check, verdict, marketplace.secrets, request.node)

    return audit


async def _measured(check: Check[Context], context: Context) -> Verdict:
    return await check.run(context)


def _settle(check: Check[Context], verdict: Verdict, secrets: Secrets, item: pytest.Item) -> None:
    """Turns a verdict into an outcome, and leaves the finding for the ledger."""
    item.stash[FOUND].update(asdict(finding(check, verdict, secrets)))
    settle([(check, verdict)], secrets)
