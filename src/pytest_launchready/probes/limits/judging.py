"""From a climb to a verdict."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.probes.limits.climb import ENOUGH, Climb
from pytest_launchready.probes.limits.headers import announced, waits
from pytest_launchready.probes.limits.recognise import TOO_MANY
from pytest_launchready.probes.limits.steps import CRITICAL, Plan
from pytest_launchready.wire.patience import told_to_wait


def judge(found: Climb) -> Verdict:
    """The verdict on a step's limit; raises NotCovered for a step that may have none, where none was seen."""
    plan, told = found.trier.plan, evidence_of(found)
    notes = [*found.notes, *_notes(found)]
    match found.outcome:
        case "limited":
            return passed(told, notes=notes)
        case "crashed":
            got = f"{found.by} after {found.through} tries: {shown(found)}"
            failure = _failure(found, f"{plan.name} answers tries with a server error", "a refusal, as 429", got)
            return failed(failure, told, code="server-error", notes=notes)
        case "leaky":
            title = f"{plan.name} refuses wrong passwords ({found.by}), and lets the right one in all the same"
            got = "a right guess still logs in, three times, right after tries that were refused"
            failure = _failure(found, title, "the right password is refused too until the limit is over", got)
            return failed(failure, told, code="not-enforced", notes=notes)
        case "open":
            return _open(found, told, notes)
        case _:
            code, reason = _undecided(found)
            return inconclusive(code, f"{plan.name}: {reason}", told, notes=notes)


def evidence_of(found: Climb) -> Evidence:
    """How much was tried, and what may have been sent at most."""
    plan, abreast = found.trier.plan, f", {found.abreast} at once" if found.abreast > 1 else ""
    declared = "none is declared" if plan.declared is None else f"{plan.declared} are declared"
    said = f"tried {plan.name} {found.sent} times in {found.seconds:.1f} s{abreast} (at most {plan.most} and 3 to make "
    said += f"sure; {declared}); {found.through} were let through"
    said += f", then limited: {found.by}" if found.outcome == "limited" else ""
    measured = {"sent": found.sent, "through": found.through, "seconds": round(found.seconds, 3), "most": plan.most}
    return Evidence(said, measured)


def shown(found: Climb) -> str:
    """What the answer at the end said, in a line."""
    return found.shown.line if found.shown else found.plain.line


def undecided(plan: Plan, found: Climb) -> NotCovered | None:
    """Why what comes after a limit cannot be tried; None where a limit was found."""
    if found.outcome == "limited" and found.through == 0:
        return NotCovered(
            f"not covered: {plan.name}: the limit was reached before it was tried: nothing to compare with"
        )
    if found.outcome == "limited":
        return None
    return NotCovered(f"not covered: {plan.name}: no limit was reached, so nothing comes after it")


def _undecided(found: Climb) -> tuple[str, str]:
    """Why nothing is known, as a code and in words."""
    if found.outcome == "silent":
        return "no-answer", f"tries are no longer answered after {found.through}: {found.by}"
    if found.outcome == "odd":
        return "no-baseline", found.by
    most = found.trier.plan.most
    return "too-slow", f"only {found.sent} tries in {found.seconds:.0f} s, of {most} that would decide"


def _open(found: Climb, told: Evidence, notes: Iterable[str]) -> Verdict:
    plan = found.trier.plan
    if plan.declared is None and plan.kind not in CRITICAL:
        raise NotCovered(
            f"not covered: {plan.name}: no limit was seen within {found.through} tries, and none is declared "
            f"([limits.{plan.name}] within)"
        )
    if not found.trier.known:
        reason = (
            f"{plan.name}: no limit was seen within {found.through} tries on an address without an account; "
            "whether accounts are locked cannot be told, for the map gives all that there are"
        )
        return inconclusive("no-spare-account", reason, told, notes=notes)
    if plan.declared is None:
        title = f"{plan.name} has no limit that was seen within {found.through} tries"
        expected = f"a limit: none is declared, and {plan.name} needs one"
    else:
        title = f"{plan.name} is not limited to {plan.declared} tries"
        expected = (
            f"a refusal after {plan.declared} tries at most ([limits.{plan.name}] within), {plan.most} with tolerance"
        )
    got = f"{found.through} tries, all answered alike: {found.plain.line}"
    return failed(_failure(found, title, expected, got), told, code="no-limit", notes=notes)


def _failure(found: Climb, title: str, expected: str, got: str) -> Failure:
    plan = found.trier.plan
    change = f"count tries of {plan.name} by account, and refuse with 429 and Retry-After"
    if found.through < ENOUGH and found.outcome == "open":
        change += f"; if it limits later, say so: [limits.{plan.name}] within"
    return Failure(
        title, expected, got, change, exchange=found.shown or found.plain, control=found.baseline.exchanges[0]
    )


def _notes(found: Climb) -> list[str]:
    plan, answer = found.trier.plan, found.shown.answer if found.shown else None
    if found.outcome != "limited" or answer is None:
        return []
    notes = []
    if found.through == 0:
        notes.append("the very first try was refused: the limit counts what this run has sent before, too")
    if answer.status != TOO_MANY:
        notes.append(f"the limit shows as {found.by}, not as 429")
    if told_to_wait(answer) is None:
        notes.append("the refusal has no Retry-After: an honest client cannot know when to come back")
    fields = announced(answer)
    if fields:
        notes.append(f"its RateLimit fields say: {fields}")
    asked = waits(answer)
    if asked is not None and fields.reset is not None and asked + 1 < fields.reset:
        notes.append(
            f"Retry-After says {asked:g} s, earlier than the reset of {fields.reset:g} s in the RateLimit fields"
        )
    if plan.declared is None:
        notes.append(f"no limit is declared: [limits.{plan.name}] within = {max(1, found.through)} would keep it")
    elif 0 < found.through < plan.declared:
        notes.append(
            f"it comes after {found.through} tries, {plan.declared} are declared: honest people may meet it early"
        )
    return notes
