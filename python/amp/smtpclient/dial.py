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

    from amp.httpclient.transport import Address

    Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

NEXT_ADDRESS_SECONDS = 0.3
"""After which the next address of a name is tried beside the one that does not answer."""


async def dial(resolve: Resolve, host: str, port: int) -> socket.socket:
    """A connection to the first of a name's addresses that takes one.

    Raises:
        SmtpError: `dial tcp …`.
    """
    try:
        addresses = await resolve(host, port)
    except socket.gaierror as error:
        raise SmtpError(lookup_text(host, error)) from None
    tries = [partial(_connect, *address) for address in addresses]
    opened: socket.socket | None
    opened, _, failures = await staggered_race(tries, NEXT_ADDRESS_SECONDS)
    if opened is not None:
        return opened
    for (_, address), failure in zip(addresses, failures, strict=True):
        if isinstance(failure, OSError):
            # Without a host Go's error has none either.
            raise SmtpError(dial_text(address if host else ("", port), failure))
    raise SmtpError(f"dial tcp: lookup {host}: no such host")


async def _connect(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return opened
