"""The only place that masks: what is secret, and what is shown instead."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.forms import SHORTEST, forms, kept, squeeze
from pytest_launchready.core.learning import credentials
from pytest_launchready.core.shapes import shaped

if TYPE_CHECKING:
    from pytest_launchready.core.exchange import Exchange

MASK = "***"
PART = 12
"""Characters of a secret's head or tail from which a cut value is masked: pytest cuts long ones in the middle."""
GRAM, STRIDE = 4, 3
"""A text is looked at in every third place: with four characters there, each form of six or more is met."""

Span = tuple[int, int, str]
"""Start, end, and the name of the secret there."""


class Secrets:
    """The secret values of one run, and what to show instead of each."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._readable: set[str] = set()
        self._new: deque[tuple[str, str]] = deque()
        """What is not indexed yet: that waits until a text is to be masked, so that a request costs nothing."""
        self._written: dict[str, list[tuple[str, int, str]]] = {}
        """A squeezed form → how it may be written, how much of that stands before its first character, and its name."""
        self._ends: dict[str, tuple[str, str]] = {}
        """A squeezed form → the head and the tail from which a cut one is known; none for what is masked whole only."""
        self._heads: dict[str, list[tuple[str, int]]] = {}
        """Four characters → the forms that have them among their first six, and where."""
        self._tails: dict[str, list[tuple[str, int]]] = {}
        """The same of their last six; where, counted from the end."""

    def __repr__(self) -> str:
        return f"<{len(self._seen)} secrets>"

    def add(self, value: object, label: str) -> None:
        """Masks a value from now on; shown as `$LABEL` where a command needs it, else as `***`."""
        if (
            isinstance(value, str)
            and len(value) >= SHORTEST
            and value not in self._seen
            and value not in self._readable
        ):
            self._seen.add(value)
            self._new.append((str(value), re.sub(r"\W", "_", label.lstrip("$")).upper()))

    def spare(self, values: Iterable[object]) -> None:
        """Keeps values readable though an answer shows them: names and addresses of generated people."""
        self._readable.update(value for value in values if isinstance(value, str))

    def learn(self, exchange: Exchange, *, opens: bool) -> None:
        """Masks the credentials that an exchange carried; if it `opens` an account, also the keys in its answer."""
        for value, name in credentials(exchange, opens=opens):
            self.add(value, f"{exchange.actor or 'somebody'}_{name}")

    def mask(self, text: str) -> str:
        """The text with every known secret replaced by `***`; the very same text where there is none."""
        spans = self._spans(text)
        if not spans:
            return text
        return "".join(piece if label is None else MASK for piece, label in _cut(text, spans))

    def pieces(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The text in pieces: (text, None), or (secret, its label) to be shown as a shell variable."""
        yield from _cut(text, self._spans(text))

    def mask_all(self, data: Any) -> Any:
        """Plain data with every text in it masked; the very same object where nothing was.

        A list of texts is taken for lines: a secret may be broken over them.
        """
        if isinstance(data, str):
            return self.mask(data)
        if isinstance(data, dict):
            masked = {self.mask_all(key): self.mask_all(value) for key, value in data.items()}
            same = len(masked) == len(data) and all(masked.get(key) is value for key, value in data.items())
            return data if same else masked
        if not isinstance(data, list | tuple):
            return data
        if len(data) > 1 and all(isinstance(line, str) for line in data):
            # Masking keeps line ends, so each text finds its own lines again.
            lines = iter(self.mask("\n".join(data)).split("\n"))
            parts = ["\n".join(next(lines) for _ in range(text.count("\n") + 1)) for text in data]
            same = all(old == new for old, new in zip(data, parts, strict=True))
        else:
            parts = [self.mask_all(inner) for inner in data]
            same = all(old is new for old, new in zip(data, parts, strict=True))
        return data if same else tuple(parts) if isinstance(data, tuple) else parts

    def _index(self) -> None:
        """Makes what was added findable."""
        while self._new:
            try:
                value, name = self._new.popleft()
            except IndexError:
                return  # another thread was faster
            # An address shares its ends with others: only the whole of it is a secret.
            partly = "@" not in value and "://" not in value
            for form, suffix in forms(value):
                self._register(form, name + suffix, partly=partly)
            if "\n" in value:
                for line in value.splitlines():
                    if len(line.strip()) >= PART:
                        self.add(line.strip(), f"{name}_line")

    def _register(self, written: str, label: str, *, partly: bool) -> None:
        form = squeeze(written)
        if len(form) < SHORTEST:
            return
        known = form in self._written
        # The label first, so that another thread never finds a form without it.
        self._written.setdefault(form, []).append((written, written.find(form[0]), label))
        if known:
            return
        head, tail = squeeze(written[:PART]), squeeze(written[-PART:])
        partly = partly and min(len(head), len(tail)) >= SHORTEST and len(written) > PART
        if partly:
            self._ends[form] = head, tail
        for at in range(STRIDE):
            self._heads.setdefault(form[at : at + GRAM], []).append((form, at))
            if partly:
                gram = form[len(form) - at - GRAM : len(form) - at]
                self._tails.setdefault(gram, []).append((form, at + GRAM))

    def _spans(self, text: str) -> list[Span]:
        """Where the secrets are, in order, none over another and none over the end of a line."""
        if len(text) < SHORTEST:
            return []
        if self._new:
            self._index()
        found = [
            (start + line.start(), start + line.end(), label)
            for start, end, label in shaped(text)
            for line in re.finditer(r"[^\n]+", text[start:end])
        ]
        squeezed = squeeze(text)
        matches = self._find(squeezed)
        if matches:
            places = [at for start, end in kept(text) for at in range(start, end)]
            for start, end, form in matches:
                found += self._where(text, places[start:end], form)
        return _joined(found) if found else found

    def _where(self, text: str, places: list[int], form: str) -> list[Span]:
        """Where in the text a match of the squeezed text stands; the fillings of a broken one stay."""
        start, end = places[0], places[-1] + 1
        for written, lead, label in self._written[form]:
            if start >= lead and "\n" not in written and text.startswith(written, start - lead):
                return [(start - lead, start - lead + len(written), label)]
        written, _, label = self._written[form][0]
        label = label if len(places) == len(form) else f"{label}_PART"
        if "\n" not in text[start:end]:
            # Words of one line that only together make the secret are not it.
            spaced = text.count(" ", start, end) > written.count(" ") and "\\n" not in text[start:end]
            return [] if spaced else [(start, end, label)]
        breaks = [at for at in range(1, len(places)) if "\n" in text[places[at - 1] : places[at]]]
        bounds = zip([0, *breaks], [*breaks, len(places)], strict=True)
        return [(places[first], places[last - 1] + 1, label) for first, last in bounds]

    def _find(self, text: str) -> list[Span]:
        """The matches in a squeezed text: start, end, and the form."""
        heads, tails = self._heads, self._tails
        found: list[Span] = []
        for at in range(0, len(text) - GRAM + 1, STRIDE):
            gram = text[at : at + GRAM]
            if gram in heads:
                found += [span for form, into in heads[gram] if (span := self._from_head(text, at - into, form))]
            if gram in tails:
                found += [span for form, left in tails[gram] if (span := self._from_tail(text, at + left, form))]
        return found

    def _from_head(self, text: str, at: int, form: str) -> Span | None:
        if at < 0:
            return None
        if text.startswith(form, at):
            return at, at + len(form), form
        if form not in self._ends or not text.startswith(self._ends[form][0], at):
            return None
        return at, at + _shared(form, text[at : at + len(form)]), form

    def _from_tail(self, text: str, end: int, form: str) -> Span | None:
        if end > len(text) or not text.endswith(self._ends[form][1], 0, end):
            return None
        return end - _shared(form[::-1], text[max(0, end - len(form)) : end][::-1]), end, form


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their heads."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _joined(spans: list[Span]) -> list[Span]:
    """The spans in order; those that overlap become one, named after the longest."""
    joined: list[Span] = []
    longest = 0
    for start, end, label in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            before = joined[-1]
            name = label if end - start >= longest else before[2]  # a name that was given beats one that was guessed
            longest = max(longest, end - start)
            joined[-1] = (before[0], max(before[1], end), name)
        else:
            joined.append((start, end, label))
            longest = end - start
    return joined


def _cut(text: str, spans: list[Span]) -> Iterator[tuple[str, str | None]]:
    end = 0
    for start, stop, label in spans:
        if start > end:
            yield text[end:start], None
        yield text[start:stop], label
        end = stop
    if end < len(text):
        yield text[end:], None
