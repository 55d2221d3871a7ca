"""Built-in checks, run from a team's own test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_launchready.assertions.judging import settle
from pytest_launchready.core.checks import choose
from pytest_launchready.core.errors import NotCovered, UseError
from pytest_launchready.probes.catalogue import FAMILIES
from pytest_launchready.wire.colour import verb

if TYPE_CHECKING:
    from pytest_launchready.probes.subject import Context, Subject
    from pytest_launchready.wire.engine import Engine


class CheckAssertions:
    """Judges checks of the catalogue."""

    _called = ""

    def __init__(self, engine: Engine, subject: Subject, context: Context) -> None:
        self._engine = engine
        self._subject = subject
        self._context = context

    @verb
    async def assert_check(self, *globs: str) -> None:
        """Passes if every check whose id matches one of the globs passes, as in `assert_check("access.session.*")`.

        Raises CheckFailure, or Inconclusive where one could not be decided; NotCovered where none could run; UseError
        for a glob that matches no check, with the nearest id.
        """
        if not globs:
            raise UseError('assert_check() wants the id of a check, or a glob, as in assert_check("access.session.*")')
        try:
            checks = choose(FAMILIES, (), globs, self._subject)
        except ValueError as error:
            raise UseError(str(error)) from None
        results, absent = [], []
        for check in checks:
            if check.absent is not None:
                absent.append(check.absent)
                continue
            try:
                results.append((check, await check.run(self._context)))
            except NotCovered as error:
                absent.append(str(error).removeprefix("not covered: "))
        if not results:
            raise NotCovered(f"not covered: {'; '.join(dict.fromkeys(absent))}")
        settle(results, self._context.marketplace.secrets)
