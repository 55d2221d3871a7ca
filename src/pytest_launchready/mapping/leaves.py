"""Single values of the map, compiled; what does not compile is noted and a harmless stand-in goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_launchready.mapping.extract import Extractor, compile_extractor
from pytest_launchready.mapping.template import Given, Template, TemplateError, compile_target, compile_template

if TYPE_CHECKING:
    from pytest_launchready.mapping.problems import Key, Problems

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_ALONE = re.compile(r"\s*\{\{((?!\}\}).)*\}\}\s*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Leaves:
    """Compilers that note problems instead of raising."""

    problems: Problems

    @cached_property
    def nothing(self) -> Template:
        """Stands for a template that is wrong."""
        return compile_template(None)

    def template(self, value: Any, key: Key) -> Template:
        """A value, a list or a table with `{{ }}` in it."""
        try:
            return compile_template(value)
        except TemplateError:
            self._each(value, key)
        except RecursionError:
            self.problems.add(key, "is nested too deeply")
        return self.nothing

    def _each(self, value: Any, key: Key) -> None:
        if isinstance(value, dict | list):
            for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
                self._each(inner, (*key, name))
            return
        try:
            compile_template(value)
        except TemplateError as error:
            self.problems.add(key, str(error))

    def target(self, text: str, key: Key) -> Template:
        """The target of a request line."""
        try:
            return compile_target(text)
        except TemplateError as error:
            self.problems.add(key, str(error))
            return self.nothing

    def extractor(self, text: str, key: Key) -> Extractor:
        """A JMESPath expression."""
        try:
            return compile_extractor(str(text))
        except (ValueError, RecursionError) as error:
            said = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
            self.problems.add(key, said if repr(str(text))[:20] in said else f"{text!r}: {said}")
            return compile_extractor("@")

    def reader(self, text: str, key: Key) -> Extractor:
        """A JMESPath expression that has to read the answer: a lone `{{ }}` would not."""
        if _ALONE.fullmatch(text):
            allowed = "JMESPath, which reads the answer, such as user.id ({{ }} may stand in it as a value)"
            self.problems.add(key, "is a template", got=text, allowed=allowed)
        return self.extractor(text, key)

    def maybe(self, text: str | None, key: Key) -> Extractor | None:
        """A JMESPath expression that has to read the answer, if one is written."""
        return None if text is None else self.reader(text, key)

    def name(self, name: str, key: Key) -> None:
        """Note a name that a template could not use."""
        if not _NAME.fullmatch(name):
            self.problems.add(key, "", got=name, allowed="a letter, then letters, digits and _")

    def origin(self, text: str, key: Key, *, path: bool = False) -> str:
        """`scheme://host[:port]`, with the path where one may stand, and no slash at its end; "" if it is none."""
        wrong = _wrong_origin(text, path=path)
        if wrong:
            allowed = "an origin, such as https://api.example.com" + (" (a path may follow)" if path else "")
            self.problems.add(key, wrong, got=text, allowed=allowed)
            return ""
        return str(text).rstrip("/")

    def credentials(self, text: str, key: Key) -> Template:
        """A text of the form "user:password"."""
        if ":" not in text:
            self.problems.add(key, "", got=_hidden(text), allowed='"user:password", or env:NAME with that content')
        return self.template(text, key)


def written_origin(url: str) -> str:
    """`scheme://host[:port]` of a URL, letter by letter as the map writes it, or "" where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _hidden(text: str) -> str:
    return text if isinstance(text, Given) or "{{" in text else Given("", "a text without a colon")


def _wrong_origin(text: str, *, path: bool) -> str:
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError as error:
        return f"is not a URL ({error})"
    checks = [
        (parts.scheme not in {"http", "https"}, "must begin with http:// or https://"),
        (not parts.hostname, "has no host"),
        ("@" in parts.netloc, "must not hold a user or a password (write them as basic)"),
        (not port_fits, "has a port that cannot be"),
        (bool(parts.query or parts.fragment) or text.endswith(("?", "#")), "must not hold a query or a fragment"),
        (not path and parts.path not in {"", "/"}, "must not hold a path"),
        (not _HOST.fullmatch(parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")), "has no proper host"),
        (any(char.isspace() or char in "{}\\" for char in text), "holds a character that no URL holds"),
    ]
    return next((what for wrong, what in checks if wrong), "")
