"""Opening connections: the name is looked up first, so that a slow resolver is not taken for a slow network."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from itertools import zip_longest
from typing import Any

import httpcore

STAGGER = 0.25
"""Seconds until the next address of a name is tried beside the one before (RFC 8305, section 8)."""


async def look_up(host: str, port: int, timeout: float | None) -> Sequence[str]:  # noqa: ASYNC109 - httpcore's
    """The addresses of a name, families in turn (RFC 8305, section 4); raises what httpcore would."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"the name {host} was not resolved in {timeout:g} s") from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    first = ":" in addresses[0]
    like = [address for address in addresses if (":" in address) == first]
    other = [address for address in addresses if (":" in address) != first]
    return [address for pair in zip_longest(like, other) for address in pair if address is not None]


def is_address(host: str) -> bool:
    """Whether there is nothing to look up."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


async def dial(
    backend: httpcore.AsyncNetworkBackend,
    addresses: Sequence[str],
    port: int,
    timeout: float | None,  # noqa: ASYNC109 - httpcore's
    local_address: str | None,
    socket_options: Iterable[Any] | None,
) -> tuple[str, httpcore.AsyncNetworkStream]:
    """The first address that accepts, and its connection; each has a head start before the next one is tried too."""
    options = None if socket_options is None else list(socket_options)

    def connect(address: str) -> Any:
        return backend.connect_tcp(address, port, timeout, local_address, options)

    if len(addresses) == 1:
        return addresses[0], await connect(addresses[0])
    tries: dict[asyncio.Task[httpcore.AsyncNetworkStream], str] = {}
    errors: list[BaseException] = []
    waiting = list(addresses)
    try:
        while waiting or tries:
            if waiting:
                address = waiting.pop(0)
                tries[asyncio.ensure_future(connect(address))] = address
            done, _ = await asyncio.wait(
                tries, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                address = tries.pop(task)
                error = task.exception()
                if error is None:
                    return address, task.result()
                errors.append(error)
        raise errors[0]
    finally:
        await _drop(tries)


async def _drop(tries: Iterable[asyncio.Task[httpcore.AsyncNetworkStream]]) -> None:
    """Ends the tries that came too late."""
    left = list(tries)
    for task in left:
        task.cancel()
    for stream in await asyncio.gather(*left, return_exceptions=True):
        if isinstance(stream, httpcore.AsyncNetworkStream):
            await stream.aclose()
