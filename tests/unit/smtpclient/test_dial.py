"""Connections to names with several addresses."""

from __future__ import annotations

import asyncio
import socket

import pytest

from amp.smtpclient.dial import dial
from amp.smtpclient.failure import SmtpError

V4 = socket.AF_INET


def listening(host: str, port: int = 0, *, backlog: int = 8) -> socket.socket:
    return socket.create_server((host, port), backlog=backlog)


def names(*addresses: tuple[str, int]):
    async def resolve(host: str, port: int):
        return [(V4, address) for address in addresses]

    return resolve


async def test_the_next_address_where_the_first_refuses():
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
        opened = await dial(names(("127.0.0.3", port), ("127.0.0.1", port)), "mail", port)
        assert opened.getpeername() == ("127.0.0.1", port)
        opened.close()


async def test_the_next_address_where_the_first_does_not_answer():
    with listening("127.0.0.3", backlog=0) as silent:
        port = silent.getsockname()[1]
        # Who fills the line of a server that accepts nobody leaves the next one without an answer.
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.3", port))
        with listening("127.0.0.1", port) as server:
            addresses = names(("127.0.0.3", port), server.getsockname())
            opened = await dial(addresses, "mail", port, next_seconds=0.0)
            assert opened.getpeername() == ("127.0.0.1", port)
            opened.close()
        for one in waiting:
            one.close()


async def test_the_first_refusal_is_told():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SmtpError) as caught:
        await dial(names(("127.0.0.3", port), ("127.0.0.1", port)), "mail", port)
    assert str(caught.value) == f"dial tcp 127.0.0.3:{port}: connect: connection refused"
    with pytest.raises(SmtpError) as caught:
        await dial(names(("127.0.0.1", port)), "", port)
    assert str(caught.value) == f"dial tcp :{port}: connect: connection refused"


async def test_a_name_without_address():
    async def resolve(host: str, port: int):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SmtpError) as caught:
        await dial(resolve, "nowhere.example", 25)
    assert str(caught.value) == "dial tcp: lookup nowhere.example: no such host"


async def test_who_stops_waiting_leaves_nothing_open():
    begun = asyncio.Event()

    async def resolve(host: str, port: int):
        begun.set()
        await asyncio.Event().wait()

    dialing = asyncio.create_task(dial(resolve, "mail", 25))
    await begun.wait()
    dialing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialing
