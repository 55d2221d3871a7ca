"""The session that is attacked: what shows that it is open, where its token travels, and what a forgery got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.person import Person
from pytest_launchready.probes.access.conduct.tokens import Carrier, Jwt, bare, carriers, read_jwt
from pytest_launchready.probes.access.conduct.witness import Witness, find_witness
from pytest_launchready.probes.access.objects.proofs import masked
from pytest_launchready.probes.access.spares import spare
from pytest_launchready.probes.subject import Context

SESSION: Final = "access.session"
BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses that say nothing of the credentials."""

Attack = tuple[str, Mapping[str, str]]
"""What a forgery is called, and the headers that carry it."""


@dataclass(frozen=True, slots=True)
class Session:
    """The spare person's session, what shows that it is open, and the place of its token."""

    person: Person
    witness: Witness
    credentials: Mapping[str, str] = field(repr=False)
    carrier: Carrier | None = field(repr=False)
    base: Mapping[str, str] = field(repr=False)
    """The other headers with which the token alone opens the session."""

    @property
    def token(self) -> Carrier:
        """The place of the token; raises NotCovered where the session has none."""
        if self.carrier is None:
            raise NotCovered("not covered: the session is carried by no token (HTTP Basic sends the password itself)")
        return self.carrier

    @property
    def jwt(self) -> Jwt:
        """The token taken apart; raises NotCovered where it is no JWT."""
        jwt = read_jwt(self.token.token)
        if jwt is None:
            raise NotCovered(f"not covered: the token in {self.token.where} is no JWT, so nothing in it can be forged")
        return jwt

    def with_token(self, token: str, scheme: str | None = None) -> dict[str, str]:
        """The headers of a request with this token in the place of the genuine one."""
        return self.token.put(self.base, token, scheme)


async def session_of(context: Context) -> Session:
    """The session that is attacked, found out once as long as it lives.

    Raises Inconclusive where its genuine credentials do not open it.
    """
    person = await spare(context)
    credentials = person.credentials()
    company = context.marketplace.company

    async def find_out() -> Session:
        found = await context.notebook.once((SESSION, "witness"), lambda: find_witness(company, person, credentials))
        proven = found.credentials == credentials or found.name == person.me  # a log-in is proved by `me`
        witness = found if proven else await found.again(company, credentials)
        csrf = person.auth.csrf
        places = carriers(credentials, (csrf.header, csrf.cookie) if csrf else ())
        carrier, base = await _place(context, witness, credentials, places)
        return Session(person, witness, credentials, carrier, base)

    return await context.notebook.once((SESSION, tuple(sorted(credentials.items()))), find_out)


async def _place(
    context: Context, witness: Witness, credentials: Mapping[str, str], places: tuple[Carrier, ...]
) -> tuple[Carrier | None, Mapping[str, str]]:
    """The token that opens the session, and the headers that have to go with it."""
    company = context.marketplace.company
    without = bare(credentials, places)
    if len(places) <= 1:
        return (places[0], without) if places else (None, without)
    for carrier in places:
        if witness.opened(await witness.ask(company, "the account itself", carrier.put(without, carrier.token))):
            return carrier, without
    for carrier in places:
        if not witness.opened(await witness.ask(company, "the account itself", carrier.put(credentials, None))):
            return carrier, credentials
    raise Inconclusive("which of the session's headers and cookies opens it cannot be told", code="control")


async def attack(
    context: Context,
    session: Session,
    what: str,
    attacks: Iterable[Attack],
    notes: Iterable[str] = (),
    *,
    alive: bool = True,
) -> Verdict:
    """Sends the forgeries one after the other, until one is accepted."""
    company = context.marketplace.company
    sent: list[tuple[str, Exchange]] = []
    for name, headers in attacks:
        for value in headers.values():
            context.marketplace.secrets.add(value.rpartition(" ")[2].rpartition("=")[2], "FORGED_TOKEN")
        sent.append((name, await session.witness.ask(company, "a forger", headers)))
        if session.witness.opened(sent[-1][1]):
            break
    return await judged(context, session, what, sent, notes, alive=alive)


async def judged(
    context: Context,
    session: Session,
    what: str,
    sent: list[tuple[str, Exchange]],
    notes: Iterable[str] = (),
    *,
    alive: bool = True,
) -> Verdict:
    """What the answers to forgeries mean; of refusals only that the genuine session still works, if it should."""
    witness, said = session.witness, list(notes)
    for name, exchange in sent:
        which = f"{what} ({name})" if name else what
        answer = exchange.answer
        if answer is not None and witness.opened(exchange):
            mark = witness.marks[0]
            failure = Failure(
                title=f"{which} is accepted: {witness.name} shows the account of {session.person.name}",
                expected="a refusal, as without a session",
                got=f"{answer.reason}, with {masked(mark)} of that account, as in the genuine answer",
                change="",
                exchange=exchange,
                control=witness.genuine,
            )
            return failed(failure, exchange.line, code="accepted", notes=said)
        if answer is None or answer.status in BUSY:
            return inconclusive("no-answer", f"{which} was neither accepted nor refused: {exchange.line}", notes=said)
        if answer.status >= 500:
            said.append(f"{which} makes the server fail: {exchange.line}")
    if alive:
        genuine = await witness.ask(context.marketplace.company, "the account itself", session.credentials)
        if not witness.opened(genuine):
            return inconclusive("control", f"the genuine session ended meanwhile: {genuine.line}", notes=said)
    return passed(*(f"{name}: {exchange.line}".removeprefix(": ") for name, exchange in sent), notes=said)
