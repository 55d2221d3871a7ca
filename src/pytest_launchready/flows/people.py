"""Test people and test items: recognisable, collision-free, nobody's real data.

The seed decides names, titles and prices only. E-mail and user name come from the run's id and passwords derive from
the workspace's key, so knowing the seed opens no account.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_launchready.flows.objects import money
from pytest_launchready.flows.run import Run

if TYPE_CHECKING:
    from faker import Faker

RESERVED_DOMAIN = "example.com"
"""Reserved by RFC 2606 and without a mail server (RFC 7505): nobody can receive what is sent there."""


def draft_account(run: Run, domain: str | None, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A new person's data, before sign-up: what is given, generated for the rest."""
    unique = run.unique()
    fake = _faker(run, unique)
    first, last = fake.first_name(), f"{fake.last_name()} {run.tag.capitalize()}"
    values = {
        "email": f"{unique}@{domain or RESERVED_DOMAIN}",
        "username": unique,
        "first_name": first,
        "last_name": last,
        "name": f"{first} {last}",
        "phone": f"+1202555{fake.random_int(100, 199):04d}",  # 555-0100 to 555-0199 are kept for fiction (NANPA)
        "street": fake.street_address().partition(" Apt.")[0].partition(" Suite")[0],
        "city": fake.city(),
        "postcode": fake.postcode(),
        "country": "US",
        "unique": unique,
        **(given or {}),
    }
    return {**keys_of(run, str(values["email"])), **values}


def keys_of(run: Run, email: str) -> dict[str, str]:
    """What opens the account of a generated person; the same again for whoever has the workspace's key."""
    return {"password": run.key.password(email), "nonce": run.key.nonce(email)}


def draft_listing(run: Run, given: dict[str, Any]) -> dict[str, Any]:
    """A new listing's data: what is given, generated for the rest; the title carries the run's tag."""
    unique = run.unique()
    fake = _faker(run, unique)
    title = given.get("title") or f"{fake.color_name()} {fake.word('noun')}"
    return {
        "price": Decimal(fake.random_int(500, 20_000)) / 100,
        "description": f"{fake.sentence()} (synthetic test item of {run.tag})",
        **given,
        **({"price": money(given["price"])} if "price" in given else {}),
        "title": f"{title} {unique}",
    }


def draft_text(run: Run) -> str:
    """A message's text."""
    unique = run.unique()
    return f"{_faker(run, unique).sentence()} ({unique})"


def new_nonce() -> str:
    """Letters and digits that nobody can guess, for a session id that the client makes up."""
    return secrets.token_hex(8)


def _faker(run: Run, unique: str) -> Faker:
    """A generator that this seed and this number decide; the run's id does not."""
    fake = _shared_faker()
    fake.seed_instance(f"{run.seed}/{unique.removeprefix(run.id)}")
    return fake


@lru_cache(maxsize=1)
def _shared_faker() -> Faker:
    from faker import Faker

    return Faker("en_US", use_weighting=False)
