"""The functions that a map may use in JMESPath besides JMESPath's own."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jmespath.functions import Functions, signature  # type: ignore[import-untyped]

from pytest_launchready.mapping.pages import asset_hash, meta_of

if TYPE_CHECKING:
    from pytest_launchready.core.answer import Answer

_TEXT: dict[str, list[str]] = {"types": ["string", "null"]}
_ANY: dict[str, list[str]] = {"types": []}


class AnswerFunctions(Functions):  # type: ignore[misc]
    """JMESPath's functions and ours, for one answer. What they are asked of null is null."""

    def __init__(self, answer: Answer) -> None:
        """Read from this answer, whatever part of it is searched."""
        self._answer = answer

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        """The result; a Decimal argument is a number like any other."""
        arguments = [float(value) if isinstance(value, Decimal) else value for value in resolved_args]
        return super().call_function(function_name, arguments)

    @signature(_TEXT)  # type: ignore[untyped-decorator]
    def _func_header(self, name: str | None) -> str | None:
        return None if name is None else self._answer.header(name)

    @signature(_TEXT)  # type: ignore[untyped-decorator]
    def _func_cookie(self, name: str | None) -> str | None:
        return None if name is None else self._answer.cookie(name)

    @signature()  # type: ignore[untyped-decorator]
    def _func_status(self) -> int:
        return self._answer.status

    @signature()  # type: ignore[untyped-decorator]
    def _func_text(self) -> str:
        return self._answer.text

    @signature(_TEXT, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_regex(self, text: str | None, pattern: str) -> str | None:
        found = re.search(pattern, text or "")
        return None if found is None else found[1 if found.re.groups else 0]

    @signature(_TEXT)  # type: ignore[untyped-decorator]
    def _func_segment(self, url: str | None) -> str | None:
        parts = [part for part in urlsplit(url or "").path.split("/") if part]
        return unquote(parts[-1]) if parts else None

    @signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_meta(self, name: str) -> str | None:
        return meta_of(self._answer.text, name)

    @signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_asset(self, name: str) -> str | None:
        return asset_hash(self._answer.text, name)

    @signature(_ANY)  # type: ignore[untyped-decorator]
    def _func_major(self, amount: Any) -> Decimal | None:
        if isinstance(amount, bool) or not isinstance(amount, int | float | str):
            return None
        try:
            return Decimal(str(amount)).scaleb(-2)
        except InvalidOperation:
            return None
