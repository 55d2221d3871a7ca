"""The marketplace under test, as tests see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.networks import Network
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows.actor import Actor, AsyncActor
from pytest_launchready.flows.company import Company
from pytest_launchready.flows.made import Undone
from pytest_launchready.flows.mail import mail_origin
from pytest_launchready.flows.objects import Listing, Order
from pytest_launchready.flows.person import POSTMAN, Person
from pytest_launchready.flows.run import Run
from pytest_launchready.flows.sending import graphql_path, origins_of
from pytest_launchready.flows.tally import Tally
from pytest_launchready.flows.trail import Trail
from pytest_launchready.mapping.records import Map
from pytest_launchready.wire.board import Memory
from pytest_launchready.wire.bounds import Limits
from pytest_launchready.wire.budget import Budget, undoing
from pytest_launchready.wire.client import Client, Traces, Trust, transport_factory
from pytest_launchready.wire.colour import AsyncFace, verb
from pytest_launchready.wire.consent import Consent
from pytest_launchready.wire.engine import Engine
from pytest_launchready.wire.patience import Patience
from pytest_launchready.wire.terms import terms_for
from pytest_launchready.wire.timing import Clock
from pytest_launchready.wire.transport import Observer, Policy, Transport

if TYPE_CHECKING:
    import httpx

    from pytest_launchready.core.exchange import Exchange


class Marketplace:
    """One run on one target: its people, and what they make. Also works from a script, without pytest."""

    def __init__(
        self,
        engine: Engine,
        mapped: Map,
        run: Run,
        *,
        actor_class: type[Actor] = Actor,
        make_transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        client_args: dict[str, Any] | None = None,
        read_only: bool = False,
        trust: Trust | None = None,
        secrets: Secrets | None = None,
        budget: Budget | None = None,
    ) -> None:
        given = dict(client_args or {})
        traces = Traces(**{name: given.pop(name) for name in Traces.__annotations__ if name in given})
        self.network: Network | None = given.pop("network", None)
        if self.network is not None and make_transport is not None:
            raise UseError(
                f"the network {self.network.name} is put on sockets, and `launchready_transport` replaces them"
            )
        limits = Limits(**given)
        origins = origins_of(mapped.target)
        factory = make_transport or transport_factory(origins, limits, trust or Trust(), self.network)
        postmans = origins | mail_origin(mapped.mail)
        self.consent = Consent(
            target=mapped.target.name,
            production=mapped.target.kind == "production",
            writes=mapped.target.writes,
            read_only=read_only,
            graphql=graphql_path(mapped),
        )
        target = mapped.target
        self.budget = budget or Budget(terms_for(target.name, target.kind, target.budget), Memory())
        self.patience = Patience(self.budget.terms.connect_retries)
        policies: tuple[Policy, ...] = (self.consent, self.budget)
        secrets = Secrets() if secrets is None else secrets
        if run.journal is not None:
            run.journal.mask = secrets.mask_all
        for value, label in mapped.secrets.items():
            secrets.add(value, label)
        self._engine = engine
        self._called = "marketplace"
        self._actor_class = actor_class
        self.tally = Tally()
        self.trail = Trail()
        self.observers: list[Observer] = []
        """Who hears of every exchange."""
        self._sent = 0
        clock = Clock(lambda: engine.current_test)
        self._opening = {"signup", "login", *(person.login for person in mapped.people.values())}
        self._company = Company(
            mapped,
            run,
            secrets,
            make_client=lambda name, cookies: Client(
                Transport(
                    factory,
                    actor=name,
                    origins=postmans if name == POSTMAN else origins,
                    observe=self._note,
                    limits=limits,
                    policies=policies,
                    clock=clock,
                ),
                run=run.id,
                limits=limits,
                traces=traces,
                cookies=cookies,
                patience=self.patience,
            ),
            current_test=lambda: engine.current_test,
        )
        self.budget.owing = self._company.stage.owing
        self.map = mapped
        self.run = run
        self.secrets = secrets

    def __repr__(self) -> str:
        return f"<Marketplace {self.map.target.name} at {self.map.target.api}>"

    @property
    def company(self) -> Company:
        """Everybody who acts in the run, for probes."""
        return self._company

    @property
    def sent(self) -> int:
        """How many requests this run has sent."""
        return self._sent

    @verb
    async def new_actor(self, role: str = "buyer") -> Actor:
        """One more person of a role, signed up and logged in."""
        return self._actor(await self._company.add(role))

    def get_actor(self, name: str) -> Actor:
        """The person of a name ("buyer", "anonymous" …), the same one all through the run; blocks in any code."""
        __tracebackhide__ = True
        return self._engine.run(lambda: self._find(name))

    def new_listing(self) -> Listing:
        """A new listing of the seller's; blocks in any code."""
        __tracebackhide__ = True
        return self._engine.run(self._listing)

    def new_order(self) -> Order:
        """A new order of the buyer's, for a new listing; blocks in any code."""
        __tracebackhide__ = True
        return self._engine.run(self._order)

    def leave(self) -> Undone:
        """Undoes what the run has made and closes every connection; blocks until it is done."""
        with undoing():
            try:
                return self._engine.run(self._company.leave)
            finally:
                self.budget.settle()

    async def _find(self, name: str) -> Actor:
        return self._actor(await self._company.find(name))

    async def _listing(self) -> Listing:
        seller: Any = await self._find("seller")
        listing: Listing = await seller.create_listing()
        return listing

    async def _order(self) -> Order:
        buyer: Any = await self._find("buyer")
        order: Order = await buyer.checkout(await self._listing())
        return order

    def _actor(self, person: Person) -> Actor:
        return self._actor_class(self._engine, self._company, person)

    def _note(self, exchange: Exchange) -> None:
        self._sent += 1
        self.tally.add(exchange)
        self.trail.add(exchange)
        self.secrets.learn(exchange, opens=exchange.step in self._opening)
        for observer in self.observers:
            observer.saw(exchange)


if TYPE_CHECKING:

    class AsyncMarketplace(Marketplace, AsyncFace):
        """`Marketplace` as async tests see it: `new_actor` is awaited. One class at run time."""

        def new_actor(self, role: str = "buyer") -> Awaitable[AsyncActor]:
            """One more person of a role, signed up and logged in."""

else:
    AsyncMarketplace = Marketplace
