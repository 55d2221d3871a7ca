"""Ways around a limit: from another address, at another spelling of the path, for another spelling of the account."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from pytest_launchready.mapping.records import Request
from pytest_launchready.probes.limits.steps import Plan, mentions

FORWARDING: Final = (
    *("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"),
    *("X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "X-Cluster-Client-IP", "Fastly-Client-IP"),
)
"""Headers by which proxies tell a client's address, and which anybody can write (ASVS 5, 15.3.4)."""
HERE: Final = "127.0.0.1"
"""Limits are often switched off for whoever seems to come from the same machine."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to try."""

    name: str
    bend: Callable[[Request], Request] = lambda request: request
    """Makes the request of the next try."""
    respell: Callable[[str], str] | None = None
    """Makes another spelling of the account's name."""
    parts: tuple[Way, ...] = ()
    """What it puts together: which of them it is, is only asked where all together open the step."""
    unless: bool = False
    """Whether it says nothing new where one before it has opened the step."""


def ways(plan: Plan) -> Iterator[Way]:
    """The ways that a step has, those with the best chance first."""
    yield Way("forged address headers", _forge(FORWARDING), parts=tuple(Way(n, _forge((n,))) for n in FORWARDING))
    yield Way(
        f"address headers that say {HERE}",
        _forge(FORWARDING, HERE),
        parts=tuple(Way(f"{n}: {HERE}", _forge((n,), HERE)) for n in FORWARDING),
        unless=True,
    )
    yield Way("a further query parameter", lambda request: with_target(request, _more_query))
    if not (plan.tried.body is not None and plan.tried.body.kind == "graphql"):
        yield Way("a slash at the end of the path", lambda request: with_target(request, _slash))
        yield Way("capital letters in the path", lambda request: with_target(request, _capitals))
        yield Way("a double slash in the path", lambda request: with_target(request, _double_slash))
    if plan.kind in {"login", "reset"}:
        yield Way("capital letters in the account's name", respell=str.swapcase)
    if plan.kind == "login":  # elsewhere each spelling would cost a failed log-in, to see whose account it is
        yield Way("a space after the account's name", respell=lambda name: f"{name} ")
        yield Way("a space before the account's name", respell=lambda name: f" {name}")
        if "account.email" in mentions(plan.tried):
            yield Way("a tag in the e-mail address", respell=_tagged)
            yield Way("a dot in the e-mail address", respell=_dotted)


def name_key(plan: Plan) -> str:
    """The part of the account by which the step knows whom it is about."""
    names = mentions(plan.tried)
    return next((key for key in ("email", "username", "phone") if f"account.{key}" in names), "email")


def with_target(request: Request, bend: Callable[[str], str]) -> Request:
    """The request with another target, made from the rendered one."""
    inner = request.target
    return replace(request, target=replace(inner, _render=lambda scope: bend(str(inner.render(scope)))))


def with_headers(request: Request, more: Mapping[str, str]) -> Request:
    """The request with further headers."""
    inner = request.headers or replace(request.target, source={}, _render=lambda _: {})
    return replace(request, headers=replace(inner, _render=lambda scope: {**inner.render(scope), **more}))


def _forge(names: tuple[str, ...], address: str | None = None) -> Callable[[Request], Request]:
    def forge(request: Request) -> Request:
        # 198.18.0.0/15 is kept for measurements (RFC 2544): nobody's address.
        said = address or f"198.18.{random.randrange(256)}.{random.randrange(1, 255)}"  # noqa: S311 - only to differ
        return with_headers(request, {name: f"for={said}" if name == "Forwarded" else said for name in names})

    return forge


def _path(target: str, bend: Callable[[str], str]) -> str:
    parts = urlsplit(target)
    return urlunsplit(parts._replace(path=bend(parts.path)))


def _more_query(target: str) -> str:
    sign = "&" if "?" in target else "?"
    return f"{target}{sign}lr{random.randrange(10**6)}=1"  # noqa: S311 - only to differ


def _slash(target: str) -> str:
    return _path(target, lambda path: path.rstrip("/") if path.endswith("/") else f"{path}/")


def _capitals(target: str) -> str:
    return _path(target, str.swapcase)


def _double_slash(target: str) -> str:
    def bend(path: str) -> str:
        head, _, tail = path.rstrip("/").rpartition("/")
        return f"{head}//{tail}"

    return _path(target, bend)


def _tagged(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+lr{random.randrange(10**6)}@{domain}"  # noqa: S311 - only to differ


def _dotted(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}.{local[1:]}@{domain}"
