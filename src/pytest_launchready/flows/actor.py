"""The verbs that a person has: one body each, coloured at the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx

from pytest_launchready.core.errors import UseError
from pytest_launchready.flows import entrance
from pytest_launchready.flows.finding import FOUND_WITHIN, wait_until_found
from pytest_launchready.flows.objects import Account, Listing, Message, Order, Thing
from pytest_launchready.flows.people import draft_listing, draft_text
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.raw import send_raw
from pytest_launchready.wire.colour import AsyncFace, colour_subclass, verb

if TYPE_CHECKING:
    from pytest_launchready.flows.company import Company
    from pytest_launchready.wire.engine import Engine

T = TypeVar("T", bound=Thing)


class Actor:
    """A person with an account and a session. Subclass it and write one `async def` for a verb of your own."""

    def __init__(self, engine: Engine, company: Company, person: Person) -> None:
        self._engine = engine
        self._company = company
        self._stage = company.stage
        self._person = person
        self._called = person.name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        colour_subclass(cls)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._called}>"

    @property
    def name(self) -> str:
        """What the person is called in this run, as "buyer" or "seller-2"."""
        return self._person.name

    @property
    def account(self) -> Account:
        """The person's account, as known so far."""
        return Account(self._person.account())

    # -- sessions ------------------------------------------------------------------------------------------------

    @verb
    async def signup(self) -> Account:
        """Signs one more person of this role up and gives that account; this actor stays who it is."""
        role = "buyer" if self._person.anonymous else self._person.role
        return Account((await self._company.sign_up(role)).account())

    @verb
    async def login(self, **instead: Any) -> Account:
        """Starts a new session; arguments replace parts of the account, as `password="wrong"`.

        Raises StepFailure where the marketplace refuses, and leaves the person logged out until the test ends.
        """
        if self._person.anonymous and "email" not in instead and "username" not in instead:
            raise UseError("anonymous has no account to log in with: give email= and password=, or use another person")
        self._stage.step(self._person.login)
        return await entrance.log_in(self._stage, self._person, instead)

    @verb
    async def logout(self) -> None:
        """Ends the session; the next test finds the person logged in again."""
        await self._stage.play("logout", self._person, {})
        entrance.log_out(self._stage, self._person)

    # -- listings ------------------------------------------------------------------------------------------------

    @verb
    async def create_listing(self, **values: Any) -> Listing:
        """A new listing; what is not given is generated, and the title carries the run's tag."""
        return await self._play("create_listing", Listing, listing=draft_listing(self._stage.run, values))

    @verb
    async def update_listing(self, listing: Listing | str | int, **changes: Any) -> Listing:
        """The listing after changes to its title, price, description or other values."""
        changed = Listing({**_as_thing(listing, Listing).known(), **changes})
        made = await self._play("update_listing", Thing, listing=changed)
        return Listing({**changed.known(), **made.known()}, made.raw)

    @verb
    async def delete_listing(self, listing: Listing | str | int) -> None:
        """Removes a listing."""
        gone = _as_thing(listing, Listing)
        await self._stage.play("delete_listing", self._person, {"listing": gone})
        self._stage.forget(gone)

    @verb
    async def get_listing(self, listing: Listing | str | int) -> Listing:
        """The listing as the marketplace shows it; takes a listing or its id."""
        asked = _as_thing(listing, Listing)
        found = await self._play("get_listing", Thing, listing=asked)
        return Listing({**asked.known(), **found.known()}, found.raw)

    @verb
    async def search(self, text: str = "", **values: Any) -> list[Listing]:
        """The listings that a search finds."""
        return await self._list("search", Listing, search={"text": text, **values}, **values)

    @verb
    async def wait_until_found(
        self, listing: Listing, text: str | None = None, *, within: float = FOUND_WITHIN
    ) -> Listing:
        """The listing as a search shows it, once it does; fails after `within` seconds."""
        return await wait_until_found(self._stage, self._person, listing, text, within)

    # -- messages ------------------------------------------------------------------------------------------------

    @verb
    async def send_message(self, listing: Listing | str | int, text: str | None = None, **values: Any) -> Message:
        """A message about a listing."""
        message = {"text": text if text is not None else draft_text(self._stage.run), **values}
        return await self._play("send_message", Message, listing=_as_thing(listing, Listing), message=message, **values)

    @verb
    async def list_messages(self, listing: Listing | str | int | None = None, **values: Any) -> list[Message]:
        """The person's messages, about one listing if the map asks for one."""
        about = {} if listing is None else {"listing": _as_thing(listing, Listing)}
        return await self._list("list_messages", Message, **about, **values)

    # -- buying --------------------------------------------------------------------------------------------------

    @verb
    async def add_to_cart(self, listing: Listing | str | int, quantity: int = 1, **values: Any) -> Thing:
        """The cart after a listing was put into it."""
        return await self._play("add_to_cart", Thing, listing=_as_thing(listing, Listing), quantity=quantity, **values)

    @verb
    async def checkout(self, listing: Listing | str | int, quantity: int = 1, **values: Any) -> Order:
        """Buys a listing, from cart to paid order."""
        bought = _as_thing(listing, Listing)
        order = await self._play("checkout", Order, listing=bought, quantity=quantity, **values)
        return Order({"listing": bought, **order.known()}, order.raw)

    @verb
    async def get_order(self, order: Order | str | int) -> Order:
        """The order as the marketplace shows it; takes an order or its id."""
        asked = _as_thing(order, Order)
        found = await self._play("get_order", Thing, order=asked)
        return Order({**asked.known(), **found.known()}, found.raw)

    @verb
    async def list_orders(self, **values: Any) -> list[Order]:
        """The person's orders."""
        return await self._list("list_orders", Order, **values)

    # -- a team's own steps, and raw requests ---------------------------------------------------------------------

    @verb
    async def call(self, step: str, /, **values: Any) -> Any:
        """Plays any mapped step; values are names in its templates. Gives what it makes, or a list."""
        return await self._stage.play(step, self._person, values)

    @verb
    async def request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw request with this person's session; arguments are those of `httpx`.

        A path is taken below the target's `api`; an absolute URL must belong to the target.
        """
        return await self._raw(method, url, arguments)

    @verb
    async def get(self, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw GET; see `request`."""
        return await self._raw("GET", url, arguments)

    @verb
    async def post(self, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw POST; see `request`."""
        return await self._raw("POST", url, arguments)

    @verb
    async def put(self, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw PUT; see `request`."""
        return await self._raw("PUT", url, arguments)

    @verb
    async def patch(self, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw PATCH; see `request`."""
        return await self._raw("PATCH", url, arguments)

    @verb
    async def delete(self, url: str, **arguments: Any) -> httpx.Response:
        """The answer to a raw DELETE; see `request`."""
        return await self._raw("DELETE", url, arguments)

    async def _raw(self, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Response:
        return await send_raw(self._stage, self._person, method.upper(), url, arguments)

    async def _play(self, step: str, kind: type[T], **given: Any) -> T:
        made = await self._stage.play(step, self._person, given)
        if isinstance(made, list):
            raise UseError(f"steps.{step} gives a list (it has `items`), but one {kind.default_kind} is wanted")
        return cast("T", made)

    async def _list(self, step: str, kind: type[T], **given: Any) -> list[T]:
        found = await self._stage.play(step, self._person, given)
        if isinstance(found, Thing):
            raise UseError(f"steps.{step} has no `items`, but a list of {kind.default_kind}s is wanted")
        return cast("list[T]", found)


def _as_thing(thing: T | str | int, kind: type[T]) -> T:
    return thing if isinstance(thing, Thing) else kind({"id": thing})


if TYPE_CHECKING:

    class AsyncActor(Actor, AsyncFace):
        """`Actor` as async tests see it: every verb is awaited. One class at run time."""

else:
    AsyncActor = Actor
