"""On which line of a TOML file each key stands.

The standard parser gives values without places. This scan runs only when there is something to report, and only on
text that the parser has accepted, so it need not check anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_launchready.mapping.problems import Key

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#]+(?: [^\s,\]}#]+)?")
_QUOTES = ('"""', "'''", '"', "'")


def key_lines(text: str) -> dict[Key, int]:
    """The line, from 1, of every table, key and list item in valid TOML."""
    scan = _Scan(text)
    scan.run()
    return scan.lines


@dataclass
class _Scan:
    text: str
    at: int = 0
    lines: dict[Key, int] = field(default_factory=dict)
    counts: dict[Key, int] = field(default_factory=dict)

    def run(self) -> None:
        table: Key = ()
        self._blank()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                self.at += 2
                name = self._path(self._key())
                self.counts[name] = self.counts.get(name, -1) + 1
                self.at += 2
                table = (*name, self.counts[name])
                self._note(name)
                self._note(table)
            elif self.text[self.at] == "[":
                self.at += 1
                table = self._path(self._key())
                self._note(table)
                self.at += 1
            else:
                self._pair(table)
            self._blank()

    def _path(self, names: list[str]) -> Key:
        """The key path of a header; a list of tables on the way means its newest table."""
        path: Key = ()
        for place, name in enumerate(names):
            path = (*path, name)
            if place < len(names) - 1 and path in self.counts:
                path = (*path, self.counts[path])
        return path

    def _note(self, key: Key) -> None:
        line = self.text.count("\n", 0, self.at) + 1
        for length in range(1, len(key) + 1):
            self.lines.setdefault(key[:length], line)

    def _blank(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at].isspace():
                self.at += 1
            else:
                break

    def _key(self) -> list[str]:
        names = []
        while True:
            self._blank()
            if self.text[self.at] in "\"'":
                names.append(self._string())
            else:
                found = _BARE.match(self.text, self.at)
                names.append(found[0] if found else "")
                self.at += len(names[-1])
            self._blank()
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _pair(self, table: Key) -> None:
        start = self.at
        key = (*table, *self._key())
        after, self.at = self.at, start
        self._note(key)
        self.at = after + 1
        self._value(key)

    def _value(self, key: Key) -> None:
        self._blank()
        char = self.text[self.at]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._items(key)
        elif char == "{":
            self._inline(key)
        else:
            found = _SCALAR.match(self.text, self.at)
            self.at += len(found[0]) if found else 1

    def _items(self, key: Key) -> None:
        self.at += 1
        place = 0
        while not self._closes("]"):
            self._note((*key, place))
            self._value((*key, place))
            place += 1

    def _inline(self, key: Key) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(key)

    def _closes(self, bracket: str) -> bool:
        self._blank()
        if self.text[self.at] == ",":
            self.at += 1
            self._blank()
        if self.text[self.at] == bracket:
            self.at += 1
            return True
        return False

    def _string(self) -> str:
        quote = next(quote for quote in _QUOTES if self.text.startswith(quote, self.at))
        start = self.at = self.at + len(quote)
        while not self.text.startswith(quote, self.at):
            self.at += 2 if self.text[self.at] == "\\" and quote[0] == '"' else 1
        content = self.text[start : self.at]
        self.at += len(quote)
        while len(quote) == 3 and self.text[self.at : self.at + 1] == quote[0]:
            # A text may end in one or two quotes before the three that close it.
            self.at += 1
        return content
