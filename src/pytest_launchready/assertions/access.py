"""`assert_private`: the checks of one object, asked for by a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_launchready.assertions.judging import settle
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.verdicts import Verdict, inconclusive
from pytest_launchready.flows.objects import Thing
from pytest_launchready.mapping.records import Resource
from pytest_launchready.probes.access.objects.case import Case, NoConsent, side_of
from pytest_launchready.probes.access.objects.trials import VERBS, cells_of, verdict_of
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.colour import verb
from pytest_launchready.wire.engine import Engine


class Access:
    """What stands behind the fixture: one verb, coloured at the call."""

    _called = ""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context

    @verb
    async def assert_private(self, resource: Thing, *, verbs: Sequence[str] = ("read", "update", "delete")) -> None:
        """Passes if nobody but its owner can read, change or delete a thing that this run has made.

        Who must be refused stands in the map (`deny`). Verbs that the map does not have, or calls public, are left
        out; "list" and "existence" may be asked for too. The thing itself is changed by its owner, as a control; a new
        one of its kind is deleted. Raises CheckFailure, Inconclusive where it cannot be decided (also for want of
        consent to a write), NotCovered where the map has none of the verbs.
        """
        table = self._resource(resource)
        made = self._context.marketplace.company.stage.made_of(resource)
        if made is None:
            raise UseError(f"assert_private() wants something that this run has made and not deleted, got {resource!r}")
        side = side_of(self._context, made.person, resource)
        key = f"{table.name} {side.id} {self._context.marketplace.run.unique()}"
        case = Case(self._context, table, side, key)
        results: list[tuple[Check[Context], Verdict]] = []
        absent: list[str] = []
        for name, who, check in self._cells(table, verbs):
            if check.absent is not None:
                absent.append(check.absent)
                continue
            try:
                results.append((check, await _measured(case, name, who)))
            except NotCovered as error:
                absent.append(str(error).removeprefix("not covered: "))
        if not results:
            what = f"{table.name} has none of {', '.join(verbs)} that is not public"
            raise NotCovered(f"not covered: {'; '.join(dict.fromkeys(absent)) or what}")
        settle(results, self._context.marketplace.secrets)

    def _resource(self, thing: Thing) -> Resource:
        mapped = self._context.marketplace.map
        if not isinstance(thing, Thing):
            raise UseError(f"assert_private() wants what a step has made (an order, a listing …), got {thing!r}")
        if thing.kind not in mapped.resources:
            raise UseError(
                f"assert_private(): {mapped.source} does not say how others would reach a thing "
                f"called {thing.kind}.{did_you_mean(thing.kind, mapped.resources)} "
                f"Write [resources.{thing.kind}] with read, update and delete"
            )
        return mapped.resources[thing.kind]

    def _cells(self, resource: Resource, verbs: Sequence[str]) -> Iterator[tuple[str, str, Check[Context]]]:
        for name in (verbs,) if isinstance(verbs, str) else verbs:
            if name not in VERBS:
                allowed = ", ".join(VERBS)
                raise UseError(f"verbs: got {name!r}, allowed are {allowed}.{did_you_mean(name, VERBS)}")
        mapped = self._context.marketplace.map
        for cell in cells_of(mapped, resource):
            if cell.verb in verbs and not cell.public:
                yield cell.verb, cell.who, cell.check


async def _measured(case: Case, name: str, who: str) -> Verdict:
    """A cell's verdict; what nobody has consented to was asked for, so it is undecided."""
    try:
        return await verdict_of(case, name, who)
    except NoConsent as error:
        return inconclusive("no-consent", str(error).removeprefix("not covered: "))
    except Inconclusive as error:
        return inconclusive(error.code, str(error))
