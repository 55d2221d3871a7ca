"""Origins, compared after parsing and never by prefix."""

from __future__ import annotations

import httpx

Origin = tuple[str, str, int]
PORTS = {"http": 80, "https": 443}


def origin_of(url: httpx.URL | str) -> Origin:
    """Scheme, host in its ASCII form and port of a URL; raises ValueError for one that is not http or https."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from None
    if parsed.scheme not in PORTS or not parsed.host:
        raise ValueError(f"{str(url)!r} is not an http or https URL")
    return parsed.scheme, parsed.raw_host.decode("ascii").rstrip("."), parsed.port or PORTS[parsed.scheme]


def shown(origin: Origin) -> str:
    """The origin as people write it."""
    scheme, host, port = origin
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if PORTS[scheme] == port else f":{port}")
