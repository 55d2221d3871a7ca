"""What makes what: the kinds of object that steps make and need, and the circles in that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_launchready.mapping.records import Part, ReadMail, Request, Resource, RunStep, Step
from pytest_launchready.mapping.resources import MAKERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.problems import Problems
    from pytest_launchready.mapping.template import Template

_ACCOUNT_STEPS: Final = ("signup", "login", "me")


def connect(steps: Mapping[str, Step], resources: Mapping[str, Resource]) -> dict[str, Step]:
    """The steps, each with the kind it makes and the kinds it needs."""
    makers = makers_of(resources)
    made = {step: kind for kind, step in makers.items()} | {step: kind for kind, step in MAKERS.items()}
    made |= dict.fromkeys(_ACCOUNT_STEPS, "account")
    named = {name: replace(step, makes=made.get(name)) for name, step in steps.items()}
    return {name: replace(step, needs=frozenset(_needs(step, named, makers))) for name, step in named.items()}


def makers_of(resources: Mapping[str, Resource]) -> dict[str, str]:
    """Kind of object → the step that makes it."""
    return {**MAKERS, **{name: resource.made_by for name, resource in resources.items() if resource.made_by}}


def _needs(
    step: Step, steps: Mapping[str, Step], kinds: Iterable[str], above: frozenset[str] = frozenset()
) -> set[str]:
    wanted = set(kinds) - {"account", step.makes}
    have: set[str] = set()
    found: set[str] = set()
    for part in step.parts:
        if not isinstance(part, RunStep):
            roots = {name.partition(".")[0] for name in required_in(part)}
            found |= (roots & wanted) - have
            have |= set(part.capture)
        elif part.step in steps and part.step not in above:
            inner = steps[part.step]
            found |= (_needs(inner, steps, kinds, above | {step.name, part.step}) & wanted) - have
            have |= {inner.makes} if inner.makes is not None else set()
    return found


def required_in(part: Request | ReadMail) -> frozenset[str]:
    """Every name that must be in scope for a part."""
    return frozenset[str]().union(*(found.required for _, found in expressions(part)))


def expressions(part: Request | ReadMail) -> Iterator[tuple[tuple[str, ...], Template | Extractor]]:
    """Everything in a part that mentions names, with its key below the part."""
    if isinstance(part, Request):
        fields: dict[str, Template | Extractor | None] = {
            "request": part.target,
            "query": part.query,
            "headers": part.headers,
            "basic": part.basic,
            "items": part.items,
        }
        for name, field in fields.items():
            if field is not None:
                yield (name,), field
        if part.body is not None:
            key = {"text": "body", "graphql": "variables"}.get(part.body.kind, part.body.kind)
            yield (key,), part.body.content
        for condition in part.expect:
            yield ("expect",), condition
    else:
        yield ("mail",), part.address
    for name, value in part.capture.items():
        yield ("capture", name), value


def check_circles(steps: Mapping[str, Step], resources: Mapping[str, Resource], problems: Problems) -> None:
    """Note each circle of steps that need one another, once."""
    makers = makers_of(resources)
    edges = {name: _edges(step, makers, steps) for name, step in steps.items()}
    seen: set[frozenset[str]] = set()
    for start in steps:
        circle = _circle(start, edges)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            path = " → ".join([*circle, circle[0]])
            what = "runs itself" if len(circle) == 1 else "needs what can only be made after it"
            problems.add(("steps", circle[0]), f"{what}: {path}")


def _edges(step: Step, makers: Mapping[str, str], steps: Mapping[str, Step]) -> list[str]:
    runs = [part.step for part in step.parts if isinstance(part, RunStep)]
    return [name for name in (*runs, *(makers[kind] for kind in sorted(step.needs))) if name in steps]


def _circle(start: str, edges: Mapping[str, list[str]]) -> list[str]:
    """A shortest way from a step back to itself, or nothing."""
    ways: list[list[str]] = [[start]]
    seen: set[str] = set()
    for way in ways:
        for after in edges[way[-1]]:
            if after == start:
                return way
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []


def captured(parts: Iterable[Part]) -> set[str]:
    """The names that the parts capture."""
    return {name for part in parts if not isinstance(part, RunStep) for name in part.capture}
