"""The operations of an OpenAPI document that read, as requests with values of the run's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pytest_launchready.contracts.operations import NAMES, Document, Operation, Parameter, matches
from pytest_launchready.core.learning import is_opaque
from pytest_launchready.flows.sending import absolute
from pytest_launchready.mapping.records import Map, Request
from pytest_launchready.mapping.template import compile_target, compile_template
from pytest_launchready.probes.access.routes.route import Rank, Route, Untried, admin_by, written_path
from pytest_launchready.probes.access.routes.route_values import Values
from pytest_launchready.probes.access.routes.route_words import ACTS, KNOWN_BY_OWNER, OPEN, OWN, SECRET, says, segments

SESSION_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""What a document may show an example of, and must not be sent: it would be somebody's session."""


def of_document(values: Values, document: Document, known_lines: frozenset[str]) -> Iterator[Route | Untried]:
    """The operations that the map does not have."""
    base = base_of(values.mapped, document)
    for one in document.operations:
        if one.method == "GET" and one.line not in known_lines:
            yield _of_operation(values, document, one, base)


def base_of(mapped: Map, document: Document) -> str | None:
    """What stands before the paths of a document: decided by what the map asks for, else by what it says itself.

    None: each operation's own prefix, at the origin of the API.
    """
    requests = [part for step in mapped.steps.values() for part in step.parts if isinstance(part, Request)]
    requests += [verb.request for resource in mapped.resources.values() for verb in resource.verbs.values()]
    paths = {urlsplit(absolute(mapped, written_path(one))).path for one in requests}
    api = urlsplit(mapped.target.api).path.rstrip("/")
    prefixes = list(dict.fromkeys(prefix for one in document.operations for prefix in one.prefixes))

    def fits(base: str) -> int:
        templates = [base + one.path for one in document.operations]
        return sum(any(matches(template, path) for template in templates) for path in paths)

    candidates = dict.fromkeys([*prefixes, *(api + prefix for prefix in prefixes), api, ""])
    best = max(candidates, key=fits)
    if fits(best):
        return best
    return None if any(prefixes) or any(one.path.startswith(f"{api}/") for one in document.operations) else api


def secured(mapped: Map, document: Document, one: Operation) -> Rank:
    """Whether credentials are demanded that the target's own headers do not carry already."""
    tables = [table.source for _, table in mapped.target.headers if isinstance(table.source, Mapping)]
    given = {str(name).lower() for table in tables for name in table}
    carried = {name for name, scheme in document.schemes.items() if str(scheme.get("name", "")).lower() in given}
    if not one.secured or any(set(way) <= carried for way in one.security or ()):
        return ""
    return "declared" if "security" in one.raw or one.security is None else "perhaps"


def admin_of(one: Operation) -> tuple[Rank, str]:
    """Whether an operation says that it is the admin's."""
    schemes = [name for way in one.security or () for name in way]
    return admin_by(segments(one.path), [*one.tags, *one.scopes, *schemes], [one.summary, one.id])


def _of_operation(values: Values, document: Document, one: Operation, base: str | None) -> Route | Untried:
    if word := says([*segments(one.path)[-2:], one.id], ACTS):
        return Untried(one.line, f"{word} may change something, or never end")
    sent: dict[str, str] = {}
    ours = True
    for parameter in (one for one in one.parameters if one.required):
        if parameter.where not in {"path", "query", "header"} or parameter.name.lower() in SESSION_HEADERS:
            continue
        found = _value(values, one, parameter)
        value = parameter.example if found is None else found
        if value is None or isinstance(value, dict | list):
            return Untried(one.line, f"no value is known for {parameter.name}")
        if found is not None and parameter.name.casefold() in SECRET and is_opaque(str(found)):
            return Untried(one.line, f"{parameter.name} is itself the secret")
        ours = ours and found is not None
        sent[parameter.name] = str(value)
    if len(sent) > 1 and (word := says(sent, KNOWN_BY_OWNER)):
        return Untried(one.line, f"{word} beside a number is what lets guests in")
    admin, why = admin_of(one)
    kind = values.kind_of(one.path)
    last = segments(one.path)[-1:]
    return Route(
        one.line,
        _request(values.mapped, one, base, sent),
        kind=kind,
        secured=secured(values.mapped, document, one),
        open=not last or says(last, OPEN) is not None,
        own=says(segments(one.path)[-2:], OWN) is not None,
        admin=admin,
        why_admin=why,
        actor="admin" if admin == "declared" else values.owner(kind or ""),
        ours=ours,
    )


def _value(values: Values, one: Operation, parameter: Parameter) -> Any:
    before = one.path.partition(f"{{{parameter.name}}}")[0] if parameter.where == "path" else one.path
    return values.named(parameter.name, next(reversed(segments(before)), ""))


def _request(mapped: Map, one: Operation, base: str | None, sent: Mapping[str, str]) -> Request:
    places = {parameter.name: parameter.where for parameter in one.parameters}
    path = NAMES.sub(lambda name: quote(sent.get(name[1], ""), safe=""), one.path)
    pairs = [
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sent.items() if places[name] == "query"
    ]
    headers = {name: value for name, value in sent.items() if places[name] == "header"}
    api = urlsplit(mapped.target.api)
    prefix = one.prefixes[0] if base is None else base
    target = f"{api.scheme}://{api.netloc}{prefix}{path}"
    if pairs:
        target += ("&" if "?" in target else "?") + "&".join(pairs)
    return Request("GET", compile_target(target), headers=compile_template(headers) if headers else None, safe=True)
