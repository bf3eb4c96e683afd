"""Looks names up in threads of its own, so that a hanging name server holds up nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from amp.httpclient.thread import beside

Address = tuple[socket.AddressFamily, tuple[str, int]]

LOOKUP_THREADS = 32
KNOWN_NAMES = 256


class Resolver(AbstractResolver):
    """The system's resolver. aiohttp asks once for all who wait for the same name."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LOOKUP_THREADS)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._first: dict[str, str] = {}

    def first(self, host: str) -> str:
        """The address that a name's last look-up gave first; the host itself without one."""
        return self._first.get(host, host)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, in the system's order."""
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        await self._places.acquire()
        # A look-up that nobody waits for any more has its thread, and so its place, to the end.
        asking = asyncio.create_task(beside(ask))
        self._under_way.add(asking)
        asking.add_done_callback(self._done)
        found = await asyncio.shield(asking)
        if len(self._first) >= KNOWN_NAMES:
            self._first.clear()
        self._first[host] = str(found[0][4][0])
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, in the system's order; an address is its own.

        Raises:
            gaierror: as the system gives it.
        """
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            found = await self.resolve(host, port)
            return [(socket.AddressFamily(one["family"]), (one["host"], port)) for one in found]
        family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
        return [(family, (host, port))]

    async def close(self) -> None:
        """Waits for no look-up any more."""
        for asking in self._under_way:
            asking.cancel()

    def _done(self, asking: asyncio.Task[Any]) -> None:
        self._under_way.discard(asking)
        self._places.release()
        if not asking.cancelled():
            asking.exception()
