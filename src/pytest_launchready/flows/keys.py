"""The key of a workspace, from which the passwords of generated people derive: a later run can log in and tidy up."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_launchready.core.errors import UseError
from pytest_launchready.flows.home import make_folder

VARIABLE = "LAUNCHREADY_KEY"
SHORTEST = 16
"""Characters of a key that is given: less could be guessed."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Without those that look alike, so that a password can be typed from a screen."""


@dataclass(frozen=True)
class Key:
    """Where the key comes from; it is read, or made, at first use."""

    read: Callable[[], bytes] = field(default=lambda: secrets.token_bytes(32), repr=False)

    def password(self, email: str) -> str:
        """20 characters that pass usual rules: upper and lower case, digit and sign."""
        digest = self._digest("password", email)
        return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:16]) + LETTERS[digest[16] % 24] + "a7!"

    def nonce(self, email: str) -> str:
        """Letters and digits that nobody can guess, for a session id that the client makes up."""
        return self._digest("nonce", email).hex()[:16]

    def mark(self, text: str) -> str:
        """What tells whether a text is the same again, without showing it."""
        return self._digest("mark", text).hex()[:16]

    def _digest(self, use: str, text: str) -> bytes:
        return hmac.digest(self._bytes, f"{use}\0{text}".encode(), hashlib.sha256)

    @cached_property
    def _bytes(self) -> bytes:
        return self.read()


def key_of(folder: Path) -> Key:
    """The key in a folder (`key`, mode 0600, made at first use), or LAUNCHREADY_KEY where that is set."""
    return Key(lambda: _given() or _kept(folder / "key"))


def _given() -> bytes | None:
    text = os.environ.get(VARIABLE)
    if text and len(text) < SHORTEST:
        raise UseError(f"{VARIABLE} has {len(text)} characters; allowed: {SHORTEST} or more, as from `openssl rand`")
    return text.encode() if text else None


def _kept(path: Path) -> bytes:
    try:
        make_folder(path.parent)
        # Written aside and linked into place: of two first runs at once, both read the key of the faster one.
        if not path.exists():
            aside = path.with_name(f"key.{secrets.token_hex(4)}")
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            aside.unlink()
        return path.read_bytes()
    except OSError as error:
        raise UseError(
            f"{path} cannot be read or made ({error.strerror}): passwords of test people derive from it. "
            f"Make the folder writable, or set {VARIABLE}"
        ) from None
