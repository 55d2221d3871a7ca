"""What a map takes from elsewhere: `env:NAME`, `secret:PATH`, `json:PATH`, `file:PATH`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.core.nearest import nearest
from pytest_launchready.mapping.records import Upload
from pytest_launchready.mapping.template import Given

if TYPE_CHECKING:
    from pytest_launchready.mapping.problems import Key, Problems

SHORTEST_SECRET: Final = 6
"""Characters; a shorter text cannot be masked without masking half of every report."""

_REFERENCE = re.compile(r"(env|secret|json|file):(\S.*)\Z", re.DOTALL)
_TEXT_KEYS = frozenset({"request", "skip", "reason", "none", "check"})


@dataclass(frozen=True, slots=True)
class Values:
    """The outside world of one map."""

    folder: Path
    environ: Mapping[str, str]
    problems: Problems
    secrets: dict[str, str] = field(default_factory=dict)
    """Every value from `env:` and `secret:` → the name to show for it."""

    def resolve(self, value: Any, key: Key) -> Any:
        """The value with every reference in it replaced; what cannot be had is noted and left out as text."""
        if isinstance(value, dict):
            return {name: self.resolve(inner, (*key, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*key, place)) for place, inner in enumerate(value)]
        if not isinstance(value, str) or ":" not in value or (key and key[-1] in _TEXT_KEYS):
            return value
        found = _REFERENCE.match(value)
        return self._fetch(value, found[1], found[2], key) if found else value

    def _fetch(self, reference: str, kind: str, name: str, key: Key) -> Any:
        if kind == "env":
            return self._secret(reference, self._variable(name, key), f"${name}", key)
        if kind != "secret" and key[:1] == ("contract",):
            return name
        content = self._read(name, key)
        if content is None:
            return Given("", reference)
        if kind == "secret":
            label = re.sub(r"\W+", "_", Path(name).name).upper()
            return self._secret(reference, self._text(content, name, key).strip(), f"${label}", key)
        return (
            self._file(reference, name, content, key) if kind == "file" else self._json(reference, name, content, key)
        )

    def _json(self, reference: str, name: str, content: bytes, key: Key) -> Any:
        try:
            return _given(json.loads(content), reference)
        except (ValueError, RecursionError) as error:
            self.problems.add(key, f"{name} is not JSON: {error}")
            return Given("", reference)

    def _variable(self, name: str, key: Key) -> str | None:
        value = self.environ.get(name)
        if value is None:
            # Names of variables may be shown, their values never.
            near = nearest(name, self.environ)
            hint = f" (there is {near})" if near else ""
            self.problems.add(key, f"the environment variable {name} is not set{hint}")
        return value

    def _secret(self, reference: str, value: str | None, label: str, key: Key) -> Given:
        if value is not None and len(value) < SHORTEST_SECRET:
            self.problems.add(
                key,
                f"the value of {reference} has {len(value)} characters, so it cannot be masked safely",
                allowed=f"{SHORTEST_SECRET} characters or more",
            )
        elif value is not None:
            self.secrets.setdefault(value, label)
        return Given(value or "", reference)

    def _read(self, name: str, key: Key) -> bytes | None:
        path = self.folder / name
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self.problems.add(key, f"cannot read {path}: {reason.lower()}")
            return None

    def _text(self, content: bytes, name: str, key: Key) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError:
            self.problems.add(key, f"{name} is not UTF-8 text")
            return " " * SHORTEST_SECRET

    def _file(self, reference: str, name: str, content: bytes, key: Key) -> Any:
        if "multipart" in key:
            return Upload(Path(name).name, content)
        try:
            return Given(content.decode(), reference)
        except UnicodeDecodeError:
            return content


def _given(value: Any, reference: str) -> Any:
    if isinstance(value, dict):
        return {name: _given(inner, reference) for name, inner in value.items()}
    if isinstance(value, list):
        return [_given(inner, reference) for inner in value]
    return Given(value, reference) if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """The value with texts from outside as ordinary texts."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Given) else value
