"""A failure as data, and the one function that renders it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.redact import Secrets

WIDEST = 300
"""Characters of a value that a message shows; the rest is cut."""
UNWANTED_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "traceparent"}
)
"""Headers that curl sets for itself, or that do not change the answer."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in the user's words, with the one request that shows it."""

    title: str
    expected: str = field(repr=False)
    got: str = field(repr=False)
    """What the answer says may hold credentials, so a `repr` leaves it out; `render` masks it."""
    change: str
    """What to change, or where to look; of a check that says no more than its remedy, nothing."""
    exchange: Exchange | None = None
    layer: str | None = None
    """The layer that failed, where it is known better than the exchange alone tells."""
    control: Exchange | None = None
    """The request that shows how it should be, or what it was compared with."""


class StepFailure(AssertionError):  # noqa: N818 - a verdict on the marketplace, not an error of ours
    """A step of the marketplace did not work; `failure` has the facts, the message is their rendering."""

    __module__ = "pytest_launchready"
    expected_by_user = True

    def __init__(self, failure: Failure, secrets: Secrets) -> None:
        super().__init__(render(failure, secrets))
        self.failure = failure


def render(failure: Failure, secrets: Secrets) -> str:
    """The failure as text of at most ten lines, without secrets."""
    lines = [
        secrets.mask(failure.title),
        f"  expected: {secrets.mask(shorten(failure.expected))}",
        f"  got:      {secrets.mask(shorten(failure.got))}",
    ]
    exchange = failure.exchange
    layer = failure.layer or (exchange.layer if exchange else None)
    if layer:
        lines.append(f"  layer:    {layer}")
    if failure.control:
        lines.append(f"  control:  {secrets.mask(shorten(failure.control.line))}")
    if exchange:
        lines.append(f"  request:  {secrets.mask(shorten(exchange.line))}")
        lines.append(f"  again:    {curl(exchange, secrets)}")
    lines.append(f"  change:   {failure.change}")
    return "\n".join(lines)


def shorten(text: str) -> str:
    """The text in one line of bounded length, without characters that would steer a terminal."""
    # Cut before it is split: the words of a body of megabytes would take a hundred megabytes.
    flat = " ".join(text[: 20 * WIDEST].split())
    plain = "".join(char if char.isprintable() else "\ufffd" for char in flat[:WIDEST])
    return plain if len(flat) <= WIDEST else f"{plain}… ({max(len(flat), len(text))} characters)"


def curl(exchange: Exchange, secrets: Secrets) -> str:
    """A command that repeats the request when pasted, secrets as shell variables."""
    words = ["curl", "-i", "-X", exchange.method, _word(exchange.url, secrets)]
    for name, value in exchange.request_headers:
        if name.lower() not in UNWANTED_HEADERS and not name.lower().startswith("x-launchready"):
            words += ["-H", _word(f"{name}: {value}", secrets)]
    if exchange.request_body:
        try:
            words += ["--data-raw", _word(exchange.request_body.decode(), secrets)]
        except UnicodeDecodeError:
            words += ["--data-binary", shlex.quote(f"<{len(exchange.request_body)} bytes>")]
    return " ".join(words)


def _word(text: str, secrets: Secrets) -> str:
    """One shell word: single-quoted, or double-quoted where it holds a variable that the shell must fill in."""
    pieces = list(secrets.pieces(text))
    if all(label is None for _, label in pieces):
        return shlex.quote(text)
    quoted = (re.sub(r'([\\"`$])', r"\\\1", piece) if label is None else f"${{{label}}}" for piece, label in pieces)
    # The braces stay only where the next character would be read as part of the name.
    return '"' + re.sub(r"(?<!\\)\$\{(\w+)\}(?!\w)", r"$\1", "".join(quoted)) + '"'
