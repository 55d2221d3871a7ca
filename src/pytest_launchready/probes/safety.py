"""Family `safety`: the guards prove themselves against the target's own settings, before anything relies on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.core.errors import LaunchreadyError, UseError
from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.core.verdicts import Verdict, failed, passed
from pytest_launchready.flows.raw import send_raw
from pytest_launchready.flows.sending import absolute
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.subject import Context, Subject
from pytest_launchready.wire.consent import WriteRefused

ELSEWHERE = "launchready-guard.invalid"
"""A host that cannot exist (RFC 2606), should a guard fail."""
PATH = "/launchready-guard"


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each guard that this target's settings switch on."""
    target = subject.mapped.target
    yield Check(
        id="safety.hosts",
        proves="nothing is sent to an origin that is not the target's",
        impact="data-exposed",
        remedy="do not use this run: report it as a fault of pytest-launchready",
        run=_hosts,
    )
    guarded = target.kind == "production" or subject.read_only
    yield Check(
        id="safety.writes",
        proves="a write that nobody has consented to is not sent",
        impact="data-exposed",
        remedy="do not use this run: report it as a fault of pytest-launchready",
        run=_writes,
        absent=None
        if guarded
        else f"safety.writes: target {target.name} is {target.kind}, and the run is not --launchready-read-only: "
        "writes need no consent",
    )


FAMILY: Final = Family("safety", "the guards hold on this very target", checks)


async def _hosts(context: Context) -> Verdict:
    urls = foreign(context.marketplace.map)
    for url in urls:
        verdict = await _refused(context, "GET", url, {}, UseError, "an origin that is not the target's")
        if verdict is not None:
            return verdict
    return passed(*(f"{url}: refused, nothing sent" for url in urls))


async def _writes(context: Context) -> Verdict:
    said = []
    for method, url, headers in writes(context.marketplace.map):
        verdict = await _refused(context, method, url, headers, WriteRefused, "a write without consent")
        if verdict is not None:
            return verdict
        said.append(f"{method} {url} {headers or ''}".rstrip() + ": refused, nothing sent")
    return passed(*said)


def writes(mapped: Map) -> tuple[tuple[str, str, dict[str, str]], ...]:
    """Writes in plain sight and in disguise: method, URL and headers of each."""
    endpoint = mapped.contract.graphql
    mutation = quote("mutation { launchreadyGuard }", safe="")
    plain: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("POST", PATH, {}),
        ("DELETE", PATH, {}),
        ("GET", PATH, {"x-http-method-override": "DELETE"}),
    )
    known = endpoint is not None and "{{" not in endpoint
    return (*plain, ("GET", f"{endpoint}?query={mutation}", {})) if known else plain


def foreign(mapped: Map) -> tuple[str, ...]:
    """URLs that look like the target's and are not: another host, its name as a prefix, as a user, on another port."""
    parts = urlsplit(absolute(mapped, "/"))
    port = 9 if parts.port != 9 else 10  # RFC 863: whatever comes there is thrown away
    return (
        f"https://{ELSEWHERE}/",
        f"{parts.scheme}://{parts.hostname}.{ELSEWHERE}/",
        f"{parts.scheme}://{parts.netloc}@{ELSEWHERE}/",
        f"{parts.scheme}://{_host(parts.hostname)}:{port}/",
    )


async def _refused(
    context: Context, method: str, url: str, headers: dict[str, str], refusal: type[LaunchreadyError], what: str
) -> Verdict | None:
    """None if a request is refused and nothing has left; else the verdict."""
    marketplace = context.marketplace
    person = await marketplace.company.find("anonymous")
    before = marketplace.sent
    got = "it was sent"
    try:
        await send_raw(marketplace.company.stage, person, method, url, {"headers": headers, "follow_redirects": False})
    except refusal:
        if marketplace.sent == before:
            return None
    except StepFailure as error:
        got = error.failure.title
    title = f"{method} {url} was not refused: it is {what}"
    return failed(Failure(title, "a refusal, and nothing sent", got, "report it, and do not use this run"), code="sent")


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else str(name)
