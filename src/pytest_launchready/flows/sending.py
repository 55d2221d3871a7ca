"""One mapped request on its way: rendered, dressed with the session, sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import httpx

from pytest_launchready.core.errors import UseError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.bodies import encode, plain
from pytest_launchready.flows.consents import GRANTED, intent_of
from pytest_launchready.flows.person import Person, basic
from pytest_launchready.mapping.records import Map, Request, Step, Target
from pytest_launchready.mapping.template import Template, TemplateError
from pytest_launchready.wire.consent import intending
from pytest_launchready.wire.origins import Origin, origin_of
from pytest_launchready.wire.transport import exchange_of


class Renews(Protocol):
    """Where an expired session is renewed."""

    map: Map

    async def renew(self, person: Person, stale: Mapping[str, Any]) -> bool:
        """Logs in again unless somebody has since `stale` was the session."""


async def send(cast: Renews, step: Step, request: Request, actor: Person, scope: Mapping[str, Any]) -> Exchange:
    """The exchange of one request, after one renewed log-in if the session had expired."""
    with intending(intent_of(step, request, GRANTED.get(), actor.login)):
        return await _send(cast, step, request, actor, scope)


async def _send(cast: Renews, step: Step, request: Request, actor: Person, scope: Mapping[str, Any]) -> Exchange:
    with_session = bool(step.actor or request.actor) or step.name not in {"signup", actor.login}
    await actor.settled()
    stale = actor.session
    response = await send_as(cast.map, step, request, actor, scope, with_session=with_session)
    exchange = exchange_of(response)
    if with_session and actor.live and expired(actor, exchange, scope) and await cast.renew(actor, stale):
        scope = {**scope, "account": actor.account()}
        response = await send_as(cast.map, step, request, actor, scope, with_session=True)
        exchange = exchange_of(response)
    if exchange.answer is not None:
        actor.saw(exchange.answer)
    return exchange


def expired(person: Person, exchange: Exchange, scope: Mapping[str, Any]) -> bool:
    """Whether an answer means that the person has to log in again."""
    answer = exchange.answer
    if answer is None:
        return False
    if person.auth.expired is not None:
        return bool(person.auth.expired.find(answer, scope))
    return answer.status == 401


async def send_as(
    mapped: Map,
    step: Step,
    request: Request,
    actor: Person,
    scope: Mapping[str, Any],
    *,
    with_session: bool,
    credentials: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
) -> httpx.Response:
    """The answer to one mapped request, sent as a person; raises NoAnswer, or UseError for a bad template.

    `credentials` are headers that stand in place of the person's session; those named in `without` are left out.
    """
    try:
        target = str(request.target.render(scope))
        url = with_query(absolute(mapped, target), _rendered(request.query, scope) or {})
        own_headers = {name.lower(): str(value) for name, value in (_rendered(request.headers, scope) or {}).items()}
        if request.basic is not None:
            own_headers.setdefault("authorization", basic(str(request.basic.render(scope))))
        content: dict[str, Any] = {}
        if request.body is not None:
            content = encode(request.body.kind, request.body.content.render(scope), actor.csrf_field())
        headers = {
            **target_headers(mapped, target, scope),
            **content.pop("headers", {}),
            **(_session(actor, scope, with_session=with_session) if credentials is None else credentials),
            **actor.csrf_headers(request.method),
            **idempotency_key(step, request, scope),
            **own_headers,
        }
        if "authorization" not in headers and mapped.target.basic is not None and belongs(mapped, target):
            headers["authorization"] = basic(str(mapped.target.basic.render(scope)))
        for name in without:
            headers.pop(name.lower(), None)
    except TemplateError as error:
        raise UseError(f"step {step.name}, as {actor.name}: {error}") from None
    return await actor.client.send(
        request.method,
        url,
        headers=headers,
        follow=request.body is None or request.body.kind in {"json", "graphql"},
        **content,
    )


def _session(actor: Person, scope: Mapping[str, Any], *, with_session: bool) -> dict[str, str]:
    return actor.session_headers(scope) if with_session or actor.auth.headers is not None else {}


def idempotency_key(step: Step, request: Request, scope: Mapping[str, Any]) -> dict[str, str]:
    """The header by which a server knows a create that it has seen before; one for each call and request."""
    if not step.leaves_something or request.safe:
        return {}
    return {"idempotency-key": f"{scope['unique']}-{step.parts.index(request)}"}


def target_headers(mapped: Map, target: str, scope: Mapping[str, Any]) -> dict[str, str]:
    """The static headers of the target that apply to a path."""
    if not belongs(mapped, target) or not mapped.target.headers:
        return {}
    path = httpx.URL(absolute(mapped, target)).path
    return {
        name.lower(): str(value)
        for prefix, table in mapped.target.headers
        if not prefix or path.startswith(prefix) or target.startswith(prefix)
        for name, value in table.render(scope).items()
    }


def target_names(target: Target) -> dict[str, Any]:
    """What templates see as `target`."""
    return {
        "name": target.name,
        "kind": target.kind,
        "api": target.api,
        "web": target.web or "",
        "hosts": target.hosts,
    }


def belongs(mapped: Map, target: str) -> bool:
    """Whether a request target is one of the marketplace, and not a mail catcher that stands elsewhere."""
    return _origin(mapped, target) in origins_of(mapped.target)


def keeps_session(mapped: Map, target: str) -> bool:
    """Whether a raw request may carry the session: to the API and the further hosts, not to the pages of `web`."""
    return _origin(mapped, target) in _origins((mapped.target.api, *mapped.target.hosts.values()))


def _origin(mapped: Map, target: str) -> Origin:
    """Where a request target leads; raises UseError for no address."""
    try:
        return origin_of(absolute(mapped, target))
    except ValueError as error:
        raise UseError(f"{error}, so nothing was sent") from None


def origins_of(target: Target) -> frozenset[Origin]:
    """The origins of a target: its api, its web and its further hosts."""
    return _origins((target.api, target.web, *target.hosts.values()))


@lru_cache(maxsize=64)
def _origins(urls: tuple[str | None, ...]) -> frozenset[Origin]:
    # Asked once or more for every request, and parsing a URL takes 20 µs.
    return frozenset(origin_of(url) for url in urls if url)


def graphql_path(mapped: Map) -> str | None:
    """The path of the target's GraphQL endpoint, if the map names one."""
    endpoint = mapped.contract.graphql
    return httpx.URL(absolute(mapped, endpoint)).path if endpoint else None


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """The URL with these values after those that its query has already."""
    values = {name: plain(value) for name, value in query.items()}
    return str(httpx.URL(url).copy_merge_params(values)) if values else url


def absolute(mapped: Map, target: str) -> str:
    """The URL of a request target: a path below `api`, or an absolute URL as it is."""
    if not isinstance(target, str):
        message = f"a request wants a path or a URL, got {target!r}; `target.web` is None where the map gives no `web`"
        raise UseError(message)
    if re.match(r"[a-z][a-z0-9+.-]*://", target, re.IGNORECASE):
        # A final dot says that a name is whole; it names the same host, and not every resolver takes it.
        return re.sub(r"^(https?://[^/?#@\\]*?)\.(?=(:\d+)?([/?#]|$))", r"\1", target, flags=re.IGNORECASE)
    return f"{mapped.target.api.rstrip('/')}/{target.lstrip('/')}"


def _rendered(template: Template | None, scope: Mapping[str, Any]) -> Any:
    return None if template is None else template.render(scope)
