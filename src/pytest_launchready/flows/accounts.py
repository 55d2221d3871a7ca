"""Accounts that the map gives, handed out so that no two people of a run, or workers of a machine, share one."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_launchready.core.errors import Inconclusive
from pytest_launchready.mapping.records import Person as Entry

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE = 60.0
"""Seconds to wait for another worker to give an account back."""


def login_name(account: Mapping[str, Any]) -> str:
    """What tells one given account from another: its address, else whatever stands beside the password."""
    return str(account.get("email") or sorted((name, str(value)) for name, value in account.items()))


class Accounts:
    """The given accounts of one run that are in use."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._taken: set[str] = set()
        self._locks: list[FileLock] = []

    async def take(self, entry: Entry) -> Mapping[str, Any]:
        """A given account that nobody else uses; raises Inconclusive if none becomes free.

        A single account is shared between workers (an admin, for instance); of a pool each worker locks its own.
        """
        pool = len(entry.accounts) > 1
        deadline = asyncio.get_running_loop().time() + (PATIENCE if pool else 0.0)
        while True:
            for account in entry.accounts:
                if login_name(account) not in self._taken and (not pool or self._lock(account)):
                    self._taken.add(login_name(account))
                    return account
            if asyncio.get_running_loop().time() >= deadline or self._all_mine(entry):
                raise Inconclusive(
                    f"people.{entry.name} gives {len(entry.accounts)} account(s) and all are in use: "
                    f"add more to people.{entry.name}.accounts, or run with fewer workers"
                )
            await asyncio.sleep(0.2)

    def release(self) -> None:
        """Gives every account back."""
        for lock in self._locks:
            lock.release()
        self._locks.clear()
        self._taken.clear()

    def _all_mine(self, entry: Entry) -> bool:
        return all(login_name(account) in self._taken for account in entry.accounts)

    def _lock(self, account: Mapping[str, Any]) -> bool:
        from filelock import FileLock, Timeout  # 20 ms that only pools need to pay

        folder = Path(tempfile.gettempdir()) / "pytest-launchready"
        folder.mkdir(mode=0o700, exist_ok=True)
        name = hashlib.sha256(f"{self._target} {login_name(account)}".encode()).hexdigest()[:24]
        lock = FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        self._locks.append(lock)
        return True
