"""Part `access.<resource>`: nobody reads, lists, changes or deletes what belongs to somebody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, LaunchreadyError
from pytest_launchready.core.verdicts import Verdict, inconclusive, passed
from pytest_launchready.mapping.records import Map, Resource
from pytest_launchready.probes.access.objects.case import Case, NoConsent, actor_of, open_case
from pytest_launchready.probes.access.objects.casting import LOGGED_OUT, tried
from pytest_launchready.probes.access.objects.deletes import deletes
from pytest_launchready.probes.access.objects.existence import existence
from pytest_launchready.probes.access.objects.lists import lists
from pytest_launchready.probes.access.objects.reads import Round, an, reads, remedy
from pytest_launchready.probes.access.objects.writes import updates
from pytest_launchready.probes.order import owner_of, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

OBJECT_LEVEL: Final = "API1:2023, ASVS 5.0 8.2.2, WSTG-ATHZ-04"
NO_SESSION: Final = "API2:2023, ASVS 5.0 8.2.2, WSTG-ATHZ-02"
ENDED_SESSION: Final = "API2:2023, ASVS 5.0 7.4.1, WSTG-SESS-06"
ORACLE: Final = "API1:2023, ASVS 5.0 8.2.2, WSTG-IDNT-04"
MAKING: Final = 8
"""About how many requests it takes to make two objects with all that they need."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one verb is tried by everybody who must be refused."""

    verb: str
    does: str
    run: Callable[[Case], Awaitable[Round]]
    once: int
    """About how many requests its controls take."""
    each: int
    """About how many requests each attacker takes."""


TRIALS: Final = (
    Trial("read", "reads", reads, 2, 2),
    Trial("list", "lists", lists, 2, 2),
    Trial("update", "changes", updates, 3, 2),
    Trial("delete", "deletes", deletes, 6, 2),
)
VERBS: Final = (*(trial.verb for trial in TRIALS), "existence")
"""What may be asked of a resource."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One check, by the verb and by who tries it."""

    verb: str
    who: str
    check: Check[Context]
    public: bool = False
    """Whether the map calls the verb open to everybody."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each resource, verb and who tries it: reads and lists first, deletes last."""
    for resource in subject.mapped.resources.values():
        for cell in cells_of(subject.mapped, resource, _why_absent(subject.mapped, resource)):
            yield cell.check


def cells_of(mapped: Map, resource: Resource, absent: str | None = None) -> Iterator[Cell]:
    """The cells of a resource; `absent` says why none of them can be tried."""
    first = MAKING
    for trial in TRIALS:
        if not _judged(mapped, resource, trial.verb):
            continue
        public = trial.verb in resource.public
        for place, who in enumerate(tried(resource, trial.verb)):
            if public and who == LOGGED_OUT:
                continue
            cost = 0 if public else trial.each + (trial.once if place == 0 else 0) + first
            first = first if public else 0
            reason = absent or _no_logout(mapped, resource, trial.verb, who)
            yield Cell(trial.verb, who, _check(resource, trial, who, cost, reason), public)
        if trial.verb == "read" and not public and "stranger" in tried(resource, "read"):
            yield Cell("existence", "stranger", _existence(resource, absent))


def _check(resource: Resource, trial: Trial, who: str, cost: int, absent: str | None) -> Check[Context]:
    public = trial.verb in resource.public
    return Check(
        id=f"access.{resource.name}.{trial.verb}.{who}",
        proves=f"{_named(who)} {trial.does} nobody else's {resource.name}",
        impact="data-exposed",
        remedy=remedy(resource.name),
        run=partial(_open_by_declaration if public else _run, resource, trial.verb, who),
        needs=(resource.name,),
        reference={"anonymous": NO_SESSION, LOGGED_OUT: ENDED_SESSION}.get(who, OBJECT_LEVEL),
        requests=cost,
        absent=absent,
    )


def _existence(resource: Resource, absent: str | None) -> Check[Context]:
    return Check(
        id=f"access.{resource.name}.existence",
        proves=f"a refusal does not tell whether {an(resource.name)} exists",
        impact="trust-broken",
        remedy=f"answer the same for {an(resource.name)} of somebody else's as for one that never existed",
        run=partial(_run, resource, "existence", "stranger"),
        needs=(resource.name,),
        reference=ORACLE,
        requests=1,
        absent=absent,
    )


def owner_name(mapped: Map, resource: Resource) -> str:
    """Who makes and owns objects of a resource."""
    return resource.owner or owner_of(mapped.steps[resource.made_by])


async def verdict_of(case: Case, verb: str, who: str) -> Verdict:
    """What a case's trial of a verb says of one who tried.

    Raises NoConsent where nobody has consented to it, Inconclusive and NotCovered for whoever could not be tried.
    """
    if verb == "existence":
        return await case.once("existence", lambda: existence(case))
    trial = next(trial for trial in TRIALS if trial.verb == verb)
    try:
        found = (await case.once(("trial", verb), lambda: trial.run(case)))[who]
    except WriteRefused as error:
        raise NoConsent(f"not covered: access.{case.kind}.{verb}: no consent: {error}") from None
    if isinstance(found, LaunchreadyError):
        raise found.with_traceback(None)
    return found


async def _run(resource: Resource, verb: str, who: str, context: Context) -> Verdict:
    try:
        case = await open_case(context, resource, owner_name(context.marketplace.map, resource))
        return await verdict_of(case, verb, who)
    except WriteRefused as error:
        raise NoConsent(f"not covered: access.{resource.name}: no consent: {error}") from None
    except Inconclusive as error:
        return inconclusive(error.code, str(error))


async def _open_by_declaration(resource: Resource, verb: str, who: str, _context: Context) -> Verdict:
    return passed(
        f"{resource.name}.{verb} is public in the map: not judged",
        notes=[f"open by declaration: {who} may {verb} any {resource.name}"],
    )


def _judged(mapped: Map, resource: Resource, verb: str) -> bool:
    """Whether the map has the verb, and not as the way of somebody else than the owner (an admin's, say)."""
    if verb not in resource.verbs:
        return False
    if resource.verbs[verb].request.actor is not None or resource.made_by not in mapped.steps:
        return resource.verbs[verb].request.actor is None
    return actor_of(mapped, resource.verbs[verb]) in {None, owner_name(mapped, resource)}


def _why_absent(mapped: Map, resource: Resource) -> str | None:
    maker = mapped.steps.get(resource.made_by)
    if maker is None:
        return f"access.{resource.name}: no step {resource.made_by} makes one"
    if maker.name == "signup":
        return None if maker.skip is None else f"access.{resource.name}: {maker.skip}"
    reason = why_untried(mapped, maker)
    return reason and f"access.{resource.name}: {reason}"


def _no_logout(mapped: Map, resource: Resource, verb: str, who: str) -> str | None:
    if who != LOGGED_OUT:
        return None
    step = mapped.steps.get("logout")
    reason = "no step logout is mapped" if step is None else step.skip
    return reason and f"access.{resource.name}.{verb}.{who}: {reason}"


def _named(who: str) -> str:
    return {"anonymous": "nobody in particular", LOGGED_OUT: "a session that has ended", "stranger": "a stranger"}.get(
        who, who
    )
