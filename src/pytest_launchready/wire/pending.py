"""A call that waits to be awaited."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pytest_launchready.core.errors import UseError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import CoroutineType, TracebackType

    from pytest_launchready.wire.engine import Engine

R = TypeVar("R")


class NotAwaited(UseError, AttributeError):  # noqa: N818 - reads as the sentence it prints
    """Something was read from a call that nobody has awaited yet."""


class Pending(Coroutine[Any, Any, R]):
    """A call that does nothing before it is awaited, or given to a task.

    The coroutine inside is made when the first step is asked for: a call that never starts leaves nothing behind
    that Python would warn about. The engine remembers it until then.
    """

    __slots__ = ("__weakref__", "_engine", "_given_up", "_inner", "_make", "_place", "test", "text")

    def __init__(self, engine: Engine, make: Callable[[], Coroutine[Any, Any, R]], text: str, place: str) -> None:
        self.test = engine.current_test
        self.text = text
        self._engine = engine
        self._make = make
        self._place = place
        self._inner: CoroutineType[Any, Any, R] | None = None
        self._given_up = False
        engine.expect_await(self)

    def complaint(self) -> str:
        """The sentence that names the call and says what to write instead."""
        return f"{self.text} was never awaited ({self._place}). Write: await {self.text}"

    def __await__(self) -> Generator[Any, Any, R]:
        """Do the call; what `await` uses."""
        __tracebackhide__ = True
        return (yield from self._begin().__await__())

    def send(self, value: Any) -> Any:
        """One step of the call; what a task uses."""
        __tracebackhide__ = True
        inner = self._inner
        if inner is None or inner.cr_frame is None:
            inner = self._begin()
        return inner.send(value)

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> Any:
        """Raise an error inside the call; what a task that is cancelled uses."""
        __tracebackhide__ = True
        if self._inner is not None:
            # The three parts of an exception are deprecated; a task hands over the exception itself.
            return self._inner.throw(typ) if val is None and tb is None else self._inner.throw(typ, val, tb)
        self._give_up()
        error = typ if val is None else val
        error = error() if isinstance(error, type) else error
        raise error if tb is None else error.with_traceback(tb)

    def close(self) -> None:
        """End the call without a result; what a loop does with a coroutine that it drops."""
        if self._inner is not None:
            self._inner.close()
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._given_up = True
        self._engine.begun(self)

    def _begin(self) -> CoroutineType[Any, Any, R]:
        __tracebackhide__ = True
        if self._given_up or self._inner is not None:
            raise UseError(
                f"{self.text} was awaited twice ({self._place}). A call gives its result once: keep it in a variable"
            )
        self._engine.begun(self)
        self._inner = inner = cast("CoroutineType[Any, Any, R]", self._engine.hop(self._make))
        return inner

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name in {"__name__", "__qualname__"}:
            # asyncio shows it in the list of its tasks.
            return self.text.partition("(")[0]
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotAwaited(
            f"{self.text} was not awaited, so it has no .{name} yet ({self._place}). Write: await {self.text}"
        )

    def __repr__(self) -> str:
        return f"<{self.text}, not awaited>"
