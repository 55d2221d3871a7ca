"""The undo of a run, carried out by its people."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows import entrance, looking, steps
from pytest_launchready.flows.consents import GRANTED
from pytest_launchready.flows.made import Made, OwnerGone, Undone, undo_all
from pytest_launchready.flows.person import Person

if TYPE_CHECKING:
    from pytest_launchready.flows.stage import Stage


async def undo(stage: Stage) -> Undone:
    """Undoes what the run has made, as its maker or as the undoing step's own actor."""
    register = stage.register
    actors = {stage.map.steps[name].actor for made in register.made if not made.gone for name in made.undo}
    acting = frozenset(actor for actor in actors if actor)
    for actor in acting:
        # Whoever signs up only now has to be undone as well. Whoever cannot come is reported with each undo.
        with contextlib.suppress(LaunchreadyError, StepFailure):
            await stage.person(actor)
    try:
        return await undo_all(register.made, acting, Undoing(stage))
    finally:
        # What could not be undone is reported once, and not tried again with clients that are closed.
        register.made = []


class Undoing:
    """What the undo of a run asks of its people."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def undo_with(self, name: str, made: Made) -> None:
        """Performs an undo step; raises StepFailure, or OwnerGone where its person can no longer log in."""
        await undo_with(self._stage, name, made)

    async def find(self, made: Made) -> bool | None:
        """Whether a doubtful object exists, now with its id; None where nothing can tell."""
        if made.kind == "account":
            return await self._account_exists(made)
        return await looking.find(self._stage, made)

    async def still_there(self, made: Made) -> tuple[bool | None, str]:
        """Whether an object is still shown, with the exchange; None where nothing can tell."""
        return await looking.still_there(self._stage, made)

    async def went_with_owner(self, made: Made) -> bool:
        """Whether an object went with the account of its owner, or is that account, and nobody is shown it any more."""
        accounts = [one for one in self._stage.register.made if one.kind == "account" and one.person is made.person]
        if not any(account.gone or account.begun for account in accounts):
            return False
        return made.kind == "account" or not await looking.find(
            self._stage, made, await self._stage.person("anonymous")
        )

    def begin(self, made: Made) -> None:
        """Notes that the undo of an object begins."""
        self._stage.register.begin(made.entry)

    def over(self, made: Made, how: str) -> None:
        """Notes that nothing more is to be done for an object."""
        self._stage.register.over(made.entry, how)

    async def _account_exists(self, made: Made) -> bool | None:
        """Whether somebody whose sign-up had no answer can log in."""
        if not entrance.has_login(self._stage, made.person):
            return None
        try:
            await _let_in(self._stage, made.person)
        except OwnerGone:
            return False
        except (LaunchreadyError, StepFailure):
            return None
        made.id = str(made.person.account().get("id", made.id))
        return True


async def undo_with(stage: Stage, name: str, made: Made) -> None:
    """Performs one undo step for a thing, whoever has to; raises StepFailure where it did not work."""
    step = stage.step(name)
    person = await made.person.self_or(step.actor, stage.person)
    await _let_in(stage, person)
    names = {**stage.names(step, made.names), **made.names, "account": made.person.account()}
    granted = GRANTED.set(GRANTED.get() | {made.step})
    try:
        played = await steps.perform(stage, step, person, names)
    finally:
        GRANTED.reset(granted)
    stage.register.dismiss(played.entry)


async def _let_in(stage: Stage, person: Person) -> None:
    """Logs a person in; raises OwnerGone where the marketplace no longer knows them."""
    if person.live:
        return
    try:
        await entrance.log_in(stage, person)
    except StepFailure as error:
        answer = error.failure.exchange.answer if error.failure.exchange else None
        if answer is None or answer.status == 429 or answer.status >= 500:
            raise
        raise OwnerGone(f"{person.name} can no longer log in: {error.failure.got}") from None
