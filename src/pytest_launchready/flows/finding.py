"""Waiting until a search shows a listing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_launchready.core.failures import Failure, StepFailure
from pytest_launchready.flows.objects import Listing, make
from pytest_launchready.flows.person import Person
from pytest_launchready.flows.steps import FIRST_PAUSE, LONGEST_PAUSE

if TYPE_CHECKING:
    from pytest_launchready.flows.stage import Act, Stage

FOUND_WITHIN = 10.0
"""Seconds that a search index may take by default to show a new listing."""


async def wait_until_found(stage: Stage, person: Person, listing: Listing, text: str | None, within: float) -> Listing:
    """The listing as a search for the text (its title, if none is given) shows it; raises StepFailure in the end."""
    wanted = text if text is not None else listing.title
    given = {"search": {"text": wanted}, "listing": listing}
    loop = asyncio.get_running_loop()
    deadline, pause, tries = loop.time() + within, FIRST_PAUSE, 0
    while True:
        act = await stage.act("search", person, given)
        tries += 1
        found = _match(act, listing)
        if found is not None:
            return found
        if loop.time() + pause > deadline:
            break
        person.client.patience.waits.polled += 1
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    raise StepFailure(
        Failure(
            title=f"search did not show the new listing, as {person.name}",
            expected=f"listing {listing.id} in a search for {wanted!r} within {within:g} s",
            got=f"{len(act.played.items or [])} other listings in the last of {tries} searches",
            change="is the search index fed after a create? If it is merely slow, give within= more seconds",
            exchange=act.played.exchanges[-1],
        ),
        stage.secrets,
    )


def _match(act: Act, listing: Listing) -> Listing | None:
    """The listing among what a search gave; the map's `found` decides, or an item with the listing's id."""
    shown = [make("listing", values, raw) for values, raw in act.played.items or []]
    same = next((item for item in shown if item == listing), None)
    if act.step.found is not None:
        answer = act.played.exchanges[-1].answer
        if answer is None or not act.step.found.find(answer, act.names):
            return None
        return Listing(listing.known() | (same.known() if same else {}), same.raw if same else answer.json)
    return Listing(listing.known() | same.known(), same.raw) if same else None
