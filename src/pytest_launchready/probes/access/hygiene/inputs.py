"""Checks `access.input`: what is sent wrongly is refused, and neither breaks the program nor its sums."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_launchready.core.checks import Check
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.access.hygiene.crashing import carriers_of, crash
from pytest_launchready.probes.access.hygiene.paging import list_steps, page
from pytest_launchready.probes.access.hygiene.pricing import price
from pytest_launchready.probes.access.hygiene.sums import quantity, takes_quantity
from pytest_launchready.probes.subject import Context, Subject

LAST = 2
"""The phase of checks that may bring a target down."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """Four checks: amounts below zero, pages without bounds, and input that breaks the program."""
    mapped = subject.mapped
    yield Check(
        id="access.input.quantity",
        proves="nobody can buy less than none of a thing",
        impact="trust-broken",
        remedy="refuse quantities below one wherever they come in, and compute totals on the server",
        reference="API6:2023, ASVS 5.0 2.2.1 and 2.3.2, WSTG-BUSL-01",
        run=quantity,
        requests=6,
        phase=LAST,
        absent=None if takes_quantity(mapped) else "access.input.quantity: no step of the map sends a quantity",
    )
    yield Check(
        id="access.input.price",
        proves="nothing can be offered for less than nothing",
        impact="trust-broken",
        remedy="refuse prices below zero wherever they come in",
        reference="API6:2023, ASVS 5.0 2.2.1 and 2.3.2, WSTG-BUSL-01",
        run=price,
        requests=7,
        phase=LAST,
        absent=_why_not(mapped, "access.input.price", "create_listing"),
    )
    yield Check(
        id="access.input.page",
        proves="nobody can ask for everything at once",
        impact="slow-core-flow",
        remedy="cap the page size on the server, whatever the request asks for",
        reference="API4:2023, ASVS 5.0 2.2.1, WSTG-APIT-01",
        run=page,
        requests=4,
        phase=LAST,
        absent=None if list_steps(mapped) else "access.input.page: no step of the map gives a list",
    )
    yield Check(
        id="access.input.crash",
        proves="input of a wrong type, length or alphabet is refused, and is no error of the program",
        impact="trust-broken",
        remedy="check every value where it comes in, and answer 400 or 422 with the field's name",
        reference="API8:2023, ASVS 5.0 2.2.1 and 16.5.1, WSTG-INPV-01",
        run=crash,
        requests=40,
        phase=LAST,
        absent=None if carriers_of(mapped) else "access.input.crash: the map has no step that takes input",
    )


def _why_not(mapped: Map, check: str, step: str) -> str | None:
    reason = why_not_covered(mapped, step)
    return reason and f"{check}: {reason}"
