"""Checks `access.session.logged-out` and `.password-changed`: a session ends when its owner ends it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pytest_launchready.core.checks import Check
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.core.verdicts import Verdict, passed
from pytest_launchready.flows import entrance
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.conduct.holding import SESSION, judged, session_of
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.order import ALWAYS, role_that_signs_up
from pytest_launchready.probes.subject import Context, Subject

PASSWORD: Final = re.compile(
    r"pass_?w|passphrase|pwd|kennwort|passwort|mot_?de_?passe|contrase|clave|senha|wachtwoord|lösenord", re.IGNORECASE
)
OLD: Final = re.compile(r"old|current|existing|previous|alt(?:es|er)?_|ancien|actual|atual|oud", re.IGNORECASE)
FORGOTTEN: Final = re.compile(r"reset|forgot|recover|lost|vergess|oubli|olvid|request", re.IGNORECASE)
SAME_SECOND: Final = 1.1
"""Seconds after which a token that holds its time of issue to the second is another one."""


@dataclass(frozen=True, slots=True)
class Change:
    """The step that changes a password, and the names that it takes the two passwords under."""

    step: Step
    new: tuple[str, ...]
    old: tuple[str, ...] = ()

    def values(self, before: str, after: str) -> dict[str, str]:
        """What the step is given."""
        return {**dict.fromkeys(self.old, before), **dict.fromkeys(self.new, after)}


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each way to end a session."""
    mapped = subject.mapped
    yield Check(
        id=f"{SESSION}.logged-out",
        proves="the token of a session that was logged out opens nothing",
        impact="data-exposed",
        remedy="end the session on the server at log-out: delete it, or list its token as revoked until it expires",
        run=careful(_logged_out),
        reference="API2:2023, ASVS 5.0 7.4.1, WSTG-SESS-06",
        requests=5,
        absent=why_not_covered(mapped, "logout"),
    )
    change = password_change(mapped)
    yield Check(
        id=f"{SESSION}.password-changed",
        proves="a new password ends the sessions that were opened with the old one",
        impact="data-exposed",
        remedy="end every other session of the account when its password changes",
        run=careful(_password_changed),
        reference="API2:2023, ASVS 5.0 7.4.3, WSTG-SESS-06",
        requests=9,
        absent=_why_no_change(mapped, change),
    )


def password_change(mapped: Map) -> Change | None:
    """The step by which somebody who is logged in changes the password; the map names the new one as it likes.

    Every name that only a call can give has to be a password: `{{ new_password }}`, and `{{ old_password }}` if the
    step does not write `{{ account.password }}`.
    """
    for step in mapped.steps.values():
        if step.skip is not None or FORGOTTEN.search(step.name) or step.name in {"signup", "login"} or step.needs:
            continue
        requests = [part for part in step.parts if isinstance(part, Request)]
        if len(requests) != len(step.parts):
            continue
        names = {name.partition(".")[0] for request in requests for name in required_in(request)} - ALWAYS
        names -= {name for request in requests for name in request.capture}
        new = tuple(sorted(name for name in names if PASSWORD.search(name) and not OLD.search(name)))
        old = tuple(sorted(name for name in names if PASSWORD.search(name) and OLD.search(name)))
        if new and names == {*new, *old}:
            return Change(step, new, old)
    return None


def _why_no_change(mapped: Map, change: Change | None) -> str | None:
    if change is None:
        return (
            f"{SESSION}.password-changed: the map has no step that changes a password: map [steps.change_password] "
            "with {{ account.password }} and {{ new_password }}"
        )
    if role_that_signs_up(mapped) is None:
        return f"{SESSION}.password-changed: nobody signs up, and the password of a given account is left alone"
    return None


async def _logged_out(context: Context) -> Verdict:
    company = context.marketplace.company
    session = await session_of(context)
    person, witness = session.person, session.witness
    witness = await witness.again(company, session.credentials)
    await company.stage.play("logout", person, {})
    entrance.log_out(company.stage, person)
    after = await witness.ask(company, "a logged-out session", session.credentials)
    return await judged(context, session, "the session that was logged out", [("", after)], alive=False)


async def _password_changed(context: Context) -> Verdict:
    company = context.marketplace.company
    stage = company.stage
    change = password_change(stage.map)
    assert change is not None
    session = await session_of(context)
    person, witness = session.person, session.witness
    await entrance.log_in(stage, person)
    if person.credentials() == session.credentials:
        await asyncio.sleep(SAME_SECOND)
        await entrance.log_in(stage, person)
    before = await witness.ask(company, "the account itself", session.credentials)
    if not witness.opened(before):
        return passed(f"a new log-in ends the session before it: {before.line}")
    old = str(person.identity["password"])
    new = stage.run.key.password(f"{person.identity['email']} changed")
    stage.secrets.add(new, "CHANGED_PASSWORD")
    await stage.play(change.step.name, person, change.values(old, new))
    person.identity["password"] = new
    after = await witness.ask(company, "a session of the old password", session.credentials)
    await entrance.log_in(stage, person)  # the control: the new password is the one that counts
    verdict = await judged(context, session, "a session of the old password", [("", after)], alive=False)
    await _change_back(stage, person, change, old, new)
    return verdict


async def _change_back(stage: Stage, person: Person, change: Change, old: str, new: str) -> None:
    """Gives the account the password back by which a sweep would find in; where that is refused, the new one stays."""
    with suppress(StepFailure):
        await stage.play(change.step.name, person, change.values(new, old))
        person.identity["password"] = old
    entrance.log_out(stage, person)  # whether this session has outlived that is not asked: the next one is new
