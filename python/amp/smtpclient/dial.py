"""Connected sockets (Go: net.Dialer)."""

from __future__ import annotations

import asyncio
import socket
from asyncio.staggered import staggered_race
from functools import partial
from typing import TYPE_CHECKING

from amp.httpclient.failure import dial_text, lookup_text
from amp.smtpclient.failure import SmtpError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from amp.httpclient.resolver import Address

    Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

NEXT_ADDRESS_SECONDS = 0.3
"""After which the next address of a name is tried beside the one that does not answer."""


async def dial(
    resolve: Resolve, host: str, port: int, *, next_seconds: float = NEXT_ADDRESS_SECONDS
) -> socket.socket:
    """A connection to the first of a name's addresses that takes one.

    Raises:
        SmtpError: `dial tcp …`, of the first address.
    """
    try:
        addresses = await resolve(host, port)
    except socket.gaierror as error:
        raise SmtpError(lookup_text(host, error)) from None
    try:
        if len(addresses) == 1:
            return await _connect(*addresses[0])
        return await _race(addresses, next_seconds)
    except OSError as error:
        # Without a host Go's error has none either.
        first = addresses[0][1] if host else ("", port)
        raise SmtpError(dial_text(first, error)) from None


async def _race(addresses: Sequence[Address], next_seconds: float) -> socket.socket:
    tries = [partial(_connect, *address) for address in addresses]
    opened: socket.socket | None
    opened, _, failures = await staggered_race(tries, next_seconds)
    if opened is None:
        raise next(failure for failure in failures if failure is not None)
    return opened


async def _connect(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return opened
