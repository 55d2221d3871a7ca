"""Check `access.double_submit`: a checkout that a phone sends again, because the answer was lost, buys once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import httpx

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, inconclusive, passed
from pytest_launchready.flows import steps
from pytest_launchready.flows.looking import lists_of
from pytest_launchready.flows.objects import make
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.stage import Act, Stage
from pytest_launchready.mapping.graph import required_in
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.probes.access.conduct.extras import names_in
from pytest_launchready.probes.access.conduct.holding import BUSY
from pytest_launchready.probes.access.spares import spare
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.order import owner_of, why_untried
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import Intent, intending
from pytest_launchready.wire.transport import STEP, NoAnswer, exchange_of

ID: Final = "access.double_submit"
KEY: Final = re.compile(r"[\w-]*(?:idempot|client_?mutation_?id|client_?token|request_?id)[\w-]*", re.IGNORECASE)
"""Names of what a client sends so that a repeated request is known."""
MADE_ANEW: Final = frozenset({"host", "content-length", "traceparent", "connection", "accept-encoding"})
"""Headers that are of the connection, not of the request."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """The one check."""
    yield Check(
        id=ID,
        proves="a checkout that is sent twice, with the same Idempotency-Key, makes one order",
        impact="trust-broken",
        remedy="keep the Idempotency-Key with the order, unique for each account, and answer a replay with that order",
        run=careful(_run),
        reference="ASVS 5.0 2.3.3, WSTG-BUSL-05, draft-ietf-httpapi-idempotency-key-header",
        requests=7,
        absent=_why_not(subject.mapped),
    )


def _why_not(mapped: Map) -> str | None:
    step = mapped.steps.get("checkout")
    if step is None:
        return f"{ID}: {mapped.source} maps no step checkout"
    if (reason := why_untried(mapped, step)) is not None:
        return f"{ID}: {reason}"
    if not any(isinstance(part, Request) and not part.safe for part in step.parts):
        return f"{ID}: checkout has no request of its own that writes"
    return None


async def _run(context: Context) -> Verdict:
    company = context.marketplace.company
    stage = company.stage
    step = stage.step("checkout")
    person = await spare(context)
    role = owner_of(step)
    if role not in {person.role, person.name}:
        person = await company.find(role)
    act = await stage.act("checkout", person, {})
    order = stage.keep(act)
    request, first = _final(act)
    before = await _orders(stage, act.person)
    second = await _again(act.person, first)
    answer = second.answer
    if answer is None or answer.status in BUSY:
        return inconclusive("no-answer", f"the replay got no answer that counts: {second.line}")
    after = await _orders(stage, act.person)
    name = order.known().get("id")
    other = _id_in(request, second, act)
    grown = [one for one in after or () if one not in (before or ())]
    if before is not None and after is not None and not grown:
        return passed(f"the replay got {answer.reason}", f"{len(after)} order(s) before and after")
    promise = promised(act.step, request)
    made_two = bool(grown) or (other is not None and name is not None and str(other) != str(name))
    if made_two:
        for one in grown or [str(other)]:
            again = make("order", {**order.known(), "id": one}, None)
            names = {**act.names, **act.played.captures, "id": one, "order": again}
            stage.register.record(act.step, act.person, names, again)
        if promise is None:
            raise NotCovered(
                "not covered: the replay made a second order, yet nothing says that it should not: the map's checkout "
                "sends no Idempotency-Key of its own, and no cart or payment that could be used up"
            )
        failure = Failure(
            title=f"the same checkout, sent twice with the same {promise}, makes two orders",
            expected=f"order {name} again, or a refusal",
            got=f"{answer.reason}; besides order {name} there is now {', '.join(grown) or other}",
            change="answer a replay with the order that the key has made",
            exchange=second,
            control=first,
        )
        return failed(failure, second.line, code="two-orders")
    if answer.status >= 400 or (other is not None and str(other) == str(name)):
        return passed(f"the replay got {steps.summary(second)[:200]}")
    return inconclusive("unseen", f"the replay got {answer.reason}; map list_orders, so that a second order is seen")


def promised(step: Step, request: Request) -> str | None:
    """By what a server can tell a replay, as the map has it: a key, or what an earlier request has prepared."""
    for template in (request.headers, request.query, request.body.content if request.body else None):
        written = names_in(template.source) if template else ()
        words = (word for name, value in written for word in (name, value) if isinstance(word, str))
        key = next((found for word in words if (found := KEY.search(word))), None)
        if key is not None:
            return key[0]
    prepared = {
        name for part in step.parts if isinstance(part, Request) and part is not request for name in part.capture
    }
    used = {name for name in required_in(request) if name in prepared or name.partition(".")[0] == "cart"}
    return min(used, default=None)


def _final(act: Act) -> tuple[Request, Exchange]:
    """The last request of the checkout that writes, with its exchange."""
    requests = [part for part in act.step.parts if isinstance(part, Request)]
    for part, exchange in zip(reversed(requests), reversed(act.played.exchanges), strict=False):
        if not part.safe:
            return part, exchange
    raise NotCovered("not covered: checkout has no request of its own that writes")


async def _again(person: Person, first: Exchange) -> Exchange:
    """The same request, byte for byte."""
    headers = {name: value for name, value in first.request_headers if name.lower() not in MADE_ANEW}
    token = STEP.set("checkout")
    try:
        with intending(Intent("checkout", frozenset({"checkout"}), safe=False)):
            response: httpx.Response = await person.client.send(
                first.method, first.url, headers=headers, follow=False, content=first.request_body
            )
    except NoAnswer as error:
        return error.exchange
    finally:
        STEP.reset(token)
    return exchange_of(response)


async def _orders(stage: Stage, person: Person) -> list[str] | None:
    """The ids of the person's orders, or None where the map cannot list them."""
    for step in lists_of(stage, "order"):
        names: dict[str, Any] = {**stage.names(step), "account": person.account(), "owner": person.account()}
        if step.actor not in {None, person.role, person.name}:
            continue
        played = await steps.perform(stage, step, person, names)
        found = [
            values.get("id", raw.get("id") if isinstance(raw, dict) else raw) for values, raw in played.items or ()
        ]
        return [str(one) for one in found]
    return None


def _id_in(request: Request, exchange: Exchange, act: Act) -> Any:
    """The id of an order in the answer to the replay, if the map finds it there."""
    played = steps.Played()
    scope = {**act.names, **act.played.captures}
    if "id" not in request.capture or steps.judge(request, exchange, scope, played) is not None:
        return None
    return played.captures.get("id")
