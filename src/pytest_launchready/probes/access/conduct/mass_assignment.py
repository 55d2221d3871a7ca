"""Checks `access.mass_assignment.signup` and `.me`: nobody gives themselves rights, trust or money."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows import entrance
from pytest_launchready.flows.company import Company
from pytest_launchready.flows.consents import names_of
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.conduct.extras import fewer, injected, names_in, taken
from pytest_launchready.probes.access.conduct.holding import BUSY
from pytest_launchready.probes.access.conduct.privileges import account_extras
from pytest_launchready.probes.access.conduct.tokens import carriers, read_jwt
from pytest_launchready.probes.access.conduct.witness import good
from pytest_launchready.probes.access.spares import spare
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.order import ALWAYS, role_that_signs_up
from pytest_launchready.probes.subject import Context, Subject

PREFIX: Final = "access.mass_assignment"
REFERENCE: Final = "API3:2023, ASVS 5.0 15.3.3, WSTG-INPV-20"
REMEDY: Final = "list the fields that a caller may set, and ignore or refuse all others"
OWN_ACCOUNT: Final = re.compile(
    r"^(?:update|edit|change|patch|save|set)_?(?:my_?)?(?:me|self|profile|account|user|details|settings|name|customer)$",
    re.IGNORECASE,
)
BROKEN: Final = 500
DOORS: Final = 2
"""Steps of the admin's that are tried, to see whether they open."""


Doors = list[tuple[str, Request, Exchange]]
"""Names and requests of what is the admin's, with the answer that an ordinary account got."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What the marketplace says of an account when asked anew."""

    document: dict[str, Any]
    """JSON of `me`, and the claims of the token."""
    exchange: Exchange | None


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for sign-up, and one for the change of one's own account."""
    mapped = subject.mapped
    yield Check(
        id=f"{PREFIX}.signup",
        proves="whoever signs up cannot set role, verification or money",
        impact="data-exposed",
        remedy=REMEDY,
        run=careful(_signup),
        reference=REFERENCE,
        requests=7,
        absent=_why_no_signup(mapped),
    )
    step = own_update(mapped)
    yield Check(
        id=f"{PREFIX}.me",
        proves="nobody sets role, verification or money on their own account",
        impact="data-exposed",
        remedy=REMEDY,
        run=careful(_me),
        reference=REFERENCE,
        requests=4,
        absent=None
        if step
        else f"{PREFIX}.me: the map has no step that changes one's own account: map [steps.update_me]",
    )


def own_update(mapped: Map) -> Step | None:
    """The step by which somebody changes the own account, if the map has one that needs nothing but the account."""
    for step in mapped.steps.values():
        if step.skip is not None or step.needs or step.actor == "admin" or not OWN_ACCOUNT.fullmatch(step.name):
            continue
        if len(step.parts) == 1 and isinstance(step.parts[0], Request) and step.parts[0].body is not None:
            names = {name.partition(".")[0] for name in required_in(step.parts[0])}
            if names <= ALWAYS:
                return step
    return None


def _why_no_signup(mapped: Map) -> str | None:
    reason = why_not_covered(mapped, "signup")
    if reason is not None:
        return f"{PREFIX}.signup: {reason}"
    if mapped.steps["signup"].actor is not None:
        return f"{PREFIX}.signup: {mapped.steps['signup'].actor} makes the accounts, so nobody signs up alone"
    if role_that_signs_up(mapped) is None:
        return f"{PREFIX}.signup: everybody has an account already, so nobody signs up"
    return None


async def _signup(context: Context) -> Verdict:
    company = context.marketplace.company
    role = role_that_signs_up(company.stage.map)
    assert role is not None
    ordinary = await spare(context)
    before, shut = await _as_it_was(context, ordinary), await _shut_doors(context, ordinary)
    everything, shown = account_extras(before.document)
    said: list[str] = []
    extras: dict[str, Any] | None = everything
    while extras is not None:
        person = await company.another(role)
        step = _extended(company.stage.step("signup"), extras, person)
        try:
            played = await entrance.sign_up(company.stage, person, step)
        except StepFailure as error:
            answer = error.failure.exchange.answer if error.failure.exchange else None
            left = fewer(len(said) + 1, extras, answer.text, shown) if answer else None
            if answer is None or answer.status in BUSY or (answer.status >= BROKEN and left is None):
                raise
            said.append(f"refused: {', '.join(extras)}")
            extras = left
            continue
        person.has_account = person.ready = True
        await entrance.log_in(company.stage, person)
        after = await portrait(company, person)
        return await _judged(company, "sign-up", person, extras, before, after, played.exchanges[-1], shut)
    return passed(*said)


async def _me(context: Context) -> Verdict:
    company = context.marketplace.company
    person = await spare(context)
    step = own_update(company.stage.map)
    assert step is not None
    request = step.parts[0]
    assert isinstance(request, Request)
    before, shut = await _as_it_was(context, person), await _shut_doors(context, person)
    everything, shown = account_extras(before.document)
    said: list[str] = []
    consents = names_of(company.stage.map, step, {}, company.stage.made_here)
    extras: dict[str, Any] | None = everything
    while extras is not None:
        asked = injected(request, extras, _is_of(person))
        if asked is None:
            raise NotCovered(f"not covered: the body of {step.name} has no fields")
        exchange = await ask(company.stage, step.name, asked, Caller("owner", person), {}, consents=consents)
        if good(request, exchange, person, {}):
            after = await portrait(company, person)
            verdict = await _judged(company, step.name, person, extras, before, after, exchange, shut)
            if verdict.outcome == "failed":
                await _put_back(company, step, request, person, before, extras)
            return verdict
        said.append(f"refused: {', '.join(extras)}")
        extras = fewer(len(said), extras, exchange.answer.text if exchange.answer else "", shown)
    plain = await ask(company.stage, step.name, request, Caller("owner", person), {}, consents=consents)
    if good(request, plain, person, {}):
        return passed(*said, f"without them {step.name} works: {plain.line}")
    return inconclusive("control", f"{step.name} does not work, with or without further fields: {plain.line}")


async def _as_it_was(context: Context, ordinary: Person) -> Portrait:
    """What is said of the spare person before anything is tried on them."""
    return await context.notebook.once(f"{PREFIX}.before", lambda: portrait(context.marketplace.company, ordinary))


async def portrait(company: Company, person: Person) -> Portrait:
    """What `me` and the token say of somebody now."""
    step = company.stage.map.steps.get(person.me)
    document: dict[str, Any] = {}
    exchange = None
    if step is not None and step.skip is None and len(step.parts) == 1 and isinstance(step.parts[0], Request):
        exchange = await ask(company.stage, step.name, step.parts[0], Caller("owner", person), {})
        if exchange.answer is not None and exchange.answer.json is not None:
            document["me"] = exchange.answer.json
    for carrier in carriers(person.credentials()):
        jwt = read_jwt(carrier.token)
        if jwt is not None:
            document["token"] = dict(jwt.claims)
    return Portrait(document, exchange)


def _extended(step: Step, extras: Mapping[str, Any], person: Person) -> Step:
    """The sign-up with the extras in the request that carries the password or the address."""
    mine = _is_of(person)
    for place, part in enumerate(step.parts):
        if (
            isinstance(part, Request)
            and part.body is not None
            and any(
                name in {"account.password", "account.email", "account.username"} for name in part.body.content.names
            )
        ):
            asked = injected(part, extras, mine)
            if asked is not None:
                return replace(step, parts=(*step.parts[:place], asked, *step.parts[place + 1 :]))
    raise NotCovered("not covered: sign-up has no body with fields that further ones could stand beside")


def _is_of(person: Person) -> Any:
    own = {str(person.identity.get(name)) for name in ("email", "password", "username", "name")}
    return lambda value: str(value) in own


async def _judged(
    company: Company,
    what: str,
    person: Person,
    extras: Mapping[str, Any],
    before: Portrait,
    after: Portrait,
    attack: Exchange,
    shut: Doors,
) -> Verdict:
    found = taken(before.document, after.document, extras)
    if found:
        fields = "; ".join(f"{name} was {was!r} and is {now!r}" for name, was, now in found)
        failure = Failure(
            title=f"{what} sets what only the marketplace may: {', '.join(dict.fromkeys(one[0] for one in found))}",
            expected="these fields ignored or refused, the account as any other",
            got=f"read again, {fields}",
            change=REMEDY,
            exchange=attack,
            control=after.exchange,
        )
        return failed(failure, f"sent: {', '.join(extras)}", code="taken")
    for name, request, refused in shut:
        opened = await ask(company.stage, name, request, Caller("owner", person), {})
        if opened.answer is not None and good(request, opened, person, {}):
            failure = Failure(
                title=f"{what} with further fields makes an admin: {name} opens",
                expected="a refusal, as for any other account",
                got=opened.outcome,
                change=REMEDY,
                exchange=attack,
                control=refused,
            )
            return failed(failure, opened.line, f"sent: {', '.join(extras)}", code="admin")
    if not after.document and not shut:
        raise NotCovered(f"not covered: nothing of the map shows what an account may do, nor what {what} set")
    doors = [f"{name} stays shut" for name, _, _ in shut]
    return passed(f"sent {', '.join(extras)}: none of it is shown when the account is read again", *doors)


async def _shut_doors(context: Context, ordinary: Person) -> Doors:
    """Steps of the admin's that refuse an ordinary account."""
    stage = context.marketplace.company.stage

    async def find_out() -> Doors:
        found: Doors = []
        for name, request in _doors(stage.map)[:DOORS]:
            exchange = await ask(stage, name, request, Caller("another account", ordinary), {})
            if exchange.answer is not None and not good(request, exchange, ordinary, {}):
                found.append((name, request, exchange))
        return found

    return await context.notebook.once(f"{PREFIX}.doors", find_out)


def _doors(mapped: Map) -> list[tuple[str, Request]]:
    """What only the admin may read, without an object: a name and its request."""
    steps = [
        (step.name, step.parts[0])
        for step in mapped.steps.values()
        if step.actor == "admin" and step.skip is None and len(step.parts) == 1 and not step.public
    ]
    verbs = [
        (f"{resource.name}.{name}", verb.request)
        for resource in mapped.resources.values()
        for name, verb in resource.verbs.items()
        if verb.request.actor == "admin" and name in {"read", "list"}
    ]
    return [
        (name, part)
        for name, part in (*steps, *verbs)
        if isinstance(part, Request) and part.safe and {one.partition(".")[0] for one in required_in(part)} <= ALWAYS
    ]


async def _put_back(
    company: Company, step: Step, request: Request, person: Person, before: Portrait, extras: Mapping[str, Any]
) -> None:
    """Sends what the account had, so that it has no more than before; whatever comes of it."""
    had = {name: value for name, value in names_in(before.document) if name in extras}
    values = {**{name: False for name, value in extras.items() if value is True}, **had}
    asked = injected(request, values, _is_of(person))
    if asked is not None:
        await ask(company.stage, step.name, asked, Caller("owner", person), {}, consents={step.name})
