"""`[mail]`, `[contract]`, `[build]`, `[values]` and `[[waivers]]`."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.people import refuse_templates
from pytest_launchready.mapping.records import Build, Contract, Mail, Waiver
from pytest_launchready.mapping.requests import Requests
from pytest_launchready.mapping.tables import BuildTable, ContractTable, MailTable, WaiverTable, read
from pytest_launchready.mapping.values import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_launchready.mapping.leaves import Leaves
    from pytest_launchready.mapping.problems import Key

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_HOOK = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_PUBLIC: Final = frozenset(
    {
        *("126.com", "163.com", "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.com", "gmx.de"),
        *("gmx.net", "googlemail.com", "hey.com", "hotmail.com", "icloud.com", "laposte.net", "libero.it"),
        *("live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr"),
        *("outlook.com", "pm.me", "proton.me", "protonmail.com", "qq.com", "rocketmail.com", "t-online.de"),
        *("tutanota.com", "web.de", "yahoo.co.uk", "yahoo.com", "yandex.com", "yandex.ru", "ymail.com"),
        *("zoho.com"),
    }
)
"""Domains on which any address may be somebody's."""


def compile_mail(table: Any, key: Key, requests: Requests, folder: Path) -> Mail:
    """Where mail to generated people can be read."""
    problems = requests.leaves.problems
    mail = read(MailTable, table, key, problems)
    ways = [name for name in ("files", "url", "imap", "hook") if getattr(mail, name) is not None]
    if len(ways) > 1:
        problems.add(key, f"says {' and '.join(ways)}", allowed="one way to read mail")
    if mail.domain is not None:
        domain = mail.domain.lower()
        if domain in _PUBLIC:
            what = "is a public mail provider, where addresses belong to people"
            problems.add((*key, "domain"), what, got=mail.domain, allowed="a domain that you own, or a reserved one")
        elif not _DOMAIN.fullmatch(domain):
            problems.add((*key, "domain"), "", got=mail.domain, allowed="a domain, such as mail.example.com")
    if mail.hook is not None and not _HOOK.fullmatch(mail.hook):
        problems.add((*key, "hook"), "", got=mail.hook, allowed='"module:function"')
    url = None
    if mail.url is not None:
        # The catcher may stand anywhere: its origin is checked when it is asked.
        url = Requests(requests.leaves, frozenset(), None).bare(mail.url, (*key, "url"))
    files = None if mail.files is None else str(folder / mail.files)
    imap = None if mail.imap is None else str(mail.imap)
    return Mail(None if mail.domain is None else str(mail.domain), files, url, imap, mail.hook)


def compile_contract(table: Any, key: Key, leaves: Leaves, folder: Path) -> Contract:
    """Where the promised shape of answers is written."""
    contract = read(ContractTable, table, key, leaves.problems)
    openapi, schemas = contract.openapi, contract.schemas
    if openapi is not None and not openapi.startswith(("http://", "https://", "/")):
        openapi = _existing(folder / openapi, (*key, "openapi"), leaves, folders=False)
    if schemas is not None:
        schemas = _existing(folder / schemas, (*key, "schemas"), leaves, folders=True)
    endpoint = contract.graphql
    if endpoint is not None and not endpoint.startswith(("/", "http://", "https://", "{{")):
        leaves.problems.add((*key, "graphql"), "", got=endpoint, allowed='a path that begins with "/", or a URL')
    return Contract(openapi, endpoint, schemas, contract.mode or "assert", contract.unknown or "note")


def _existing(path: Path, key: Key, leaves: Leaves, *, folders: bool) -> str:
    if not (path.is_dir() if folders else path.is_file()):
        leaves.problems.add(key, f"there is no {'folder' if folders else 'file'} {path}")
    return str(path)


def compile_build(table: Any, key: Key, requests: Requests) -> Build | None:
    """Where a target says which build it runs; None where the map does not say."""
    leaves = requests.leaves
    build = read(BuildTable, table, key, leaves.problems)
    request = None if build.request is None else requests.bare(build.request, (*key, "request"))
    if request is not None and not request.safe:
        leaves.problems.add((*key, "request"), "", got=build.request, allowed="a request that only reads, such as GET")
    if build.source is not None:
        return Build(leaves.reader(build.source, (*key, "source")), request)
    if request is not None:
        allowed = "source = \"header('x-build')\", or JMESPath, meta('build'), asset('app')"
        leaves.problems.add(key, "has a request and no source", allowed=allowed)
    return None


def compile_values(table: Mapping[str, Any], key: Key, leaves: Leaves) -> dict[str, Any]:
    """The team's own names, as plain data."""
    for name, value in table.items():
        leaves.name(name, (*key, name))
        refuse_templates(value, (*key, name), leaves)
    return {name: plain(value) for name, value in table.items()}


def compile_waivers(tables: Any, key: Key, leaves: Leaves) -> tuple[Waiver, ...]:
    """The accepted risks; one without a reason, an owner or an end is none."""
    if not isinstance(tables, list):
        leaves.problems.add(key, "", got=tables, allowed="a list of tables, each written [[waivers]]")
        return ()
    return tuple(_waiver(table, (*key, place), leaves) for place, table in enumerate(tables))


def _waiver(table: Any, key: Key, leaves: Leaves) -> Waiver:
    waiver = read(WaiverTable, table, key, leaves.problems)
    written = set(table) if isinstance(table, dict) else set(WaiverTable.__struct_fields__)
    missing = [name for name in WaiverTable.__struct_fields__ if name not in written]
    if missing:
        leaves.problems.add(key, f"has no {', '.join(missing)}", allowed="check, reason, owner, expires")
    expires = date.max if waiver.expires is None else _day(waiver.expires, (*key, "expires"), leaves)
    return Waiver(waiver.check or "", waiver.reason or "", waiver.owner or "", expires)


def _day(value: Any, key: Key, leaves: Leaves) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        leaves.problems.add(key, "", got=value, allowed="a date, such as 2027-01-31")
        return date.max
