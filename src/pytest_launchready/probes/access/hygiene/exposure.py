"""Checks `access.exposure`: what no answer may hold, whoever asked, and what the public may not be shown of people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.person import POSTMAN, Person
from pytest_launchready.flows.trail import route_of
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.probes.access.hygiene.reading import Shown, public_answers, read_as_members
from pytest_launchready.probes.access.hygiene.sensitive import Known, Leak, known_secrets, leaks, shown
from pytest_launchready.probes.subject import Context, Subject

MOST_TOLD = 10
"""Leaks that a finding lists."""
SHORTEST_CANARY = 8
"""Characters of somebody's data by which an answer is taken to be about them."""
_STARTS: Final = re.compile(
    r"reset|forgot|recover|(?:send|request|resend)[-_/]?(?:otp|code|pin|magic)|(?:otp|code|pin|magic)[-_/](?:send|request)"
)
"""Steps and routes that send somebody a code or a link by mail."""
FIELDS: Final = {"email": "e-mail address", "phone": "phone number", "street": "street"}
"""What of a generated person the public must not learn; a name is for everybody to see."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Two checks: secrets in any answer of the run, people's private data in what everybody may see."""
    yield Check(
        id="access.exposure.credentials",
        proves="no answer holds a password, what is kept of one, a code that opens an account, or a key of the service",
        impact="data-exposed",
        remedy="answer with an explicit list of fields, never with the stored record",
        reference="API3:2023, ASVS 5.0 15.3.1 and 14.2.6, WSTG-APIT-04",
        run=_credentials,
        requests=20,
    )
    missing = [why_not_covered(subject.mapped, name) for name in ("search", "get_listing")]
    public = any(resource.public for resource in subject.mapped.resources.values())
    yield Check(
        id="access.exposure.people",
        proves="what everybody may see shows no e-mail address, phone number or street of the person behind it",
        impact="data-exposed",
        remedy="show the public a display name and an id of a person, nothing else",
        reference="API3:2023, ASVS 5.0 15.3.1 and 14.2.6, WSTG-APIT-04",
        run=_people,
        requests=6,
        absent=None
        if public or None in missing
        else "access.exposure.people: the map has no search, no get_listing and no public resource",
    )


async def _credentials(context: Context) -> Verdict:
    try:
        trouble = await read_as_members(context)
    except (StepFailure, LaunchreadyError) as error:
        if isinstance(error, NotCovered):
            raise
        trouble = [str(error).partition("\n")[0]]
    people = {person.name: person for person in context.marketplace.company.everybody()}
    known = _known(people)
    seen: dict[tuple[str, str, str], tuple[Exchange, Leak]] = {}
    judged = [one for one in context.marketplace.trail.exchanges() if _is_given(one)]
    for exchange in judged:
        for leak in _leaks(exchange, people.get(exchange.actor or ""), known):
            seen.setdefault((exchange.method, route_of(exchange), leak.what), (exchange, leak))
    if seen:
        exchange, leak = next(iter(seen.values()))
        told = [f"{one.method} {one.path} as {one.actor}: {what}" for one, what in list(seen.values())[:MOST_TOLD]]
        return failed(
            Failure(
                title=f"{exchange.method} {exchange.path} answers with {leak.what}",
                expected="an answer without passwords, hashes, codes and keys",
                got=str(leak),
                change="answer with an explicit list of fields, never with the stored record",
                exchange=exchange,
            ),
            *told,
            code="secret-shown",
        )
    if not judged:
        why = f": {trouble[0]}" if trouble else ""
        return inconclusive("nothing-read", f"no answer of the target could be looked at{why}")
    return passed(
        f"{counted(len(judged), 'kind')} of answers hold no secret that is known by its shape or name",
        notes=[f"not read: {one}" for one in trouble[:MOST_TOLD]],
    )


async def _people(context: Context) -> Verdict:
    answers = await public_answers(context)
    if not answers:
        return inconclusive("nothing-read", "nothing public could be read, so nothing is known of what it shows")
    everybody = context.marketplace.company.everybody()
    for answer in answers:
        for person, field, value in _canaries(everybody):
            if person.name == answer.exchange.actor or not _holds(answer.exchange, value):
                continue
            if _published(context, person, value):
                continue
            return failed(_shown_to_all(answer, person, field, value), code="person-shown")
    if not any(True for _ in _canaries(everybody)):
        return inconclusive("nothing-known", "nobody of this run has data by which an answer could be recognised")
    return passed(*(f"{one.exchange.line}: no private data of {one.about}" for one in answers))


def _shown_to_all(answer: Shown, person: Person, field: str, value: str) -> Failure:
    who = "anybody" if answer.exchange.actor == "anonymous" else "every member"
    return Failure(
        title=f"{answer.what} shows {who} the {FIELDS[field]} of {person.name}",
        expected=f"no {FIELDS[field]} of the person behind it: a display name and an id are enough",
        got=f"the answer to {answer.exchange.actor} holds {shown(value)}",
        change="show the public a display name and an id of a person, nothing else",
        exchange=answer.exchange,
    )


def _is_given(exchange: Exchange) -> bool:
    """Whether an answer gives something, to anybody but the reader of mails."""
    answer = exchange.answer
    # A refusal may repeat what was sent, so it tells the caller nothing new.
    return answer is not None and answer.status < 400 and exchange.actor != POSTMAN


def _leaks(exchange: Exchange, person: Person | None, known: Known) -> Iterator[Leak]:
    assert exchange.answer is not None
    mine = str(person.identity.get("email", "")) if person else ""
    yield from leaks(exchange.answer, known, caller=exchange.actor or "", mine=mine, resets=_asks_for_reset(exchange))


def _asks_for_reset(exchange: Exchange) -> bool:
    """Whether a request starts a password reset; one that carries a code or a password ends it."""
    where = f"{exchange.step or ''} {urlsplit(exchange.url).path}".lower()
    if exchange.method == "GET" or not _STARTS.search(where):
        return False
    sent = _names_sent(exchange)
    return not any(word in name for name in sent for word in ("token", "code", "password", "otp", "pin"))


def _names_sent(exchange: Exchange) -> list[str]:
    text = exchange.request_body.decode(errors="replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = dict(parse_qsl(text))
    return [str(name).lower() for name in document] if isinstance(document, dict) else []


def _known(people: dict[str, Person]) -> Known:
    passwords = {
        str(person.identity["password"]): person.name
        for person in people.values()
        if len(str(person.identity.get("password") or "")) >= 6
    }
    sessions = {
        value: person.name
        for person in people.values()
        if not person.anonymous
        for value in (*person.client.cookies().values(), str(person.session.get("token", "")))
        if len(value) >= 16
    }
    return known_secrets(passwords, sessions)


def _canaries(people: tuple[Person, ...]) -> Iterator[tuple[Person, str, str]]:
    """Data that tells one person from all others of the run: (person, field, value)."""
    values = [
        (person, field, str(person.account().get(field) or ""))
        for person in people
        if not person.anonymous
        for field in FIELDS
    ]
    texts = [value for _, _, value in values]
    yield from (one for one in values if len(one[2]) >= SHORTEST_CANARY and texts.count(one[2]) == 1)


def _holds(exchange: Exchange, value: str) -> bool:
    text = exchange.answer.text.lower() if exchange.answer else ""
    wanted = value.lower()
    return any(form in text for form in {wanted, json.dumps(wanted)[1:-1], escape(wanted), wanted.replace("/", "\\/")})


def _published(context: Context, person: Person, value: str) -> bool:
    """Whether the person put that into something public: as a contact in a listing, say."""
    sent = (
        exchange.request_body.decode(errors="replace")
        for exchange in context.marketplace.trail.exchanges()
        if exchange.actor == person.name and exchange.step in {"create_listing", "update_listing"}
    )
    return any(value in body for body in sent)
