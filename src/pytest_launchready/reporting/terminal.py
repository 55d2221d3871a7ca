"""What a run says in the terminal: header and summary, as lines of text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.impacts import IMPACTS
from pytest_launchready.core.words import counted

if TYPE_CHECKING:
    from pytest_launchready.core.settings import Settings

IDS_SHOWN = 5


def header(settings: Settings, facts: Mapping[str, Any]) -> list[str]:
    """The target, what tells this run from others, and each setting that is not a default with its source."""
    who = f"target {facts['target']} ({facts['kind']}) at {facts['api']}"
    lines = [f"launchready: {who}, run {facts['run']}, seed {facts['seed']}, map {facts['map']}"]
    if facts["proxies"]:
        lines.append(f"launchready: through the proxy {', '.join(facts['proxies'])}")
    if facts["network"]:
        lines.append(f"launchready: over the network {facts['network']}")
    if facts["terms"]:
        lines.append(f"launchready: at most {facts['terms']}")
    given = [f"{value.setting.name}={value.shown} ({value.origin})" for value in settings.given()]
    return [*lines, f"launchready: {', '.join(given)}"] if given else lines


def inconclusive_lines(reasons: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each test that could not be decided."""
    return [f"{nodeid}: {reason}" for nodeid, reason in reasons]


def not_covered_lines(reasons: Iterable[str]) -> list[str]:
    """A line for each reason that tests were skipped for, with how many."""
    counts = Counter(reasons)
    return [f"{reason} ({counted(count, 'test')})" for reason, count in counts.items()]


def risk_lines(failures: Iterable[tuple[str | None, str, str]]) -> list[str]:
    """A line for each failure, given as impact, id and reason: the worst impact first."""
    places = {impact: place for place, impact in enumerate(IMPACTS)}
    ranked = sorted(failures, key=lambda failure: places.get(failure[0] or "", len(places)))
    return [f"{impact or 'no impact given'}: {_told(name, reason)}" for impact, name, reason in ranked]


def note_lines(notes: Iterable[tuple[str, str]]) -> list[str]:
    """What checks want known though it decides nothing: a line for each note, with the checks that say it."""
    groups: dict[str, list[str]] = defaultdict(list)
    for check, note in notes:
        groups[note].append(check)
    return [f"note: {note} ({_some(sorted(set(checks)))})" for note, checks in groups.items()]


def trace_lines(traces: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the run sent, undid, left behind and could not undo; `traces` are the workers' own accounts of it."""
    sent = sum(trace["sent"] for trace in traces)
    undone = sum(trace["undone"] for trace in traces)
    lines = [
        f"{counted(sent, 'request')} sent, {counted(undone, 'object')} undone",
        *_patience_lines(traces),
        *_stop_lines(traces),
    ]
    for key, words in (
        ("left", "left behind, the map has no undo for them"),
        ("doubtful", "may be left behind, the step that makes them did not end well"),
    ):
        groups: dict[str, list[str]] = defaultdict(list)
        for kind, name in (item for trace in traces for item in trace[key]):
            groups[kind].append(name)
        if groups:
            listed = (f"{counted(len(names), kind)} ({_some(names)})" for kind, names in groups.items())
            lines.append(f"{words}: {', '.join(listed)}")
    reasons: Counter[str] = Counter()
    for trace in traces:
        reasons.update(trace["reasons"])
    lines += [f"raw writes allowed: {reason} ({count} sent)" for reason, count in reasons.items()]
    for trace in traces:
        lines += [f"could not undo {kind} {name}: {reason}" for kind, name, reason in trace["failed"]]
    return lines


def _patience_lines(traces: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the run waited for and sent again, a line for each kind."""
    total: Counter[str] = Counter()
    for trace in traces:
        total.update(trace["waits"])
    parts = (
        (total["polled"], f"asked again until an answer was there: {total['polled']} times"),
        (
            total["limited"],
            f"waited because a rate limiter asked for it: {total['limited']} times, {total['seconds']:.1f} s",
        ),
        (total["repeated"], f"sent again after a lost connection: {total['repeated']} requests"),
    )
    return [text for count, text in parts if count]


def _stop_lines(traces: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why the run stopped sending, each reason once, with how many requests were not sent for it."""
    refused: Counter[str] = Counter()
    for trace in traces:
        refused.update(trace["stopped"])
    return [f"stopped sending: {why} ({counted(count, 'request')} not sent)" for why, count in refused.items()]


def _told(name: str, reason: str) -> str:
    """Name and reason; a check's reason begins with its name."""
    plain = name.removeprefix("launchready::")
    return reason if reason.startswith(plain) else f"{plain}: {reason}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - IDS_SHOWN} more" if len(names) > IDS_SHOWN else ""
    return ", ".join(names[:IDS_SHOWN]) + more
