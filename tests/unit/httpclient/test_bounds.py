"""One receiver that hangs holds up no other."""

from __future__ import annotations

import asyncio

from amp.httpclient import HttpClients
from listener import OK


async def test_a_hanging_receiver_delays_no_other(listeners):
    hold, full = asyncio.Event(), asyncio.Event()

    async def hang(_) -> bytes:
        if len(stuck.heard) == 3:
            full.set()
        await hold.wait()
        return OK

    stuck = await listeners.start(hang)
    well = await listeners.start()
    clients = HttpClients(environment={}, in_flight=3)
    first, second = clients.client(), clients.client()
    waiting = [
        asyncio.ensure_future(client.request("POST", stuck.url()))
        for client in (first, second)
        for _ in range(5)
    ]
    await full.wait()
    for _ in range(4):
        assert (await first.request("POST", well.url())).status == 200
    assert sorted((load.origin[2], load.in_flight, load.waiting) for load in clients.load()) == [
        (stuck.port, 3, 7)
    ]
    assert len(stuck.heard) == 3
    hold.set()
    assert {response.status for response in await asyncio.gather(*waiting)} == {200}
    assert list(clients.load()) == []
    await clients.close()
