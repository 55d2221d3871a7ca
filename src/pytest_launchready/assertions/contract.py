"""Answers against a contract, judged for a team's own test."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_launchready.assertions.promised import Judged, Promises, Schema
from pytest_launchready.contracts.engines import hint
from pytest_launchready.core.failures import Failure, render
from pytest_launchready.wire.colour import verb

if TYPE_CHECKING:
    from pytest_launchready.contracts.deviations import Deviation
    from pytest_launchready.core.redact import Secrets
    from pytest_launchready.probes.subject import Context
    from pytest_launchready.wire.engine import Engine


class ContractFailure(AssertionError):  # noqa: N818 - a verdict on the marketplace, not an error of ours
    """An answer does not keep its contract; the message says where, what was expected and what was got."""

    __module__ = "pytest_launchready"
    expected_by_user = True


class ContractAssertions:
    """Judges answers and objects."""

    _called = ""

    def __init__(
        self, engine: Engine, context: Context, root: Path, note: Callable[[str], None] = lambda _: None
    ) -> None:
        """`root` is the folder that paths of schemas begin in; `note` hears of what is worth knowing."""
        self._engine = engine
        self._note = note
        self._context = context
        self._promises = Promises(context, root)

    @verb
    async def assert_contract(self, response_or_object: Any, schema: Schema) -> None:
        """Passes if an answer, an object of the marketplace or plain data is as a schema says.

        `schema`: a JSON Schema, the path of one, the name of a step, or an operation ("GET /listings/{id}") of the
        document that the map names. Raises ContractFailure; UseError for a schema that is none or is not known;
        NotCovered or Inconclusive where the description of the API cannot be had.
        """
        secrets = self._context.marketplace.secrets
        started = time.perf_counter()
        judged = await self._promises.judge(response_or_object, schema)
        if slow := hint(time.perf_counter() - started):
            self._note(slow)
        strict = self._context.marketplace.map.contract.unknown == "fail"
        broken = [one for one in judged.deviations if strict or one.rule != "unknown field"]
        for one in judged.deviations:
            if one not in broken:
                self._note(secrets.mask(f"not described: {judged.subject}: {one.got}"))
        if broken:
            raise ContractFailure(told(judged, broken, secrets))


def told(judged: Judged, broken: Sequence[Deviation], secrets: Secrets) -> str:
    """The first deviation whole, all others in a line each, without secrets."""
    first = broken[0]
    failure = Failure(
        title=f"{judged.subject} breaks its contract: {first.title}",
        expected=first.expected,
        got=first.got,
        change=f"compare it with {judged.promised}; whichever is wrong has to change",
        exchange=judged.exchange,
        layer="contract",
    )
    others = [f"{one.title}: expected {one.expected}, got {one.got}" for one in broken[1:]]
    lines = [f"  also:     {secrets.mask(line)}" for line in (*first.also, *others)]
    return "\n".join([render(failure, secrets), *lines])
