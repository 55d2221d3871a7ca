"""By which names the map may consent to what a step is about to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from pytest_launchready.flows.naming import known
from pytest_launchready.mapping.graph import expressions
from pytest_launchready.mapping.records import Map, Request, Step
from pytest_launchready.wire.consent import Intent

SESSION_STEPS = frozenset({"login", "logout", "refresh", "refresh_token"})
"""Requests about the session only: always allowed, also read-only."""
GRANTED: ContextVar[frozenset[str]] = ContextVar("launchready_granted", default=frozenset())
"""Names of the steps that the current one is part of: consent to a step covers its parts."""

MadeHere = Callable[[str, str], bool]


def names_of(mapped: Map, step: Step, scope: Mapping[str, Any], made_here: MadeHere) -> frozenset[str]:
    """The step itself, its `resource.verb`, the steps that it is part of, and those whose work it undoes.

    Consent to a step covers its undo, but only of what this run has made.
    """
    verb, _, kind = step.name.partition("_")
    verbs = {f"{kind}.{verb}"} if verb in {"update", "delete"} else set()
    verbs |= {
        f"{resource.name}.{name}"
        for resource in mapped.resources.values()
        for name, one in resource.verbs.items()
        if one.step == step.name
    }
    undone = {
        maker.name
        for maker in mapped.steps.values()
        if step.name in maker.undo
        and maker.makes
        and made_here(maker.makes, _id(scope.get(maker.makes)))
        and _means(step, known(scope.get(maker.makes)), scope)
    }
    return GRANTED.get() | {step.name} | verbs | undone


def intent_of(step: Step, request: Request, granted: frozenset[str], log_in: str) -> Intent:
    """What one request of a step is about to do."""
    session = step.name in SESSION_STEPS or step.name == log_in
    return Intent(step.name, granted, request.safe, session)


def _means(step: Step, values: Mapping[str, Any], scope: Mapping[str, Any]) -> bool:
    """Whether a step's requests name that object, and not another one by an `id` that was given beside it."""
    mentioned = {
        name
        for part in step.parts
        if isinstance(part, Request)
        for _, found in expressions(part)
        for name in found.names
    }
    return all(str(scope[name]) == str(values[name]) for name in mentioned & values.keys() & scope.keys())


def _id(thing: object) -> str:
    values = known(thing)
    return str(values.get("id", values.get("email", "")))
