"""Trying a step: who tries, on which account, with what is wrong, and what of it has to be undone."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows import entrance, steps
from pytest_launchready.flows.company import Company
from pytest_launchready.flows.naming import known
from pytest_launchready.flows.objects import make
from pytest_launchready.flows.people import draft_account
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.limits.recognise import TOO_MANY, sign_of
from pytest_launchready.probes.limits.steps import Plan
from pytest_launchready.probes.order import actor_of, role_that_signs_up

SECRETS = frozenset({"secret", "seed"})
"""Names of what one-time codes are made from: a wrong one is another seed, in base32."""


@dataclass(slots=True)
class Trier:
    """One account whose limit may be used up, and how its tries are sent."""

    plan: Plan
    stage: Stage
    sender: Person
    given: dict[str, Any] = field(default_factory=dict)
    """What the step needs, and what the requests before the tried one gave."""
    known: bool = True
    """Whether there is such an account, whose right password can be tried."""
    _fresh: bool = False
    """Whether what leads up to a try has to be sent again."""
    _wrong: Iterator[str] = field(default_factory=lambda: itertools.repeat(""))

    async def prepare(self) -> None:
        """Sends what leads up to the tried request, once; raises StepFailure."""
        for kind in sorted(self.plan.step.needs):
            self.given[kind] = await self.stage.provide(kind, self.sender)
        self._wrong = wrong_passwords(str(self.sender.identity.get("password", "")))
        await self._lead_up()

    async def attempt(
        self, request: Request | None = None, *, account: Mapping[str, Any] | None = None, right: bool = False
    ) -> Exchange:
        """One more try, wrong unless it is to be `right`; what it makes is undone with the run.

        `request` stands in place of the tried one, `account` replaces parts of whom it is about. Raises StepFailure
        where what leads up to it has to be sent again, and fails.
        """
        if self._fresh:
            await self._lead_up()
        wrong = {} if right or self.plan.kind != "login" else {"password": next(self._wrong)}
        return await self._ask(request or self.plan.tried, {**wrong, **(account or {})}, tried=True)

    async def refused(self, account: Mapping[str, Any] | None = None) -> Exchange | None:
        """What refuses the right password; None where it logs in. The session is ended again."""
        if self.plan.limit.without and self.plan.kind == "login":
            exchange = await self.attempt(account=account, right=True)
            self.forget()
            return None if self.worked(exchange) else exchange
        try:
            return await self.renew(account)
        finally:
            self.forget()

    async def renew(self, account: Mapping[str, Any] | None = None) -> Exchange | None:
        """What refuses a new session; None where there is one."""
        try:
            await entrance.log_in(self.stage, self.sender, account)
        except StepFailure as error:
            exchange = error.failure.exchange
            if exchange is None:
                raise
            # A limiter of everything may refuse the proof of a log-in that has worked.
            limits_proof = exchange.step != self.sender.login and exchange.answer and exchange.answer.status == TOO_MANY
            return None if limits_proof else exchange
        return None

    async def control(self) -> str | None:
        """Why a try does not reach what it is meant to try; None where the right password logs in the same way."""
        exchange = await self.attempt(right=True)
        problem = self.render(lambda names: steps.judge(self.plan.tried, exchange, names, steps.Played()))
        self.forget()
        return problem and f"the right password does not log in: expected {problem.expected}, got {exchange.line}"

    def worked(self, exchange: Exchange) -> bool:
        """Whether the answer is that of a step that has done its work."""
        request = self.plan.tried
        return self.render(lambda names: steps.judge(request, exchange, names, steps.Played())) is None

    def forget(self) -> None:
        """Ends the session on our side; with it go the cookies and the form that led up to a try."""
        entrance.log_out(self.stage, self.sender)
        self._fresh = True

    def render(self, use: Callable[[Mapping[str, Any]], Any]) -> Any:
        """What `use` makes of the names that a try has."""
        return use(self._names())

    async def _lead_up(self) -> None:
        self._fresh = False
        for request in self.plan.before:
            exchange = await self._ask(request, {})
            played = steps.Played()
            problem = steps.judge(request, exchange, self._names(), played)
            if problem is not None:
                raise steps.failure(self.stage, self.plan.step, self.sender, exchange, problem)
            self.given.update(played.captures)

    async def _ask(self, request: Request, account: dict[str, Any], *, tried: bool = False) -> Exchange:
        plan, person = self.plan, self.sender
        names = self._names()
        account = {**self._codes(names), **account}
        makes = tried and plan.makes and plan.kind != "signup"
        entry = self.stage.intend(plan.step, person, names) if makes else None
        exchange = await ask(
            self.stage,
            plan.name,
            request,
            Caller("spare", person),
            names,
            instead=account,
            without=plan.limit.without,
        )
        if exchange.answer is not None:
            person.saw(exchange.answer)
        if makes:
            self._keep(exchange, names, entry)
        return exchange

    def _names(self) -> dict[str, Any]:
        """What templates see at this try: new unique values, what was given, and what the map sends wrongly."""
        plan = self.plan
        names = {**self.stage.names(plan.step, self.given), **self.given}
        names["account"] = self.sender.account()
        names |= {name: template.render(names) for name, template in plan.limit.values.items()}
        return names | {name: str(names["canary_number"]) for name in plan.codes if "." not in name}

    def _codes(self, names: Mapping[str, Any]) -> dict[str, str]:
        """Wrong one-time codes that the map takes from the account."""
        own = [name.partition(".")[2] for name in self.plan.codes if name.startswith("account.")]
        seed = "".join(random.choices(string.ascii_uppercase + "234567", k=32))  # noqa: S311 - it has only to be wrong
        return {name: seed if name in SECRETS else str(names["canary_number"]) for name in own}

    def _keep(self, exchange: Exchange, names: dict[str, Any], entry: int | None) -> None:
        """Remembers what a try made, to undo it at the end of the run."""
        step, stage = self.plan.step, self.stage
        played = steps.Played()
        if steps.judge(self.plan.tried, exchange, names, played) is not None:
            answer = exchange.answer
            refused = answer is not None and sign_of(answer, (), self.plan.limit.limited, names) is not None
            if refused or steps.changed_nothing(exchange):
                stage.dismiss(entry)
            else:
                stage.doubt(step, self.sender, names, entry)
            return
        kind = step.makes or step.name
        thing = make(kind, {**known(names.get(kind)), **played.captures}, played.raw)
        stage.register.record(step, self.sender, {**names, **played.captures, kind: thing}, thing, entry)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two spare people: one whose limits are used up, and one who must not feel it."""

    tried: Person
    other: Person


async def pair_for(company: Company, role: str) -> Pair:
    """Two new people of a role, logged in; raises NotCovered where there are only accounts that the map gives."""
    if not signs_up(company.stage.map, role):
        raise NotCovered(f"not covered: only accounts that the map gives act as {role}, and a limit may lock them")
    return Pair(await company.add(role), await company.add(role))


def role_of(mapped: Map, plan: Plan) -> str:
    """As whom the step is tried."""
    usual = role_that_signs_up(mapped) or "buyer"
    if plan.kind in {"login", "reset", "signup"}:
        return usual
    role = actor_of(mapped, plan.step)
    return usual if role in {"anonymous", "buyer", "stranger"} else role


def signs_up(mapped: Map, role: str) -> bool:
    """Whether people of a role sign up, so that there can be more of them."""
    entry = mapped.people.get(role)
    return role_that_signs_up(mapped) is not None and (entry is None or not entry.accounts)


def trier(plan: Plan, company: Company, person: Person) -> Trier:
    """The tries of a person: with the session as it is, or from a device that has none."""
    sender = person if plan.with_session else company.twin(person)
    return Trier(plan, company.stage, sender)


def nobody(plan: Plan, company: Company, name: str) -> Trier:
    """Tries for an account that does not exist, where the map gives every account there is."""
    mapped = company.stage.map
    ghost = company.ghost(name, login=plan.name)
    if "email" not in ghost.identity:
        ghost.identity.update(draft_account(company.stage.run, mapped.mail.domain))
        company.stage.secrets.add(ghost.identity["password"], "nobody_password")
    return Trier(plan, company.stage, ghost, known=False)


def wrong_passwords(right: str) -> Iterator[str]:
    """Passwords of the same shape as the right one, a letter for a letter and a digit for a digit."""
    shuffle = random.Random(right)  # noqa: S311 - they have only to be wrong, and differ
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    while True:
        letters = [next((shuffle.choice(kind) for kind in kinds if char in kind), char) for char in right]
        wrong = "".join(letters)
        yield wrong if wrong != right else f"{wrong}x"
