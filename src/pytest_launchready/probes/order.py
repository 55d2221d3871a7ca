"""The steps of a map in the order in which they can be tried, and why some cannot be tried alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_launchready.flows.company import ROLES
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.mapping.graph import captured, makers_of, required_in
from pytest_launchready.mapping.records import Map, Request, RunStep, Step

ENTRANCE: Final = ("signup", "login", "me")
ALWAYS: Final = frozenset(
    {
        *("account", "search", "quantity", "values", "target", "run", "unique", "canary", "canary_number", "png"),
        *("now", "listing", "message"),
    }
)
"""Names that are in scope of every step, or drafted for it."""


def in_order(mapped: Map) -> tuple[Step, ...]:
    """Every step of the map: coming in first, then what needs least, undo after what it undoes, going out last."""
    places = {name: place for place, name in enumerate(mapped.steps)}
    return tuple(
        sorted(mapped.steps.values(), key=lambda step: (_phase(mapped, step), _depth(mapped, step), places[step.name]))
    )


def undone_by(mapped: Map, step: Step) -> Step | None:
    """The step whose work this one undoes, if there is one."""
    makers = (maker for maker in mapped.steps.values() if step.name in maker.undo and maker.skip is None)
    return next((maker for maker in makers if maker.name not in step.undo), None)


def owner_of(maker: Step) -> str:
    """Who makes such things: whoever the map says, a seller for a listing, else a buyer."""
    return maker.actor or ("seller" if maker.makes == "listing" else "buyer")


def actor_of(mapped: Map, step: Step) -> str:
    """Who tries a step: whoever the map says, the owner of what it changes, else a buyer."""
    maker = undone_by(mapped, step) or _changed(mapped, step)
    return step.actor or owner_of(maker or step)


def why_untried(mapped: Map, step: Step) -> str | None:
    """Why a step cannot be tried alone, as far as the map tells; None where it can."""
    reason = why_not_covered(mapped, step.name)
    if reason is not None:
        return reason
    maker = undone_by(mapped, step)
    if maker is None:
        why = _no_person(mapped, step) or _no_thing(mapped, step) or _no_value(mapped, step)
        return why and f"{step.name}: {why}"
    reason = why_untried(mapped, maker)
    return reason and f"{step.name}: nothing to undo: {reason}"


def _no_person(mapped: Map, step: Step) -> str | None:
    known = {*ROLES, "anonymous", *mapped.people}
    person = next((person for person in _people(step) if person not in known), None)
    return person and f"the map gives no account for {person} ([people.{person}])"


def _no_thing(mapped: Map, step: Step) -> str | None:
    makers = makers_of(mapped.resources)
    for kind in sorted(step.needs):
        source = mapped.steps.get(makers.get(kind, ""))
        if source is None:
            return f"needs a {kind}, and no step makes one"
        if (reason := why_untried(mapped, source)) is not None:
            return f"needs a {kind}: {reason}"
    return None


def _no_value(mapped: Map, step: Step) -> str | None:
    missing = sorted(set(_wanted(mapped, step)) - ALWAYS - step.needs)
    return f"only a test can give {', '.join(missing)}" if missing else None


def role_that_signs_up(mapped: Map) -> str | None:
    """A role whose people sign up, since the map gives no accounts for it; None where there is no such role."""
    step = mapped.steps.get("signup")
    if step is None or step.skip is not None:
        return None
    free = [role for role in ("buyer", "seller", "stranger") if not _given(mapped, role)]
    return free[0] if free else None


def _given(mapped: Map, role: str) -> bool:
    entry = mapped.people.get(role) or (mapped.people.get("buyer") if role == "stranger" else None)
    return entry is not None and bool(entry.accounts)


def _people(step: Step) -> list[str]:
    actors = [step.actor, *(part.actor for part in step.parts if isinstance(part, Request))]
    return [actor for actor in actors if actor is not None]


def _changed(mapped: Map, step: Step) -> Step | None:
    """The step that makes what this one updates or deletes."""
    verb, _, kind = step.name.partition("_")
    kinds = {kind} if verb in {"update", "delete"} else set()
    kinds |= {
        name
        for name, resource in mapped.resources.items()
        for word, one in resource.verbs.items()
        if word in {"update", "delete"} and one.step == step.name
    }
    makers = makers_of(mapped.resources)
    return next((mapped.steps[makers[kind]] for kind in sorted(kinds) if makers.get(kind) in mapped.steps), None)


def _phase(mapped: Map, step: Step) -> int:
    if step.name in ENTRANCE:
        return 0
    maker = undone_by(mapped, step)
    return 2 if step.name == "logout" or (maker is not None and maker.name == "signup") else 1


def _depth(mapped: Map, step: Step, above: frozenset[str] = frozenset()) -> int:
    """How many steps have to come before."""
    if step.name in ENTRANCE:
        return ENTRANCE.index(step.name)
    makers = makers_of(mapped.resources)
    before = {makers[kind] for kind in step.needs if kind in makers}
    maker = undone_by(mapped, step)
    if maker is not None:
        before.add(maker.name)
    steps = [mapped.steps[name] for name in before - above - {step.name} if name in mapped.steps]
    return max((1 + _depth(mapped, one, above | {step.name}) for one in steps), default=0)


def _wanted(mapped: Map, step: Step) -> Iterator[str]:
    """Names that the step's requests use and that none of its earlier requests has given."""
    have: set[str] = set()
    for part in step.parts:
        if isinstance(part, RunStep):
            inner = mapped.steps.get(part.step)
            if inner is not None:
                have |= {inner.makes} if inner.makes else captured(inner.parts)
                yield from set(_wanted(mapped, inner)) - have - inner.needs
        else:
            yield from {name.partition(".")[0] for name in required_in(part)} - have - set(part.capture)
            have |= set(part.capture)
