"""Checkout on production: never with real money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_launchready.flows.objects import Thing, money
from pytest_launchready.mapping.records import Map, ReadMail, Request, RunStep, Step
from pytest_launchready.wire.consent import WriteRefused

SANDBOX_PREFIXES = ("sk_test_", "pk_test_", "rk_test_", "test_", "sandbox-", "sandbox_", "sb-")
"""How the large payment services begin the keys of their test modes."""
LIVE_PREFIXES = ("sk_live_", "pk_live_", "rk_live_")
"""How they begin the keys that move money."""
TEST_CARDS = frozenset(
    {
        *("4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222", "378282246310005"),
        *("4111111111111111", "4012888888881881", "5105105105105100", "5431111111111111", "6011111111111117"),
    }
)
"""Card numbers that payment services publish for their test modes; no bank has issued them."""


def until_payment(step: Step, mapped: Map, names: Mapping[str, Any]) -> tuple[Step, bool]:
    """The step as it may be performed, and whether it stops before its payment.

    Raises WriteRefused where nothing proves that no money moves.
    """
    target = mapped.target
    if target.kind != "production" or step.name != "checkout":
        return step, False
    if target.payments.get("until") == "payment":
        unsafe = [place for place, part in enumerate(step.parts) if _writes(part, mapped)]
        return replace(step, parts=step.parts[: unsafe[-1] if unsafe else len(step.parts)]), True
    if target.payments.get("mode") != "test" or not _proven(target.payments.get("proof"), names):
        table = f"[targets.{target.name}.payments]"
        raise WriteRefused(
            f"checkout on the production target {target.name} could move money, and {table} does not prove otherwise: "
            'nothing was sent. Allowed: mode = "test" with proof = a test card\'s number, a sandbox key '
            f'({", ".join(SANDBOX_PREFIXES[:3])} …) or "zero" for a free listing; or until = "payment"'
        )
    live = next((label for value, label in mapped.secrets.items() if value.startswith(LIVE_PREFIXES)), None)
    if live is not None and target.payments["proof"] != "zero":
        raise WriteRefused(
            f"checkout on the production target {target.name} could move money: nothing was sent. "
            f"The map says that payments are in test mode, and {live} is a live key: give the one of the test mode"
        )
    return step, False


def _writes(part: Request | RunStep | ReadMail, mapped: Map) -> bool:
    if isinstance(part, RunStep):
        return any(_writes(inner, mapped) for inner in mapped.steps[part.step].parts)
    return isinstance(part, Request) and not part.safe


def _proven(proof: object, names: Mapping[str, Any]) -> bool:
    text = str(proof or "").replace(" ", "")
    if text == "zero":
        listing = names.get("listing")
        return isinstance(listing, Thing) and money(listing.known().get("price")) == 0
    return text in TEST_CARDS or text.startswith(SANDBOX_PREFIXES)
