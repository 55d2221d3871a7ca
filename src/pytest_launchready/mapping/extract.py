"""Extractors: JMESPath that takes values out of answers.

JMESPath compares strictly, and so do we: `1` never equals `"1"`. Where a product writes an id as a number in one place
and as text in another, the map says so: `id == {{ listing.id | string }}`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError, LexerError, ParseError  # type: ignore[import-untyped]
from jmespath.visitor import Options, TreeInterpreter  # type: ignore[import-untyped]

from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.mapping.expressions import Expression, Scope, split
from pytest_launchready.mapping.functions import AnswerFunctions

if TYPE_CHECKING:
    from pytest_launchready.core.answer import Answer

_BODY: Final = object()
_MARK = "\ue000"
_QUOTED = "write {{ }} without quotes around it, it is a value by itself"
_PATHS: Final = frozenset({"subexpression", "filter_projection"})
_Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extractor:
    """A compiled JMESPath expression, with the `{{ }}` in it as literals."""

    text: str
    names: frozenset[str]
    """Dotted references of the `{{ }}` in it."""
    required: frozenset[str]
    _tree: _Node = field(repr=False)
    _values: tuple[Expression, ...] = field(repr=False)

    def find(self, answer: Answer, scope: Scope, subject: Any = _BODY) -> Any:
        """What the expression finds in the answer's JSON (or in `subject`, one item of it); None where nothing is.

        A shape that the expression cannot handle, such as the length of null, finds nothing.
        Raises TemplateError where a `{{ }}` has no value.
        """
        values = [expression.evaluate(scope) for expression in self._values]
        interpreter = _Interpreter(Options(custom_functions=AnswerFunctions(answer)), values)
        try:
            return interpreter.visit(self._tree, answer.json if subject is _BODY else subject)
        except (JMESPathError, TypeError, AttributeError, RecursionError):
            return None


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    """JMESPath with `{{ }}` values as literals, and with exact comparison of Decimal and float."""

    def __init__(self, options: Options, values: list[Any]) -> None:
        super().__init__(options)
        self._values = values

    def visit_template(self, node: _Node, _: Any) -> Any:
        """The value of a `{{ }}`."""
        return _literal(self._values[node["value"]])

    def visit_comparator(self, node: _Node, value: Any) -> Any:
        """JMESPath's own rules, on exact numbers."""
        left, right = (_exact(self.visit(child, value)) for child in node["children"])
        if node["value"] in self._EQUALITY_OPS or (_is_ordered(left) and _is_ordered(right)):
            return self.COMPARATOR_FUNC[node["value"]](left, right)
        return None


def _is_ordered(value: Any) -> bool:
    return isinstance(value, int | float | Decimal | str) and not isinstance(value, bool)


def _literal(value: Any) -> Any:
    """The value as JMESPath knows values; a Decimal stays exact until it is compared."""
    if isinstance(value, Mapping):
        return {str(key): _literal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(inner) for inner in value]
    return str(value) if isinstance(value, str) else value


def _exact(value: Any) -> Any:
    # 25.1 == Decimal("25.1") is false in Python, because the float is a little off.
    return Decimal(repr(value)) if isinstance(value, float) and value - value == 0 else value


@lru_cache(maxsize=4096)
def compile_extractor(expr: str) -> Extractor:
    """The expression, ready to search answers. Raises ValueError with JMESPath's reason where it is not one."""
    parts = split(expr)
    values = tuple(part for part in parts if isinstance(part, Expression))
    places = iter(range(len(values)))
    marks = {f"{_MARK}{place}": place for place in range(len(values))}
    source = "".join(part if isinstance(part, str) else f'`"{_MARK}{next(places)}"`' for part in parts)
    tree = _checked(_parse(source, expr), marks)
    if marks:
        raise ValueError(f"{expr!r}: {_QUOTED}")
    names = frozenset[str]().union(*(value.names for value in values))
    required = frozenset[str]().union(*(value.required for value in values))
    return Extractor(expr, names, required, tree, values)


def _parse(source: str, expr: str) -> _Node:
    if not source.strip():
        raise ValueError("an empty text is not JMESPath")
    try:
        if "`" not in source:
            tree: _Node = jmespath.compile(source).parsed
            return tree
        with warnings.catch_warnings():
            # `foo` for "foo" is deprecated in JMESPath: what it means differs from tool to tool.
            warnings.simplefilter("error")
            tree = jmespath.compile(source).parsed
    except PendingDeprecationWarning:
        raise ValueError(
            f"{expr!r}: between backticks stands JSON, text in quotes: `\"text\"`, or just 'text'"
        ) from None
    except JMESPathError as error:
        raise ValueError(f"{expr!r}: {_reason(error, expr)}") from None
    return tree


def _reason(error: JMESPathError, expr: str) -> str:
    if "{{" in expr:
        # JMESPath's columns would count in a text that the reader never saw.
        return _QUOTED if '"{{' in expr or "'{{" in expr else "not JMESPath around the {{ }}"
    if isinstance(error, LexerError):
        return f"{error.message} at column {error.lexer_position + 1}"
    if isinstance(error, ParseError) and error.token_type not in {None, "EOF"}:
        return f"{error.token_value!r} was not expected at column {error.lex_position + 1}"
    return "the end is missing"


def _checked(node: _Node, marks: dict[str, int]) -> _Node:
    """The tree with values in the place of their marks, each of which is taken out of `marks`."""
    kind, value = node["type"], node.get("value")
    if kind == "literal" and isinstance(value, str) and value in marks:
        return {"type": "template", "value": marks.pop(value), "children": []}
    if kind == "function_expression":
        _check_function(node)
    if kind in _PATHS and node["children"][0]["type"] == "not_expression":
        # A part of true or false is always null, so nobody means this.
        raise ValueError("! takes the first name only: put the whole path in brackets, as in !(user.errors)")
    children = [_checked(child, marks) if isinstance(child, dict) else child for child in node["children"]]
    # jmespath hands the same tree out again for the same text: it must stay as it is.
    return {**node, "children": children}


def _check_function(node: _Node) -> None:
    name, given = node["value"], len(node["children"])
    known = AnswerFunctions.FUNCTION_TABLE
    if name not in known:
        raise ValueError(f"there is no function {name}().{did_you_mean(name, known)}")
    signature = known[name]["signature"]
    many = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not many):
        least = "at least " if many else ""
        raise ValueError(f"{name}() takes {least}{len(signature)} argument(s), got {given}")
    if name == "regex" and node["children"][1]["type"] == "literal":
        try:
            re.compile(str(node["children"][1]["value"]))
        except re.error as error:
            raise ValueError(f"{node['children'][1]['value']!r} is not a regular expression: {error}") from None
