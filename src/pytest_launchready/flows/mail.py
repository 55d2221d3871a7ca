"""Mail that a marketplace sends to its new people, read from where the map says."""

from __future__ import annotations

import asyncio
import email
import email.policy
import importlib
import inspect
import json
from collections.abc import AsyncIterator, Callable, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.errors import UseError
from pytest_launchready.mapping.records import Mail
from pytest_launchready.wire.origins import Origin, origin_of

PAUSE = 0.1
"""Seconds between two looks into the mailbox."""

Fetch = Callable[[Mapping[str, Any]], Any]


async def wait_for_mail(mail: Mail, address: str, ready: Callable[[Answer], bool], wait: float, fetch: Fetch) -> None:
    """Waits until a mail to the address satisfies `ready`, newest first; raises UseError after `wait` seconds.

    `fetch` sends the request of a mail catcher's API and returns its answer.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    seen = 0
    while True:
        seen = 0
        async for letter in _letters(mail, address, fetch):
            seen += 1
            if ready(letter):
                return
        if loop.time() + PAUSE > deadline:
            break
        await asyncio.sleep(PAUSE)
    found = f"{seen} mail(s) to it held nothing that the captures want" if seen else "no mail to it was found"
    raise UseError(f"mail to {address}: {found} in {wait:g} s. Looked in {_place(mail)} ([mail] of the map)")


def mail_origin(mail: Mail) -> frozenset[Origin]:
    """The origin of a mail catcher that stands elsewhere than the marketplace: none, or one."""
    source = str(mail.url.target.source) if mail.url is not None else ""
    if not source.startswith(("http://", "https://")):
        return frozenset()
    return frozenset({origin_of("/".join(source.split("/", 3)[:3]))})


async def _letters(mail: Mail, address: str, fetch: Fetch) -> AsyncIterator[Answer]:
    if mail.files is not None:
        for letter in await asyncio.to_thread(_from_files, Path(mail.files), address):
            yield letter
    elif mail.url is not None:
        response: httpx.Response = await fetch({"address": address})
        if response.is_success:
            yield Answer(response.status_code, tuple(response.headers.multi_items()), response.text)
    elif mail.hook is not None:
        found = await _call_hook(mail.hook, address)
        if found is not None:
            yield Answer(200, (), found if isinstance(found, str) else json.dumps(found))
    else:
        raise UseError("a step waits for mail, but [mail] of the map says nowhere to look: give files, url or hook")


def _from_files(folder: Path, address: str) -> list[Answer]:
    """The mails in a folder that are addressed to somebody, newest first."""
    if not folder.is_dir():
        return []
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )
    letters = (email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files)
    return [_answer(letter) for letter in letters if address.lower() in _addressees(letter)]


def _addressees(letter: EmailMessage) -> str:
    names = ("to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to")
    return " ".join(str(value) for name in names for value in letter.get_all(name, [])).lower()


def _answer(letter: EmailMessage) -> Answer:
    body = letter.get_body(("plain", "html"))
    text = body.get_content() if body is not None else ""
    return Answer(200, tuple((name, str(value)) for name, value in letter.items()), text)


async def _call_hook(hook: str, address: str) -> Any:
    """What a team's own function finds: the text or the JSON of a mail, or None."""
    module, _, name = hook.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UseError(f"mail.hook {hook!r} cannot be loaded: {error}") from None
    if inspect.iscoroutinefunction(function):
        return await function(address)
    return await asyncio.to_thread(function, address)


def _place(mail: Mail) -> str:
    if mail.files is not None:
        return f"the folder {mail.files}"
    return "the mail catcher" if mail.url is not None else f"the hook {mail.hook}"
