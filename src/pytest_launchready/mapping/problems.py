"""What is wrong with a map: collected, placed in the file, shown on one screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.mapping.template import Given

Key = tuple[str | int, ...]

SHOWN: Final = 12
"""Problems that fit on one screen."""

_NAMES_SHOWN = 30
_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct."""

    file: str
    line: int | None
    key: str
    """Dotted key path, such as `steps.signup.requests[0].ok`; "" for the file as a whole."""
    what: str
    """The sentence: what is wrong, what was got, what is allowed, the nearest match."""

    def __str__(self) -> str:
        """File, line, key and sentence, on one line."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.what}" if self.key else f"{place}: {self.what}"


class MapError(Exception):
    """A map that cannot be used; its text shows the first problems in full and counts the rest."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, in the order of the file."""
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """One line for each problem, at most twelve."""
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        more = len(self.problems) - len(lines)
        return "\n".join([*lines, f"… and {more} more problem{'s' if more > 1 else ''}"] if more > 0 else lines)


@dataclass(slots=True)
class Problems:
    """The problems found so far."""

    file: str
    prefix: Key = ()
    """Where the map begins in its file: `tool.launchready` of a pyproject.toml."""
    moved: dict[Key, Key] = field(default_factory=dict)
    """Keys of tables that were laid over others → where they are written."""
    _found: dict[tuple[Key, str], None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """True once there is one."""
        return bool(self._found)

    def add(
        self, key: Key, what: str, *, got: object = _NOTHING, allowed: str | Iterable[str] = "", otherwise: str = ""
    ) -> None:
        """Note a problem; names in `allowed` are searched for the nearest match to what was got.

        `otherwise` is said where there is none.
        """
        names = [] if isinstance(allowed, str) else sorted(allowed)
        words = allowed if isinstance(allowed, str) else listed(names)
        text = what
        if got is not _NOTHING:
            text += f"{', ' if text else ''}got {shown(got)}"
        text += f"; allowed: {words}." if words else "."
        if isinstance(got, str) and not isinstance(got, Given):
            text += _near(got, names) or otherwise
        self._found.setdefault((self._written(key), text))

    def _written(self, key: Key) -> Key:
        for length in range(len(key), 0, -1):
            if key[:length] in self.moved:
                return self.moved[key[:length]] + key[length:]
        return key

    def error(self, lines: Callable[[], Mapping[Key, int]]) -> MapError:
        """All problems as one error, in the order of the file; `lines` is asked for the line of each key."""
        places = lines()
        found = [
            Problem(self.file, _line(places, self.prefix + key), dotted_key(self.prefix + key), what)
            for key, what in self._found
        ]
        return MapError(sorted(found, key=lambda problem: problem.line or 0))


def _near(word: str, names: list[str]) -> str:
    begun = next((name for name in names if word and name.startswith(word.lower())), None)
    return f" Did you mean {begun!r}?" if begun else did_you_mean(word, names) or did_you_mean(word.upper(), names)


def _line(places: Mapping[Key, int], key: Key) -> int | None:
    return next((places[key[:length]] for length in range(len(key), 0, -1) if key[:length] in places), None)


def dotted_key(key: Key) -> str:
    """The key path as a reader writes it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")


def listed(names: Iterable[str]) -> str:
    """The names in one line, the first thirty of them."""
    every = list(names)
    more = len(every) - _NAMES_SHOWN
    return ", ".join(every[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shown(value: object) -> str:
    """A value of the map as a message shows it: short, and never a secret."""
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = json.dumps(value, default=repr, ensure_ascii=False) if _is_plain(value) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(inner) for inner in value.values())
    if isinstance(value, list):
        return all(_is_plain(inner) for inner in value)
    return not isinstance(value, Given)
