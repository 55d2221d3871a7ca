"""Templates: values from a map that are filled in at each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self
from urllib.parse import quote

from pytest_launchready.mapping.expressions import Expression, Scope, TemplateError, split
from pytest_launchready.mapping.filters import as_text

__all__ = ["Given", "Template", "TemplateError", "as_text", "compile_target", "compile_template"]

_RAW_STARTS = frozenset({"target.api", "target.web"})


class Given(str):
    """Text that came from outside the map (`env:`, `secret:`, `file:`, `json:`): sent as it is, never a template."""

    __slots__ = ("origin",)

    origin: str

    def __new__(cls, text: str, origin: str) -> Self:
        """The text, and what the map says in its place."""
        given = super().__new__(cls, text)
        given.origin = origin
        return given

    def __repr__(self) -> str:
        """What the map says: a message must not show a secret."""
        return repr(self.origin)


@dataclass(frozen=True, slots=True)
class Template:
    """A value, or the recipe for one."""

    source: Any
    """What the map says."""
    names: frozenset[str]
    """Every dotted reference in it, such as `listing.id`."""
    required: frozenset[str]
    """The references that must be there when it is rendered."""
    constant: bool
    """True: it mentions nothing and always renders alike."""
    _render: Callable[[Scope], Any] = field(repr=False)

    def render(self, scope: Scope) -> Any:
        """The value in this scope; a fresh list or table each time. Raises TemplateError for what is missing."""
        return self._render(scope)


def compile_template(value: object) -> Template:
    """The value as a template, lists and tables with all that is in them.

    A text that is exactly one `{{ }}` keeps the type of its value. Raises TemplateError for bad syntax.
    """
    if isinstance(value, Given):
        return _given(value)
    if isinstance(value, str):
        parts = _parts(value)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return _template(value, parts, parts[0].evaluate)
        return _template(value, parts, partial(_join, value, parts, as_text)) if len(parts) > 1 else _constant(value)
    if isinstance(value, Mapping):
        table = {key: compile_template(inner) for key, inner in value.items()}
        return _group(value, list(table.values()), partial(_render_table, table))
    if isinstance(value, list | tuple):
        items = [compile_template(inner) for inner in value]
        return _group(value, items, partial(_render_list, items))
    return _constant(value)


def compile_target(text: str) -> Template:
    """The target of a request line: every `{{ }}` is percent-encoded.

    Not so a target that is one expression, nor a `{{ target.api }}`, `{{ target.web }}` or `{{ target.hosts.NAME }}`
    that it begins with. Raises TemplateError.
    """
    if isinstance(text, Given):
        return _given(text)
    parts = _parts(text)
    if not any(isinstance(part, Expression) for part in parts):
        return _constant(text)
    first = parts[0]
    raw = isinstance(first, Expression) and (len(parts) == 1 or _is_origin(first))
    if raw:
        return _template(text, parts, partial(_join_after_origin, text, parts))
    return _template(text, parts, partial(_join, text, parts, _encoded))


def _is_origin(expression: Expression) -> bool:
    return expression.text in _RAW_STARTS or expression.text.startswith("target.hosts.")


def _parts(text: str) -> list[str | Expression]:
    if "{" not in text:
        return [text] if text else []
    parts = split(text)
    if any(isinstance(part, str) and "{%" in part for part in parts):
        raise TemplateError("{% %} is not read here: write {{ 'a' if order.id else 'b' }} to choose")
    return parts


def _constant(value: Any) -> Template:
    return Template(value, frozenset(), frozenset(), constant=True, _render=lambda _: value)


def _given(text: Given) -> Template:
    content = str(text)
    # The source stays what the map says, so that nothing shows a secret.
    return Template(text, frozenset(), frozenset(), constant=True, _render=lambda _: content)


def _template(source: Any, parts: list[str | Expression], render: Callable[[Scope], Any]) -> Template:
    return _of(source, [part for part in parts if isinstance(part, Expression)], render, constant=False)


def _group(source: Any, parts: list[Template], render: Callable[[Scope], Any]) -> Template:
    return _of(source, parts, render, constant=all(part.constant for part in parts))


def _of(
    source: Any, parts: list[Expression] | list[Template], render: Callable[[Scope], Any], *, constant: bool
) -> Template:
    if len(parts) == 1:
        return Template(source, parts[0].names, parts[0].required, constant, render)
    names = frozenset[str]().union(*(part.names for part in parts))
    required = frozenset[str]().union(*(part.required for part in parts))
    return Template(source, names, required, constant, render)


def _encoded(value: Any) -> str:
    return quote(as_text(value), safe="")


def _join(source: str, parts: list[str | Expression], to_text: Callable[[Any], str], scope: Scope) -> str:
    pieces = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        try:
            pieces.append(to_text(part.evaluate(scope)))
        except TemplateError:
            raise
        except ValueError as error:
            raise TemplateError(f"{{{{ {part.text} }}}} in {source!r}: {error}") from None
    return "".join(pieces)


def _join_after_origin(source: str, parts: list[str | Expression], scope: Scope) -> str:
    return _join(source, parts[:1], as_text, scope) + _join(source, parts[1:], _encoded, scope)


def _render_table(table: dict[str, Template], scope: Scope) -> dict[str, Any]:
    return {key: inner.render(scope) for key, inner in table.items()}


def _render_list(items: list[Template], scope: Scope) -> list[Any]:
    return [inner.render(scope) for inner in items]
