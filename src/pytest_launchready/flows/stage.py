"""The run on its target: how a step is played, what it made, and how that is undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows import entrance, steps, undoing
from pytest_launchready.flows.bodies import PNG
from pytest_launchready.flows.consents import GRANTED
from pytest_launchready.flows.made import Made, Undone
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import Thing, make
from pytest_launchready.flows.payments import until_payment
from pytest_launchready.flows.people import draft_listing, draft_text
from pytest_launchready.flows.person import POSTMAN, Person
from pytest_launchready.flows.register import Register
from pytest_launchready.flows.run import Run
from pytest_launchready.flows.sending import send_as, target_names
from pytest_launchready.flows.timings import Timings
from pytest_launchready.mapping.records import Map, Step


@dataclass(frozen=True, slots=True)
class Act:
    """A step as it was performed: by whom, with which names, and what it gathered."""

    step: Step
    person: Person
    names: Mapping[str, Any]
    played: steps.Played


class Stage:
    """Everything that the people of one run share."""

    def __init__(
        self,
        mapped: Map,
        run: Run,
        secrets: Secrets,
        *,
        find_person: Callable[[str], Awaitable[Person]],
        current_test: Callable[[], str | None],
    ) -> None:
        self.map = mapped
        self.run = run
        self.secrets = secrets
        self.person = find_person
        self.current_test = current_test
        self.register = Register(mapped, run.journal)
        self.timings = Timings()
        self._always: Mapping[str, Any] = {
            "values": mapped.values,
            "target": target_names(mapped.target),
            "run": {"id": run.id, "tag": run.tag, "seed": run.seed, "worker": run.worker},
            "png": PNG,
        }

    def step(self, name: str) -> Step:
        """A step of the map; raises NotCovered if it is declared absent, Inconclusive if it is not mapped."""
        step = self.map.steps.get(name)
        if step is None:
            raise Inconclusive(
                f"step {name!r} is not mapped in {self.map.source}.{did_you_mean(name, self.map.steps)} "
                f'Map it:  [steps.{name}]  request = "METHOD /path"   '
                f'or declare it absent:  [steps.{name}]  skip = "why the product has no such thing"'
            )
        if step.skip is not None:
            raise NotCovered(f"not covered: {name}: {step.skip}")
        return step

    async def act(self, name: str, caller: Person, given: Mapping[str, Any]) -> Act:
        """Performs a step as whoever has to act; what it needs and is not given is made first."""
        step = self.step(name)
        person = await caller.self_or(step.actor, self.person)
        await self.awaken(person)
        names = {**given, **self.names(step, given)}
        step, stops = until_payment(step, self.map, names)
        for kind in sorted(step.needs - names.keys()):
            names[kind] = await self.provide(kind, person)
        names["account"] = person.account()
        act = Act(step, person, names, await steps.perform(self, step, person, names))
        if stops:
            self.dismiss(act.played.entry)
            raise NotCovered(
                f"not covered: payment: targets.{self.map.target.name}.payments stops before it; "
                "everything up to it worked"
            )
        return act

    async def play(self, name: str, caller: Person, given: Mapping[str, Any]) -> Thing | list[Thing]:
        """Performs a step and gives what it makes, the list it gives, or its captures."""
        act = await self.act(name, caller, given)
        if act.played.items is not None:
            self.dismiss(act.played.entry)
            return [make(_listed_kind(name), values, raw) for values, raw in act.played.items]
        return self.keep(act)

    def keep(self, act: Act) -> Thing:
        """What an act has made, remembered to be undone."""
        kind = act.step.makes or act.step.name
        thing = make(kind, {**known(act.names.get(kind)), **act.played.captures}, act.played.raw)
        if act.step.leaves_something:
            names = {**act.names, **act.played.captures, kind: thing}
            self.register.record(act.step, act.person, names, thing, act.played.entry)
        return thing

    async def provide(self, kind: str, person: Person) -> Thing:
        """A new object of a kind, made by whoever makes such things: a seller for a listing, else the person."""
        maker = next((step.name for step in self.map.steps.values() if step.makes == kind), None)
        if maker is None:
            raise Inconclusive(f"no step in {self.map.source} makes {kind!r}: give one, or map a step that makes it")
        granted = GRANTED.set(frozenset())  # consent to a step covers its parts, not what it needs
        try:
            made = await self.play(maker, await self.person("seller") if kind == "listing" else person, {})
        finally:
            GRANTED.reset(granted)
        if isinstance(made, list):
            raise UseError(f"step {maker} gives a list, so it cannot make one {kind}")
        return made

    def intend(self, step: Step, person: Person, names: Mapping[str, Any]) -> int | None:
        """Notes what a step is about to make; see `Register`."""
        return self.register.intend(step, person, names)

    def dismiss(self, entry: int | None) -> None:
        """Notes that a step has made nothing."""
        self.register.dismiss(entry)

    def doubt(self, step: Step, person: Person, names: Mapping[str, Any], entry: int | None = None) -> None:
        """Remembers what a step may have made, though it did not end well."""
        self.register.doubt(step, person, names, entry)

    def made_of(self, thing: Thing) -> Made | None:
        """The record of a thing that this run has made; see `Register`."""
        return self.register.made_of(thing)

    def made_here(self, kind: str, name: str) -> bool:
        """Whether this run has made the object."""
        return self.register.made_here(kind, name)

    def forget(self, thing: Thing) -> None:
        """Notes that a test has deleted a thing itself."""
        self.register.forget(thing)

    def owing(self) -> int:
        """How many requests the undo of what was made may take: its steps, and a look whether the thing is gone."""
        return sum(len(made.undo) + 1 for made in self.register.made if made.undo and not made.gone)

    async def undo(self) -> Undone:
        """Undoes what the run has made, as its maker or as the undoing step's own actor."""
        return await undoing.undo(self)

    async def undo_with(self, name: str, made: Made) -> None:
        """Performs one undo step for a thing, whoever has to; raises StepFailure where it did not work."""
        await undoing.undo_with(self, name, made)

    async def renew(self, person: Person, stale: Mapping[str, Any]) -> bool:
        """Renews a person's session; see `entrance.renew`."""
        return await entrance.renew(self, person, stale)

    async def awaken(self, person: Person) -> None:
        """Logs a person in again that an earlier test has logged out."""
        if person.ready and not person.live and not person.anonymous and person.logged_out_in != self.current_test():
            await entrance.log_in(self, person)

    async def read_mail(self, address: str, ready: Callable[[Answer], bool], wait: float) -> None:
        """Waits for a mail to an address; see `wait_for_mail`."""
        from pytest_launchready.flows.mail import wait_for_mail  # the e-mail parser loads where mail is read

        postman = await self.person(POSTMAN)
        step = Step(name="mail")

        async def fetch(names: Mapping[str, Any]) -> httpx.Response:
            assert self.map.mail.url is not None
            scope = {**self.names(step), **names}
            return await send_as(self.map, step, self.map.mail.url, postman, scope, with_session=False)

        await wait_for_mail(self.map.mail, address, ready, wait, fetch)

    def names(self, step: Step, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The names that every template may use, new for each call; drafts only of what is not given."""
        given = given or {}
        unique = self.run.unique()
        names: dict[str, Any] = {
            **self._always,
            "now": datetime.now(UTC).isoformat(timespec="seconds"),
            "unique": unique,
            "canary": f"canary{unique}",
            "canary_number": 100_000 + self.run.number() % 900_000,
        }
        drafts: dict[str, Any] = {"quantity": 1, "search": {"text": ""}}
        if step.makes == "listing" and "listing" not in given:
            drafts["listing"] = draft_listing(self.run, {})
        if step.makes == "message" and "message" not in given:
            drafts["message"] = {"text": draft_text(self.run)}
        return names | {name: draft for name, draft in drafts.items() if name not in given}


def _listed_kind(step: str) -> str:
    """What a list step lists: search gives listings, list_orders orders."""
    return "listing" if step == "search" else step.removeprefix("list_").removesuffix("s")
