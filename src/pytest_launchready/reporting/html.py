"""What a run says at the head of pytest-html's report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from pytest_launchready.reporting.terminal import inconclusive_lines, not_covered_lines, trace_lines

STYLE = (
    "margin:1em 0;padding:.8em 1em;border:1px solid #bbb;border-left:6px solid {colour};border-radius:4px;"
    "font:14px/1.5 system-ui,sans-serif;color:#222;background:#fafafa"
)
GOOD, BAD, OPEN = "#2e7d32", "#c62828", "#b26a00"


def title(facts: Mapping[str, Any]) -> str:
    """The report's title."""
    return f"Launch readiness of {facts['target']}"


def band(
    facts: Mapping[str, Any],
    counts: Mapping[str, int],
    verdicts: Sequence[tuple[str, tuple[str, str]]],
    traces: Sequence[Mapping[str, Any]],
    risks: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """The verdict, what failed, and what the run left, as HTML that needs no script."""
    undecided = inconclusive_lines((node, reason) for node, (kind, reason) in verdicts if kind == "inconclusive")
    absent = not_covered_lines(reason for _, (kind, reason) in verdicts if kind == "not covered")
    if counts["failed"]:
        colour, word = BAD, "FAILED"
    elif undecided:
        colour, word = OPEN, "NOT PROVEN"
    else:
        colour, word = (GOOD, "PASSED") if counts["passed"] else (OPEN, "NOTHING WAS TRIED")
    numbers = {"passed": counts["passed"], "failed": counts["failed"], "inconclusive": len(undecided)}
    said = ", ".join(f"{number} {name}" for name, number in {**numbers, "skipped": counts["skipped"]}.items())
    who = f"{facts['target']} ({facts['kind']}) at {facts['api']} · run {facts['run']} · seed {facts['seed']}"
    return (
        f'<section style="{STYLE.format(colour=colour)}">'
        f'<p style="margin:0;font-size:20px"><b style="color:{colour}">{word}</b> · {escape(said)}</p>'
        f'<p style="margin:.2em 0">{escape(who)}</p>'
        + _list("What failed, the worst first", risks)
        + _list("Inconclusive, not proven either way", undecided)
        + _folded("Notes", notes)
        + _folded("Not covered", absent)
        + _list("What the run left", trace_lines(traces) if traces else [])
        + "</section>"
    )


def relabel(cells: Iterable[str]) -> list[str]:
    """The cells of a row, its result said to be Inconclusive."""
    words = re.compile(r'(<td class="col-result">)(?:Failed|Error|Skipped)(?=</td>)')
    return [words.sub(r"\1Inconclusive", cell) for cell in cells]


def _list(heading: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<p style="margin:.6em 0 0"><b>{heading}</b></p><ul style="margin:.2em 0">{items}</ul>' if items else ""


def _folded(heading: str, lines: Sequence[str]) -> str:
    """A list that opens where it is asked for; on paper and without scripts too, by its summary."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    summary = f"<summary><b>{heading}</b> ({len(lines)})</summary>"
    return (
        f'<details style="margin:.6em 0 0">{summary}<ul style="margin:.2em 0">{items}</ul></details>' if items else ""
    )
