"""Changes that no read shows, as of a password: a step of the owner's that must still work tells."""

from __future__ import annotations

from typing import Final

from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows import entrance
from pytest_launchready.mapping.records import Step
from pytest_launchready.probes.access.objects.case import Case, Side
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker, callers, tried
from pytest_launchready.probes.access.objects.reads import Round, remedy, worst
from pytest_launchready.probes.access.texts import leaves
from pytest_launchready.wire.consent import WriteRefused

MARK: Final = "\ue000"
"""Stands for the canary where it is looked for in what a body would say."""
PASSWORD: Final = "password"  # noqa: S105 - a name, no secret


async def verified_updates(case: Case) -> Round:
    """What came of everybody's try, by whether the `verify` step still works; the owner's own change comes last."""
    found: dict[str, Verdict | LaunchreadyError] = {}
    if _cannot_go_back(case):
        reason = f"{case.owner.person.name} is a given account, and its password could not be set back"
        return dict.fromkeys(tried(case.resource, "update"), NotCovered(f"not covered: {reason}"))
    if not await _works(case, case.owner):
        error = Inconclusive(
            f"{case.resource.verify} does not work for {case.owner.person.name} even before anybody has tried",
            code="owner-cannot-verify",
        )
        return dict.fromkeys(tried(case.resource, "update"), error)
    for who in tried(case.resource, "update"):
        try:
            one = await attacker(case, who)
            found[who] = await _tried(case, one)
        except WriteRefused:
            raise
        except (Inconclusive, NotCovered) as error:
            found[who] = error
    canary, exchange = await _own_change(case)
    took = not await _works(case, case.owner)
    if took:
        await _restore(case, case.owner, canary)
        return found
    unseen = inconclusive(
        "write-not-seen",
        f"{case.resource.verify} still works after {case.owner.person.name}'s own change, so it shows nothing: "
        f"{exchange.line}",
    )
    return {
        who: one if _is(one, "failed") or isinstance(one, LaunchreadyError) else unseen for who, one in found.items()
    }


async def _tried(case: Case, one: Attacker) -> Verdict:
    verdicts = []
    for caller in callers(case, "update", one):
        names = _names(case, one.victim)
        exchange = await attack(case, "update", one, caller, names)
        if await _works(case, one.victim):
            if exchange.answer is None or exchange.answer.status == 429:
                verdicts.append(inconclusive("no-answer", f"{one.shown} got {exchange.outcome}"))
            else:
                verdicts.append(passed(f"{case.resource.verify} still works after {exchange.line}"))
            continue
        await _restore(case, one.victim, str(names["canary"]))
        title = f"{one.shown} changes {one.victim.label(case.kind)}"
        failure = Failure(
            title,
            f"{case.resource.verify} still works for {one.victim.person.name}",
            f"{exchange.outcome}, and then {case.resource.verify} works no more",
            remedy(case.kind),
            exchange=exchange,
        )
        verdicts.append(failed(failure, code="written"))
    return worst(verdicts)


async def _own_change(case: Case) -> tuple[str, Exchange]:
    names = _names(case, case.owner)
    return str(names["canary"]), await case.ask_in_session("update", case.owner.person, names)


async def _works(case: Case, side: Side) -> bool:
    """Whether the verifying step works for an owner."""
    stage, step = case.context.marketplace.company.stage, str(case.resource.verify)
    try:
        if _is_login(case, side):
            await entrance.log_in(stage, side.person)
        else:
            await stage.play(step, side.person, {case.kind: side.thing} if side.thing is not None else {})
    except StepFailure as error:
        answer = error.failure.exchange.answer if error.failure.exchange is not None else None
        if answer is None or answer.status == 429 or answer.status >= 500:
            raise Inconclusive(f"{step} gives no answer that tells: {error.failure.title}", code="no-reread") from None
        return False
    return True


async def _restore(case: Case, side: Side, canary: str) -> None:
    """Lets an owner in again whose password was changed: the old one is set again, or else the new one kept."""
    person = side.person
    old = person.identity.get(PASSWORD)
    if not _is_login(case, side) or old is None:
        return
    stage = case.context.marketplace.company.stage
    for password in dict.fromkeys((*_written(case, side, canary), canary)):
        stage.secrets.add(password, f"{person.name}_new_password".upper().replace("-", "_"))
        person.identity[PASSWORD] = password
        if not await _works(case, side):
            continue
        back = _canary_for(case, side, old)
        if back is not None:
            await case.ask_in_session("update", person, {**_names(case, side), "canary": back})
            person.identity[PASSWORD] = old
            if not await _works(case, side):
                person.identity[PASSWORD] = password
                await _works(case, side)
        return
    person.identity[PASSWORD] = old


def _cannot_go_back(case: Case) -> bool:
    """Whether a real person's password would be lost."""
    person = case.owner.person
    old = person.identity.get(PASSWORD)
    given = person.mark is not None and _is_login(case, case.owner) and old is not None
    return given and _canary_for(case, case.owner, str(old)) is None


def _is_login(case: Case, side: Side) -> bool:
    return case.resource.verify in {"login", side.person.login}


def _canary_for(case: Case, side: Side, wanted: str) -> str | None:
    """The canary with which the update writes a text; None where it cannot."""
    for written in _written(case, side, MARK):
        head, _, tail = written.partition(MARK)
        if wanted.startswith(head) and wanted.endswith(tail) and len(wanted) >= len(head + tail):
            return wanted[len(head) : len(wanted) - len(tail)]
    return None


def _written(case: Case, side: Side, canary: str) -> list[str]:
    """The texts of the update's body that hold the canary: rules for passwords may want more than that."""
    body = case.verb("update").request.body
    if body is None:
        return []
    content = body.content.render({**_names(case, side), "canary": canary, "account": side.person.account()})
    return [value for _, value in leaves(content) if isinstance(value, str) and canary in value]


def _names(case: Case, side: Side) -> dict[str, object]:
    stage = case.context.marketplace.company.stage
    always = stage.names(Step(name=f"{case.kind}.update"))
    return {**side.names(case.kind), **{name: always[name] for name in ("canary", "canary_number", "unique")}}


def _is(one: Verdict | LaunchreadyError, outcome: str) -> bool:
    return isinstance(one, Verdict) and one.outcome == outcome
