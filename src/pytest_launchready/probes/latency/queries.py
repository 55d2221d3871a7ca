"""Part `latency.queries`: a search does not ask its database anew for each row that it shows (N+1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.core.words import counted
from pytest_launchready.flows.finding import FOUND_WITHIN, wait_until_found
from pytest_launchready.flows.objects import Listing
from pytest_launchready.flows.people import draft_listing
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.latency.servertiming import queries
from pytest_launchready.probes.order import actor_of, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

MORE = 4
"""Listings that are added: fewer could be told by chance."""
PER_ROW = 0.75
"""Queries for each further row from which on it is the pattern that is meant."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A search: its rows, and the queries that the server says it took."""

    rows: int
    count: int
    exchange: Exchange


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check, where a listing can be made and searched for."""
    yield Check(
        id="latency.queries",
        proves="a search takes as many database queries however many rows it shows",
        impact="slow-core-flow",
        remedy="load what belongs to all rows in one query (a join, or a list of ids), not in one for each row",
        run=_queries,
        needs=("search", "create_listing"),
        requests=2 + 3 * MORE,
        absent=_absent(subject.mapped),
    )


def _absent(mapped: Map) -> str | None:
    for name in ("search", "create_listing"):
        step = mapped.steps.get(name)
        why = f"{name} is not mapped" if step is None else why_untried(mapped, step)
        if why is not None:
            return f"latency.queries: {why}"
    return None


async def _queries(context: Context) -> Verdict:
    stage = context.marketplace.company.stage
    word = f"row{stage.run.unique()}"
    person = await stage.person(actor_of(stage.map, stage.map.steps["search"]))
    try:
        await wait_until_found(stage, person, await _make(context, word), word, FOUND_WITHIN)
        few = await _search(context, word)
        made = [await _make(context, word) for _ in range(MORE)]
        await wait_until_found(stage, person, made[-1], word, FOUND_WITHIN)
        many = await _search(context, word)
    except StepFailure as error:
        return inconclusive("prerequisite", f"search could not be tried: {error.failure.title}")
    except WriteRefused as error:
        raise NotCovered(f"not covered: latency.queries: no consent: {error}") from None
    more = many.rows - few.rows
    if more < MORE:
        shown = f"a search for their word shows {few.rows} rows, then {many.rows}, though {MORE} were added"
        return inconclusive("prerequisite", f"rows could not be counted: {shown}")
    said = f"{counted(few.rows, 'row')}: {few.count} queries; {counted(many.rows, 'row')}: {many.count} (Server-Timing)"
    evidence = Evidence(said, {"rows": [few.rows, many.rows], "queries": [few.count, many.count]})
    if (many.count - few.count) / more < PER_ROW:
        return passed(evidence)
    failure = Failure(
        title="search takes a database query for each row that it shows",
        expected=f"{few.count} queries, however many rows there are",
        got=said,
        change="load what belongs to all rows in one query (a join, or a list of ids)",
        exchange=many.exchange,
        control=few.exchange,
    )
    return failed(failure, evidence, code="n-plus-one")


async def _make(context: Context, word: str) -> Listing:
    stage = context.marketplace.company.stage
    draft = draft_listing(stage.run, {})
    made = await stage.play(
        "create_listing", await stage.person("seller"), {"listing": {**draft, "title": f"{draft['title']} {word}"}}
    )
    assert isinstance(made, Listing)
    return made


async def _search(context: Context, text: str) -> Seen:
    stage = context.marketplace.company.stage
    person = await stage.person(actor_of(stage.map, stage.map.steps["search"]))
    act = await stage.act("search", person, {"search": {"text": text}})
    exchange = act.played.exchanges[-1]
    if (count := queries(exchange.answer)) is None:
        raise NotCovered(
            "not covered: latency.queries: the server does not say how many queries it makes (Server-Timing)"
        )
    if act.played.items is None:
        raise Inconclusive("steps.search has no `items`, so its rows cannot be counted", code="no-items")
    return Seen(len(act.played.items), count, exchange)
