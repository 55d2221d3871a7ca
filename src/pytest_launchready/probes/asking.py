"""One request of the map, sent as whoever is tried: no renewed session, no judgement, only the exchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.consents import intent_of
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import send_as
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Request, Step
from pytest_launchready.wire.consent import intending
from pytest_launchready.wire.transport import STEP, NoAnswer, exchange_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is tried: a person with the session it has now, or a ghost with credentials that were kept or forged."""

    who: str
    """As check ids and messages say it: "owner", "stranger", "anonymous", "logged-out"."""
    person: Person
    credentials: Mapping[str, str] | None = None


async def ask(
    stage: Stage,
    what: str,
    request: Request,
    caller: Caller,
    scope: Mapping[str, Any],
    *,
    consents: Iterable[str] = (),
    instead: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
) -> Exchange:
    """The exchange of one request, whatever came of it; an expired session is not renewed.

    `what` names it in records and messages ("order.update"), and the map may consent to it by that name or by one of
    `consents`; a log-in needs none. `instead` replaces parts of the account, as by a wrong password; headers named in
    `without` are left out. Raises WriteRefused for a write without consent, UseError for a template that cannot be
    filled in.
    """
    person = caller.person
    step = Step(name=what, parts=(request,))
    names = {**stage.names(step), **scope, "account": {**person.account(), **(instead or {})}}
    with_session = caller.credentials is None and not person.anonymous
    token = STEP.set(what)
    try:
        with intending(intent_of(step, request, frozenset({what, *consents}), person.login)):
            response = await send_as(
                stage.map,
                step,
                request,
                person,
                names,
                with_session=with_session,
                credentials=caller.credentials,
                without=without,
            )
    except NoAnswer as error:
        return error.exchange
    finally:
        STEP.reset(token)
    return exchange_of(response)
