"""One receiver that hangs holds up no other, and who stops waiting leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
import socket
import threading

import pytest

from amp.fields.http import HttpConfig
from amp.httpclient import HttpClients
from amp.httpclient.failure import RequestError
from listener import OK

HANGS = "hangs.example"
TURNS = 60


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


@pytest.fixture
def name_server(monkeypatch):
    """One that never answers for `HANGS`, until it is set."""
    answers, ask = threading.Event(), socket.getaddrinfo

    def hanging(host, *args, **more):
        if host == HANGS:
            answers.wait()
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return ask(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    yield answers
    answers.set()


@pytest.mark.parametrize("proxy", [None, f"socks5://{HANGS}:1080"])
async def test_a_hanging_name_server_delays_no_other(listeners, clients, name_server, proxy):
    """More look-ups than any pool has threads: the loop's own pool serves the whole process."""
    server = await listeners.start()
    hanging = clients.client(HttpConfig(proxy_url=proxy))
    waiting = [
        asyncio.create_task(hanging.request("POST", f"http://{HANGS}:{port}/"))
        for port in range(1, 101)
    ]
    for _ in range(TURNS):
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        response = await clients.client().request("POST", server.url(host="localhost"))
        assert response.status == 200
        assert await asyncio.to_thread(lambda: "at once") == "at once"
    staying = [thread.name for thread in threading.enumerate() if not thread.daemon]
    # The process's end waits for threads that are no daemons.
    assert [name for name in staying if not name.startswith(("MainThread", "asyncio_"))] == []
    name_server.set()
    failures = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(failure) for failure in failures} == {RequestError}
    assert "no such host" in str(failures[0])


@pytest.mark.parametrize("seed", range(5))
async def test_who_leaves_at_any_moment_leaves_nothing(listeners, clients, seed):
    """Requests to a server that answers in drips, cancelled after a random number of turns."""
    chance = random.Random(seed)

    async def drips(writer) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    open_here = set()

    async def serve(reader, writer) -> None:
        open_here.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await drips(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            open_here.discard(writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://localhost:{listening.sockets[0].getsockname()[1]}/"
    client = clients.client()
    assert (await client.request("POST", url)).body == b"well"
    before = asyncio.all_tasks()
    done = 0
    for _ in range(40):
        tasks = [asyncio.create_task(client.request("POST", url)) for _ in range(4)]
        for task in tasks:
            for _ in range(chance.randrange(TURNS)):
                await asyncio.sleep(0)
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        done += sum(not isinstance(outcome, BaseException) for outcome in outcomes)
        assert all(
            outcome.body == b"well"
            for outcome in outcomes
            if not isinstance(outcome, asyncio.CancelledError)
        )
        assert list(clients.load()) == []
    assert 0 < done < 160
    assert (await client.request("POST", url)).body == b"well"
    await client.close()
    listening.close()
    for _ in range(100 * TURNS):
        await asyncio.sleep(0)
    assert open_here == set()
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()
