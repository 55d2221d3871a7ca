"""A person who acts: an identity, what log-in gave, and how requests carry it."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from html import unescape
from typing import Any
from urllib.parse import unquote

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.records import Auth
from pytest_launchready.mapping.template import TemplateError
from pytest_launchready.wire.client import Client
from pytest_launchready.wire.operations import SAFE_METHODS

POSTMAN = "[mail]"
"""Who asks a mail catcher: somebody without a session, who alone may contact it."""


class Person:
    """One person of the run; `identity` outlives log-in, `session` does not."""

    def __init__(
        self, *, name: str, role: str, auth: Auth, client: Client, login: str, values: Mapping[str, Any], me: str = "me"
    ) -> None:
        self.name = name
        self.role = role
        self.auth = auth
        self.client = client
        self.login = login
        self.me = me
        self.identity: dict[str, Any] = dict(values)
        self.session: dict[str, Any] = {}
        self.live = False
        """Whether log-in has succeeded and log-out has not been called since."""
        self.has_account = False
        self.ready = False
        """Whether the account exists and log-in has worked once."""
        self.logged_out_in: str | None = None
        """The test that logged this person out: the next test finds the person logged in again."""
        self.mark: str | None = None
        """What tells which of the map's accounts this is, without showing it; None of a person who signs up."""
        self.form_token: str | None = None
        self.lock = asyncio.Lock()
        """Held while the session is being replaced."""
        self.logging_in: asyncio.Task[Any] | None = None

    @property
    def anonymous(self) -> bool:
        """Whether this is somebody without an account."""
        return self.role == "anonymous"

    async def self_or(self, actor: str | None, find: Callable[[str], Awaitable[Person]]) -> Person:
        """Who sends a request: this person if `actor` is none, or names the person or its role; else whom it names."""
        return self if actor is None or actor in {self.name, self.role} else await find(actor)

    def account(self) -> dict[str, Any]:
        """What templates see as `account`."""
        return {**self.identity, **self.session}

    def forget_session(self) -> None:
        """Ends the session on our side only."""
        self.session = {}
        self.form_token = None
        self.client.forget_cookies()

    def saw(self, answer: Answer) -> None:
        """Takes note of a page's hidden form field, which a later request may have to carry.

        A page without the field changes nothing: what a redirect or a refusal says in HTML has no form.
        """
        csrf = self.auth.csrf
        if csrf is None or csrf.field is None or "html" not in (answer.header("content-type") or ""):
            return
        token = hidden_field(answer.text, csrf.field)
        self.form_token = self.form_token if token is None else token

    def session_headers(self, scope: Mapping[str, Any]) -> dict[str, str]:
        """The headers that carry the session; none where log-in has not given what they need."""
        # Whatever a step calls `account` (an undo names the account it undoes), the session is this person's.
        scope = {**scope, "account": self.account()}
        if self.auth.headers is not None:
            try:
                return {name: str(value) for name, value in self.auth.headers.render(scope).items()}
            except TemplateError:
                return {}
        if self.auth.bearer is not None and "token" in self.session:
            return {"authorization": f"Bearer {self.session['token']}"}
        if self.auth.basic is not None and not self.anonymous:
            return {"authorization": basic(str(self.auth.basic.render(scope)))}
        return {}

    def credentials(self) -> dict[str, str]:
        """Every header that carries the session as it is now, cookies too: it can be used without the person."""
        cookies = self.client.cookies()
        csrf = self.csrf_headers("POST")
        return {
            **self.session_headers({}),
            **({"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}),
            **{name.lower(): value for name, value in csrf.items()},
        }

    def own_headers(self) -> dict[str, str]:
        """The map's session headers, if they tell one person from another; none beside cookies, which do so anyway."""
        headers = self.auth.headers
        if headers is None or self.auth.cookies or not any(name.startswith("account.") for name in headers.names):
            return {}
        return self.session_headers({})

    async def settled(self) -> None:
        """Waits while another task replaces the session, so that nothing goes out between two sessions."""
        if self.logging_in not in {None, asyncio.current_task()}:
            async with self.lock:
                return

    def csrf_headers(self, method: str) -> dict[str, str]:
        """The anti-forgery header of an unsafe call, copied from its cookie."""
        csrf = self.auth.csrf
        if csrf is None or csrf.cookie is None or csrf.header is None or method in SAFE_METHODS:
            return {}
        token = self.client.cookie(csrf.cookie)
        # Pages decode the cookie before they copy it: what is encrypted and in base64 ends in %3D there.
        return {csrf.header: unquote(token)} if token else {}

    def csrf_field(self) -> dict[str, str]:
        """The hidden anti-forgery field of the last page that had it, for a form."""
        csrf = self.auth.csrf
        if csrf is None or csrf.field is None or self.form_token is None:
            return {}
        return {csrf.field: self.form_token}


def basic(credentials: str) -> str:
    """The value of an Authorization header for "user:password" (RFC 7617)."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def hidden_field(page: str, name: str) -> str | None:
    """The value of the last input with this name on a page, or None."""
    for tag in reversed(re.findall(r"<input\b[^>]*>", page, re.IGNORECASE)):
        attributes = {
            key.lower(): unescape(double or single or bare)
            for key, double, single, bare in re.findall(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", tag)
        }
        if attributes.get("name") == name:
            return attributes.get("value", "")
    return None
