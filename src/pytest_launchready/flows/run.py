"""The identity of a run: what tells its people and objects from everybody else's."""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_launchready import __version__
from pytest_launchready.flows.journal import Journal
from pytest_launchready.flows.keys import Key
from pytest_launchready.flows.naming import TAG_LETTERS
from pytest_launchready.mapping.records import Target

TAG_LENGTH = 8
"""20^8 is 3·10^10: with ten runs a day for ten years, two with one tag are unlikely (about 3 %), and a clash only
means that a sign-up is refused."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, or one xdist worker of it."""

    id: str
    """Letters only: some shops refuse digits in a person's name, others refuse `-` and `+` in a user name."""
    seed: int
    worker: str = ""
    key: Key = field(default_factory=Key, repr=False, compare=False)
    """What the passwords of generated people derive from."""
    journal: Journal | None = field(default=None, repr=False, compare=False)
    """Where it is written what this run makes; without one, only this process knows."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False, compare=False)

    @property
    def tag(self) -> str:
        """What every created name and title carries."""
        return self.id

    def number(self) -> int:
        """A number that this worker has not used yet."""
        return next(self._numbers)

    def unique(self) -> str:
        """Letters and digits that no other call, worker or run has had; starts with the tag."""
        return f"{self.id}{self.worker}{'n' if self.worker else ''}{self.number()}"


def with_journal(run: Run, folder: Path, target: Target) -> Run:
    """The run with a journal in a workspace's folder, which is made when the run first makes something."""
    name = f"{run.id}.{run.worker}" if run.worker else run.id
    head = {
        "target": target.name,
        "api": target.api,
        "run": run.id,
        "worker": run.worker,
        "seed": run.seed,
        "version": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return replace(run, journal=Journal(folder, name, head, lambda: run.key.mark("key")))


def new_run_id() -> str:
    """An id for a run, from the operating system's randomness: the seed never decides it."""
    return "lr" + "".join(secrets.choice(TAG_LETTERS) for _ in range(TAG_LENGTH))


def new_seed() -> int:
    """A seed of six digits, short enough to be typed again."""
    return random.SystemRandom().randrange(100_000, 1_000_000)
