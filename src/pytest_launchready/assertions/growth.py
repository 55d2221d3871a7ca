"""Whether a step stays fast as rows grow, judged from a team's own test."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pytest_launchready.assertions.judging import settle
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.verdicts import Verdict
from pytest_launchready.flows.actor import Actor
from pytest_launchready.mapping.latency import ROWS, Growth
from pytest_launchready.probes.latency.growth import PART_OF_LIMIT, grower, judge, measure
from pytest_launchready.probes.latency.props import call_of
from pytest_launchready.probes.latency.sampler import of_verb
from pytest_launchready.wire.colour import verb

if TYPE_CHECKING:
    from pytest_launchready.mapping.records import Step
    from pytest_launchready.probes.subject import Context
    from pytest_launchready.wire.engine import Engine


class GrowthAssertions:
    """Judges how a step takes the growth of rows."""

    _called = ""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._map = context.marketplace.map

    @verb
    async def assert_flat(
        self,
        step: str | Callable[..., Any],
        /,
        *args: Any,
        grow: str | None = None,
        rows: Sequence[int] | None = None,
        within_ms: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Passes if a step, or a verb of a person, is at most `within_ms` slower with the most rows than the fewest.

        `grow` is a step that is given `rows` and sees to it that there are so many; both default to [latency.growth],
        and `within_ms` to a third of the step's limit. Raises CheckFailure, or Inconclusive if not decided.
        """
        name = step if isinstance(step, str) else step.__name__
        growth = self._growth(name, grow, rows)
        take = of_verb(
            await call_of(self._context, self._step(name)) if isinstance(step, str) else _bound(step, args, kwargs)
        )
        allowed = self._map.latency.limit_of(name) * PART_OF_LIMIT if within_ms is None else within_ms
        async with self._context.notebook.sampling:
            grown = await measure(take, grower(self._context, growth), growth.rows)
        check: Check[Any] = Check(
            f"latency.growth.{name}", f"{name} stays fast as rows grow", "slow-core-flow", "", _nothing
        )
        settle([(check, judge(grown, name, allowed / 1000))], self._context.marketplace.secrets)

    def _growth(self, step: str, grow: str | None, rows: Sequence[int] | None) -> Growth:
        given = self._map.latency.growth
        maker = grow or (given.grow if given else None)
        if maker is None:
            raise UseError(f"assert_flat({step!r}) wants grow=, a step that makes rows, or [latency.growth] in the map")
        self._step(maker)
        numbers = tuple(rows or (given.rows if given else ROWS))
        if len(numbers) < 2 or list(numbers) != sorted(set(numbers)) or numbers[0] < 1:
            raise UseError(f"rows={numbers!r}: allowed are two numbers or more from 1, each larger than the last")
        return Growth(step, maker, numbers)

    def _step(self, name: str) -> Step:
        if name not in self._map.steps:
            known = list(self._map.steps)
            raise UseError(f"there is no step {name!r} in {self._map.source}.{did_you_mean(name, known)}")
        return self._map.steps[name]


def _bound(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
    if not isinstance(getattr(call, "__self__", None), Actor):
        raise UseError("assert_flat() wants the name of a step, or a verb of a person, as buyer.search")
    return functools.partial(call, *args, **kwargs)


async def _nothing(_: Any) -> Verdict:
    raise NotImplementedError
