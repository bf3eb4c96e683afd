"""Connections through a SOCKS 5 proxy (RFC 1928, 1929); the proxy resolves the target's name.

Upstream: Go net/http socks_bundle.go.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

from amp.httpclient.failure import RequestError, dial_text, lookup_text

if TYPE_CHECKING:
    from amp.httpclient.resolver import Resolver
    from amp.httpclient.target import Target

DEFAULT_PORT = 1080
VERSION = 5
NO_AUTHENTICATION = 0
NAME_AND_PASSWORD = 2
ANSWERS = (
    "succeeded",
    "general SOCKS server failure",
    "connection not allowed by ruleset",
    "network unreachable",
    "host unreachable",
    "connection refused",
    "TTL expired",
    "command not supported",
    "address type not supported",
)
IPV4, NAME, IPV6 = 1, 3, 4
LONGEST = 255


async def connect(proxy: Target, host: str, port: int, resolver: Resolver) -> socket.socket:
    """A socket on which the proxy has connected to the target.

    Args:
        proxy: where it is; `resolver` looks its name up.
        host: the target, which the proxy looks up.
        port: the target's.
        resolver: the transport's.

    Raises:
        RequestError: worded as Go's client words it.
    """
    at = proxy.host, proxy.port or DEFAULT_PORT
    opened = await _dial(at, resolver)
    try:
        await _greet(opened, proxy.user)
        await _ask(opened, host, port)
    except (OSError, asyncio.IncompleteReadError, _Refused) as error:
        opened.close()
        shown = f"[{host}]" if ":" in host else host
        cause = "EOF" if isinstance(error, asyncio.IncompleteReadError) else error
        raise RequestError(f"socks connect tcp {at[0]}:{at[1]}->{shown}:{port}: {cause}") from None
    except BaseException:
        opened.close()
        raise
    return opened


class _Refused(Exception):
    """The proxy said no."""


async def _dial(at: tuple[str, int], resolver: Resolver) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await resolver.addresses(*at)
    except socket.gaierror as error:
        raise RequestError(f"proxyconnect tcp: {lookup_text(at[0], error)}") from None
    failure = "no addresses"
    for family, address in found:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setblocking(False)
        try:
            await loop.sock_connect(opened, address)
        except OSError as error:
            opened.close()
            failure = dial_text(address, error)
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise RequestError(f"proxyconnect tcp: {failure}")


async def _greet(opened: socket.socket, user: tuple[str, str] | None) -> None:
    methods = [NO_AUTHENTICATION] if user is None else [NO_AUTHENTICATION, NAME_AND_PASSWORD]
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(opened, bytes([VERSION, len(methods), *methods]))
    version, method = await _read(opened, 2)
    if version != VERSION:
        raise _Refused(f"unexpected protocol version {version}")
    if method == NO_AUTHENTICATION:
        return
    if method != NAME_AND_PASSWORD or user is None:
        raise _Refused("no acceptable authentication methods")
    name, password = (part.encode() for part in user)
    if not 0 < len(name) <= LONGEST or len(password) > LONGEST:
        raise _Refused("invalid username/password")
    said = bytes([1, len(name)]) + name + bytes([len(password)]) + password
    await loop.sock_sendall(opened, said)
    _, status = await _read(opened, 2)
    if status:
        raise _Refused("username/password authentication failed")


async def _ask(opened: socket.socket, host: str, port: int) -> None:
    request = bytes([VERSION, 1, 0]) + _address(host) + port.to_bytes(2, "big")
    await asyncio.get_running_loop().sock_sendall(opened, request)
    version, answer, _, kind = await _read(opened, 4)
    if version != VERSION:
        raise _Refused(f"unexpected protocol version {version}")
    if answer:
        known = ANSWERS[answer] if answer < len(ANSWERS) else f"unknown code: {answer}"
        raise _Refused(f"unknown error {known}")
    sizes = {IPV4: 4, IPV6: 16}
    size = sizes[kind] if kind in sizes else (await _read(opened, 1))[0]
    await _read(opened, size + 2)


def _address(host: str) -> bytes:
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode()
        if len(name) > LONGEST:
            raise _Refused("FQDN too long") from None
        return bytes([NAME, len(name)]) + name
    return bytes([IPV4 if literal.version == 4 else IPV6]) + literal.packed


async def _read(opened: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = await asyncio.get_running_loop().sock_recv(opened, size - len(data))
        if not piece:
            raise asyncio.IncompleteReadError(data, size)
        data += piece
    return data
