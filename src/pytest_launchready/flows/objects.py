"""What a marketplace gives back: frozen objects with an id, the captures of the map, and the raw answer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

MONEY = frozenset({"price", "total"})
"""Captures that are money, wherever they occur; they become Decimal."""


class Thing:
    """An object of the marketplace: `.id`, every capture of its step by name, and `.raw`, the JSON it came from.

    Two things are equal when they are of one kind and have the same id, whatever else is known of them.
    """

    __slots__ = ("_values", "kind", "raw")
    default_kind: ClassVar[str] = "thing"

    _values: Mapping[str, Any]
    kind: str
    raw: Any

    def __init__(self, values: Mapping[str, Any], raw: Any = None, kind: str | None = None) -> None:
        known = {name: money(value) if name in MONEY else value for name, value in values.items()}
        object.__setattr__(self, "_values", known)
        object.__setattr__(self, "raw", raw)
        object.__setattr__(self, "kind", kind or self.default_kind)

    @property
    def id(self) -> Any:
        """What the marketplace calls it."""
        return self._value("id")

    def known(self) -> dict[str, Any]:
        """Everything that is known of the object, by name."""
        return dict(self._values)

    def __getattr__(self, name: str) -> Any:
        return self._value(name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.kind} objects are frozen: {name!r} was not set")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Thing):
            return NotImplemented
        mine, theirs = self._values.get("id"), other._values.get("id")
        return self.kind == other.kind and mine is not None and str(mine) == str(theirs)

    def __hash__(self) -> int:
        return hash((self.kind, str(self._values.get("id"))))

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._values.items() if name in {"id", "title", "total", "email"}}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._values, self.raw, self.kind)

    def _value(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "nothing"
            raise AttributeError(
                f"this {self.kind} has no {name!r}; known: {known}. Capture it in the map: capture = {{ {name} = … }}"
            ) from None


class Account(Thing):
    """A person's account: `.id`, `.email`, `.username`, `.name`, and whatever sign-up, log-in and `me` capture."""

    __slots__ = ()
    default_kind = "account"
    email: str
    username: str
    name: str


class Listing(Thing):
    """Something for sale."""

    __slots__ = ()
    default_kind = "listing"
    title: str
    price: Decimal
    description: str


class Message(Thing):
    """One message of a conversation."""

    __slots__ = ()
    default_kind = "message"
    text: str


class Order(Thing):
    """A purchase; `.total` is what the map captures: the goods' total, without tax and shipping."""

    __slots__ = ()
    default_kind = "order"
    total: Decimal


KINDS: Mapping[str, type[Thing]] = {kind.default_kind: kind for kind in (Account, Listing, Message, Order)}


def make(kind: str | None, values: Mapping[str, Any], raw: Any) -> Thing:
    """The object of a kind: one of the four known classes, or a plain Thing that carries its kind's name."""
    known = KINDS.get(kind or "")
    return known(values, raw) if known else Thing(values, raw, kind)


def money(value: object) -> Any:
    """A price as Decimal, where it can be read as one; else as it was."""
    if value is None or isinstance(value, Decimal | bool):
        return value
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return value
