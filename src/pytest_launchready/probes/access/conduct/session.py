"""Checks `access.session.*`: no token but a genuine one opens a session, and it travels where it should."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.verdicts import Verdict, inconclusive, passed
from pytest_launchready.mapping.coverage import why_not_covered
from pytest_launchready.probes.access.conduct import tokens
from pytest_launchready.probes.access.conduct.holding import SESSION, attack, judged, session_of
from pytest_launchready.probes.access.conduct.tokens import Jwt, read_jwt
from pytest_launchready.probes.careful import careful
from pytest_launchready.probes.subject import Context, Subject

SHORT_LIVED: Final = 5.0
"""Seconds of a lifetime that is waited for."""
LEEWAY: Final = 10.0
"""Seconds after its end for which a server's clock is given the benefit of the doubt."""
LONG_AGO: Final = 86_400.0
"""Seconds: more than any leeway."""
IN_QUERY: Final = ("access_token", "token", "auth_token", "auth", "jwt", "session", "api_key")
"""Parameters by which a server may take a token, the first from RFC 6750, section 2.3."""

VERIFY: Final = "verify the signature of every token, with the one algorithm that the server has chosen"
JWT: Final = "API2:2023, ASVS 5.0 9.1.1, WSTG-SESS-10"


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """A check for each forgery."""
    absent = why_not_covered(subject.mapped, "login") if "login" in subject.mapped.steps else None

    def check(
        name: str,
        proves: str,
        run: Callable[[Context], Awaitable[Verdict]],
        *,
        remedy: str = VERIFY,
        reference: str = JWT,
        impact: str = "data-exposed",
        requests: int = 1,
    ) -> Check[Context]:
        return Check(
            id=f"{SESSION}.{name}",
            proves=proves,
            impact=impact,
            remedy=remedy,
            run=careful(run),
            reference=reference,
            requests=requests,
            absent=absent,
        )

    yield check("tampered", "a token that was changed opens nothing", _tampered, requests=8)
    yield check("alg-none", "a token that claims to need no signature opens nothing", _alg_none, requests=3)
    yield check("empty-signature", "a token without its signature opens nothing", _empty_signature)
    yield check(
        "weak-key",
        "tokens are not signed with a key that can be guessed",
        _weak_key,
        remedy="sign with a random key of at least 256 bits that is kept out of the code, and replace this one",
        reference="API2:2023, ASVS 5.0 11.2.3, WSTG-SESS-10",
    )
    yield check(
        "expired",
        "a token that has expired opens nothing",
        _expired,
        remedy="refuse a token whose `exp` is past",
        reference="API2:2023, ASVS 5.0 9.2.1, WSTG-SESS-10",
    )
    yield check(
        "other-scheme",
        "the scheme word before the token is looked at (told as a note, never a failure)",
        _other_scheme,
        remedy="compare the scheme word of the Authorization header",
        reference="RFC 6750 section 2.1",
        impact="trust-broken",
        requests=1,
    )
    yield check(
        "in-query",
        "a session token in the address opens nothing: addresses stand in logs, histories and Referer headers",
        _in_query,
        remedy="take the token from its header or cookie only",
        reference="API2:2023, ASVS 5.0 14.2.1, WSTG-SESS-04",
        impact="trust-broken",
    )


async def _tampered(context: Context) -> Verdict:
    session = await session_of(context)
    token = session.token.token
    jwt = read_jwt(token)
    notes = [] if jwt is None or jwt.number("exp") else ["the token has no `exp`: it never ends by itself"]
    attacks = [("with its last characters changed", session.with_token(tokens.spoiled(token)))]
    if jwt is not None:
        attacks.insert(
            0, ("with a claim added, under its old signature", session.with_token(tokens.changed_claims(jwt)))
        )
    return await attack(context, session, "a forged token", attacks, notes, alive=False)


async def _alg_none(context: Context) -> Verdict:
    session = await session_of(context)
    attacks = [(name, session.with_token(token)) for name, token in tokens.unsigned(session.jwt)]
    return await attack(context, session, "an unsigned token", attacks, alive=False)


async def _empty_signature(context: Context) -> Verdict:
    session = await session_of(context)
    attacks = [("nothing after the last dot", session.with_token(tokens.stripped(session.jwt)))]
    return await attack(context, session, "a token without its signature", attacks, alive=False)


async def _weak_key(context: Context) -> Verdict:
    session = await session_of(context)
    jwt = session.jwt
    if jwt.algorithm not in tokens.HASHES:
        raise NotCovered(f"not covered: the token is signed with {jwt.algorithm}: there is no shared key to guess")
    key = _guessed(context, jwt)
    if key is None:
        return passed(f"{len(tokens.COMMON_KEYS)} common keys were tried on the signature: none fits")
    context.marketplace.secrets.add(key, "GUESSED_KEY")
    attacks = [("with a claim added", session.with_token(tokens.signed(jwt, key, launchready=1)))]
    verdict = await attack(context, session, f"a token that we signed with the key {key[:2]}…", attacks)
    if verdict.outcome == "failed":
        return verdict
    return inconclusive("unproven", f"the token is signed with a common key ({key[:2]}…), yet ours was refused")


async def _expired(context: Context) -> Verdict:
    session = await session_of(context)
    jwt = session.jwt
    expires, now = jwt.number("exp"), time.time()
    if expires is None:
        raise NotCovered("not covered: the token has no `exp`, so it never expires")
    key = _guessed(context, jwt)
    if key is not None:
        past = {"iat": int(now - 2 * LONG_AGO), "nbf": int(now - 2 * LONG_AGO), "exp": int(now - LONG_AGO)}
        claims = {name: value for name, value in past.items() if name in jwt.claims}
        return await attack(
            context, session, "an expired token", [("a day old", session.with_token(tokens.signed(jwt, key, **claims)))]
        )
    if expires - now > SHORT_LIVED:
        raise NotCovered(
            f"not covered: the token lives for {expires - now:.0f} s more and its key is not known, "
            "so no expired one can be had"
        )
    await asyncio.sleep(max(0.0, expires - now) + LEEWAY)
    return await attack(
        context, session, "an expired token", [("after its end", session.with_token(session.token.token))], alive=False
    )


async def _other_scheme(context: Context) -> Verdict:
    session = await session_of(context)
    carrier = session.token
    if carrier.cookie or not carrier.scheme:
        raise NotCovered(f"not covered: the token in {carrier.where} has no scheme word")
    other = "Token" if carrier.scheme.lower() == "bearer" else "Bearer"
    exchange = await session.witness.ask(
        context.marketplace.company, "another scheme", session.with_token(carrier.token, other)
    )
    if session.witness.opened(exchange):
        return passed(exchange.line, notes=[f"the token is also taken as `{other}`: the scheme word is not looked at"])
    return passed(f"`{other}` in place of `{carrier.scheme}`: {exchange.line}")


async def _in_query(context: Context) -> Verdict:
    session = await session_of(context)
    carrier = session.token
    names = (*IN_QUERY, *([carrier.cookie] if carrier.cookie else ()))
    asked = session.witness.with_query(dict.fromkeys(names, carrier.token))
    exchange = await asked.ask(context.marketplace.company, "a token in the address", carrier.put(session.base, None))
    return await judged(context, session, "the session's token in the address", [(", ".join(names), exchange)])


def _guessed(context: Context, jwt: Jwt) -> str | None:
    host = urlsplit(context.marketplace.map.target.api).hostname or ""
    issuer = str(jwt.claims.get("iss", ""))
    parts = (host, *host.split("."), issuer, urlsplit(issuer).hostname or "")
    words = [f"{part}{end}" for part in parts if part for end in ("", "-secret", "_secret", "secret")]
    return tokens.guessed_key(jwt, words)
