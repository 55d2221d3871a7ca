"""How an owner sees an object before and after an attack, and what of that changed, less what changes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.records import Auth
from pytest_launchready.probes.access.objects.case import Case, Side, ids_in
from pytest_launchready.probes.access.objects.casting import Attacker
from pytest_launchready.probes.access.objects.controls import baseline_of
from pytest_launchready.probes.access.refusals import alike, only_in_words, refusal
from pytest_launchready.probes.access.texts import plain_text, shows
from pytest_launchready.probes.asking import Caller

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\w{3}, \d+ \w{3} \d{4}.*|1[0-9]{9}(\d{3})?(\.\d+)?")
_COUNTER = re.compile(
    r"views?|visits?|hits?|count(er)?s?|seen|attempts|accessed|version|revision|rev|etag|lock|token|csrf|nonce|"
    r"request_?id|trace_?id|timestamp|expires?(_in)?|ttl|age",
    re.IGNORECASE,
)
LOOKS: Final = 4
"""Looks after a change that must all show it: a value of few, such as a duration in ms, is the same by chance."""
ITEM_NAMES: Final = ("id", "_id", "uuid", "pk", "slug", "number", "code", "key")


@dataclass(frozen=True, slots=True)
class View:
    """What an owner is told of an object."""

    exchange: Exchange
    there: bool
    """Whether it is shown at all."""
    values: Mapping[str, str]
    """Place → value of everything that is shown."""

    def shows(self, text: str) -> bool:
        """Whether a text is part of it."""
        return self.there and shows(self.exchange.answer, text)


async def view_of(case: Case, side: Side, verb: str) -> View:
    """The owner's view of an object by a read or a list; raises Inconclusive where no answer can be relied on."""
    exchange = await case.ask_in_session(verb, side.person, side.names(case.kind))
    answer = exchange.answer
    if answer is not None and answer.status >= 500 and verb == "read" and await _as_if_never(case, side, answer):
        return View(exchange, there=False, values={})
    if answer is None or answer.status == 429 or answer.status >= 500:
        raise Inconclusive(f"{side.label(case.kind)} cannot be looked at: {exchange.line}", code="no-reread")
    there = _there(case, side, verb, answer)
    document = _item(answer.json, side) if verb == "list" and side.id is not None else answer.json
    if document is None and answer.json is not None:
        return View(exchange, there=False, values={})
    values = dict(_values(document)) if answer.json is not None else {"": plain_text(answer)}
    return View(exchange, there, values if there else {})


async def steady_view_of(case: Case, side: Side, verb: str) -> View:
    """The same, looked at again where it is a page: a page tells once what its reader has just done."""
    view = await view_of(case, side, verb)
    answer = view.exchange.answer
    return view if answer is not None and answer.json is not None else await view_of(case, side, verb)


async def _as_if_never(case: Case, side: Side, answer: Answer) -> bool:
    """Whether this is what the owner is told of an object that never existed: some shops break there."""
    owner = Attacker("owner", side, side.person)
    never = await baseline_of(case, "read", owner, Caller("owner", side.person))
    base = never.exchange.answer if never is not None else None
    return base is not None and never is not None and alike(answer, base, [*ids_in(case, "read", side), *never.ids])


def way_to_look(case: Case) -> tuple[str, ...]:
    """The verbs by which an owner can see a change, the best first; raises Inconclusive where there is none."""
    ways = tuple(verb for verb in ("read", "list") if verb in case.resource.verbs)
    if not ways:
        raise Inconclusive(
            f"nothing shows whether {case.kind} changed: map resources.{case.kind}.read, list or verify",
            code="no-reread",
        )
    return ways


def changes(before: View, after: View) -> dict[str, tuple[str, str]]:
    """What changed between two views: place → old and new; times and counters left out."""
    if before.there != after.there:
        return {"": ("shown", "not shown")} if before.there else {"": ("not shown", "shown")}
    places = before.values.keys() | after.values.keys()
    differ = {
        place: (before.values.get(place, ""), after.values.get(place, ""))
        for place in places
        if before.values.get(place) != after.values.get(place)
    }
    return {place: both for place, both in differ.items() if not _moves_by_itself(place, *both)}


async def lasting(case: Case, side: Side, verb: str, before: View, after: View) -> dict[str, tuple[str, str]]:
    """What changed between two views and stays as it is now: what is different at a further look changes by itself."""
    moved = changes(before, after)
    for _ in range(LOOKS):
        if not moved:
            break
        restless = changes(after, await view_of(case, side, verb))
        moved = {place: both for place, both in moved.items() if place not in restless}
        if before.there != after.there:
            break  # what is gone has nothing that varies
    return moved


def _there(case: Case, side: Side, verb: str, answer: Answer) -> bool:
    auth: Auth = side.person.auth
    names = side.names(case.kind)
    if case.resource.gone is not None and verb == "read" and case.resource.gone.find(answer, names):
        return False
    words = refusal(answer, case.verb(verb).request, auth)
    return words is None or only_in_words(words)


def _item(document: Any, side: Side) -> Any:
    """The part of a list that is the object; None where the list does not have it."""
    wanted = str(side.id)
    if isinstance(document, dict):
        if any(str(document[name]) == wanted for name in document if name.casefold() in ITEM_NAMES):
            return document
        document = list(document.values())
    if isinstance(document, list):
        return next((found for inner in document if (found := _item(inner, side)) is not None), None)
    return None


def _values(document: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _values(value, f"{path}.{name}" if path else str(name))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from _values(value, f"{path}[{place}]")
    else:
        yield path, str(document)


def _moves_by_itself(place: str, old: str, new: str) -> bool:
    name = re.split(r"[.\]]", place)[-1]
    if _COUNTER.fullmatch(re.sub(r"^(last|view|read|num|total)_?", "", name, flags=re.IGNORECASE) or name):
        return True
    return all(_TIME.fullmatch(value) for value in (old, new) if value not in {"", "None"})
