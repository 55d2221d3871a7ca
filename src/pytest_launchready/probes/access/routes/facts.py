"""What a run knows to be private, and what in an answer shows that it has got out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.learning import is_opaque, tells
from pytest_launchready.flows.naming import TAGGED, known
from pytest_launchready.flows.person import Person
from pytest_launchready.probes.access.objects.case import Side
from pytest_launchready.probes.access.objects.proofs import masked
from pytest_launchready.probes.access.routes.route_words import IDS, words
from pytest_launchready.probes.access.texts import carried, leaves, shows

SHORTEST: Final = 8
"""Characters: shorter texts are found in any answer by chance."""
PERSONAL: Final = ("email", "phone", "street")
"""What of an account is nobody else's business; names stand beside every offer."""
ALIKE: Final = 0.8
"""Part of the names of two objects that must be the same for them to be of one kind."""
FEWEST_NAMES: Final = 3
MOSTLY: Final = 0.6
"""Part of the values of an answer that must be the control's for the two to say the same; times and counters differ."""
_MAIL: Final = re.compile(r"[^@\s<>\"']+@[^@\s<>\"']+\.[a-z]{2,}", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\d\s.,:TZ+-]+|https?:.*|[a-z_]+|[A-Z_]+", re.DOTALL)
"""Times, numbers, addresses of pages, words of a list of states."""
_OF_ACCOUNTS: Final = frozenset(
    {"role", "roles", "password", "hash", "passwordhash", "isadmin", "admin", "lastlogin", "emailverified"}
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A text that only its owner may see."""

    text: str = field(repr=False)
    what: str
    """Whose and what it is: "buyer's email"."""
    whose: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is private, as far as the run has made it or been given it."""

    marks: tuple[Mark, ...]
    objects: Mapping[str, Side]
    """The run's object of each kind that can be had."""
    private: frozenset[str]
    """The kinds of which nothing is meant for everybody."""

    def shown_in(self, exchange: Exchange, besides: Iterable[str] = ()) -> str | None:
        """What of somebody's an answer shows that its request did not say; not of the people named in `besides`."""
        answer = exchange.answer
        if answer is None:
            return None
        ignored = set(besides)
        candidates = [mark for mark in self.marks if mark.whose not in ignored and shows(answer, mark.text)]
        said = carried(exchange) if candidates else ""
        for mark in candidates:
            if " ".join(mark.text.split()).casefold() not in said:
                return f"{mark.what} ({masked(mark.text)})"
        return None


def marks_of(person: Person) -> Iterator[Mark]:
    """What of a person's account is private."""
    account = person.account()
    for name, value in account.items():
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        private = name in PERSONAL or (tells(name) and is_opaque(text))
        if private and len(text) >= SHORTEST:
            yield Mark(text, f"{person.name}'s {name}", person.name)


def told_apart(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that one person alone has: made-up telephone numbers are few, so two people may share one."""
    every = list(marks)
    owners: dict[str, set[str]] = {}
    for mark in every:
        owners.setdefault(mark.text, set()).add(mark.whose)
    return [mark for mark in every if len(owners[mark.text]) == 1]


def marks_in(side: Side, kind: str, open_texts: Iterable[str]) -> Iterator[Mark]:
    """What of a private object is told from everything else: its opaque id, and texts that this run has made up."""
    shown = set(open_texts)
    for name, value in known(side.thing).items():
        text = str(value).strip() if isinstance(value, str) else ""
        if len(text) < SHORTEST or text in shown or _PLAIN.fullmatch(text) or not _own(name, kind):
            continue
        if is_opaque(text) or "@" in text or " " in text or TAGGED.search(text):
            yield Mark(text, f"the {name} of {side.label(kind)}", side.person.name)


def people_in(answer: Answer) -> str | None:
    """What shows that an answer lists accounts of people, whoever they are; None where it does not."""
    found: dict[tuple[Any, ...], set[str]] = {}
    for way, table in tables(answer.json):
        names = {"".join(words(name)) for name in table}
        mails = [str(value) for name, value in table.items() if "mail" in name.casefold() and _is_mail(value)]
        if mails and names & _OF_ACCOUNTS:
            found.setdefault(way, set()).update(mail.casefold() for mail in mails)
    most = max(found.values(), key=len, default=set())
    return f"a list of {len(most)} accounts ({masked(min(most))})" if len(most) > 1 else None


def tables(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every table in a document with the way to it, places in lists aside."""
    if isinstance(document, dict):
        yield way, document
        for name, value in document.items():
            yield from tables(value, (*way, name))
    elif isinstance(document, list):
        for value in document:
            yield from tables(value, (*way, "*"))


def of_one_kind(answer: Answer, control: Answer, wanted: str) -> str | None:
    """The id or place of an object in an answer that is like the one with the wanted id in the control's; or None.

    For lists of things that visitors have none of: any such thing is somebody's.
    """
    sample = next((table for _, table in tables(control.json) if _has_id(table, wanted)), None)
    if sample is None or len(sample) < FEWEST_NAMES:
        return None
    for way, table in tables(answer.json):
        alike = len(table.keys() & sample.keys()) / len(table.keys() | sample.keys())
        if alike >= ALIKE and "*" in way and any(_has_value(value) for value in table.values()):
            return next((str(value) for name, value in table.items() if _is_id(name) and _has_value(value)), "one")
    return None


def same_data(attack: Exchange, control: Answer) -> bool:
    """Whether an answer mostly says what the control's says at the same places, besides what its request said."""
    answer = attack.answer
    assert answer is not None
    said = _said(attack)
    ours = {way: str(value) for way, value in leaves(answer.json) if _has_value(value) and str(value) not in said}
    theirs = {way: str(value) for way, value in leaves(control.json)}
    equal = sum(theirs.get(way) == value for way, value in ours.items())
    lists = [len(inner) for inner in _lists(answer.json)]
    return equal >= 2 and equal >= MOSTLY * len(ours) and (not lists or any(lists))


def _said(exchange: Exchange) -> set[str]:
    """The words of a request's path, query and body."""
    text = unquote_plus(f"{exchange.path} {exchange.request_body[:10_000].decode(errors='replace')}")
    return set(re.split(r"[^\w@.+-]+", text))


def same_entry(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries of lists are the same thing, though one may leave some of its values out."""
    said = {name: value for name, value in one.items() if _has_value(value)}
    return len(said) > 1 and all(other.get(name) == value for name, value in said.items())


def _own(name: str, kind: str) -> bool:
    """Whether what stands under a name is the object's own, and not the id of something else."""
    found = words(name)
    return not found or found[-1] not in IDS or found[:-1] in ([], [kind])


def _lists(document: Any) -> Iterator[list[Any]]:
    if isinstance(document, dict):
        for value in document.values():
            yield from _lists(value)
    elif isinstance(document, list):
        yield document
        for value in document:
            yield from _lists(value)


def _has_id(table: Mapping[str, Any], wanted: str) -> bool:
    return any(_is_id(name) and str(value) == wanted for name, value in table.items())


def _is_id(name: str) -> bool:
    return words(name)[-1:] != [] and words(name)[-1] in IDS


def _has_value(value: Any) -> bool:
    if value is None or isinstance(value, bool | dict | list):
        return False
    return bool(re.search(r"[^0.,\s]", str(value)))


def _is_mail(value: Any) -> bool:
    return isinstance(value, str) and _MAIL.fullmatch(value.strip()) is not None
