"""Expressions that need Jinja: sandboxed, strict, compiled at first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from jinja2 import Undefined, UndefinedError, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.parser import Parser
from jinja2.runtime import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.mapping.expressions import MISSING, Expression, Path, Scope, TemplateError, explain, lookup
from pytest_launchready.mapping.filters import FILTERS


class Environment(SandboxedEnvironment):
    """A sandbox in which a missing name stays missing all the way down, so that `a.b.c | default(1)` works."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys of mappings before attributes (`values.items` is a value), and nothing that begins with `_`."""
        if isinstance(obj, Undefined):
            return obj
        if attribute.startswith("_"):
            return self.undefined(obj=obj, name=attribute)
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The item, or what is missing already."""
        return obj if isinstance(obj, Undefined) else super().getitem(obj, argument)


@cache
def _environment() -> Environment:
    environment = Environment(undefined=StrictUndefined)
    environment.globals.clear()
    environment.filters.update(FILTERS)
    return environment


def compile_expression(text: str) -> Expression:
    """The expression, parsed and checked now, compiled at its first use. Raises TemplateError."""
    environment = _environment()
    try:
        parser = Parser(environment, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateError(f"{{{{ {text} }}}}: {parser.stream.current.value!r} was not expected here")
    except JinjaError as error:
        raise TemplateError(f"{{{{ {text} }}}}: {error.message or error}") from None
    _check_calls(text, tree, environment)
    found: dict[Path, bool] = {}
    _collect(tree, found, optional=False)
    free = [path for path, optional in found.items() if optional]
    required = [path for path in found if not any(path[: len(start)] == start for start in free)]

    @cache
    def compiled() -> Callable[[Mapping[str, Any]], Any]:
        return environment.compile_expression(text, undefined_to_none=False)

    return Expression(
        text,
        frozenset(".".join(map(str, path)) for path in found),
        frozenset(".".join(map(str, path)) for path in required),
        partial(_evaluate, text, compiled, tuple(found), tuple(required)),
    )


def _check_calls(text: str, tree: nodes.Expr, environment: Environment) -> None:
    known: list[tuple[str, type[nodes.Filter | nodes.Test], Mapping[str, Any]]] = [
        ("filter", nodes.Filter, environment.filters),
        ("test", nodes.Test, environment.tests),
    ]
    for word, kind, table in known:
        for node in _with_children(tree):
            if isinstance(node, kind) and node.name not in table:
                raise TemplateError(
                    f"{{{{ {text} }}}}: there is no {word} {node.name!r}.{did_you_mean(node.name, table)}"
                )


def _with_children(tree: nodes.Node) -> Iterator[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _with_children(child)


def _path(node: nodes.Node) -> Path | None:
    """The dotted name that a node is, or None."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return None if before is None else (*before, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before = _path(node.node)
        return None if before is None else (*before, node.arg.value)
    return None


def _collect(node: nodes.Node, found: dict[Path, bool], *, optional: bool) -> None:
    path = _path(node)
    if path is not None:
        found[path] = found.get(path, False) or optional
        return
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        # The last part is a method, as in account.email.upper().
        _collect(node.node.node, found, optional=optional)
        rest = [child for child in node.iter_child_nodes() if child is not node.node]
    elif (isinstance(node, nodes.Filter) and node.name in {"default", "d"}) or (
        isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}
    ):
        first, *rest = node.iter_child_nodes()
        _collect(first, found, optional=True)
    else:
        rest = list(node.iter_child_nodes())
    for child in rest:
        _collect(child, found, optional=False)


def _evaluate(
    text: str,
    compiled: Callable[[], Callable[[Mapping[str, Any]], Any]],
    found: tuple[Path, ...],
    required: tuple[Path, ...],
    scope: Scope,
) -> Any:
    try:
        return _settle(compiled()({str(path[0]): scope[str(path[0])] for path in found if path[0] in scope}))
    except UndefinedError as error:
        missing = next((path for path in required if lookup(path, scope) is MISSING), None)
        said = f"{{{{ {text} }}}}: {error.message}" if missing is None else explain(text, missing, scope)
        raise TemplateError(said) from None
    except Exception as error:  # noqa: BLE001 - an expression may raise anything
        raise TemplateError(f"{{{{ {text} }}}}: {type(error).__name__}: {error}") from None


def _settle(value: Any) -> Any:
    """The value with generators as lists and texts as plain ones; raises where something in it is missing."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001 - Jinja has no public way to ask what is missing
    if isinstance(value, Mapping):
        return {key: _settle(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | Iterator):
        return [_settle(inner) for inner in value]
    # Filters such as tojson and escape give a text of a class of their own, which no encoder takes.
    return str(value) if isinstance(value, str) else value
