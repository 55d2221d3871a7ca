"""Checks `access.enumeration.<step>`: log-in, reset and sign-up do not tell who has an account."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, Literal

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows import entrance, steps
from pytest_launchready.flows.company import Company
from pytest_launchready.flows.consents import GRANTED, names_of
from pytest_launchready.flows.people import draft_account
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import send
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Map, ReadMail, Request, Step
from pytest_launchready.probes.access.conduct.telling import differences, traits
from pytest_launchready.probes.access.conduct.witness import good
from pytest_launchready.probes.access.spares import spare, spare_signup
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.order import ALWAYS, role_that_signs_up
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.transport import STEP, NoAnswer

PREFIX: Final = "access.enumeration"
FORGOTTEN: Final = re.compile(
    r"forgot|recover|lost|magic|resend|passwordless|vergess|oubli|olvid|"
    r"(?:request|ask|start|begin|send|init|create)\w*(?:reset|recovery|otp|code|link)|(?:reset|recovery)_?(?:request|mail)",
    re.IGNORECASE,
)
RESET: Final = re.compile(r"^(?:password_?)?reset(?:_?password)?$", re.IGNORECASE)
LIMITED, BROKEN = 429, 500
"""Statuses that say nothing of an account, BROKEN and above."""
NAMES: Final = ("account.email", "account.username", "account.phone")
"""What an account is called by whoever has no session."""
SLOWER, SECONDS = 3.0, 0.05
"""Times and seconds from which a difference in time is worth a note."""

Who = Literal["known", "unknown", "another"]
"""An account that exists, or one of two that do not."""
FRESH: Final[tuple[Who, ...]] = ("unknown", "another")
Try = Callable[[Context, Step, Who], Awaitable[list[Exchange]]]
"""Performs a step of somebody known, or unknown; its exchanges until one is refused."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for log-in, one for sign-up, and one for each step that asks for a way back in."""
    mapped = subject.mapped
    for step in (mapped.steps.get(name) for name in ("login", "signup")):
        if step is not None:
            yield _check(mapped, step, _try_log_in if step.name == "login" else _try_sign_up)
    for step in mapped.steps.values():
        if step.name not in {"login", "signup"} and asks_for_a_way_in(step):
            yield _check(mapped, step, _try_plain)


def asks_for_a_way_in(step: Step) -> bool:
    """Whether a step takes the name of an account from whoever has no session, as for a reset."""
    requests = [part for part in step.parts if isinstance(part, Request)]
    names = {name for request in requests for name in required_in(request)}
    given = {name for request in requests for name in request.capture}
    return (
        bool(FORGOTTEN.search(step.name) or RESET.search(step.name))
        and step.actor is None
        and not step.needs
        and any(name in NAMES for name in names)
        and not any(name == "account.password" for name in names)
        and {name.partition(".")[0] for name in names} <= ALWAYS | given
    )


def _check(mapped: Map, step: Step, attempt: Try) -> Check[Context]:
    reason = why_not_covered(mapped, step.name)
    if reason is None and step.actor is not None:
        reason = f"{step.name}: {step.actor} does it, with a session"
    if reason is None and step.name == "signup" and role_that_signs_up(mapped) is None:
        reason = "signup: everybody has an account already, so nobody signs up"
    if reason is None and not naming(step, mapped.steps.get("login")):
        reason = f"{step.name}: its requests name no account"
    return Check(
        id=f"{PREFIX}.{step.name}",
        proves=f"{step.name} does not tell who has an account",
        impact="trust-broken",
        remedy="answer alike whether there is such an account or not, and say the rest by mail to its address",
        run=careful(partial(_run, step=step, attempt=attempt)),
        reference="API2:2023, ASVS 5.0 6.3.8, WSTG-IDNT-04",
        requests=4,
        absent=reason and f"{PREFIX}.{reason}",
    )


def naming(step: Step, login: Step | None) -> tuple[str, ...]:
    """Which parts of an account a step names it by: of several those that log-in takes too."""
    mine = [name for name in NAMES if name in _names(step)]
    entered = [name for name in mine if login is not None and name in _names(login)]
    return tuple(name.partition(".")[2] for name in entered or mine)


async def _run(context: Context, *, step: Step, attempt: Try) -> Verdict:
    person = await spare(context)
    known: list[Exchange] = []
    unknown: list[Exchange] = []
    told: list[str] = []
    for fresh in FRESH:  # the second time tells chance from what the answer says
        sides = await attempt(context, step, "known"), await attempt(context, step, fresh)
        place = min(len(sent) for sent in sides) - 1
        for sent, side in zip(sides, (known, unknown), strict=True):
            side.append(sent[place])
            answer, line = sent[-1].answer, sent[-1].line
            if answer is None or answer.status == LIMITED or answer.status >= BROKEN:
                return inconclusive("no-answer", f"{step.name} did not say whether it knows the account: {line}")
        told = _tells(known, unknown, person)
        if not told:
            seen = f"known: {known[0].line}", f"unknown: {unknown[0].line}"
            return passed(*seen, notes=_time(step, known[0], unknown[0]))
    failure = Failure(
        title=f"{step.name} tells who has an account: the answers differ in {', '.join(told)}, each time",
        expected=f"the same answer for an unknown account as for a known one, here {unknown[0].outcome}",
        got=f"for a known account {steps.summary(known[0])}; for an unknown one {steps.summary(unknown[0])}",
        change="answer alike in both cases",
        exchange=known[0],
        control=unknown[0],
    )
    return failed(failure, code="tells")


def _tells(known: list[Exchange], unknown: list[Exchange], person: Person) -> list[str]:
    """In what every answer for the known account differs from every one for an unknown one."""
    own = [value for value in person.account().values() if isinstance(value, str | int)]
    mine = [traits(sent.answer, _said(sent, own)) for sent in known if sent.answer is not None]
    others = [traits(sent.answer, _said(sent, own)) for sent in unknown if sent.answer is not None]
    return [
        name
        for name in differences(mine[0], others[0])
        if all(one[name] == mine[0][name] for one in mine) and all(one[name] == others[0][name] for one in others)
    ]


def _said(exchange: Exchange, own: list[Any]) -> list[Any]:
    """What the request itself said, so that an echo of it tells nothing."""
    body = exchange.request_body.decode(errors="replace")
    values = re.findall(r'(?<=[:=])\s*"?([^"&,{}\[\]]{3,})', body)
    return [*own, *re.findall(r"[\w.+-]+(?:@|%40)[\w.-]+", body), *values]


def _time(step: Step, known: Exchange, unknown: Exchange) -> list[str]:
    slow, quick = sorted((known.seconds, unknown.seconds), reverse=True)
    if slow < quick * SLOWER or slow - quick < SECONDS:
        return []
    times = f"{known.seconds * 1000:.0f} ms for a known account and {unknown.seconds * 1000:.0f} ms for an unknown one"
    return [f"{step.name} took {times}: measured often enough, time may tell what the answer does not"]


async def _try_log_in(context: Context, step: Step, who: Who) -> list[Exchange]:
    """A log-in with a wrong password."""
    company, person = context.marketplace.company, await spare(context)
    stage = company.stage
    guest = company.ghost("a guest", login=step.name)
    guest.forget_session()
    guest.identity = _identity(company, step, person, known=who == "known")
    guest.identity["password"] = stage.run.key.password(f"{guest.identity['unique']} wrong")
    stage.secrets.add(guest.identity["password"], "WRONG_PASSWORD")
    sent = await _trail(company, step, guest)
    if who == "known" and role_that_signs_up(stage.map) is None:
        await entrance.log_in(stage, person)  # a given account is left without failed tries
    return sent


async def _try_plain(context: Context, step: Step, who: Who) -> list[Exchange]:
    """A step that asks for a way back in."""
    company, person = context.marketplace.company, await spare(context)
    guest = company.ghost("a guest", login="login")
    guest.forget_session()
    guest.identity = _identity(company, step, person, known=who == "known")
    sent = await _trail(company, step, guest)
    last = [part for part in step.parts if isinstance(part, Request)][len(sent) - 1]
    if who == "known" and not good(last, sent[-1], guest, company.stage.names(step)):
        raise Inconclusive(f"{step.name} does not work for an account that exists: {sent[-1].line}", code="control")
    return sent


async def _try_sign_up(context: Context, step: Step, who: Who) -> list[Exchange]:
    """A sign-up: by the name of an account that exists, or of a new person, who then has one.

    The first of those who were new is the spare person.
    """
    company, person = context.marketplace.company, await spare(context)
    if who == "unknown":
        return await spare_signup(context)
    role = role_that_signs_up(company.stage.map)
    assert role is not None
    newcomer = await company.another(role)
    if who == "another":
        played = await entrance.sign_up(company.stage, newcomer)
        newcomer.has_account = newcomer.ready = True
        return played.exchanges
    for name in naming(step, company.stage.map.steps.get("login")):
        newcomer.identity[name] = person.identity[name]
    newcomer.identity["password"] = person.identity["password"]  # should an account be replaced, it stays usable
    return await _trail(company, step, newcomer)


def _identity(company: Company, step: Step, person: Person, *, known: bool) -> dict[str, Any]:
    """The account of somebody who exists, or of nobody."""
    if known:
        return {name: value for name, value in person.identity.items() if name != "id"}
    stage = company.stage
    fresh = draft_account(stage.run, stage.map.mail.domain)
    names = {*naming(step, stage.map.steps.get("login")), "email", "username", "unique"}
    return {**person.identity, **{name: fresh[name] for name in names if name in fresh}}


async def _trail(company: Company, step: Step, sender: Person) -> list[Exchange]:
    """The exchanges of a step until one is not good; what it makes is not recorded, and no mail is waited for."""
    stage = company.stage
    scope: dict[str, Any] = {**stage.names(step), "account": sender.account()}
    played = steps.Played()
    sent: list[Exchange] = []
    told, granted = STEP.set(step.name), GRANTED.set(names_of(stage.map, step, scope, stage.made_here))
    try:
        for part in step.parts:
            if isinstance(part, ReadMail):
                break
            if not isinstance(part, Request):
                raise NotCovered(f"not covered: {step.name} is made of other steps")
            try:
                sent.append(await send(stage, step, part, sender, scope))
            except NoAnswer as error:
                sent.append(error.exchange)
            if steps.judge(part, sent[-1], scope, played) is not None:
                break
            scope.update(played.captures)
    finally:
        STEP.reset(told)
        GRANTED.reset(granted)
    if not sent:
        raise NotCovered(f"not covered: {step.name} sends nothing before a mail is read")
    return sent


def _names(step: Step) -> set[str]:
    return {name for part in step.parts if isinstance(part, Request) for name in required_in(part)}
