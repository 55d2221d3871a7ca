"""Passwords, tokens and one-time codes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import struct
from base64 import b32decode, b32encode
from urllib.parse import quote

N, R, P = 2**14, 8, 1
"""scrypt's cost: 16 MiB and about 60 ms, so that a suite can sign people up by the dozen."""
MOST_MEMORY = 64 * 2**20
OTP_SECONDS, OTP_DIGITS = 30, 6


async def hash_password(password: str) -> str:
    """The text to keep for a password; computed in a thread."""
    salt = os.urandom(16)
    digest = await asyncio.to_thread(_scrypt, password, salt, N, R, P)
    return f"scrypt${N}${R}${P}${salt.hex()}${digest.hex()}"


async def password_fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; as slow where there is no account, so that time tells nothing."""
    n, r, p, salt, digest = (kept or f"scrypt${N}${R}${P}${'00' * 16}$").split("$")[1:]
    found = await asyncio.to_thread(_scrypt, password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=MOST_MEMORY)


def new_token() -> str:
    """A secret of 256 bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def new_id(prefix: str) -> str:
    """An opaque id."""
    return f"{prefix}_{secrets.token_hex(10)}"


def token_hash(token: str) -> str:
    """What is kept of a token: who steals the database has no session."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_otp_secret() -> str:
    """A shared secret of 160 bits for one-time codes, in base32."""
    return b32encode(os.urandom(20)).decode()


def otp_uri(secret: str, email: str) -> str:
    """The link that authenticator apps read from a QR code."""
    return f"otpauth://totp/Launchready%20Demo:{quote(email)}?secret={secret}&issuer=Launchready%20Demo"


def otp_code(secret: str, step: int) -> str:
    """The code of one time step (RFC 6238 on RFC 4226, HMAC-SHA-1)."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**OTP_DIGITS:0{OTP_DIGITS}d}"


def otp_step(secret: str, code: str, now: float) -> int | None:
    """The time step that a code belongs to, or None; one step of clock drift either way is allowed (RFC 6238, 5.2)."""
    current = int(now // OTP_SECONDS)
    for step in (current, max(0, current - 1), current + 1):
        if hmac.compare_digest(otp_code(secret, step).encode(), code.encode("utf-8", "surrogatepass")):
            return step
    return None
