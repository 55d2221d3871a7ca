"""Check `access.function`: what is the admin's is neither answered to nor done for an ordinary account or a visitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.access.routes.anonymous import listed, not_tried, refuses
from pytest_launchready.probes.access.routes.facts import SHORTEST, Facts, people_in, same_data, same_entry, tables
from pytest_launchready.probes.access.routes.function_writes import Deed, deeds, tried_as
from pytest_launchready.probes.access.routes.gathering import answered, gathered
from pytest_launchready.probes.access.routes.route import Route
from pytest_launchready.probes.access.routes.route_words import HARMLESS, IDS, PEOPLE, says, singular, words
from pytest_launchready.probes.access.texts import leaves
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.subject import Context, Subject

REQUESTS: Final = 24
ATTACKERS: Final = ("stranger", "anonymous")
SELLER: Final = "seller"


@dataclass(slots=True)
class Report:
    """What was found so far."""

    breaches: list[Failure]
    refused: list[str]
    undecided: list[str]
    untried: list[tuple[str, str]]


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """The one check: what was asked is its evidence."""
    del subject
    yield Check(
        id="access.function",
        proves="what is the admin's is closed to ordinary accounts and to visitors",
        impact="data-exposed",
        remedy="check the role on the server for every route that is named, not only the session",
        run=_run,
        reference="API5:2023, ASVS 5.0 8.2.1, WSTG-ATHZ-02",
        requests=REQUESTS,
    )


@careful
async def _run(context: Context) -> Verdict:
    found = await gathered(context)
    routes = [route for route in found.routes if route.admin]
    writes = deeds(context.marketplace.map)
    if not routes and not writes:
        raise NotCovered("not covered: access.function: nothing that is known is the admin's")
    everybody = attackers(context.marketplace.map)
    report = Report([], [], [], [])
    for route in routes:
        for who in everybody if route.admin == "declared" else everybody[:1]:
            await _read(context, found.facts, route, who, report)
    for deed in writes:
        await _write(context, deed, everybody, report)
    return _verdict(report, found.notes)


def attackers(mapped: Map) -> tuple[str, ...]:
    """Who must be refused; a seller too, where sellers sign up with a role of their own and so are no staff."""
    entry = mapped.people.get(SELLER)
    apart = entry is not None and not entry.accounts and bool(entry.values)
    return (*ATTACKERS[:1], SELLER, *ATTACKERS[1:]) if apart else ATTACKERS


async def _read(context: Context, facts: Facts, route: Route, who: str, report: Report) -> None:
    name = f"{route.name} as {who}"
    try:
        attack = await answered(context, route, who)
    except LaunchreadyError as error:
        report.untried.append((name, str(error).partition("\n")[0]))
        return
    answer = attack.answer
    if answer is None:
        report.untried.append((name, attack.outcome))
        return
    if answer.status >= 400 or refuses(context, route, answer):
        report.refused.append(name)
        return
    person = None if who == "anonymous" else await context.marketplace.company.find(who)
    own = own_texts(context, person) if person is not None else set()
    what = facts.shown_in(attack, besides=(person.name,) if person is not None else ()) or people_in(answer)
    control = await _control(context, route) if route.admin == "declared" else None
    theirs = control.answer if control is not None else None
    works = theirs is not None and theirs.status < 400 and not refuses(context, route, theirs)
    if what is None and works and says([route.name.rpartition("/")[2]], HARMLESS) is None:
        assert theirs is not None
        what = like_admin(attack, theirs, own)
    if what is not None:
        report.breaches.append(_breach(route, who, what, attack, control))
    elif not works and route.admin == "declared" and not route.open and foreign_tables(answer, own):
        report.undecided.append(f"{name}: {attack.line}")
    else:
        report.refused.append(name)


def like_admin(attack: Exchange, control: Answer, own: set[str]) -> str | None:
    """What of the admin's answer somebody else was given, less what is their own."""
    answer = attack.answer
    assert answer is not None
    theirs = [table for way, table in tables(control.json) if "*" in way]
    mine = [table for way, table in tables(answer.json) if "*" in way]
    same = [table for table in mine if any(same_entry(table, one) for one in theirs) and not _holds(table, own)]
    if same:
        return f"{len(same)} of the entries that the admin gets"
    if not mine and not _holds(answer.json, own) and same_data(attack, control):
        return "the data that the admin gets"
    return None


def foreign_tables(answer: Answer, own: set[str]) -> bool:
    """Whether an answer holds data that is not known to be the caller's own."""
    found = [table for way, table in tables(answer.json) if "*" in way] or (
        [answer.json] if isinstance(answer.json, dict) else []
    )
    return any(len(table) > 1 and not _holds(table, own) for table in found)


def own_texts(context: Context, person: Person) -> set[str]:
    """What tells that an entry is a person's own: ids of account and objects, address, name."""
    account = person.account()
    texts = {str(account[name]) for name in ("id", "email", "username", "phone") if account.get(name)}
    made = context.marketplace.company.stage.register.made
    return texts | {one.id for one in made if one.person is person}


def _holds(document: Any, texts: set[str]) -> bool:
    """Whether a document has one of the texts; a short one, as a number, only where an id or somebody is named."""
    for way, value in leaves(document):
        name = next((words(part)[-1] for part in reversed(way) if isinstance(part, str) and words(part)), "")
        telling = len(str(value)) >= SHORTEST or name in IDS or singular(name) in PEOPLE | {"by"}
        if telling and str(value) in texts:
            return True
    return False


async def _control(context: Context, route: Route) -> Exchange | None:
    """What the admin gets; None where the map has no admin, or none may be sent there."""
    if not route.ours:
        return None
    try:
        return await answered(context, route, "admin")
    except (LaunchreadyError, StepFailure):
        return None


def _breach(route: Route, who: str, what: str, attack: Exchange, control: Exchange | None) -> Failure:
    whom = "a visitor without credentials" if who == "anonymous" else "an ordinary account"
    return Failure(
        title=f"{whom} gets {what} from {route.name}, which is the admin's ({route.why_admin})",
        expected="a refusal",
        got=f"{attack.outcome}, with {what}",
        change="check the role on the server; if it is meant for everybody, say `public = true` in the map",
        exchange=attack,
        control=control,
    )


async def _write(context: Context, deed: Deed, everybody: tuple[str, ...], report: Report) -> None:
    try:
        tries = await tried_as(context, deed, everybody)
    except (LaunchreadyError, StepFailure) as error:
        report.untried.append((deed.name, str(error).partition("\n")[0]))
        return
    for who, outcome in tries:
        name = f"{deed.name} as {who}"
        if isinstance(outcome, Failure):
            report.breaches.append(outcome)
        elif outcome:
            report.undecided.append(f"{name}: {outcome}")
        else:
            report.refused.append(name)


def _verdict(report: Report, notes: tuple[str, ...]) -> Verdict:
    evidence = (
        [f"{counted(len(report.refused), 'attempt')} refused: {listed(report.refused)}"] if report.refused else []
    )
    evidence += not_tried(report.untried)
    if report.breaches:
        first = report.breaches[0]
        shown = [f"{one.title}: {one.exchange.line}" for one in report.breaches if one.exchange]
        return failed(first, *shown, *evidence, *report.undecided, code="function-level", notes=notes)
    if report.undecided:
        reason = f"{report.undecided[0]}: nothing tells whether that is the admin's"
        return inconclusive("no-control", reason, *report.undecided[1:], *evidence, notes=notes)
    if not report.refused:
        name, why = report.untried[0]
        raise NotCovered(f"not covered: access.function: {name}: {why}")
    return passed(*evidence, notes=notes)
