"""When a run stops by itself: the target fails, and more requests would only add to that."""

from __future__ import annotations

from pytest_launchready.core.exchange import Exchange
from pytest_launchready.wire.board import Tally
from pytest_launchready.wire.patience import EXPECTING_LIMITS
from pytest_launchready.wire.terms import Terms

WINDOW = 20
"""The last requests that an error rate is taken of; before there are so many, none is."""
LONGEST_REASON = 200
OF_PROGRAMS = frozenset({500, 503})
"""How some programs refuse a wrong code or one try too many: while a limit is looked for, no sign of being unwell."""


def failed(exchange: Exchange) -> bool:
    """Whether an exchange says that the target is unwell: no answer, or one of 500 and above."""
    return exchange.answer is None or exchange.answer.status >= 500


def note(tally: Tally, exchange: Exchange, terms: Terms, *, undoing: bool) -> None:
    """Counts an exchange, and stops the run where it is one error too many."""
    bad = failed(exchange)
    if bad and EXPECTING_LIMITS.get() and exchange.answer is not None and exchange.answer.status in OF_PROGRAMS:
        return
    if undoing:
        tally.undo_row = tally.undo_row + 1 if bad else 0
        return
    tally.row = tally.row + 1 if bad else 0
    tally.recent = (tally.recent << 1 | bad) & ((1 << WINDOW) - 1)
    tally.seen = min(tally.seen + 1, WINDOW)
    if tally.stopped or not bad:
        return
    errors = tally.recent.bit_count()
    if terms.failures is not None and tally.row >= terms.failures:
        why = in_a_row(tally.row)
    elif terms.error_rate is not None and tally.seen == WINDOW and errors > terms.error_rate * WINDOW:
        why = f"{errors} errors among the last {WINDOW} requests"
    else:
        return
    what = f"step {exchange.step}" if exchange.step else exchange.method
    tally.stopped = 1
    tally.why = f"{why}, the last one {what}: {exchange.outcome}".encode()[:LONGEST_REASON]


def in_a_row(errors: int) -> str:
    """How many errors there were one after another."""
    return f"{errors} error{'s' if errors > 1 else ''} in a row"


def refusal(tally: Tally, terms: Terms, *, undoing: bool) -> str | None:
    """Why nothing more may be sent; undo may send until it meets as many errors in a row itself."""
    if not undoing:
        why = tally.why.rstrip(b"\0").decode(errors="ignore")  # a file pads it, and may have cut a letter in two
        return f"the target fails: {why}" if tally.stopped else None
    if terms.failures is not None and tally.undo_row >= terms.failures:
        return f"the target fails: {in_a_row(tally.undo_row)} while the run undid what it had made"
    return None
