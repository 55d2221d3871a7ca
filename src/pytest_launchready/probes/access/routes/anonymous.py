"""Check `access.anonymous`: nothing of anybody's is given to a visitor without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.probes.access.refusals import refusal
from pytest_launchready.probes.access.routes.facts import Facts, of_one_kind, people_in, same_data
from pytest_launchready.probes.access.routes.gathering import Gathered, answered, gathered
from pytest_launchready.probes.access.routes.route import Route
from pytest_launchready.probes.access.routes.route_words import PEOPLE, says
from pytest_launchready.probes.access.texts import is_empty
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.subject import Context, Subject

REQUESTS: Final = 30
LISTED: Final = 12
"""Names that one sentence of the evidence lists."""


@dataclass(frozen=True, slots=True)
class Leak:
    """What got out, with the request that shows it and the one it was compared with."""

    route: Route
    what: str
    attack: Exchange
    control: Exchange | None


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """The one check: what was asked is its evidence."""
    del subject
    yield Check(
        id="access.anonymous",
        proves="nothing private is answered to a visitor without credentials",
        impact="data-exposed",
        remedy="demand a session on the routes that are named, or declare them public in the map",
        run=_run,
        reference="API2:2023, API5:2023, ASVS 5.0 8.2.1, WSTG-ATHZ-02",
        requests=REQUESTS,
    )


@careful
async def _run(context: Context) -> Verdict:
    found = await gathered(context)
    asked = [route for route in found.routes if route.admin != "declared" and (not route.open or route.secured)]
    open_routes = [route.name for route in found.routes if route.open and not route.secured]
    untried = [(one.name, one.why) for one in found.untried]
    leaks: list[Leak] = []
    said: dict[str, list[str]] = {
        "refused": [],
        "answered, with nothing of anybody's": [],
        "open by nature": open_routes,
    }
    for route in asked:
        try:
            attack = await answered(context, route, "anonymous")
            leak = await leak_of(context, found.facts, route, attack)
        except LaunchreadyError as error:
            untried.append((route.name, str(error).partition("\n")[0]))
            continue
        if leak is not None:
            leaks.append(leak)
        elif attack.answer is None:
            untried.append((route.name, attack.outcome))
        else:
            no = refuses(context, route, attack.answer)
            said["refused" if no else "answered, with nothing of anybody's"].append(route.name)
    return _verdict(found, leaks, said, untried)


async def leak_of(context: Context, facts: Facts, route: Route, attack: Exchange) -> Leak | None:
    """What of somebody's a visitor was given; None where that is nothing, or cannot be told from the visitor's own."""
    answer = attack.answer
    if answer is None or answer.status >= 400:
        return None
    what = facts.shown_in(attack)
    if what is None and (route.own or answer.json is None or refuses(context, route, answer)):
        return None
    if what is None and (route.secured or says([route.name], PEOPLE)):
        what = people_in(answer)
    if what is not None:
        return Leak(route, what, attack, await _control(context, route))
    control = await _control(context, route) if route.ours and (route.kind or route.secured) else None
    if control is not None and control.answer is not None and not refuses(context, route, control.answer):
        what = like_control(facts, route, attack, control.answer)
    return Leak(route, what, attack, control) if what else None


def like_control(facts: Facts, route: Route, attack: Exchange, control: Answer) -> str | None:
    """What an answer has of what a person gets for the same request."""
    answer = attack.answer
    assert answer is not None
    if route.kind is not None and route.kind in facts.objects:
        side = facts.objects[route.kind]
        number = of_one_kind(answer, control, str(side.id))
        if number is not None:
            return f"{route.kind} {number} in a list"
        if same_data(attack, control):
            return f"the {route.kind} that {side.person.name} gets"
    if route.secured and same_data(attack, control):
        return "the same data as with the session that the OpenAPI document demands"
    return None


def refuses(context: Context, route: Route, answer: Answer) -> bool:
    """Whether an answer says no, or nothing."""
    auth = context.marketplace.map.auth
    return refusal(answer, route.request, auth) is not None or (answer.json is not None and is_empty(answer.json))


def listed(names: list[str]) -> str:
    """The names in a sentence, the first of them where they are many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def not_tried(untried: list[tuple[str, str]]) -> list[str]:
    """What was not asked, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in untried:
        by_reason.setdefault(why, []).append(name)
    return [f"{counted(len(names), 'route')} not tried, {why}: {listed(names)}" for why, names in by_reason.items()]


async def _control(context: Context, route: Route) -> Exchange | None:
    """What a person with a session gets; None where nobody may be sent there."""
    if not route.ours:
        return None
    try:
        return await answered(context, route, route.actor)
    except (LaunchreadyError, StepFailure):
        return None


def _verdict(found: Gathered, leaks: list[Leak], said: dict[str, list[str]], untried: list[tuple[str, str]]) -> Verdict:
    evidence = [f"{counted(len(names), 'route')} {how}: {listed(names)}" for how, names in said.items() if names]
    evidence += not_tried(untried)
    notes = found.notes
    if leaks:
        first = leaks[0]
        more = f" ({counted(len(leaks) - 1, 'more route')} likewise)" if leaks[1:] else ""
        shown = [f"{leak.route.name} gives a visitor {leak.what}: {leak.attack.line}" for leak in leaks]
        failure = Failure(
            title=f"a visitor without credentials gets {first.what} from {first.route.name}{more}",
            expected="a refusal, or an answer with nothing of anybody's",
            got=f"{first.attack.outcome}, with {first.what}",
            change="demand a session on this route; if it is meant for everybody, say `public` in the map",
            exchange=first.attack,
            control=first.control,
        )
        return failed(failure, *shown, *evidence, code="anonymous-access", notes=notes)
    decided = sum(map(len, said.values())) - len(said["open by nature"])
    if not decided and untried:
        return inconclusive("nothing-tried", f"no route could be asked: {untried[0][0]}: {untried[0][1]}", notes=notes)
    if not decided:
        raise NotCovered("not covered: access.anonymous: every route that is known is public")
    return passed(*evidence, notes=notes)
