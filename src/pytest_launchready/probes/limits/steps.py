"""Which steps have a limit: those that the map declares, and those that have to have one whoever runs the shop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Limit, Map, ReadMail, Request, Step
from pytest_launchready.mapping.template import compile_template
from pytest_launchready.probes.limits.words import joined
from pytest_launchready.probes.order import ALWAYS

Kind = Literal["login", "otp", "reset", "invite", "upload", "signup", "other"]

CRITICAL: Final = frozenset({"login", "otp", "reset"})
"""Steps that nobody may leave open: a guess at each costs an account or a flood of mails."""
MANY: Final[Mapping[Kind, int]] = {"login": 110, "otp": 110, "reset": 40}
"""Tries without a limit that settle the matter where the map declares none. ASVS 4.0.3 (2.2.1) allows 100 failed
log-ins an hour; each reset is a mail, so fewer."""
FEW: Final = 20
"""The same for steps that make something, and have to undo it."""
MOST_ACCOUNTS: Final = 30
"""Accounts that a climb of sign-up may make."""
_KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    (
        "otp",
        re.compile(
            r"\b(?:otp|totp|mfa|2-?fa|two-factor|second-factor|one-time|passcode|pin-code|"
            r"(?:verify|verification|confirm|check|sms|login|auth)-(?:\w+-)?code|code-(?:verify|check|confirm))\b"
        ),
    ),
    ("reset", re.compile(r"\b(?:reset|forgot(?:ten)?|recover(?:y)?|lost-password|password-(?:request|link|mail))\b")),
    ("signup", re.compile(r"\b(?:sign-?up|register|registration|create-account|join)\b")),
    ("login", re.compile(r"\b(?:log-?in|sign-?in|log-?on|authenticate|auth|sessions?|tokens?|jwt)\b")),
    ("invite", re.compile(r"\b(?:invites?|invitations?|refer(?:rals?)?)\b")),
    ("upload", re.compile(r"\b(?:uploads?|photos?|images?|pictures?|avatars?|attachments?|files?|media)\b")),
)
_NOT_A_CODE: Final = re.compile(r"\b(?:begin|start|setup|enable|disable|enrol\w*|resend|send|request|delete|remove)\b")
_CODES: Final = re.compile(r"(?:^|[_.])(?:otp|totp|mfa|code|pin|passcode|token|verification\w*)$", re.IGNORECASE)
_ADDRESSES: Final = frozenset({"account.email", "account.username", "account.phone"})
_UNDOING: Final = re.compile(r"^(?:delete|remove|get|list|update|search|undo)-")


@dataclass(frozen=True, slots=True)
class Plan:
    """One step whose limit is looked for."""

    step: Step
    kind: Kind
    limit: Limit
    """What the map declares; nothing of a step that was only recognised."""
    before: tuple[Request, ...]
    """Requests of the step that lead up to the one that is tried."""
    tried: Request
    """The request that is sent again and again."""
    codes: tuple[str, ...] = ()
    """Names of its templates that stand for a one-time code."""
    absent: str | None = None
    """Why it cannot be tried, as far as the map tells."""

    @property
    def name(self) -> str:
        """The step's."""
        return self.step.name

    @property
    def declared(self) -> int | None:
        """Tries that the team says are let through at most."""
        return self.limit.within

    @property
    def most(self) -> int:
        """Tries after which no limit was seen: the declared ones and a tenth (at least two), or a usual bound."""
        if self.declared is not None:
            return self.declared + max(2, round(self.declared / 10))
        return FEW if self.makes else MANY.get(self.kind, FEW)

    @property
    def makes(self) -> bool:
        """Whether each try that is let through makes something."""
        return self.step.leaves_something

    @property
    def with_session(self) -> bool:
        """Whether whoever tries is logged in."""
        return self.kind not in {"login", "reset", "signup"} and self.step.actor != "anonymous"


def plans(mapped: Map) -> Iterator[Plan]:
    """The steps whose limit is looked for: declared ones, then those recognised; log-ins last, they may lock us out."""
    found = []
    for name, step in mapped.steps.items():
        limit = mapped.limits.get(name)
        kind = kind_of(mapped, step)
        if step.skip is None and (limit is not None or kind != "other"):
            found.append(_plan(mapped, step, kind, limit or Limit(name)))
    yield from sorted(found, key=lambda plan: (plan.kind == "login", plan.kind == "signup"))


def plan_of(mapped: Map, name: str, limit: Limit | None = None) -> Plan:
    """The plan for one step, which a test asks for by name; `limit` stands in place of what the map declares."""
    step = mapped.steps[name]
    return _plan(mapped, step, kind_of(mapped, step), limit or mapped.limits.get(name) or Limit(name))


def kind_of(mapped: Map, step: Step) -> Kind:
    """What a step is for, by the words of its name and address and by what it sends."""
    requests = [part for part in step.parts if isinstance(part, Request)]
    names = frozenset[str]().union(*(mentions(request) for request in requests))
    if step.name in {"login", *(person.login for person in mapped.people.values())}:
        return "login" if "account.password" in names or any(request.basic for request in requests) else "other"
    own = joined(step.name)
    undoes = _UNDOING.match(own) or any(step.name in other.undo for other in mapped.steps.values())
    last = _tried(requests, "other") if requests else None
    if last is None or last.safe or undoes:
        return "other"
    words = joined(step.name, str(last.target.source).partition("?")[0])
    fitting = (kind for kind, pattern in _KINDS if pattern.search(words) and _fits(kind, own, last, names))
    return "signup" if step.name == "signup" else next(fitting, "other")


def mentions(request: Request) -> frozenset[str]:
    """Every name that what a request sends mentions."""
    body = None if request.body is None else request.body.content
    fields = (request.target, request.query, request.headers, request.basic, body)
    return frozenset[str]().union(*(field.names for field in fields if field is not None))


def _fits(kind: Kind, own: str, request: Request, names: frozenset[str]) -> bool:
    """Whether what a step sends goes with what its words say."""
    match kind:
        case "otp":
            return not _NOT_A_CODE.search(own) and bool(_codes(request))
        case "reset":
            return bool(names & _ADDRESSES) and "account.password" not in names and not _codes(request)
        case "login":
            return "account.password" in names
        case "signup":
            return "account.password" in names and bool(names & _ADDRESSES)
        case "upload":
            return request.body is not None and request.body.kind == "multipart"
        case _:
            return True


def _codes(request: Request) -> tuple[str, ...]:
    return tuple(sorted(name for name in mentions(request) if _CODES.search(name) and name != "account.token"))


def _tried(requests: list[Request], kind: Kind) -> Request:
    """The request of a step that a limit counts: of a log-in the one with the password, else the last that writes."""
    if kind == "login":
        with_password = [one for one in requests if one.basic is not None or "account.password" in mentions(one)]
        if with_password:
            return with_password[0]
    return next((one for one in reversed(requests) if not one.safe), requests[-1])


def _plan(mapped: Map, step: Step, kind: Kind, limit: Limit) -> Plan:
    requests = [part for part in step.parts if isinstance(part, Request)]
    if not requests:
        nothing = Request("GET", compile_template("/"))
        return Plan(step, kind, limit, (), nothing, absent=f"{step.name}: it sends no request of its own")
    tried = _tried(requests, kind)
    place = step.parts.index(tried)
    before = tuple(part for part in step.parts[:place] if isinstance(part, Request))
    given = {*limit.values, *(name for request in before for name in request.capture)}
    codes = tuple(name for name in _codes(tried) if kind == "otp" and name.partition(".")[0] not in given)
    plan = Plan(step, kind, limit, before, tried, codes)
    return Plan(step, kind, limit, before, tried, codes, absent=_absent(mapped, plan, place))


def _absent(mapped: Map, plan: Plan, place: int) -> str | None:
    return next(filter(None, _reasons(mapped, plan, place)), None)


def _reasons(mapped: Map, plan: Plan, place: int) -> Iterator[str | None]:
    """Why a step cannot be tried, as far as the map tells."""
    step = plan.step
    yield why_not_covered(mapped, step.name)
    if any(isinstance(part, ReadMail) for part in step.parts[:place]):
        yield f"{step.name}: a mail has to arrive before it can be tried"
    elif len(plan.before) != place:
        yield f"{step.name}: it runs other steps before the request that a limit counts"
    have = {*ALWAYS, *step.needs, *plan.limit.values, *plan.codes}
    for request in (*plan.before, plan.tried):
        missing = sorted({name.partition(".")[0] for name in required_in(request)} - have - set(request.capture))
        if missing:
            yield f"{step.name}: [limits.{step.name}] values has to say what {', '.join(missing)} is at each try"
        have |= set(request.capture)
    if plan.kind == "signup" and plan.declared is None:
        yield f"{step.name}: no limit is declared ([limits.{step.name}] within), and looking for one makes accounts"
    if plan.kind == "signup" and plan.most > MOST_ACCOUNTS:
        yield f"{step.name}: {plan.most} accounts would be made, at most {MOST_ACCOUNTS} are"
