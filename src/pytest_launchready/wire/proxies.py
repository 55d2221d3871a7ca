"""Proxies that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_launchready.wire.origins import Origin


def proxies_for(origins: Iterable[Origin]) -> Mapping[Origin, str]:
    """The proxy of each origin that has one."""
    proxies = getproxies()
    found = {}
    for origin in origins:
        scheme, host, port = origin
        proxy = proxies.get(scheme) or proxies.get("all")
        if proxy and not proxy_bypass(f"{host}:{port}"):
            found[origin] = proxy if "://" in proxy else f"http://{proxy}"
    return found


def shown_proxy(proxy: str) -> str:
    """The proxy's address without user and password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
