"""How long calls take, judged from a team's own test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_launchready.assertions.here import in_callers_loop, on_engine
from pytest_launchready.assertions.judging import settle
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import UseError
from pytest_launchready.core.nearest import did_you_mean
from pytest_launchready.core.verdicts import Verdict
from pytest_launchready.flows.actor import Actor
from pytest_launchready.probes.latency import sampler
from pytest_launchready.probes.latency.judging import Question, verdict_on
from pytest_launchready.probes.latency.recorded import verdict_on_errors, verdict_on_recorded
from pytest_launchready.probes.latency.samples import PHASES, SETUP
from pytest_launchready.probes.latency.schedule import MEDIAN, P95, Every, Rule, once
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.probes.latency.statistics import needed
from pytest_launchready.wire.colour import in_a_task, verb

if TYPE_CHECKING:
    from pytest_launchready.probes.subject import Context
    from pytest_launchready.wire.engine import Engine


@dataclass(frozen=True, slots=True)
class Claim:
    """What an assertion says of a call."""

    name: str
    """Of the assertion."""
    quantity: str
    limit_ms: float
    rule: Rule
    share: float
    phase: str | None = None


class LatencyAssertions:
    """Judges how long calls take."""

    _called = ""

    def __init__(self, engine: Engine, context: Context, note: Callable[[str], None]) -> None:
        self._engine = engine
        self._context = context
        self._note = note
        self._market = context.marketplace

    def assert_p95_under(
        self,
        limit_ms: float,
        call: Callable[..., Any] | str | None = None,
        /,
        *args: Any,
        samples: int | None = None,
        users: int | None = None,
        step: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Passes if 95 % of the calls take no longer, shown by as many samples as that takes.

        `call` is a verb of a person, whose exchanges are timed; or any function, timed as a whole. `users` people call
        at once, each again every `limit_ms`. `samples` is a number of them, in place of as many as it takes. Without a
        call, `step` judges what this session has recorded of one. Raises CheckFailure, Inconclusive if not decided.
        """
        __tracebackhide__ = True
        rule = P95 if samples is None else once(samples, 0.05, "a p95")
        claim = Claim("assert_p95_under", "p95", limit_ms, rule, 0.05)
        return self._judge(claim, call, step, users, args, kwargs)

    def assert_median_under(
        self,
        limit_ms: float,
        call: Callable[..., Any] | str | None = None,
        /,
        *args: Any,
        samples: int | None = None,
        users: int | None = None,
        step: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Passes if half of the calls take no longer; see `assert_p95_under`."""
        __tracebackhide__ = True
        rule = MEDIAN if samples is None else once(samples, 0.5, "a median")
        claim = Claim("assert_median_under", "median", limit_ms, rule, 0.5)
        return self._judge(claim, call, step, users, args, kwargs)

    def assert_all_under(
        self,
        limit_ms: float,
        call: Callable[..., Any] | str | None = None,
        /,
        *args: Any,
        samples: int | None = None,
        users: int | None = None,
        step: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Passes if not one of 59 calls, or of `samples`, takes longer; see `assert_p95_under`."""
        __tracebackhide__ = True
        rule = Every(needed(0, 0.05) if samples is None else samples)
        claim = Claim("assert_all_under", "longest call", limit_ms, rule, 0.0)
        return self._judge(claim, call, step, users, args, kwargs)

    def assert_phase_under(
        self,
        limit_ms: float,
        call: Callable[..., Any],
        /,
        *args: Any,
        phase: str = "ttfb",
        samples: int | None = None,
        users: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Passes if one phase takes no longer in 95 % of the calls of a verb; see `assert_p95_under`.

        Phases are `send`, `ttfb` (to the first byte) and `body`; for `dns`, `connect` and `tls` each call gets a
        connection of its own.
        """
        __tracebackhide__ = True
        if phase not in PHASES:
            raise UseError(f"phase={phase!r}: allowed are {', '.join(PHASES)}.{did_you_mean(phase, PHASES)}")
        if not is_verb(call):
            raise UseError("assert_phase_under() wants a verb of a person, as buyer.search: only exchanges have phases")
        rule = P95 if samples is None else once(samples, 0.05, "a p95")
        claim = Claim("assert_phase_under", f"p95 of {PHASES[phase]}", limit_ms, rule, 0.05, phase)
        return self._judge(claim, call, None, users, args, kwargs)

    @verb
    async def assert_error_rate_under(self, rate: float, step: str | None = None) -> None:
        """Passes if so few requests of this session, or of a step, failed that the true rate is shown to be lower.

        Errors are answers of 500 and above, and requests without an answer. 299 requests without one show "under 1 %".
        """
        if not 0 < rate < 1:
            raise UseError(f"assert_error_rate_under({rate!r}): the rate is a part of all, as 0.01 for 1 %")
        if step is not None:
            self._check_step(step)
        facts = self._market.tally.facts()
        verdict = verdict_on_errors(facts, step, rate, note=self._lenient)
        self._settle("errors", f"fewer than {rate:.2%} of requests fail", verdict)

    @property
    def _lenient(self) -> bool:
        return self._market.map.latency.undecided == "note"

    def _judge(
        self,
        claim: Claim,
        call: Callable[..., Any] | str | None,
        step: str | None,
        users: int | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Samples where the call belongs: on the engine, in the caller's task, or in the caller's thread."""
        __tracebackhide__ = True
        if isinstance(call, str):
            call, step = None, call
        if (call is None) == (step is None):
            raise UseError(f"{claim.name}() wants a call, as buyer.search, or step=, the name of a step; one of them")
        if not claim.limit_ms > 0:
            raise UseError(f"{claim.name}({claim.limit_ms!r}, …): the limit is milliseconds, above 0")
        if users is not None and (step is not None or users < 1):
            raise UseError(f"users={users!r}: a whole number from 1, with a call to make")
        text = f"{claim.name}(…)"
        if step is not None:
            return on_engine(self._engine, text, functools.partial(self._recorded, claim, step))
        assert callable(call)
        bound = functools.partial(call, *args, **kwargs)
        if is_verb(call):
            actor: Actor = call.__self__  # type: ignore[attr-defined]  # that is what makes it one
            return on_engine(self._engine, text, lambda: self._of_verb(claim, named(call), bound, users, actor))
        if in_a_task() or is_async(call):
            return in_callers_loop(self._engine, text, lambda: self._of_function(claim, named(call), bound, users))
        if users is not None:
            raise UseError("users= wants a verb, as buyer.search, or an async function: a plain one blocks its thread")
        series = self._series(claim)
        ran = sampler.in_this_thread(bound, series, self._market.map.latency.seconds)
        return self._conclude(claim, named(call), series, ran)

    async def _of_verb(self, claim: Claim, what: str, call: Callable[[], Any], users: int | None, actor: Actor) -> None:
        take = sampler.of_verb(call)
        if claim.phase in SETUP:
            take = _on_new_connections(take, actor)
        async with self._context.notebook.sampling:
            await self._sampled(claim, what, take, users)

    async def _of_function(self, claim: Claim, what: str, call: Callable[[], Any], users: int | None) -> None:
        await self._sampled(claim, what, sampler.of_function(call), users)

    async def _sampled(self, claim: Claim, what: str, take: sampler.Take, users: int | None) -> None:
        series, seconds = self._series(claim), self._market.map.latency.seconds
        if users is None:
            ran = await sampler.in_turn([(take, series)], seconds)
        else:
            people, rate = self._crowd(users, claim.limit_ms)
            ran = await sampler.at_once(take, series, people, rate, seconds)
        self._conclude(claim, what, series, ran)

    async def _recorded(self, claim: Claim, step: str) -> None:
        self._check_step(step)
        times = self._market.company.stage.timings.of(step)
        question = Question(step, claim.quantity, self._lenient)
        verdict = verdict_on_recorded(times, claim.limit_ms / 1000, claim.share, question)
        self._settle(step, f"{claim.quantity} of {step} is under {claim.limit_ms:g} ms", verdict)

    def _conclude(self, claim: Claim, what: str, series: Series, ran: sampler.Ran) -> None:
        __tracebackhide__ = True
        verdict = verdict_on(series, ran, Question(what, claim.quantity, self._lenient))
        name = what.rpartition(".")[2]
        self._settle(name, f"{claim.quantity} of {what} is under {claim.limit_ms:g} ms", verdict)

    @staticmethod
    def _series(claim: Claim) -> Series:
        return Series(claim.rule, claim.limit_ms / 1000, claim.phase)

    def _settle(self, name: str, proves: str, verdict: Verdict) -> None:
        __tracebackhide__ = True
        check: Check[Any] = Check(f"latency.{name}", proves, "slow-core-flow", "", _nothing)
        for note in verdict.notes:
            self._note(note)
        settle([(check, verdict)], self._market.secrets)

    def _crowd(self, users: int, limit_ms: float) -> tuple[int, float]:
        """How many people, and calls a second, the budget of the target has room for.

        Half its pace at most: at all of it, a backlog would never be worked off, and our own pace would be blamed on
        the server.
        """
        terms = self._market.budget.terms
        people = min(users, terms.concurrency) if terms.concurrency else users
        rate = users * 1000 / limit_ms
        return people, min(rate, terms.rate / 2) if terms.rate else rate

    def _check_step(self, step: str) -> None:
        known = list(self._market.map.steps)
        if step not in known:
            raise UseError(f"there is no step {step!r} in {self._market.map.source}.{did_you_mean(step, known)}")


def is_verb(call: object) -> bool:
    """Whether a call is a bound verb of a person."""
    return isinstance(getattr(call, "__self__", None), Actor) and inspect.iscoroutinefunction(
        inspect.unwrap(getattr(call, "__func__", _nothing_plain))
    )


def is_async(call: object) -> bool:
    """Whether a call is awaited."""
    inner = call
    while isinstance(inner, functools.partial):
        inner = inner.func
    return inspect.iscoroutinefunction(inner)


def named(call: Callable[..., Any]) -> str:
    """What messages call a call: "buyer.search", or the function's name."""
    while isinstance(call, functools.partial):
        call = call.func
    name = getattr(call, "__name__", type(call).__name__)
    owner = getattr(call, "__self__", None)
    return f"{owner.name}.{name}" if isinstance(owner, Actor) else "the call" if name == "<lambda>" else name


def _on_new_connections(take: sampler.Take, actor: Actor) -> sampler.Take:
    async def fresh(waited: float) -> Any:
        await actor._person.client.reconnect()  # noqa: SLF001 - the actor is ours
        return await take(waited)

    return fresh


async def _nothing(_: Any) -> Verdict:
    raise NotImplementedError


def _nothing_plain() -> None:
    raise NotImplementedError
