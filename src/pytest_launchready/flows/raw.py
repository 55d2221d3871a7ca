"""A team's own requests: raw, with a person's session, under the same guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.flows.advice import advice
from pytest_launchready.flows.person import Person, basic
from pytest_launchready.flows.sending import absolute, expired, keeps_session, target_headers
from pytest_launchready.mapping.records import Step
from pytest_launchready.wire.transport import NoAnswer, exchange_of

if TYPE_CHECKING:
    from pytest_launchready.flows.stage import Stage

RAW = Step(name="raw")


async def send_raw(stage: Stage, person: Person, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Response:
    """The answer to a raw request; raises StepFailure, with the layer that failed, if none came."""
    await stage.awaken(person)
    await person.settled()
    stale = person.session
    try:
        response = await _send(stage, person, method, url, arguments)
        scope = {"account": person.account()}
        if person.live and expired(person, exchange_of(response), scope) and await stage.renew(person, stale):
            response = await _send(stage, person, method, url, arguments)
    except NoAnswer as error:
        exchange = error.exchange
        raise StepFailure(
            Failure(
                title=f"{method} {exchange.path} got no answer, as {person.name}",
                expected="an answer",
                got=exchange.error or "none",
                change=advice(exchange.layer, "NAME", None, stage.map),
                exchange=exchange,
            ),
            stage.secrets,
        ) from None
    answer = exchange_of(response).answer
    if answer is not None:
        person.saw(answer)
    return response


async def _send(stage: Stage, person: Person, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Response:
    scope = {**stage.names(RAW), "account": person.account()}
    content = dict(arguments)
    headers = {
        **target_headers(stage.map, url, scope),
        **(person.session_headers(scope) if keeps_session(stage.map, url) else {}),
        **person.csrf_headers(method),
        **{name.lower(): value for name, value in dict(content.pop("headers", None) or {}).items()},
    }
    gate = stage.map.target.basic
    if gate is not None and "authorization" not in headers:
        headers["authorization"] = basic(str(gate.render(scope)))
    follow = bool(content.pop("follow_redirects", method in {"GET", "HEAD"}))
    return await person.client.send(method, absolute(stage.map, url), headers=headers, follow=follow, **content)
