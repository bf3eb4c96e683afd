"""The live stream of a whole process: what real clients of both transports see."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from acceptance.conftest import webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server

PATH = "/api/amp/v1/stream"
PATIENCE_SECONDS = 60.0
NOBODY = "http://127.0.0.1:9/"
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013
CLIENTS = 1000
FILES = 4096


def post(running: Server, *alerts: dict[str, str], path: str = "", **more: Any) -> None:
    body = [{"labels": labels, **more} for labels in alerts]
    assert running.post(f"{path}/api/v2/alerts", body).status == 200


def value(running: Server, series: str) -> float:
    for line in running.get("/metrics").body.splitlines():
        if line.startswith(series + " "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(series)


def wait_for(running: Server, series: str, least: float) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while value(running, series) < least:
        assert time.monotonic() < deadline, series
        time.sleep(0.05)


class Events:
    """Reads the data of a stream, whichever its transport."""

    def __init__(self, running: Server, path: str = PATH) -> None:
        self.url = f"http://127.0.0.1:{running.port}{path}"
        connector = aiohttp.TCPConnector(limit=0)
        self.session = aiohttp.ClientSession(connector=connector)
        self._bodies: list[aiohttp.ClientResponse] = []

    async def __aenter__(self) -> Events:
        return self

    async def __aexit__(self, *_: object) -> None:
        for body in self._bodies:
            body.close()
        await self.session.close()

    async def websocket(self, query: str = "") -> Any:
        return await self.session.ws_connect(f"{self.url}?{query}")

    async def sse(self, query: str = "") -> Any:
        response = await self.session.get(f"{self.url}?{query}")
        self._bodies.append(response)
        assert response.status == 200
        return response


async def next_of(client: Any) -> Any:
    """The next event; None at the end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        if isinstance(client, aiohttp.ClientWebSocketResponse):
            message = await client.receive()
            return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else None
        async for line in client.content:
            if line.startswith(b"data: "):
                return json.loads(line[6:])
    return None


async def until(client: Any, kind: str) -> Any:
    """The next event of a kind."""
    while True:
        event = await next_of(client)
        assert event is not None
        if event["kind"] == kind:
            return event


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_filters_and_going_on(server: Callable[..., Server], transport: str) -> None:
    async def story(running: Server) -> None:
        async with Events(running, "/am" + PATH) as events:
            connect = getattr(events, transport)
            query = "kinds=received,resolved&filter=team%3D%22db%22&filter=host!~%22h[5-9]%22"
            client = await connect(query)
            assert (await next_of(client))["kind"] == "hello"
            await asyncio.to_thread(alert, running, range(10), "web", "db")
            seen = [await next_of(client) for _ in range(5)]
            assert [event["labels"]["host"] for event in seen] == [f"h{n}" for n in range(5)]
            assert {event["labels"]["team"] for event in seen} == {"db"}
            client.close() if transport == "sse" else await client.close()
            await asyncio.to_thread(alert, running, range(3), "db", ends=True)
            await asyncio.to_thread(alert, running, range(10, 13), "db")
            again = await connect(f"{query}&after={seen[2]['seq']}")
            assert (await next_of(again))["kind"] == "hello"
            got = [await next_of(again) for _ in range(8)]
            assert got[:2] == seen[3:]
            assert [(event["kind"], event["labels"]["host"]) for event in got[2:]] == [
                *(("resolved", f"h{n}") for n in range(3)),
                *(("received", f"h{n}") for n in range(10, 13)),
            ]
            assert [event["seq"] for event in got] == sorted({event["seq"] for event in got})
            old = await connect("after=1")
            assert (await next_of(old))["kind"] == "hello"
            assert await next_of(old) == {"kind": "gap", "seq": 1}
            assert (await next_of(old))["kind"] == "received"

    def alert(running: Server, numbers: range, *teams: str, ends: bool = False) -> None:
        more = {"endsAt": "2020-01-01T00:00:00Z"} if ends else {}
        labels = [
            {"alertname": "A", "team": team, "host": f"h{number}"}
            for team in teams
            for number in numbers
        ]
        post(running, *labels, path="/am", startsAt="2019-01-01T00:00:00Z", **more)

    made = server(webhook(NOBODY), "--web.route-prefix=/am")
    made.prefix = "/am"
    with made as running:
        asyncio.run(story(running))


def test_a_thousand_clients_hear_of_an_alert(server: Callable[..., Server]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))

    async def story(running: Server) -> None:
        async with Events(running) as events:
            clients = []
            for _ in range(CLIENTS // 50):
                connects = [events.sse, events.websocket] * 25
                clients += await asyncio.gather(*(one("kinds=received") for one in connects))
            hellos = await asyncio.gather(*(next_of(client) for client in clients))
            assert {event["kind"] for event in hellos} == {"hello"}
            async with events.session.get(events.url) as refused:
                assert refused.status == 503
                assert int(refused.headers["Retry-After"]) > 0
            await asyncio.to_thread(post, running, {"alertname": "Everybody"})
            got = await asyncio.gather(*(next_of(client) for client in clients))
            assert {(event["kind"], event["alert_name"]) for event in got} == {
                ("received", "Everybody")
            }
            for transport in ("sse", "websocket"):
                series = f'amp_stream_clients{{transport="{transport}"}}'
                assert value(running, series) == CLIENTS / 2
            assert value(running, "amp_stream_frames_total") >= CLIENTS

    with server(webhook(NOBODY)) as running:
        asyncio.run(story(running))


def test_who_stands_still_is_cut_and_others_go_on(server: Callable[..., Server]) -> None:
    async def story(running: Server) -> None:
        async with Events(running) as events:
            quick = await events.sse("kinds=received")
            still = [connected(running, upgraded=True), connected(running, upgraded=False)]
            try:
                await next_of(quick)
                for number in range(10):
                    names = [{"alertname": f"A{number}-{one}"} for one in range(20)]
                    annotations = {"text": "x" * 50_000}
                    await asyncio.to_thread(post, running, *names, annotations=annotations)
                    for _ in names:
                        assert (await next_of(quick))["kind"] == "received"
                await asyncio.to_thread(wait_for, running, "amp_stream_cut_total", 2)
                ends = await asyncio.gather(*(asyncio.to_thread(drained, one) for one in still))
                assert b'{"kind":"cut","seq":' in ends[0][-200:]
                assert TRY_AGAIN_LATER.to_bytes(2, "big") in ends[0][-100:]
                assert b"event: cut\ndata: {" in ends[1][-200:]
                assert ends[1].endswith(b"0\r\n\r\n")
                await asyncio.to_thread(post, running, {"alertname": "Later"})
                assert (await until(quick, "received"))["alert_name"] == "Later"
            finally:
                for one in still:
                    one.close()

    with server(webhook(NOBODY)) as running:
        asyncio.run(story(running))


def connected(running: Server, *, upgraded: bool) -> socket.socket:
    """A client with little room that reads nothing by itself."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE_SECONDS)
    client.connect(("127.0.0.1", running.port))
    lines = [f"GET {PATH} HTTP/1.1", "Host: x"]
    if upgraded:
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        lines.append("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


def drained(client: socket.socket) -> bytes:
    """All that there is, to the end."""
    data = bytearray()
    with suppress(ConnectionResetError):
        while part := client.recv(1 << 20):
            data += part
    return bytes(data)


def test_a_stop_ends_streams(server: Callable[..., Server]) -> None:
    async def story(running: Server) -> None:
        async with Events(running) as events:
            sockets = [await events.websocket() for _ in range(20)]
            bodies = [await events.sse() for _ in range(20)]
            still = connected(running, upgraded=True)
            for client in (*sockets, *bodies):
                assert (await next_of(client))["kind"] == "hello"
            stopping = asyncio.create_task(asyncio.to_thread(running.stop))
            for client in (*sockets, *bodies):
                while await next_of(client) is not None:
                    pass
            assert {client.close_code for client in sockets} == {GOING_AWAY}
            await stopping
            still.close()

    with server(webhook(NOBODY)) as running:
        asyncio.run(story(running))
        assert "Received shutdown signal, exiting gracefully" in running.log()


def test_a_restart_is_a_gap(server: Callable[..., Server]) -> None:
    async def last(running: Server, after: int) -> list[Any]:
        async with Events(running) as events:
            client = await events.websocket(f"after={after}&kinds=received")
            return [await next_of(client) for _ in range(3)]

    with server(webhook(NOBODY)) as running:
        post(running, {"alertname": "Before"})
        hello, gap, before = asyncio.run(last(running, 7))
        assert (hello["kind"], gap) == ("hello", {"kind": "gap", "seq": 7})
        running.stop()
        running.start()
        post(running, {"alertname": "After"})
        _, gap, after = asyncio.run(last(running, before["seq"]))
        assert gap == {"kind": "gap", "seq": before["seq"]}
        assert after["alert_name"] in ("Before", "After")
