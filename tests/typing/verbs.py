"""What type checkers make of verbs: checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, assert_type

from pytest_launchready.wire.colour import AsyncFace, verb

if TYPE_CHECKING:
    from pytest_launchready.wire.engine import Engine


class Person:
    """A person for plain tests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @verb
    async def search(self, text: str, *, limit: int = 10) -> list[str]:
        """Words that start so."""
        return [text] * limit

    @verb
    async def change(self, **values: object) -> int:
        """How many values changed."""
        return len(values)


class AsyncPerson(Person, AsyncFace):
    """The same person for async tests."""

    @verb
    async def search_twice(self, text: str) -> list[str]:
        """A team's own verb that awaits others."""
        return await self.search(text) + await self.search(text, limit=1)


def plain(person: Person) -> None:
    """A plain test gets results."""
    assert_type(person.search("lamp"), list[str])
    assert_type(person.search("lamp", limit=2), list[str])
    assert_type(person.change(a=1), int)


async def coloured(person: AsyncPerson) -> None:
    """An async test gets awaitables."""
    assert_type(person.search("lamp"), Awaitable[list[str]])
    assert_type(await person.search("lamp", limit=2), list[str])
    assert_type(await person.change(a=1), int)
    assert_type(await person.search_twice("lamp"), list[str])


def passed_on(person: Person, later: AsyncPerson) -> tuple[Callable[[str], list[str]], Callable[..., Awaitable[int]]]:
    """A verb can be handed to a helper."""
    return person.search, later.change


def refused(person: Person) -> None:
    """Wrong arguments are seen before the run."""
    person.search(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    person.search("lamp", page=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
