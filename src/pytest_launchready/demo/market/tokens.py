"""Bearer tokens: JSON Web Tokens (RFC 7519) that name a session. The session itself is a row of the database."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from pytest_launchready.demo.market.base import Market

HEADER = {"alg": "HS256", "typ": "JWT"}
GUESSABLE = b"secret"


def issue(market: Market, session: str, account_id: str, expires_at: float) -> str:
    """The token of a session."""
    claims = {"sid": session, "sub": account_id, "iat": int(market.clock()), "exp": int(expires_at)}
    written = f"{_encoded(HEADER)}.{_encoded(claims)}"
    return f"{written}.{_base64(_signature(market, written))}"


def session_in(market: Market, token: str) -> str | None:
    """The session that a token names; None where the token is not ours, was changed or has expired."""
    written, _, signature = token.rpartition(".")
    first, _, second = written.partition(".")
    header, claims = _decoded(first), _decoded(second)
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    if not _is_signed(market, header, written, signature):
        return None
    expires_at = claims.get("exp")
    late = not isinstance(expires_at, int) or expires_at <= market.clock()
    if late and not market.broken("token-expiry-ignored"):
        return None
    return str(claims.get("sid"))


def _is_signed(market: Market, header: dict[str, Any], written: str, signature: str) -> bool:
    algorithm = str(header.get("alg"))
    if algorithm.lower() == "none" and market.broken("token-alg-none"):
        return True
    if algorithm != HEADER["alg"]:
        return False
    if not signature:
        return market.broken("token-empty-signature")
    genuine = hmac.compare_digest(signature.encode(), _base64(_signature(market, written)).encode())
    return genuine or market.broken("token-unverified")


def _signature(market: Market, written: str) -> bytes:
    guessable = market.broken("token-weak-key") or market.broken("token-expiry-ignored")
    return hmac.digest(GUESSABLE if guessable else _key(market), written.encode(), hashlib.sha256)


def _key(market: Market) -> bytes:
    """256 bits that outlive a restart."""
    market.store.change("INSERT OR IGNORE INTO keys (name, value) VALUES ('tokens', ?)", secrets.token_hex(32))
    row = market.store.one("SELECT value FROM keys WHERE name = 'tokens'")
    assert row is not None
    return bytes.fromhex(row["value"])


def _encoded(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _decoded(part: str) -> Any:
    try:
        return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
