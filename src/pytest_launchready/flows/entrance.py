"""How a person gets in and out: sign-up, log-in proved by `me`, renewal, log-out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.learning import identifies, is_opaque, tells
from pytest_launchready.flows import steps
from pytest_launchready.flows.objects import Account
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Step

if TYPE_CHECKING:
    from pytest_launchready.flows.stage import Stage


async def sign_up(stage: Stage, person: Person, step: Step | None = None) -> steps.Played:
    """Makes the person's account; its captures join the identity.

    `step` stands in place of the map's, as one that asks for more.
    """
    step = step or stage.step("signup")
    sender = await person.self_or(step.actor, stage.person)
    names = {**stage.names(step), "account": person.account()}
    played = await steps.perform(stage, step, sender, names)
    person.identity.update(played.captures)
    stage.register.record(step, person, {**names, **played.captures}, Account(person.account()), played.entry)
    if not has_login(stage, person):
        _keep(stage, person, played)
    return played


async def log_in(stage: Stage, person: Person, instead: Mapping[str, Any] | None = None) -> Account:
    """Starts a new session, if the map has a log-in, and proves it by `me`.

    `instead` replaces parts of the account, as by a wrong password.
    """
    async with person.lock:
        return await _log_in(stage, person, instead or {})


async def renew(stage: Stage, person: Person, stale: Mapping[str, Any]) -> bool:
    """Logs in again if nobody has done so since `stale` was the session; False while log-in itself is under way."""
    if person.logging_in is asyncio.current_task() or not has_login(stage, person):
        return False
    async with person.lock:
        if person.session is stale:
            await _log_in(stage, person, {})
    return True


def has_login(stage: Stage, person: Person) -> bool:
    """Whether the map has a log-in for this person; with Basic on every call it may have none."""
    step = stage.map.steps.get(person.login)
    return step is not None and step.skip is None


def log_out(stage: Stage, person: Person) -> None:
    """Ends the session on our side."""
    person.forget_session()
    person.live = False
    person.logged_out_in = stage.current_test()


async def _log_in(stage: Stage, person: Person, instead: Mapping[str, Any]) -> Account:
    step = stage.step(person.login) if instead or has_login(stage, person) else None
    if step is not None:
        person.forget_session()
    person.logging_in = asyncio.current_task()
    try:
        if step is not None:
            names = {**stage.names(step), "account": {**person.account(), **instead}}
            _keep(stage, person, await steps.perform(stage, step, person, names))
        if (me := stage.map.steps.get(person.me)) is not None and me.skip is None:
            proof = await steps.perform(stage, me, person, {**stage.names(me), "account": person.account()})
            person.session.update(proof.captures)
    except BaseException:
        log_out(stage, person)
        raise
    finally:
        person.logging_in = None
    person.live = True
    person.logged_out_in = None
    stage.register.note(person)
    return Account(person.account())


def _keep(stage: Stage, person: Person, played: steps.Played) -> None:
    """Keeps what log-in gave, and masks what opens the account."""
    person.session.update(played.captures)
    bearer = person.auth.bearer
    if bearer is not None:
        scope = {"account": person.account()}
        tokens = (bearer.find(exchange.answer, scope) for exchange in reversed(played.exchanges) if exchange.answer)
        token = next((token for token in tokens if token is not None), None)
        if token is None:
            last = played.exchanges[-1]
            problem = steps.Problem(f"a token at {bearer.text}", steps.summary(last), "contract", "auth.bearer")
            raise steps.failure(stage, stage.step(person.login), person, last, problem)
        person.session["token"] = token
    for key, value in person.session.items():
        if tells(key) or (is_opaque(value) and not identifies(key)):
            stage.secrets.add(value, f"{person.name}_{key}".upper().replace("-", "_"))
