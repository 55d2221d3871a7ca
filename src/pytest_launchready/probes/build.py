"""Family `build`: the target runs the expected build, and the same one at every address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.core.verdicts import Verdict, inconclusive
from pytest_launchready.probes.deployed import evidence_of, judge, wait_for_build
from pytest_launchready.probes.subject import Context, Subject

REMEDY = "look at the deploy: has it ended, on every server, and is no cache in front?"


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Two checks; neither is covered where the map does not say how a build is read."""
    source = subject.mapped.source
    silent = None if subject.mapped.build else f"{source} does not say where the build is told ([build] source)"
    unasked = None if subject.expected_build else "no build is expected: give --launchready-expect-build=ID"
    yield Check(
        id="build.same",
        proves="every address of the target runs the same build",
        impact="release-unsafe",
        remedy=REMEDY,
        run=_same,
        absent=silent and f"build.same: {silent}",
    )
    reason = silent or unasked
    yield Check(
        id="build.expected",
        proves="the target runs the expected build",
        impact="release-unsafe",
        remedy=REMEDY,
        run=_expected,
        absent=reason and f"build.expected: {reason}",
    )


FAMILY: Final = Family("build", "the deployed build is the expected one", checks)


async def _expected(context: Context) -> Verdict:
    assert context.expected_build is not None
    return await wait_for_build(context.watch, context.expected_build)


async def _same(context: Context) -> Verdict:
    """Whatever is said first has to be said by all, five times running."""
    first = await context.watch.look()
    build = next((reading.build for reading in first if reading.build is not None), None)
    if build is not None:
        return await wait_for_build(context.watch, build)
    verdict = judge(context.watch.mapped, "of any name", [first], evidence_of(first, 1, 0.0))
    return inconclusive(verdict.code or "down", f"{verdict.reason}: {verdict.failure.got if verdict.failure else ''}")
