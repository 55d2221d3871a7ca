"""The people of a run: made when first asked for, each with a client of their own."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_launchready.core.errors import Inconclusive, NotCovered, UseError
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows import entrance
from pytest_launchready.flows.accounts import Accounts, login_name
from pytest_launchready.flows.made import Undone
from pytest_launchready.flows.people import draft_account, keys_of, new_nonce
from pytest_launchready.flows.person import POSTMAN, Person
from pytest_launchready.flows.run import Run
from pytest_launchready.flows.stage import Stage
from pytest_launchready.mapping.records import Auth, Map
from pytest_launchready.mapping.records import Person as Entry
from pytest_launchready.wire.client import Client

ROLES = frozenset({"buyer", "seller", "stranger"})
"""Roles that sign up where the map says nothing of them."""
PERSONAL = ("email", "username", "name", "first_name", "last_name", "phone", "street")
"""What tells who somebody is: readable of generated people, masked of accounts that exist."""


class Company:
    """Everybody who acts in a run, by name."""

    def __init__(
        self,
        mapped: Map,
        run: Run,
        secrets: Secrets,
        *,
        make_client: Callable[[str, bool], Client],
        current_test: Callable[[], str | None],
    ) -> None:
        self.stage = Stage(mapped, run, secrets, find_person=self.find, current_test=current_test)
        self._map = mapped
        self._make_client = make_client
        self._people: dict[str, Person] = {}
        self._counts: Counter[str] = Counter()
        self._entering: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._accounts = Accounts(mapped.target.api)

    async def find(self, name: str) -> Person:
        """The person of a name, signed up and logged in."""
        async with self._entering[name]:
            person = self._people.get(name)
            if person is None:
                person = self._people[name] = await self._new(name, name)
            if not person.ready:
                await self._enter(person)
            return person

    async def add(self, role: str) -> Person:
        """One more person of a role, ready to act."""
        person = await self.another(role)
        await self._enter(person)
        return person

    async def another(self, role: str) -> Person:
        """One more person of a role, who has not signed up unless the map gives the account."""
        self._counts[role] += 1
        name = f"{role}-{self._counts[role] + 1}"
        person = self._people[name] = await self._new(name, role)
        return person

    async def sign_up(self, role: str) -> Person:
        """One more person of a role who has signed up and not logged in."""
        person = await self.another(role)
        await entrance.sign_up(self.stage, person)
        return person

    def ghost(self, name: str, *, login: str = "") -> Person:
        """Somebody without account and session, through whom requests go out with credentials of any kind.

        One that tries a log-in comes to it as the map's people do, with cookies where they have them.
        """
        ghost = self._people.get(name)
        if ghost is None:
            auth = self._map.auth if login else Auth()
            client = self._make_client(name, auth.cookies)
            ghost = Person(name=name, role="anonymous", auth=auth, client=client, login=login, values={})
            ghost.ready = True
            self._people[name] = ghost
        return ghost

    def twin(self, person: Person) -> Person:
        """The same account on a second device: no session, a client and a jar of its own."""
        self._counts[person.name] += 1
        name = f"{person.name}-twin{self._counts[person.name]}"
        twin = Person(
            name=name,
            role=person.role,
            auth=person.auth,
            client=self._make_client(name, person.auth.cookies),
            login=person.login,
            me=person.me,
            values={**person.identity, "nonce": new_nonce()},
        )
        twin.has_account = twin.ready = True
        twin.mark = person.mark
        self._people[name] = twin
        return twin

    def roster(self) -> list[dict[str, str]]:
        """Who has acted, in which role, and whence the account; no more than that of anybody."""
        return [
            {"name": person.name, "role": person.role, "account": _account_of(person, self._map)}
            for person in self._people.values()
        ]

    def everybody(self) -> tuple[Person, ...]:
        """Who has acted so far, for probes that must know whose data an answer shows."""
        return tuple(self._people.values())

    async def leave(self) -> Undone:
        """Undoes what the run has made, closes every client and gives the accounts back."""
        journal = self.stage.register.journal
        try:
            undone = await self.stage.undo()
            if journal is not None:
                journal.close()
        finally:
            self._accounts.release()
            if journal is not None:
                journal.leave()
            for person in self._people.values():
                await person.client.close()
        return undone

    def _entry(self, role: str) -> Entry:
        """What the map says of a role; a stranger is like a buyer unless the map says otherwise."""
        people = self._map.people
        if role in people:
            return people[role]
        if role == "stranger" and "buyer" in people:
            return people["buyer"]
        if role in ROLES:
            return Entry(name=role)
        if role == "admin":
            raise NotCovered("not covered: admin: the map gives no account for one ([people.admin])")
        allowed = sorted(ROLES | people.keys())
        raise UseError(
            f"no person {role!r}: allowed are {', '.join(allowed)}, and every [people.NAME] of {self._map.source}."
            f"{did_you_mean(role, allowed)}"
        )

    async def _new(self, name: str, role: str, mark: str | None = None) -> Person:
        if role in {"anonymous", POSTMAN}:
            values: dict[str, Any] = {"unique": self.stage.run.unique(), "nonce": new_nonce()}
            entry = Entry(name=role, auth=Auth() if role == POSTMAN else None)
            role = "anonymous"
        else:
            entry = self._entry(role)
            values = draft_account(self.stage.run, self._map.mail.domain, entry.values)
            if entry.accounts:
                account = await self._accounts.take(self._marked(entry, mark))
                values |= account
                self._hide(name, {**entry.values, **account})
            else:
                self.stage.secrets.spare(value for key, value in values.items() if key not in {"password", "nonce"})
            self.stage.secrets.add(values["password"], f"{name}_password".upper().replace("-", "_"))
        self.stage.secrets.add(values["nonce"], f"{name}_nonce".upper().replace("-", "_"))
        auth = entry.auth or self._map.auth
        person = Person(
            name=name,
            role=role,
            auth=auth,
            client=self._make_client(name, auth.cookies),
            login=entry.login,
            me=entry.me,
            values=values,
        )
        person.has_account = bool(entry.accounts)
        person.mark = self.stage.run.key.mark(login_name(values)) if entry.accounts else None
        return person

    async def revive(self, name: str, told: Mapping[str, Any]) -> Person:
        """A person of an earlier run, as its journal tells, with an account and no session."""
        role = str(told["role"])
        person = self._people[name] = await self._new(name, role, told.get("account"))
        if "account" not in told:
            identity = dict(told["identity"])
            keys = keys_of(self.stage.run, str(identity.get("email")))
            person.identity = {**identity, **self._entry(role).values, **keys}
            self.stage.secrets.add(keys["password"], f"{name}_password".replace("-", "_"))
        person.has_account = person.ready = True
        return person

    def _marked(self, entry: Entry, mark: str | None) -> Entry:
        """The entry with the one account that has this mark, of several."""
        marked = [one for one in entry.accounts if self.stage.run.key.mark(login_name({**entry.values, **one})) == mark]
        return replace(entry, accounts=tuple(marked)) if marked else entry

    async def _enter(self, person: Person) -> None:
        """Sign-up, then log-in, then `me` make a person ready."""
        if not person.anonymous:
            if not person.has_account:
                await entrance.sign_up(self.stage, person)
                person.has_account = True
            await entrance.log_in(self.stage, person)
            if self._entry(person.role).accounts:
                self._hide(person.name, person.session)
            self._check_alone(person)
        person.ready = True

    def _hide(self, name: str, values: Mapping[str, Any]) -> None:
        """Masks who a real person is; a word that also names a role cannot be."""
        words = ROLES | self._map.people.keys()
        for key in PERSONAL:
            value = values.get(key)
            if isinstance(value, str) and value not in words:
                self.stage.secrets.add(value, f"{name}_{key}".replace("-", "_"))

    def _check_alone(self, person: Person) -> None:
        """Two accounts that share a token or an id are one: every access check would be blind to a leak."""
        mine = person.account()
        for other in self._people.values():
            theirs = other.account()
            if other is person or theirs.get("email") == mine.get("email"):
                continue
            same = next(
                (key for key in ("id", "token") if mine.get(key) is not None and mine[key] == theirs.get(key)), None
            )
            if same is None and person.own_headers() and person.own_headers() == other.own_headers():
                same = "session"
            if same is not None:
                raise Inconclusive(
                    f"{person.name} and {other.name} have different addresses but the same {same}: "
                    f"they are one account, so nothing they do can be told apart. "
                    f"Check how steps.signup and steps.{person.login} capture it",
                    code="same-account",
                )


def _account_of(person: Person, mapped: Map) -> str:
    if person.anonymous:
        return "none"
    entry = mapped.people.get(person.role)
    return "given" if entry is not None and entry.accounts else "signed up"
