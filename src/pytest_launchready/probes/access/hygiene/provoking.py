"""Errors that are provoked without changing anything: broken JSON, forged sessions, impossible ids, wrong methods."""

from __future__ import annotations

from dataclasses import replace

from pytest_launchready.core.errors import LaunchreadyError
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.flows.objects import Listing
from pytest_launchready.flows.sending import absolute, target_headers
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.mapping.template import Template, compile_template
from pytest_launchready.probes.asking import Caller, ask
from pytest_launchready.probes.subject import Context
from pytest_launchready.wire.consent import Intent, intending
from pytest_launchready.wire.transport import NoAnswer, exchange_of

BROKEN_JSON = b'{"broken": '
FORGED = "eyJhbGciOiJIUzI1NiJ9.launchready.forged"
STRANGE_ID = "launchready" + "9" * 300


async def provoked(context: Context) -> list[tuple[str, Exchange]]:
    """Each error as (what was sent, what came of it); what the map has no request for is left out."""
    found = []
    for what, provoke in (
        ("broken JSON", _broken_json),
        ("a wrong method", _wrong_method),
        ("a forged session", _forged_session),
        ("an impossible id", _impossible_id),
        ("an impossible page", _impossible_page),
    ):
        try:
            exchange = await provoke(context)
        except LaunchreadyError:  # it needs what the map does not give
            continue
        if exchange is not None:
            found.append((what, exchange))
    return found


async def _broken_json(context: Context) -> Exchange | None:
    """Log-in, a request that anybody may send, with a body that ends in the middle."""
    request = _first(context.marketplace.map, "login")
    if request is None or request.body is None or request.body.kind not in {"json", "graphql"}:
        return None
    target = _fixed(request.target)
    if target is None:
        return None
    company = context.marketplace.company
    anonymous = await company.find("anonymous")
    headers = {**target_headers(company.stage.map, target, {}), "content-type": "application/json"}
    try:
        with intending(Intent("login", frozenset({"login"}), safe=None, session=True)):
            response = await anonymous.client.send(
                request.method, absolute(company.stage.map, target), headers=headers, follow=False, content=BROKEN_JSON
            )
    except NoAnswer as error:
        return error.exchange
    return exchange_of(response)


async def _wrong_method(context: Context) -> Exchange | None:
    request = _first(context.marketplace.map, "login")
    target = None if request is None or request.method == "GET" else _fixed(request.target)
    if request is None or target is None:
        return None
    return await _ask(context, Request("GET", request.target, safe=True), {}, None)


async def _forged_session(context: Context) -> Exchange | None:
    request = _first(context.marketplace.map, "me")
    if request is None or not request.safe:
        return None
    person = await context.marketplace.company.find("buyer")
    forged = {name: _forge(name, value) for name, value in person.credentials().items()}
    return await _ask(context, request, {}, forged) if forged else None


async def _impossible_id(context: Context) -> Exchange | None:
    request = _first(context.marketplace.map, "get_listing")
    if request is None or not request.safe:
        return None
    return await _ask(context, request, {"listing": Listing({"id": STRANGE_ID}), "id": STRANGE_ID}, None)


async def _impossible_page(context: Context) -> Exchange | None:
    request = _first(context.marketplace.map, "search")
    if request is None or not request.safe or (request.body is not None and request.body.kind == "graphql"):
        return None
    query = request.query.source if request.query is not None else {}
    strange = {**query, "page": "-1", "limit": "x"} if isinstance(query, dict) else {}
    return await _ask(context, replace(request, query=compile_template(strange)), {"search": {"text": "lamp"}}, None)


async def _ask(
    context: Context, request: Request, scope: dict[str, object], credentials: dict[str, str] | None
) -> Exchange:
    company = context.marketplace.company
    if credentials is None:
        caller = Caller("anonymous", await company.find("anonymous"))
    else:
        caller = Caller("forged", company.ghost("forged"), credentials)
    return await ask(company.stage, "provoke", request, caller, scope)


def _first(mapped: Map, name: str) -> Request | None:
    step = mapped.steps.get(name)
    if step is None or step.skip is not None or not step.parts or not isinstance(step.parts[0], Request):
        return None
    return step.parts[0]


def _fixed(target: Template) -> str | None:
    return str(target.source) if target.constant else None


def _forge(name: str, value: str) -> str:
    if name == "cookie":
        return "; ".join(f"{pair.partition('=')[0]}={FORGED}" for pair in value.split("; "))
    scheme, space, _ = value.rpartition(" ")
    return f"{scheme}{space}{FORGED}"
