"""Where in an answer one object stands, and whether two answers hold the same one: by its id and what is beside it."""

from __future__ import annotations

import re
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.texts import Path, leaves

_LINK: Final = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)

_NAME: Final = re.compile(
    r"[_@]?(?P<whole>id|uuid|guid|pk|no|number|code|slug|key|ref|reference|href|url|self)"
    r"|.*(?:[a-z\d](?:Id|ID|Uuid|UUID|No|Number|Code)|[_-](?:id|uuid|guid|no|number|code))"
)
"""What an id is called: by itself, or after whose it is."""


def places_of(answer: Answer, number: Any) -> frozenset[Path]:
    """Where in an answer an id stands, list places left out."""
    if number is None:
        return frozenset()
    if answer.json is None:
        # On a page an object is where a link leads.
        return frozenset((link,) for link in _LINK.findall(answer.text) if is_named(link, number))
    places = frozenset(starred(path) for path, value in leaves(answer.json) if is_named(value, number))
    # A number that stands bare in a list may count anything.
    return frozenset(path for path in places if path[-1:] != ("*",)) or places


def own_places(answer: Answer, number: Any) -> frozenset[Path]:
    """Where in its owner's answer an object's own id stands: not a quantity, nor another thing's equal number."""
    places = places_of(answer, number)
    if answer.json is None or len(places) < 2:
        return places
    best = min(map(_distance, places))
    return frozenset(path for path in places if _distance(path) == best)


def _distance(path: Path) -> tuple[bool, int, int]:
    """How far a place is from being an item's own id: outside of lists, by another name, deeper down."""
    name = _NAME.fullmatch(str(path[-1])) if path else None
    return "*" not in path, 2 if name is None else 0 if name["whole"] else 1, len(path)


def is_named(value: Any, number: Any) -> bool:
    """Whether a value is an id, or a URL with it as a part of its path."""
    text = str(value)
    return text == str(number) or ("/" in text and str(number) in re.split(r"[/?#=&]", text)[1:])


def holds(answer: Answer, control: Answer | None, number: Any, places: frozenset[Path], own: str | None) -> bool:
    """Whether a list has the object: its id where the owner's list has it, in an item that is otherwise alike too."""
    if number is None or control is None or own == str(number):
        return False
    if not places & places_of(answer, number):
        return False
    mine, theirs = _beside(control, number, places), _beside(answer, number, places)
    same = {pair for pair in mine if pair in theirs}
    return not mine or 2 * len(same) >= len(mine)


def starred(path: Path) -> Path:
    """A way into a document with every place in a list alike."""
    return tuple("*" if isinstance(part, int) else part for part in path)


def _beside(answer: Answer, number: Any, places: frozenset[Path]) -> set[tuple[Path, str]]:
    """What stands beside an id in its item."""
    every = list(leaves(answer.json))
    homes = {path[:-1] for path, value in every if starred(path) in places and is_named(value, number)}
    return {
        (starred(path), str(value))
        for path, value in every
        if path[:-1] in homes and value is not None and not is_named(value, number)
    }


def same_object(answer: Answer, control: Answer, base: Answer | None, number: Any, never: list[str]) -> bool:
    """Whether a good answer is the owner's object, by its id and most of what stands beside it.

    Where any id is answered with itself, or with this object, that proves nothing.
    """
    if number is None or base is None or not 200 <= answer.status < 300 or answer.json is None:
        return False
    places = own_places(control, number)
    if any(places & places_of(base, one) for one in (number, *never)):
        return False
    return bool(_beside(control, number, places)) and holds(answer, control, number, places, None)
