"""Checks `access.debug`: errors that show the program's inside, and files and routes that were left lying about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from pytest_launchready.core.checks import Check
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.raw import send_raw
from pytest_launchready.flows.sending import graphql_path
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.probes.access.hygiene.bodies import graphql_errors
from pytest_launchready.probes.access.hygiene.inputs import LAST
from pytest_launchready.probes.access.hygiene.leftovers import BELOW_API, FILES, ROUTES, Leftover, inside
from pytest_launchready.probes.access.hygiene.provoking import provoked
from pytest_launchready.probes.access.routes.documents import described
from pytest_launchready.probes.access.traces import trace_in
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.transport import exchange_of

BANNERS: Final = (
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
)
"""Headers by which servers name themselves."""
MOST_TOLD = 10
MOST_DESCRIBED = 3
TELLING: Final = re.compile(r"debug|actuator|phpinfo|pprof|profiler|heapdump|/env(?:ironment)?$|dump", re.IGNORECASE)
"""Names of routes that no visitor should find."""


def checks(_subject: Subject) -> Iterator[Check[Context]]:
    """Three checks: error answers, published files, routes for debugging."""
    yield Check(
        id="access.debug.errors",
        proves="an error shows no stack trace, no debug page and no text of the database",
        impact="data-exposed",
        remedy="switch the framework's debug mode off, and answer errors with a code and a sentence for people",
        reference="API8:2023, ASVS 5.0 13.4.2 and 16.5.1, WSTG-ERRH-01 and 02",
        run=_errors,
        requests=8,
        phase=LAST,
    )
    yield Check(
        id="access.debug.files",
        proves="no settings, no repository and no dump can be fetched",
        impact="data-exposed",
        remedy="publish a folder of its own, deny names that begin with a dot, and change every secret that was seen",
        reference="API8:2023, ASVS 5.0 13.4.1, WSTG-CONF-04",
        run=partial(_left, FILES, (), "files"),
        requests=6,
    )
    yield Check(
        id="access.debug.routes",
        proves="no route for debugging or monitoring shows the program's inside",
        impact="data-exposed",
        remedy="leave such routes out of the production build, or open them on an inner port only",
        reference="API8:2023, ASVS 5.0 13.4.2 and 13.4.5, WSTG-CONF-05",
        run=partial(_left, ROUTES, BELOW_API, "routes"),
        requests=9,
    )


async def _errors(context: Context) -> Verdict:
    mapped = context.marketplace.map
    provocations = [("an unknown path", one) for one in await _baseline(context, _root(mapped.target.api))]
    provocations += await provoked(context)
    answered = [(what, one) for what, one in provocations if one.answer is not None]
    notes = banners([one for _, one in answered])
    endpoint = graphql_path(mapped)
    seen = [
        (one.step or "a request of this run", one)
        for one in context.marketplace.trail.exchanges()
        if one.answer is not None and one.answer.status >= 400
    ]
    for what, exchange in [*answered, *seen]:
        assert exchange.answer is not None
        if urlsplit(exchange.url).path == endpoint and graphql_errors(exchange.answer):
            continue  # errors of GraphQL are judged by checks of their own
        found = trace_in(exchange.answer)
        if found is not None:
            kind, words = found
            return failed(
                Failure(
                    title=f"{exchange.method} {exchange.path.partition('?')[0]} answers {what} with {kind}",
                    expected="an error with a code and a sentence for people",
                    got=f"{exchange.answer.reason}, with {words}",
                    change="switch the framework's debug mode off, and answer errors with a code and a sentence",
                    exchange=exchange,
                ),
                code="inside-shown",
                notes=notes,
            )
    if not answered:
        return inconclusive("nothing-provoked", "no request that should be an error got an answer", notes=notes)
    return passed(*(f"{what}: {one.outcome}" for what, one in answered[:MOST_TOLD]), notes=notes)


async def _left(left: Sequence[Leftover], below: Sequence[Leftover], kind: str, context: Context) -> Verdict:
    mapped = context.marketplace.map
    roots = [_root(mapped.target.api)]
    if kind == "files" and mapped.target.web and _root(mapped.target.web) not in roots:
        roots.append(_root(mapped.target.web))
    asked = [(root, one) for root in roots for one in left]
    prefix = api_prefix(mapped)
    asked += [(roots[0] + prefix, one) for one in below if prefix]
    if below:
        asked += [(roots[0], one) for one in await _described(context, {root + one.path for root, one in asked})]
    answered, control = 0, None
    for root, one in asked:
        baseline = await _baseline(context, _root(root))
        exchange = await _get(context, root + one.path)
        if exchange is None or exchange.answer is None:
            continue
        answered += 1
        proof = one.proof(exchange.answer) if exchange.answer.status == 200 else None
        # What the server says to any path proves nothing about this one.
        if proof is None or any(known.answer and one.proof(known.answer) for known in baseline):
            continue
        control = baseline[0] if baseline else None
        return failed(
            Failure(
                title=f"{urlsplit(exchange.url).path} is published: {one.what}",
                expected="404 Not Found, as for any path that does not exist",
                got=f"{exchange.answer.reason}, with {proof}",
                change="take it away, and change every secret that it shows",
                exchange=exchange,
                control=control,
            ),
            code="published",
        )
    if not answered:
        return inconclusive("no-answer", f"none of {len(asked)} {kind} got an answer, so nothing is known of them")
    return passed(f"none of {answered} {kind} is there: {', '.join(dict.fromkeys(one.path for _, one in asked))}")


async def _described(context: Context, asked: set[str]) -> list[Leftover]:
    """Routes of the API's own description whose names say that they are for debugging."""
    root = _root(context.marketplace.map.target.api)
    document = (await described(context)).document
    paths = [
        (one.prefixes[0] if one.prefixes else "") + one.path
        for one in (document.operations if document is not None else ())
        if one.method == "GET" and "{" not in one.path and TELLING.search(one.path)
    ]
    fresh = [path for path in dict.fromkeys(paths) if root + path not in asked]
    return [Leftover(path, "a route for debugging", inside) for path in fresh[:MOST_DESCRIBED]]


async def _baseline(context: Context, root: str) -> list[Exchange]:
    """How the server answers for two paths that cannot exist, one of them with a dot in front."""

    async def find_out() -> list[Exchange]:
        unique = context.marketplace.run.unique()
        found = [await _get(context, f"{root}/{start}{unique}") for start in ("", ".")]
        return [one for one in found if one is not None]

    return await context.notebook.once(("hygiene.baseline", root), find_out)


async def _get(context: Context, url: str) -> Exchange | None:
    company = context.marketplace.company
    anonymous = await company.find("anonymous")
    try:
        return exchange_of(await send_raw(company.stage, anonymous, "GET", url, {"follow_redirects": False}))
    except StepFailure as error:
        return error.failure.exchange


def banners(exchanges: Sequence[Exchange]) -> list[str]:
    """A note for each header that names a product with its version."""
    found = {
        f"the header {name} tells a version: {value}": None
        for exchange in exchanges
        if exchange.answer is not None
        for name in BANNERS
        if (value := exchange.answer.header(name)) and re.search(r"\d+\.\d+|^\d+$", value)
    }
    return list(found)


def api_prefix(mapped: Map) -> str:
    """The path below which the API's routes stand, as "/api": of `api` itself, and what most requests begin with."""
    above = urlsplit(mapped.target.api).path.rstrip("/")
    firsts = [
        match[0]
        for step in mapped.steps.values()
        for part in step.parts
        if isinstance(part, Request) and (match := re.match(r"/[\w.-]+(?=/)", str(part.target.source)))
    ]
    common = max(set(firsts), key=firsts.count) if firsts else ""
    return above + (common if firsts.count(common) * 2 > len(mapped.steps) else "")


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
