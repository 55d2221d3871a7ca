"""Fields that a request should not be able to set: which to send beside the map's own, and whether they were taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pytest_launchready.core.errors import NotCovered
from pytest_launchready.mapping.records import Body, Request
from pytest_launchready.mapping.template import Template

JUNK: Final = "launchready_extra"
"""A field that means nothing: whoever keeps it keeps everything, and so proves nothing by a new field."""
ROUNDS: Final = 3
"""Tries with what refusals leave: servers name ten fields or so at once."""

Leaves = dict[tuple[str, ...], Any]
"""Path of names → value of a JSON document; of a list of tables the first one's, a list of values as a whole."""


def merged(template: Template | None, more: Mapping[str, Any]) -> Template:
    """The table that a template renders, with these entries after its own."""
    if template is None:
        return Template(dict(more), frozenset(), frozenset(), constant=True, _render=lambda _: dict(more))
    return replace(template, constant=False, _render=lambda scope: {**(template.render(scope) or {}), **more})


def injected(request: Request, extras: Mapping[str, Any], beside: Callable[[Any], bool]) -> Request | None:
    """The request with further fields in the table that has a value for which `beside` holds, else in its outermost.

    None where its body has no fields.
    """
    body = request.body
    if body is None or body.kind == "text":
        return None
    template = body.content

    def render(scope: Mapping[str, Any]) -> Any:
        content = template.render(scope)
        if body.kind == "graphql":
            return {**content, "variables": _into_input(content.get("variables") or {}, extras)}
        if body.kind in {"form", "multipart"}:
            return {**content, **_in_brackets(content, extras, beside)}
        changed, found = _placed(content, extras, beside)
        return changed if found or not isinstance(content, Mapping) else {**content, **extras}

    return replace(request, body=Body(body.kind, replace(template, constant=False, _render=render)))


def leaves_of(document: Any, path: tuple[str, ...] = ()) -> Leaves:
    """Every value of a document by its path, names in lower case without underscores."""
    found: Leaves = {}
    if isinstance(document, Mapping):
        for name, value in document.items():
            found |= leaves_of(value, (*path, plain_name(str(name))))
    elif isinstance(document, list) and any(isinstance(value, Mapping | list) for value in document):
        for value in reversed(document):
            found |= leaves_of(value, path)
    else:
        found[path] = document
    return found


def names_in(document: Any) -> Iterator[tuple[str, Any]]:
    """Every name of a document as it is written, with its value, outermost first."""
    if isinstance(document, Mapping):
        yield from ((str(name), value) for name, value in document.items())
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


def plain_name(name: str) -> str:
    """A name without its style: isAdmin and is_admin are one."""
    return re.sub(r"[_-]", "", name).lower()


def fewer(tried: int, left: Mapping[str, Any], refusal: str, shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields to send next, after so many tries: those that a refusal does not name, else what is `shown`; or None.

    Whoever refuses by field knows the others, or has not come to them.
    """
    named = {name for name in left if re.search(rf"\b{re.escape(name)}\b", refusal)}
    rest = {name: value for name, value in left.items() if name not in named}
    few = left.keys() <= shown.keys()
    if named and rest and (few or tried < ROUNDS):
        return rest
    return None if few else dict(shown) or None


def taken(before: Any, after: Any, extras: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Of the extra fields those whose value is shown now and was not before: name, then, now."""
    old, new = leaves_of(before), leaves_of(after)
    keeps_all = any(path and path[-1] == plain_name(JUNK) for path in new)
    written = {name for name, _ in names_in(after)}
    found: dict[tuple[str, ...], tuple[str, Any, Any]] = {}
    for name, value in sorted(extras.items(), key=lambda extra: extra[0] in written):
        wanted = value[0] if isinstance(value, list) and value else value
        for path, now in new.items():
            if not path or path[-1] != plain_name(name) or not same(now, wanted):
                continue
            if not (path not in old and keeps_all) and not same(old.get(path), wanted):
                found[path] = (name, old.get(path), now)
    return list(found.values())


def same(shown: Any, sent: Any) -> bool:
    """Whether a value is the one that was sent, or a list that holds it, whatever its type and case."""
    if isinstance(shown, list):
        return any(same(one, sent) for one in shown)
    if isinstance(sent, bool) or isinstance(shown, bool):
        return shown is sent or (isinstance(sent, bool) and shown in {1, "1", "true"} and sent)
    try:
        return Decimal(str(shown)) == Decimal(str(sent))
    except InvalidOperation:
        return shown is not None and str(shown).lower() == str(sent).lower()


def _in_brackets(form: Any, extras: Mapping[str, Any], beside: Callable[[Any], bool]) -> dict[str, Any]:
    """The extras, named as the form names what stands beside them: `user[role]` next to `user[name]`."""
    names = sorted((name for name in form if "[" in name), key=lambda name: not beside(form[name]))
    outer = names[0].partition("[")[0] if names else None
    return {name if outer is None else f"{outer}[{name}]": value for name, value in extras.items()}


def _into_input(variables: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """The variables with the extras in the first input object; unknown variables reach no server."""
    inner = next((name for name, value in variables.items() if isinstance(value, Mapping)), None)
    if inner is None:
        raise NotCovered("not covered: the GraphQL document takes no input object, so it has no room for other fields")
    return {**variables, inner: {**variables[inner], **extras}}


def _placed(content: Any, extras: Mapping[str, Any], beside: Callable[[Any], bool]) -> tuple[Any, bool]:
    if isinstance(content, list):
        pairs = [_placed(value, extras, beside) for value in content]
        return [value for value, _ in pairs], any(found for _, found in pairs)
    if not isinstance(content, Mapping):
        return content, False
    if any(not isinstance(value, Mapping | list) and beside(value) for value in content.values()):
        return {**content, **extras}, True
    inner = {name: _placed(value, extras, beside) for name, value in content.items()}
    return {name: value for name, (value, _) in inner.items()}, any(found for _, found in inner.values())
