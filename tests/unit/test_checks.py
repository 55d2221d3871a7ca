"""How checks are chosen, and what steps can be tried alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.assertions.judging import CheckFailure, settle
from pytest_launchready.core.answer import Answer
from pytest_launchready.core.checks import Check, Family, choose, finding
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.impacts import IMPACTS
from pytest_launchready.core.redact import Secrets
from pytest_launchready.core.verdicts import Evidence, Verdict, failed, inconclusive, passed
from pytest_launchready.flows.tally import Tally, merged
from pytest_launchready.mapping.load import load_map
from pytest_launchready.probes.catalogue import FAMILIES
from pytest_launchready.probes.order import in_order, why_untried
from pytest_launchready.probes.subject import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_launchready.mapping.records import Map

SHOP = """
[targets.shop]
kind = "local"
api = "http://shop.test"
[people.buyer]
email = "ann@example.com"
password = "correct-horse"
[people.seller]
email = "bob@example.com"
password = "correct-horse"
[steps.checkout]
request = "POST /orders"
json = { listing = "{{ listing.id }}" }
capture = { id = "id", total = "total" }
[steps.signup]
request = "POST /people"
capture = { id = "id" }
undo = "leave"
[steps.leave]
request = "DELETE /me"
[steps.login]
request = "POST /sessions"
[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"
[steps.create_listing]
request = "POST /listings"
capture = { id = "id" }
undo = "delete_listing"
[steps.ban]
actor = "admin"
request = "POST /bans"
[steps.reply]
request = "POST /replies"
json = { to = "{{ message.id }}" }
[steps.redeem]
json = { code = "{{ code }}", what = "{{ quantity }}" }
request = "POST /vouchers"
[[steps.bundle.requests]]
step = "create_listing"
[[steps.bundle.requests]]
request = "POST /bundles"
json = { of = "{{ listing.id }}" }
capture = { place = "place" }
[[steps.bundle.requests]]
request = "POST {{ place }}/{{ colour }}"
[steps.pause]
skip = "no pauses yet"
[steps.unban]
request = "DELETE /bans/{{ ban.id }}"
[resources.ban]
made_by = "ban"
[resources.pause]
made_by = "pause"
[steps.resume]
request = "DELETE /pauses/{{ pause.id }}"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Map:
    """A small map."""
    path = tmp_path / "launchready.toml"
    path.write_text(SHOP)
    return load_map(path, "shop")


async def _run(_: object) -> Verdict:
    return passed()


def check(name: str) -> Check[Any]:
    """A check that passes."""
    return Check(id=name, proves="it works", impact="launch-blocked", remedy="mend it", run=_run)


FAMILY: Family[Any] = Family("a", "letters", lambda _: (check("a.one"), check("a.two")))
OTHER: Family[Any] = Family("b", "more letters", lambda _: ())


def test_every_family_is_chosen_where_none_is_named() -> None:
    """In the order of the catalogue."""
    assert [one.id for one in choose((FAMILY, OTHER), ("all",), (), None)] == ["a.one", "a.two"]


def test_a_family_without_checks_is_no_audit() -> None:
    """An audit of nothing would be green."""
    with pytest.raises(ValueError, match="the audit of b has no checks: an audit of nothing proves nothing"):
        choose((FAMILY, OTHER), ("b",), (), None)


def test_ids_begin_with_their_family_and_impacts_are_known(shop: Map) -> None:
    """What reports and globs rely on, for every check of the catalogue."""
    for family in FAMILIES:
        for one in family.checks(Subject(shop)):
            assert one.family == family.name
            assert one.impact in IMPACTS
            assert one.remedy


def test_steps_are_tried_in_the_order_of_their_needs(shop: Map) -> None:
    """Whatever the order of the file."""
    assert [step.name for step in in_order(shop)] == [
        *("signup", "login", "create_listing", "ban", "reply", "redeem", "bundle", "pause"),
        *("checkout", "delete_listing", "unban", "resume", "leave"),
    ]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("ban", "ban: the map gives no account for admin ([people.admin])"),
        ("reply", "reply: needs a message, and no step makes one"),
        ("redeem", "redeem: only a test can give code"),
        ("bundle", "bundle: only a test can give colour"),
        ("pause", "pause: no pauses yet"),
        ("unban", "unban: needs a ban: ban: the map gives no account for admin ([people.admin])"),
        ("resume", "resume: needs a pause: pause: no pauses yet"),
        ("checkout", None),
        ("delete_listing", None),
    ],
)
def test_what_cannot_be_tried_alone_is_named(shop: Map, step: str, reason: str | None) -> None:
    """Before anything is sent."""
    assert why_untried(shop, shop.steps[step]) == reason


def test_a_finding_holds_no_secret() -> None:
    """Reason, evidence, request and command are masked when it is made."""
    secrets = Secrets()
    secrets.add("s3cret-t0ken-of-ann", "ANN_TOKEN")
    exchange = Exchange(
        method="GET",
        url="http://shop.test/x?t=s3cret-t0ken-of-ann",
        request_headers=(),
        request_body=b"",
        seconds=0.1,
        answer=Answer(500, (), ""),
    )
    failure = Failure("got s3cret-t0ken-of-ann", "nothing", "all", "look", exchange)
    found = finding(check("a.one"), failed(failure, "saw s3cret-t0ken-of-ann", code="leak"), secrets)
    assert "s3cret" not in repr(found)
    assert (found.outcome, found.code, found.reason) == ("failed", "leak", "got ***")
    assert found.again is not None
    assert "$ANN_TOKEN" in found.again


@pytest.mark.parametrize(("change", "said"), [("look", "look"), ("", "mend it")])
def test_a_failed_check_always_says_what_to_do(change: str, said: str) -> None:
    """What the failure itself says, else the check's remedy."""
    verdict = failed(Failure("it broke", "nothing", "all", change), code="leak")
    with pytest.raises(CheckFailure, match=f"change:   {said}\n"):
        settle([(check("a.one"), verdict)], Secrets())


def test_verdicts_carry_what_they_rest_on() -> None:
    """Sentences become evidence; what could not be decided has a code and a reason."""
    assert passed("seen", Evidence("measured", {"ms": 3})).evidence[1].measured == {"ms": 3}
    verdict = inconclusive("rate-limited", "the limiter blocked it")
    assert (verdict.outcome, verdict.code, verdict.reason) == (
        "inconclusive",
        "rate-limited",
        "the limiter blocked it",
    )


def test_tallies_of_workers_are_one() -> None:
    """Counts and seconds add up, the slowest stays."""

    def tally(*statuses: int | None) -> dict[str, Any]:
        counted = Tally()
        for status in statuses:
            answer = None if status is None else Answer(status, (), "")
            counted.add(
                Exchange(
                    method="GET",
                    url="http://shop.test/",
                    request_headers=(),
                    request_body=b"",
                    seconds=0.5,
                    answer=answer,
                    step="search",
                )
            )
        return counted.facts()

    assert merged([tally(200, None), {}, tally(500, 200)]) == {
        "search": {"sent": 4, "unanswered": 1, "seconds": 2.0, "slowest": 0.5, "statuses": {"200": 2, "500": 1}}
    }
