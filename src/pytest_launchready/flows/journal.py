"""The journal of a run: what it is about to make, what it has made, and what became of that.

One JSON object a line, appended and synced before anything is sent, so that it survives `kill -9`. A live process
holds a lock on its journal; a dead one loses it by itself.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from pytest_launchready.core.errors import UseError
from pytest_launchready.flows.home import make_folder

VERSION = 1
LEFT = "left-behind.jsonl"
"""Notes of what stays on a target for good; nobody tries again."""


@dataclass(slots=True)
class Entry:
    """One create: at least about to be sent."""

    number: int
    kind: str
    label: str
    person: str
    step: str
    undo: tuple[str, ...]
    names: dict[str, Any]
    words: tuple[str, ...]
    """Words with the run's tag that the object carries: by them it is looked for where no answer came."""
    id: str | None = None
    """None: no answer came."""
    begun: bool = False
    """Whether its undo had begun."""
    how: str | None = None
    """What became of it in the end: "undone", "gone", "nothing" or "left"; None while something is to be done."""


@dataclass(slots=True)
class Story:
    """What a journal tells."""

    head: dict[str, Any]
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    ended: bool = False
    """Whether the run came to its end, and has told itself what it could not undo."""

    @property
    def open(self) -> list[Entry]:
        """What may still be there, in the order in which it was made."""
        return [entry for entry in self.entries.values() if entry.how is None]


class Journal:
    """The journal of one process; the file is made at its first line."""

    def __init__(
        self, folder: Path, name: str, head: Mapping[str, Any], mark_key: Callable[[], str | None] = lambda: None
    ) -> None:
        self.path = folder / "journal" / f"{name}.jsonl"
        self.mask: Callable[[Any], Any] = lambda data: data
        self._head = {"launchready": VERSION, "pid": os.getpid(), **head}
        self._mark_key = mark_key
        self._file: int | None = None
        self._numbers = count(1)
        self._open: dict[int, tuple[str, str]] = {}
        self._people: dict[str, Mapping[str, Any]] = {}

    @classmethod
    def claimed(cls, path: Path, file: int, story: Story) -> Journal:
        """The journal of a process that is gone, to be carried on; `file` is locked."""
        journal = cls(path.parent.parent, path.stem, story.head)
        journal._file = file
        journal._numbers = count(max(story.entries, default=0) + 1)
        journal._open = {entry.number: (entry.kind, entry.id or entry.label) for entry in story.open}
        return journal

    def intend(self, kind: str, label: str, what: Mapping[str, Any]) -> int:
        """Notes, on the disk, what is about to be made; the number of the entry."""
        number = next(self._numbers)
        self._write({"do": "intent", "n": number, "kind": kind, "label": label, **what}, sync=True)
        self._open[number] = (kind, label)
        return number

    def made(self, number: int, id_: str, names: Mapping[str, Any]) -> None:
        """Notes, on the disk, that it was made."""
        self._write({"do": "made", "n": number, "id": id_, "names": names}, sync=True)
        self._open[number] = (self._open[number][0], id_)

    def begin(self, number: int) -> None:
        """Notes that its undo begins."""
        self._write({"do": "undoing", "n": number})

    def over(self, number: int, how: str) -> None:
        """Notes that nothing more is to be done: "undone", "gone", "nothing", or "left" where it stays for good."""
        kind, name = self._open.pop(number, ("", ""))
        if not kind:
            return
        self._write({"do": "over", "n": number, "how": how})
        if how == "left":
            note = {key: self._head.get(key) for key in ("target", "api", "run")} | {"kind": kind, "id": name}
            with (self.path.parents[1] / LEFT).open("a", encoding="utf-8") as notes:
                notes.write(json.dumps(self.mask(note)) + "\n")

    def person(self, name: str, known: Mapping[str, Any]) -> None:
        """Notes who somebody is, where that is new."""
        if self._people.get(name) != known:
            self._people[name] = known
            self._write({"do": "person", "name": name, **known})

    def close(self) -> None:
        """Gives the journal up: it is removed if nothing is left to do, else the next run or a sweep carries on."""
        if self._file is not None and not self._open:
            self.path.unlink(missing_ok=True)
        elif self._file is not None:
            self._write({"do": "end"})
        self.leave()

    def leave(self) -> None:
        """Gives the lock back and leaves the file as it is."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: Mapping[str, Any], *, sync: bool = False) -> None:
        if self._file is None:
            self._file = self._make()
            self._put({**self._head, "key": self._mark_key()})
        self._put(line)
        if sync:
            os.fsync(self._file)

    def _put(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None
        plain = json.loads(json.dumps(line, default=_plain))
        os.write(self._file, f"{json.dumps(self.mask(plain))}\n".encode())

    def _make(self) -> int:
        try:
            make_folder(self.path.parent)
            for number in count(2):
                try:
                    file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                except FileExistsError:
                    self.path = self.path.with_name(f"{self.path.name.split('.')[0]}.{number}.jsonl")
                    continue
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file).st_nlink:
                    return file
                os.close(file)  # somebody has tidied it up, between its making and its lock
        except OSError as error:
            raise UseError(
                f"the journal {self.path} cannot be written ({error.strerror}), so nothing was made: "
                "what a run makes must be known to be undone. Make the folder writable"
            ) from None
        raise AssertionError


def journals(folder: Path) -> Iterator[Path]:
    """Every journal in a workspace's folder, the newest last."""
    found = folder.glob("journal/*.jsonl")
    return iter(sorted(found, key=lambda path: (path.stat().st_mtime, path.name)))


def claim(path: Path) -> tuple[int, Story] | None:
    """The journal's lock and what it tells; None where its process lives, or another one tidies up already."""
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_nlink:
            if (story := read(path)) is not None:
                return file, story
            path.unlink(missing_ok=True)  # killed before its first line was whole: nothing was sent
    except BlockingIOError:
        pass
    os.close(file)
    return None


def living(path: Path) -> bool:
    """Whether the process that writes a journal is alive."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def read(path: Path) -> Story | None:
    """What a journal tells; None where it has no head yet. A last line that was cut off is left out."""
    story: Story | None = None
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if story is None:
            story = Story(line)
            continue
        _tell(story, line.pop("do", ""), line)
    return story


def _tell(story: Story, what: str, line: dict[str, Any]) -> None:
    number = line.pop("n", 0)
    if what == "end":
        story.ended = True
    elif what == "person":
        story.people[line.pop("name")] = line
    elif what == "intent":
        line |= {"undo": tuple(line["undo"]), "words": tuple(line["words"])}
        story.entries[number] = Entry(number, **line)
    elif number in story.entries:
        entry = story.entries[number]
        if what == "made":
            entry.id, entry.names = line["id"], line["names"]
        entry.begun |= what == "undoing"
        if what == "over":
            entry.how = line["how"]


def _plain(value: Any) -> Any:
    known = getattr(value, "known", None)
    return known() if callable(known) else str(value)
