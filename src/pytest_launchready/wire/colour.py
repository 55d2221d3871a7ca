"""The colour rule: one `async def`, called from plain and from `async` code alike.

Decided at the call. Inside an asyncio task a verb returns an awaitable; anywhere else it blocks and returns the result.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from pytest_launchready.wire.pending import Pending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from types import FrameType

    from pytest_launchready.wire.engine import Engine

M = ParamSpec("M")
P = ParamSpec("P")
R = TypeVar("R")

LONGEST_ARGUMENT = 40
"""Characters of an argument that a message shows."""


class AsyncFace:
    """Marks, for type checkers only, a class whose verbs are awaited."""


if TYPE_CHECKING:

    class Verb(Generic[M, R]):
        """What a type checker sees of a verb: awaitable on an `AsyncFace`, blocking on everything else."""

        @overload
        def __get__(
            self: Verb[Concatenate[Any, P], R], instance: AsyncFace, owner: Any = None
        ) -> Callable[P, Awaitable[R]]: ...
        @overload
        def __get__(self: Verb[Concatenate[Any, P], R], instance: object, owner: Any = None) -> Callable[P, R]: ...
        def __get__(self, instance: object, owner: Any = None) -> Any: ...


def verb(method: Callable[M, Coroutine[Any, Any, R]]) -> Verb[M, R]:
    """Make an `async def` method callable from plain and from `async` code.

    The object needs an `_engine`; where it has `_called`, messages name it so ("" leaves
    the name out). At run time the result is a function.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            signature.bind(self, *args, **kwargs)
        except TypeError as error:
            # Said here, where the caller's line is still known, and not later on the engine's thread.
            raise TypeError(f"{_name(self, method)}(): {error}") from None
        engine: Engine = self._engine
        make: Any = functools.partial(method, self, *args, **kwargs)
        if not in_a_task():
            return engine.run(make)
        text = f"{_name(self, method)}({_arguments(args, kwargs)})"
        return Pending(engine, make, text, place_of(_caller(inspect.currentframe())))

    return call  # type: ignore[return-value]  # the descriptor exists for type checkers only


def colour_subclass(cls: type) -> None:
    """Make a verb of each public `async def` that a class itself defines; for `__init_subclass__`."""
    for name, value in list(vars(cls).items()):
        if not name.startswith("_") and inspect.iscoroutinefunction(value):
            setattr(cls, name, verb(value))


def in_a_task() -> bool:
    """Whether the caller can await: a loop runs in this thread, and a task of it is current.

    Playwright's sync mode has the first without the second.
    """
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def _name(owner: object, method: Callable[..., object]) -> str:
    """What messages call a verb: "buyer.search"; without the owner where that has no name of its own."""
    called = getattr(owner, "_called", type(owner).__name__.lower())
    return f"{called}.{method.__name__}" if called else method.__name__


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return ", ".join([*map(_short, args), *(f"{name}={_short(value)}" for name, value in kwargs.items())])


def _short(value: object) -> str:
    if not isinstance(value, str | int | float):
        return type(value).__name__
    text = repr(value)
    return text if len(text) <= LONGEST_ARGUMENT else f"{text[: LONGEST_ARGUMENT - 2]}…{text[0]}"


def place_of(frame: FrameType | None) -> str:
    """File and line where a frame stands."""
    if frame is None:
        return "?"
    path = Path(frame.f_code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{frame.f_lineno}"


def _caller(frame: FrameType | None) -> FrameType | None:
    return None if frame is None else frame.f_back
