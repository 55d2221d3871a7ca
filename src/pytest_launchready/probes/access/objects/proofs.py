"""What ties an answer to one person's object: texts that only its owner may see, or the map's `match`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.learning import is_opaque
from pytest_launchready.flows.naming import TAGGED, known
from pytest_launchready.mapping.records import Resource
from pytest_launchready.mapping.template import TemplateError
from pytest_launchready.probes.access.texts import carried, leaves, shows

SHORTEST: Final = 8
"""Characters: shorter texts are found in any answer by chance."""
LONG: Final = 16
"""Characters from which a text of the owner's answer that nothing else shows is taken for the object's own."""
PERSONAL: Final = ("email", "username", "phone", "street", "name", "first_name", "last_name")
"""What an owner's account has that says whose an answer is, the most telling first."""
SHOWN: Final = 4
"""Characters of a proof that a message shows."""
_COMMON = re.compile(
    r"\d{4}-\d\d-\d\d.*|[\d.,:\s+-]+|[a-z]+(?:[-_ ][a-z]+)*|[A-Z]+(?:[-_ ][A-Z]+)*|true|false|null|"
    r"https?://[^/]+/?|[\w.+-]+/[\w.+;= -]+|\w{3}, \d+ \w{3} \d{4}.*"
)
"""Times, numbers, words of a list of states, media types: what an answer of anybody's may hold."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows an object: one of these texts, or a condition of the map."""

    texts: tuple[str, ...] = ()
    declared: bool = False
    """Whether the map says what only the owner may see; then nothing else proves anything."""
    resource: Resource | None = None
    names: Mapping[str, Any] | None = None
    """The object's names, for `match`."""

    @property
    def exists(self) -> bool:
        """Whether anything could ever prove a leak."""
        return bool(self.texts) or self.matches

    @property
    def matches(self) -> bool:
        """Whether the map gives a `match`."""
        return self.resource is not None and self.resource.match is not None

    def seen_by_owner(self, answer: Answer) -> Proof:
        """What of it the owner's own answer shows."""
        texts = tuple(text for text in self.texts if shows(answer, text))
        return Proof(texts, self.declared, self.resource if self._matched(answer, self.names) else None, self.names)

    def besides(self, answers: Iterable[Answer | None], names: Mapping[str, Any] | None = None) -> Proof:
        """What of it none of these answers shows; `names` are those of the request that brought them."""
        seen = [answer for answer in answers if answer is not None]
        texts = tuple(text for text in self.texts if not any(shows(answer, text) for answer in seen))
        scope = self.names if names is None else names
        matched = any(self._matched(answer, scope) for answer in seen)
        return Proof(texts, self.declared, None if matched else self.resource, self.names)

    def found_in(self, exchange: Exchange) -> str | None:
        """What an answer shows of the object that its request did not say, masked to its first characters."""
        answer = exchange.answer
        if answer is None:
            return None
        said = carried(exchange)
        for text in self.texts:
            if shows(answer, text) and " ".join(text.split()).casefold() not in said:
                return masked(text)
        if self._matched(answer, self.names):
            assert self.resource is not None
            assert self.resource.match is not None
            return f"an answer that is it by match ({self.resource.match.text})"
        return None

    def _matched(self, answer: Answer, names: Mapping[str, Any] | None) -> bool:
        if self.resource is None or self.resource.match is None or names is None:
            return False
        try:
            found = self.resource.match.find(answer, names)
        except TemplateError:
            return False
        return found not in (None, False, "", [], {})


def masked(text: str) -> str:
    """The first characters of a text."""
    return f"{text[:SHOWN]}…"


def declared(resource: Resource, names: Mapping[str, Any]) -> Proof:
    """What the map says that only the owner may see."""
    texts = []
    for template in resource.proof:
        try:
            text = str(template.render(names)).strip()
        except TemplateError:
            continue
        if len(text) >= SHORTEST:
            texts.append(text)
    return Proof(tuple(texts), bool(resource.proof) or resource.match is not None, resource, names)


def learnt(
    resource: Resource, made: Mapping[str, Any], owner: Mapping[str, Any], own: Answer, *, compared: bool
) -> Proof:
    """What the owner's answer shows of itself, where the map declares nothing: the most telling first.

    Without another object of the kind to compare with, only what this run made up or the account says is taken.
    """
    candidates = [*_made_up(resource.name, made), *_of_account(owner), *_tagged(own)]
    if compared:
        candidates += _distinctive(own)
    return Proof(tuple(dict.fromkeys(candidates)), declared=False, resource=None, names=made)


def _made_up(kind: str, made: Mapping[str, Any]) -> Iterator[str]:
    """Texts that the making step sent or captured."""
    for value in (*known(made.get(kind)).values(), made.get("canary"), made.get("unique")):
        if isinstance(value, str) and len(value) >= SHORTEST and not _COMMON.fullmatch(value):
            yield value


def _of_account(owner: Mapping[str, Any]) -> Iterator[str]:
    for name in PERSONAL:
        value = owner.get(name)
        if isinstance(value, str) and len(value) >= SHORTEST:
            yield value


def _tagged(own: Answer) -> Iterator[str]:
    yield from dict.fromkeys(TAGGED.findall(own.text))


def _distinctive(own: Answer) -> Sequence[str]:
    """Opaque ids and long texts."""
    values = [value for _, value in leaves(own.json) if isinstance(value, str) and not _COMMON.fullmatch(value)]
    return [value for value in values if is_opaque(value)] + [value for value in values if len(value) >= LONG]
