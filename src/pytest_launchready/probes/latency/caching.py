"""Part `latency.caching`: what a phone may keep it can keep, and what is private no cache may show to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import Inconclusive, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows.person import Person
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.latency.props import given_to
from pytest_launchready.probes.latency.steps import only_reads
from pytest_launchready.probes.order import actor_of, in_order, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

TRIES = 3
"""Conditional requests of a step: its object may change between two of them."""
REFUSED = frozenset({401, 403, 404})
NUMBER = re.compile(r"\d+")


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check, on what is declared cacheable and on every read of somebody who is logged in."""
    yield Check(
        id="latency.caching",
        proves="declared reads can be kept and checked with one short request; private data is never `public`",
        impact="slow-core-flow",
        remedy="give what may be kept an ETag, answer 304 to If-None-Match, and mark the rest `private` or `no-store`",
        reference="RFC 9110 section 13, RFC 9111 section 5.2",
        run=_caching,
        requests=4 * len(subject.mapped.latency.cacheable) + 2 * len(_reads(subject.mapped)),
        absent=None
        if _reads(subject.mapped)
        else "latency.caching: the map has no step of one request that only reads",
    )


async def _caching(context: Context) -> Verdict:
    mapped = context.marketplace.map
    said = []
    for step in _reads(mapped):
        try:
            asked = await Read.start(context, step)
        except (StepFailure, WriteRefused, NotCovered, Inconclusive) as error:
            if step.name in mapped.latency.cacheable:
                return inconclusive("prerequisite", f"{step.name} cannot be asked: {error}")
            continue
        failure = await asked.exposed()
        if failure is None and step.name in mapped.latency.cacheable:
            failure = await asked.kept()
            said.append(f"{step.name}: has a validator, and 304 where nothing has changed")
        if failure is not None:
            return failed(failure, code="caching")
    if not said:
        said.append("no step is declared `cacheable` in [latency], so only private answers were looked at")
    return passed(*said)


class Read:
    """One read of somebody's, and what it gave."""

    def __init__(
        self, context: Context, step: Step, person: Person, given: Mapping[str, object], first: Exchange
    ) -> None:
        self._context = context
        self._step = step
        self._person = person
        self._given = given
        self._first = first

    @classmethod
    async def start(cls, context: Context, step: Step) -> Read:
        """Asks once; raises Inconclusive where the answer is none to judge."""
        stage = context.marketplace.company.stage
        person = await stage.person(actor_of(stage.map, step))
        given = await given_to(context, step, person)
        read = cls(context, step, person, given, await _ask(context, step, given, Caller("owner", person)))
        if read._answer is None or read._answer.status != 200:
            raise Inconclusive(read._first.line)
        return read

    @property
    def _answer(self) -> Answer | None:
        return self._first.answer

    async def exposed(self) -> Failure | None:
        """Whether shared caches may keep what others are refused."""
        assert self._answer is not None
        words = directives(self._answer)
        if (
            self._person.anonymous
            or not words.keys() & {"public", "s-maxage"}
            or words.keys() & {"private", "no-store"}
        ):
            return None
        other = await _ask(self._context, self._step, self._given, Caller("anonymous", self._ghost()))
        if other.answer is None or not (_refused(other.answer) or self._tells_of_owner(other.answer)):
            return None
        return Failure(
            title=f"caches may keep {self._step.name}, which is private",
            expected="Cache-Control: private, or no-store",
            got=f"Cache-Control: {self._answer.header('cache-control')}; without a session: {other.answer.reason}",
            change="mark every answer that depends on who asks `private` or `no-store`",
            exchange=self._first,
            control=other,
        )

    async def kept(self) -> Failure | None:
        """Whether the answer can be kept, and asked for again at the price of a short answer."""
        exchange, answer = self._first, self._answer
        assert answer is not None
        flaw = insane(answer)
        if flaw is not None:
            return self._failure(
                f"{self._step.name} cannot be kept: {flaw}", "a Cache-Control that lets phones keep it", exchange
            )
        seen = None
        for _ in range(TRIES):
            condition = validator(answer)
            if condition is None:
                return self._failure(f"{self._step.name} has no validator", "an ETag, or Last-Modified", exchange)
            seen = await self._again(condition)
            if seen.answer is None or seen.answer.status not in {200, 304}:
                break
            if seen.answer.status == 304:
                return None
            if validator(seen.answer) == condition:
                break
            answer = seen.answer  # it has changed meanwhile
        assert seen is not None
        return self._failure(
            f"{self._step.name} is sent whole though nothing has changed", "304 to its own validator", seen
        )

    async def _again(self, condition: Mapping[str, str]) -> Exchange:
        person = self._ghost()
        credentials = {**self._person.credentials(), **condition}
        return await _ask(self._context, self._step, self._given, Caller("owner", person, credentials))

    def _ghost(self) -> Person:
        return self._context.marketplace.company.ghost("cache")

    def _tells_of_owner(self, other: Answer) -> bool:
        """Whether the two answers differ in whom they are about."""
        assert self._answer is not None
        email = str(self._person.account().get("email") or "")
        return bool(email) and email in self._answer.text and email not in other.text

    def _failure(self, title: str, expected: str, exchange: Exchange) -> Failure:
        answer = exchange.answer
        shown = {name: answer.header(name) for name in ("etag", "last-modified", "cache-control")} if answer else {}
        got = ", ".join(f"{name}: {value or 'none'}" for name, value in shown.items())
        change = "give the answer an ETag made of its content, and compare it with If-None-Match before sending a body"
        return Failure(title, expected, f"{exchange.outcome}; {got}", change, exchange, control=self._first)


async def _ask(context: Context, step: Step, given: Mapping[str, object], caller: Caller) -> Exchange:
    [request] = step.parts
    assert isinstance(request, Request)
    return await ask(context.marketplace.company.stage, step.name, request, caller, given)


def directives(answer: Answer) -> dict[str, str]:
    """Cache-Control as names and values (RFC 9111, section 5.2)."""
    text = ", ".join(value for name, value in answer.headers if name.lower() == "cache-control")
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def insane(answer: Answer) -> str | None:
    """What is wrong with the Cache-Control of an answer that is to be kept."""
    words = directives(answer)
    if "no-store" in words:
        return "Cache-Control says no-store"
    if {"public", "private"} <= words.keys():
        return "Cache-Control says public and private at once"
    age = next(
        (words[name] for name in ("max-age", "s-maxage") if name in words and not NUMBER.fullmatch(words[name])), None
    )
    return None if age is None else f"Cache-Control gives the age {age!r}, which is no number of seconds"


def validator(answer: Answer) -> dict[str, str] | None:
    """The condition by which the answer can be asked for again, if it has one."""
    if (tag := answer.header("etag")) is not None:
        return {"if-none-match": tag}
    if (date := answer.header("last-modified")) is not None:
        return {"if-modified-since": date}
    return None


def _refused(answer: Answer) -> bool:
    return answer.status in REFUSED or 300 <= answer.status < 400


def _reads(mapped: Map) -> list[Step]:
    """Steps of one request, a GET: nothing else is kept by caches."""
    return [
        step
        for step in in_order(mapped)
        if only_reads(step)
        and len(step.parts) == 1
        and isinstance(step.parts[0], Request)
        and step.parts[0].method == "GET"
        and why_untried(mapped, step) is None
    ]
