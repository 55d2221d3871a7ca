"""Reading somebody else's object: a leak is proven by the victim's data, a refusal by its absence and its likeness."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import Inconclusive, LaunchreadyError, NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.mapping.records import Auth
from pytest_launchready.probes.access.ids import guessable
from pytest_launchready.probes.access.objects.case import Case, ids_in, mentions
from pytest_launchready.probes.access.objects.casting import Attacker, attack, attacker, callers, tried
from pytest_launchready.probes.access.objects.controls import Baseline, Control, baseline_of, control_of
from pytest_launchready.probes.access.objects.items import same_object
from pytest_launchready.probes.access.objects.proofs import Proof
from pytest_launchready.probes.access.refusals import alike, only_in_words, refusal, same_form, shared
from pytest_launchready.probes.asking import Caller

LIKE = "as for an object that never existed"
Round = Mapping[str, Verdict | LaunchreadyError]
"""What came of one verb, by who tried: a verdict, or why there is none."""


async def reads(case: Case) -> Round:
    """What everybody is told who reads the object of somebody else."""
    return {who: await _settled(case, who) for who in tried(case.resource, "read")}


async def _settled(case: Case, who: str) -> Verdict | LaunchreadyError:
    try:
        one = await attacker(case, who)
        control = await control_of(case, one.victim)
        verdicts = [await _try(case, one, caller, control) for caller in callers(case, "read", one)]
    except (Inconclusive, NotCovered) as error:
        return error
    return worst(verdicts)


async def _try(case: Case, one: Attacker, caller: Caller, control: Control) -> Verdict:
    baseline = await baseline_of(case, "read", one, caller)
    return judge(case, one, control, baseline, await read_by(case, one, caller))


async def read_by(case: Case, one: Attacker, caller: Caller) -> Exchange:
    """The exchange of an attacker's read; sent once in a case."""
    names = one.victim.names(case.kind)
    return await case.once(
        ("read by", caller.who, caller.person.name), lambda: attack(case, "read", one, caller, names)
    )


def judge(case: Case, one: Attacker, control: Control, baseline: Baseline | None, exchange: Exchange) -> Verdict:
    """What an answer to an attacker's read proves."""
    label = one.victim.label(case.kind)
    leaked = why_leaked(one, control, baseline, exchange)
    if leaked is not None:
        assert exchange.answer is not None
        how = "" if exchange.answer.status < 400 else ", though it refuses"
        return leak(
            case, one, f"{one.shown} reads {label}", f"{exchange.outcome} shows {leaked}{how}", exchange, control
        )
    if exchange.answer is None or exchange.answer.status == 429:
        return inconclusive("no-answer", f"{one.shown} got {exchange.outcome} for {label}", notes=notes_on(case, one))
    if baseline is not None and control.proof.exists and not _telling(control, baseline).exists:
        return inconclusive(
            "baseline", f"an object that never existed is answered with what shows {label}: {baseline.exchange.line}"
        )
    why = why_refused(case, one, control, baseline, exchange)
    if why is None:
        return inconclusive(
            "unlike-baseline",
            f"{one.shown} got {exchange.outcome} for {label}: neither a refusal, nor like one that never existed, "
            f"nor shown to be it. Declare resources.{case.kind}.proof or match, or auth.refused",
            notes=notes_on(case, one),
        )
    if baseline is not None and baseline.broken is not None and why != LIKE:
        return inconclusive(
            "baseline", f"an object that never existed: {baseline.exchange.line}", notes=notes_on(case, one)
        )
    more = [f"the refusal is a {exchange.answer.reason}"] if exchange.answer.status >= 500 else []
    return passed(
        f"{one.victim.person.name} reads it: {control.exchange.line}",
        f"{one.shown}: {exchange.line}: {why}",
        notes=[*notes_on(case, one), *more],
    )


def why_leaked(one: Attacker, control: Control, baseline: Baseline | None, exchange: Exchange) -> str | None:
    """What of the victim's object an answer shows, in words; None where nothing is proven."""
    found = _telling(control, baseline).found_in(exchange)
    return found or _as_a_whole(control, baseline, one, exchange)


def _telling(control: Control, baseline: Baseline | None) -> Proof:
    """What proves the object, less what a caller is told of one that never existed."""
    return control.proof if baseline is None else control.proof.besides([baseline.exchange.answer], baseline.names)


def _as_a_whole(control: Control, baseline: Baseline | None, one: Attacker, exchange: Exchange) -> str | None:
    """The same object by its id, where the map does not say what proves one."""
    if control.proof.declared or baseline is None or exchange.answer is None:
        return None
    found = same_object(exchange.answer, control.answer, baseline.exchange.answer, one.victim.id, baseline.ids)
    return f"the same object as its owner's answer, id {one.victim.id}" if found else None


def why_refused(  # noqa: PLR0911 - a table of refusals
    case: Case, one: Attacker, control: Control, baseline: Baseline | None, exchange: Exchange
) -> str | None:
    """Why an answer without proof is a refusal, in words; None where it is not shown to be one."""
    answer = exchange.answer
    assert answer is not None
    request, asked = case.verb("read").request, ids_in(case, "read", one.victim)
    base = baseline.exchange.answer if baseline is not None else None
    if base is not None and baseline is not None and alike(answer, base, [*asked, *baseline.ids]):
        return LIKE
    auth: Auth = one.person.auth if one.person is not None else case.owner.person.auth
    words = refusal(answer, request, auth)
    # What the owner is told too, and nobody of anything else, may be the object though it reads like a refusal.
    common = shared(answer, control.answer, [base, *control.others], asked)
    if words is not None and (not only_in_words(words) or not common):
        return words
    if _own(answer, control, one):
        return "the caller's own"
    if _led_away(case, exchange, control) and not common:
        return f"led away to {urlsplit(exchange.url).path}"
    if baseline is None:
        return "the caller's own: the request names no object"
    if base is not None and same_form(answer, base) and not common:
        return "in the form of one for an object that never existed"
    return None


def _led_away(case: Case, exchange: Exchange, control: Control) -> bool:
    """Whether a redirect ended on another page than the owner's: a log-in, or the front page with a sentence."""
    here, there = urlsplit(exchange.url).path, urlsplit(control.exchange.url).path
    # A path that says who asks differs without any redirect.
    return here != there and not any(name.startswith("account.") for name in mentions(case.verb("read").request))


def _own(answer: Answer, control: Control, one: Attacker) -> bool:
    """Whether an answer is what the caller is told of an object of their own."""
    if one.own is None:
        return False
    mine = str(one.own.id) if one.own.id is not None else None
    return any(
        alike(answer, other) and (answer.json is None or shared(answer, other, [control.answer]) != [])
        for other in control.others
    ) or (
        mine is not None
        and mine != str(one.victim.id)
        and any(mine in shared(answer, other, []) for other in control.others)
    )


def leak(case: Case, one: Attacker, title: str, got: str, exchange: Exchange, control: Control) -> Verdict:
    """The verdict on a proven leak; where the id is the secret by declaration, only a note."""
    if case.resource.capability:
        return passed(got, notes=[f"the id is the secret, by declaration: {title}", *notes_on(case, one)])
    wanted = f"a refusal that shows nothing of it, as for {an(case.kind)} that never existed"
    failure = Failure(title, wanted, got, remedy(case.kind), exchange=exchange, control=control.exchange)
    return failed(failure, f"control: {control.exchange.line}", code="leak", notes=notes_on(case, one))


def remedy(kind: str) -> str:
    """What to change where somebody reaches what is not theirs."""
    return f"look {kind} objects up by id and owner together, on every route and verb, and answer 404 otherwise"


def notes_on(case: Case, one: Attacker) -> list[str]:
    """What is worth knowing of a resource's ids; told once, of the stranger."""
    number = case.owner.id
    return (
        [f"ids of {case.kind} can be guessed ({number})"]
        if one.who == "stranger" and number is not None and guessable(number)
        else []
    )


def worst(verdicts: list[Verdict]) -> Verdict:
    """A proven failure before what is undecided before a pass."""
    order = {"failed": 0, "inconclusive": 1, "passed": 2}
    return min(verdicts, key=lambda verdict: order[verdict.outcome])


def an(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
