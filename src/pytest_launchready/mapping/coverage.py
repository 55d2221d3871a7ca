"""What the map declares, and so what a run can cover."""

from __future__ import annotations

from pytest_launchready.mapping.records import Map


def why_not_covered(mapped: Map, name: str) -> str | None:
    """Why the map does not cover a step or a resource, in a sentence; None if it does."""
    step = mapped.steps.get(name)
    makers = [step] if step is not None else [step for step in mapped.steps.values() if step.makes == name]
    reason = next((maker.skip for maker in makers if maker.skip is not None), None)
    if reason is not None:
        return f"{name}: {reason}"
    if makers or name in mapped.resources:
        return None
    return f"{name}: {mapped.source} maps no step or resource of that name"
