"""One step: the requests it sends, what makes an answer good, and what is taken out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.redact import Secrets
from pytest_launchready.flows.advice import advice
from pytest_launchready.flows.consents import GRANTED, names_of
from pytest_launchready.flows.limited import blocked, is_blocked
from pytest_launchready.flows.objects import Thing
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.sending import send
from pytest_launchready.flows.timings import Timings
from pytest_launchready.mapping.extract import Extractor
from pytest_launchready.mapping.records import Map, ReadMail, Request, RunStep, Step
from pytest_launchready.mapping.template import TemplateError
from pytest_launchready.wire.timing import gathering
from pytest_launchready.wire.transport import STEP, NoAnswer

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries of a request that is waited for; the pause doubles."""
SHOWN = 200
"""Characters that a message keeps of an answer of megabytes."""


class Cast(Protocol):
    """What a step needs of the run around it."""

    map: Map
    secrets: Secrets
    timings: Timings

    @property
    def person(self) -> Callable[[str], Awaitable[Person]]:
        """A name → the person, ready to act."""

    def made_here(self, kind: str, name: str) -> bool:
        """Whether this run has made the object."""

    async def renew(self, person: Person, stale: Mapping[str, Any]) -> bool:
        """See `sending.Renews`."""

    async def play(self, step: str, person: Person, given: Mapping[str, Any]) -> Thing | list[Thing]:
        """Performs another step and gives what it makes."""

    def intend(self, step: Step, person: Person, names: Mapping[str, Any]) -> int | None:
        """Notes, before it is sent, what a step is about to make; the number of the note."""

    def dismiss(self, entry: int | None) -> None:
        """Notes that a step has made nothing."""

    def doubt(self, step: Step, person: Person, names: Mapping[str, Any], entry: int | None) -> None:
        """Remembers what a step may have made, though it did not end well."""

    async def read_mail(self, address: str, ready: Any, wait: float) -> None:
        """Waits for a mail to an address until it is `ready`."""


@dataclass(slots=True)
class Played:
    """What a step has gathered so far."""

    captures: dict[str, Any] = field(default_factory=dict)
    items: list[tuple[dict[str, Any], Any]] | None = None
    """Captures and JSON of each item, where the answer is a list."""
    raw: Any = None
    exchanges: list[Exchange] = field(default_factory=list)
    """The good ones, in order."""
    wrote: bool = False
    """Whether a request that may have changed something was sent, and not refused."""
    entry: int | None = None
    """What the journal calls the thing that is being made."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer was not good."""

    expected: str
    got: str
    layer: str | None = None
    key: str | None = None
    """The key of the map that was not met."""


async def perform(cast: Cast, step: Step, person: Person, names: Mapping[str, Any]) -> Played:
    """Sends a step's requests in order; raises StepFailure at the first that did not work."""
    played = Played()
    scope = dict(names)
    token = STEP.set(step.name)
    granted = GRANTED.set(names_of(cast.map, step, scope, cast.made_here))
    try:
        with gathering() as exchanges:
            await _parts(cast, step, person, scope, played)
        cast.timings.add(step.name, exchanges)
    except BaseException:
        # Cancelled, refused half-way, or not understood: what the step makes may exist all the same.
        if played.wrote:
            cast.doubt(step, person, scope, played.entry)
        else:
            cast.dismiss(played.entry)
        raise
    finally:
        STEP.reset(token)
        GRANTED.reset(granted)
    return played


async def _parts(cast: Cast, step: Step, person: Person, scope: dict[str, Any], played: Played) -> None:
    for part in step.parts:
        match part:
            case Request():
                await _request(cast, step, part, person, scope, played)
            case RunStep():
                made = await cast.play(part.step, person, scope)
                if isinstance(made, Thing):
                    scope.update({made.kind: made} if cast.map.steps[part.step].makes else made.known())
            case ReadMail():
                await _mail(cast, step, part, scope, played)
        scope.update(played.captures)


async def _request(
    cast: Cast, step: Step, request: Request, person: Person, scope: dict[str, Any], played: Played
) -> None:
    actor = await person.self_or(request.actor, cast.person)
    here = scope if actor is person else {**scope, "account": actor.account()}
    deadline = asyncio.get_running_loop().time() + request.wait
    pause = FIRST_PAUSE
    wrote_before = played.wrote
    while True:
        played.wrote = wrote_before or not request.safe
        if not request.safe and played.entry is None:
            played.entry = cast.intend(step, person, scope)
        try:
            exchange = await send(cast, step, request, actor, here)
        except NoAnswer as error:
            exchange = error.exchange
        except Inconclusive as refusal:
            if not refusal.sent_before:
                played.wrote = wrote_before  # it was refused before it left
            raise
        if changed_nothing(exchange):
            played.wrote = wrote_before
        problem = judge(request, exchange, here, played)
        if problem is None:
            played.exchanges.append(exchange)
            return
        if asyncio.get_running_loop().time() + pause > deadline:
            if is_blocked(exchange):
                raise blocked(step, actor, exchange, cast.secrets)
            raise failure(cast, step, actor, exchange, problem, waited=request.wait)
        actor.client.patience.waits.polled += 1
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def changed_nothing(exchange: Exchange) -> bool:
    """Whether a request was refused, or never reached the application."""
    if exchange.answer is None:
        return exchange.layer in {"DNS", "connect", "TLS"}
    return 400 <= exchange.answer.status < 500


def judge(request: Request, exchange: Exchange, scope: Mapping[str, Any], played: Played) -> Problem | None:
    """What was wrong with an answer; None, with its captures kept in `played`, if it was good."""
    answer = exchange.answer
    if answer is None:
        return Problem("an answer", exchange.error or "none", exchange.layer)
    if not (answer.status in request.ok if request.ok else 200 <= answer.status < 300):
        wanted = " or ".join(map(str, sorted(request.ok))) if request.ok else "2xx"
        return Problem(f"status {wanted}", _summary(answer), exchange.layer, "ok")
    if answer.flaw and "json" in (answer.header("content-type") or "") and not _reads_text(request):
        return Problem("JSON, as its Content-Type says", _summary(answer, flaw=True), "contract")
    graphql = request.body is not None and request.body.kind == "graphql"
    if graphql and (not isinstance(answer.json, dict) or answer.json.get("errors")):
        return Problem("a GraphQL answer without errors", _summary(answer, flaw=True), None, "graphql")
    for condition in request.expect:
        found = condition.find(answer, scope)
        if found is None or found is False or (hasattr(found, "__len__") and not found):
            return Problem(f"{condition.text}", f"{found!r} from {_wanting(condition, answer)}", "contract", "expect")
    return _capture(request, answer, scope, played)


def _capture(request: Request, answer: Answer, scope: Mapping[str, Any], played: Played) -> Problem | None:
    subjects: list[Any] = [answer.json]
    if request.items is not None:
        found = request.items.find(answer, scope)
        if not isinstance(found, list):
            return Problem(f"a list at {request.items.text}", _wanting(request.items, answer), "contract", "items")
        subjects = found
    taken = []
    for subject in subjects:
        values = {name: path.find(answer, scope, subject) for name, path in request.capture.items()}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            name = missing[0]
            path = request.capture[name]
            return Problem(f"{name} at {path.text}", _wanting(path, answer), "contract", f"capture.{name}")
        taken.append((values, subject))
    if request.items is not None:
        played.items = taken
    elif request.capture or played.raw is None:
        played.captures.update(taken[0][0])
        played.raw = answer.json
    return None


async def _mail(cast: Cast, step: Step, part: ReadMail, scope: dict[str, Any], played: Played) -> None:
    try:
        address = str(part.address.render(scope))
    except TemplateError as error:
        raise UseError(f"step {step.name}, mail: {error}") from None

    def ready(answer: Answer) -> bool:
        values = {name: path.find(answer, scope) for name, path in part.capture.items()}
        if any(value is None for value in values.values()):
            return False
        played.captures.update(values)
        return True

    await cast.read_mail(address, ready, part.wait)


def failure(
    cast: Cast, step: Step, actor: Person, exchange: Exchange, problem: Problem, *, waited: float = 0.0
) -> StepFailure:
    """The failure that a problem with an answer makes."""
    layer = problem.layer or exchange.layer
    after = f" after waiting {waited:g} s" if waited else ""
    return StepFailure(
        Failure(
            title=f"{step.name} failed, as {actor.name}{after}",
            expected=problem.expected,
            got=problem.got,
            change=advice(layer, step.name, problem.key, cast.map),
            exchange=exchange,
            layer=layer,
        ),
        cast.secrets,
    )


def _reads_text(request: Request) -> bool:
    """Whether the map takes the answer for a text, whatever its Content-Type says."""
    return any("text()" in path.text for path in (*request.expect, *request.capture.values()))


def _wanting(path: Extractor, answer: Answer) -> str:
    """The answer in which an expression found nothing, with the reason if its JSON cannot be read."""
    return _summary(answer, flaw=not any(f"{name}(" in path.text for name in ("text", "header", "cookie", "status")))


def _summary(answer: Answer, *, flaw: bool = False) -> str:
    text = answer.text
    if not text or text.isspace():
        return f"{answer.reason}, with an empty body"
    if len(text) > 20 * SHOWN:
        text = f"{text[:SHOWN]}… ({len(text):,} characters)"
    return f"{answer.reason}: {answer.flaw}: {text}" if flaw and answer.flaw else f"{answer.reason}: {text}"


def summary(exchange: Exchange) -> str:
    """What an exchange brought, in one line."""
    return _summary(exchange.answer) if exchange.answer else exchange.outcome
