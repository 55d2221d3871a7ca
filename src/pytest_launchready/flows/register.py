"""The register of what a run has made, in memory and in its journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_launchready.core.learning import tells
from pytest_launchready.flows.journal import Journal
from pytest_launchready.flows.made import Made
from pytest_launchready.flows.naming import kept, known, tagged_words, undo_names
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map, Step


class Register:
    """What the people of one run have made; without a journal it is known to this process only."""

    def __init__(self, mapped: Map, journal: Journal | None) -> None:
        self.made: list[Made] = []
        self.journal = journal
        self._map = mapped
        self._wanted: dict[str, frozenset[str]] = {}

    def intend(self, step: Step, person: Person, names: Mapping[str, Any]) -> int | None:
        """Notes what a step is about to make; the number of the entry."""
        if self.journal is None or not _leaves(step):
            return None
        kind, draft = _draft(step, names)
        self.note(person)
        what = {
            "person": person.name,
            "step": step.name,
            "undo": step.undo,
            "names": kept(names, self._names(step)),
            "words": _words(draft, names),
        }
        return self.journal.intend(kind, _label(draft, names), what)

    def record(
        self, step: Step, person: Person, names: Mapping[str, Any], thing: Thing, entry: int | None = None
    ) -> None:
        """Remembers what a step has made, to undo it at the end of the run."""
        name = name_of(thing)
        words = _words(_draft(step, names)[1], names)
        self.made.append(Made(thing.kind, name, person, step.undo, names, step.name, entry=entry, words=words))
        if self.journal is not None and entry is not None:
            self.note(person)
            self.journal.made(entry, name, kept(names, self._names(step)))

    def doubt(self, step: Step, person: Person, names: Mapping[str, Any], entry: int | None = None) -> None:
        """Remembers what a step may have made, though it did not end well."""
        if not step.leaves_something:
            return
        kind, draft = _draft(step, names)
        made = Made(kind, _label(draft, names), person, step.undo, names, step.name, doubtful=True, entry=entry)
        made.words = _words(draft, names)
        self.made.append(made)

    def dismiss(self, entry: int | None) -> None:
        """Notes that a step has made nothing."""
        self.over(entry, "nothing")

    def begin(self, entry: int | None) -> None:
        """Notes that the undo of what an entry stands for begins."""
        if self.journal is not None and entry is not None:
            self.journal.begin(entry)

    def over(self, entry: int | None, how: str) -> None:
        """Notes that nothing more is to be done for an entry; `how` is one of those that `Journal.over` knows."""
        if self.journal is not None and entry is not None:
            self.journal.over(entry, how)

    def made_of(self, thing: Thing) -> Made | None:
        """The record of a thing that this run has made and that is still there; of two without ids the newer."""
        name = name_of(thing)
        return next(
            (made for made in reversed(self.made) if made.kind == thing.kind and made.id == name and not made.gone),
            None,
        )

    def made_here(self, kind: str, name: str) -> bool:
        """Whether this run has made the object."""
        return any(made.kind == kind and made.id == name for made in self.made)

    def forget(self, thing: Thing) -> None:
        """Notes that a test has deleted a thing itself."""
        made = self.made_of(thing)
        if made is not None:
            made.gone = True
            self.over(made.entry, "gone")

    def note(self, person: Person) -> None:
        """Keeps who somebody is in the journal, without what opens the account."""
        if self.journal is None or person.anonymous:
            return
        if person.mark is not None:
            self.journal.person(person.name, {"role": person.role, "account": person.mark})
            return
        identity = {name: value for name, value in person.account().items() if not (tells(name) or name == "nonce")}
        self.journal.person(person.name, {"role": person.role, "identity": identity})

    def _names(self, step: Step) -> frozenset[str]:
        if step.name not in self._wanted:
            self._wanted[step.name] = undo_names(self._map, step)
        return self._wanted[step.name]


def _leaves(step: Step) -> bool:
    """Whether a step makes something new; a log-in describes an account that exists."""
    return step.leaves_something and (step.makes != "account" or step.name == "signup")


def _draft(step: Step, names: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    kind = step.makes or step.name
    if kind == "account":
        return kind, {name: value for name, value in known(names.get(kind)).items() if name in {"email", "username"}}
    return kind, known(names.get(kind))


def _words(draft: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[str, ...]:
    """The words by which a thing can be told from every other."""
    return tagged_words(*(value for value in draft.values() if isinstance(value, str)), names["unique"])


def _label(draft: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    return str(draft.get("title", draft.get("email", names["unique"])))


def name_of(thing: Thing) -> str:
    """The id of a thing, or what else tells it from others."""
    values = thing.known()
    return str(values.get("id", values.get("email", "without id")))
