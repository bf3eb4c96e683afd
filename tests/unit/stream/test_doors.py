"""Both transports on a real server: refusals, frames, ends, in the open and under TLS."""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import TYPE_CHECKING

import aiohttp
import bcrypt
import pytest
import uvloop

from amp.api.stream import MOST_MATCHERS
from amp.server import STOP_SECONDS, WEBSOCKET_LINE_BYTES, WEBSOCKET_MESSAGE_BYTES
from streams import StreamHouse
from webclient import WebFolder

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

GOING_AWAY = 1001
TOO_BIG = 1009
TRANSPORTS = ("websocket", "sse")
EVENTS = 100
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
}


def on_uvloop(story: Coroutine[Any, Any, None]) -> None:
    """Runs a story on the loop that AMP has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story)


async def refused(house: StreamHouse, query: str, **headers: str) -> list[tuple[int, Any]]:
    """Status and JSON for a WebSocket and for server-sent events."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await house.websocket(query, headers)
    path = f"{house.path}?{query}"
    async with house.session.get(path, headers=headers) as response:
        plain = (response.status, await response.json())
    return [(caught.value.status, caught.value.headers), plain]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_frames_are_the_journals_lines(transport: str) -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            client = await getattr(house, transport)("kinds=received,resolved&kinds=failed")
            hello = await client.next()
            assert hello == {"kind": "hello", "seq": house.journal.last_seq()}
            house.journal.add("received", text='é"\n', alertname="Down")
            house.journal.add("grouped")
            last = house.journal.add("failed", text="x" * 70_000)
            first, second = await client.next(), await client.next()
            assert (first["text"], first["labels"]) == ('é"\n', {"alertname": "Down"})
            assert (second["seq"], len(second["text"])) == (last, 70_000)
            assert house.value("amp_stream_clients", transport=transport) == 1
            await client.close()

    on_uvloop(story())


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("kinds=received,none", "kinds"),
        ("filter=a%3Db&filter=%7B", "filter"),
        ("filter=a%3D~%22(%22", "filter"),
        ("&".join(["filter=a%3Db"] * (MOST_MATCHERS + 1)), "filter"),
        ("after=-1", "after"),
        ("after=", "after"),
        ("after=12345678901234567", "after"),
    ],
)
def test_bad_parameters_are_named_before_the_upgrade(query: str, parameter: str) -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            (upgrade, _), (status, body) = await refused(house, query)
            assert (upgrade, status) == (400, 400)
            assert body["parameter"] == parameter
            assert body["error"].startswith(parameter)

    on_uvloop(story())


def test_a_browser_goes_on_after_the_last_id() -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            first = house.journal.add()
            client = await house.sse(f"after={first - 1}")
            assert (await client.next())["kind"] == "hello"
            assert int(client.id) == first - 1
            assert (await client.next())["seq"] == first
            assert (int(client.id), client.event) == (first, "received")
            await client.close()
            missed = [house.journal.add("resolved") for _ in range(3)]
            again = await house.sse(f"after={first - 1}", {"Last-Event-ID": client.id})
            await again.next()
            assert [(await again.next())["seq"] for _ in missed] == missed
            await again.close()
            async with house.session.get(house.path, headers={"Last-Event-ID": "none"}) as response:
                assert (await response.json())["parameter"] == "Last-Event-ID"

    on_uvloop(story())


def test_full_is_503_with_a_time_to_come_back() -> None:
    async def story() -> None:
        async with StreamHouse(most_clients=1) as house:
            client = await house.websocket()
            (upgrade, headers), (status, _) = await refused(house, "")
            assert (upgrade, status) == (503, 503)
            assert int(headers["Retry-After"]) > 0
            await client.close()
            await house.clients(0)
            await (await house.sse()).next()

    on_uvloop(story())


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 101),
        ("http://alerts.example", 101),
        ("https://am.example", 101),
        ("http://am.example:80", 101),
        ("http://evil.example", 403),
        ("http://127.0.0.1", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_pages_of_other_hosts_open_no_websocket(origin: str, status: int) -> None:
    async def story() -> None:
        async with StreamHouse(
            cors="http://alerts.example", external_url="http://am.example/x"
        ) as house:
            headers = {"Origin": origin.format(port=house.port)}
            if status == 101:
                await (await house.websocket(headers=headers)).close()
                return
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await house.websocket(headers=headers)
            assert caught.value.status == status

    on_uvloop(story())


def test_allowed_pages_read_server_sent_events() -> None:
    async def story() -> None:
        async with StreamHouse(cors="http://alerts.example") as house:
            for origin, allowed in (
                ("http://alerts.example", "http://alerts.example"),
                ("http://evil.example", None),
            ):
                client = await house.sse(headers={"Origin": origin})
                headers = client.response.headers
                assert headers.get("Access-Control-Allow-Origin") == allowed
                assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
                assert headers["Cache-Control"] == "no-store"
                await client.close()

    on_uvloop(story())


def test_other_paths_and_methods_are_answered_as_ever() -> None:
    async def story() -> None:
        async with StreamHouse(prefix="/am") as house:
            get = house.session.get
            for path, status in (
                ("/am/none", 404),
                ("/none", 404),
                ("/api/amp/v1/stream", 404),
            ):
                async with get(path, headers=UPGRADE) as response:
                    assert response.status == status
            async with house.session.post(house.path, headers=UPGRADE) as response:
                assert response.status == 405
            long = {**UPGRADE, "X-Long": "x" * WEBSOCKET_LINE_BYTES}
            async with get(house.path, headers=long) as response:
                assert response.status == 400
                assert "too large" in (await response.json())["error"]
            old = {**UPGRADE, "Sec-WebSocket-Version": "12"}
            async with get(house.path, headers=old) as response:
                assert response.status == 400
            client = await house.websocket()
            assert (await client.next())["kind"] == "hello"
            await client.close()

    on_uvloop(story())


def test_what_clients_say_is_not_heard_and_bounded() -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            client = await house.websocket()
            await client.next()
            await client.socket.send_str("x" * (WEBSOCKET_MESSAGE_BYTES - 10))
            await client.socket.send_bytes(b"ping")
            await client.socket.ping(b"p")
            house.journal.add()
            assert (await client.next())["kind"] == "received"
            await client.socket.send_str("x" * (WEBSOCKET_MESSAGE_BYTES + 10))
            assert await client.end() == TOO_BIG

    on_uvloop(story())


def test_streams_neither_count_as_gets_nor_run_out_of_time() -> None:
    async def story() -> None:
        async with StreamHouse(timeout_seconds=0.05) as house:
            clients = [await house.sse(), await house.sse(), await house.websocket()]
            for client in clients:
                await client.next()
            await asyncio.sleep(0.2)
            house.journal.add()
            for client in clients:
                assert (await client.next())["kind"] == "received"
                await client.close()

    on_uvloop(story())


def test_a_stop_closes_streams() -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            websocket, sse = await house.websocket(), await house.sse()
            await sse.next()
            ends = asyncio.gather(websocket.end(), sse.next())
            await house.stop()
            assert await ends == [GOING_AWAY, None]
            assert sse.response.closed or sse.response.content.at_eof()

    on_uvloop(story())


@pytest.mark.parametrize("upgraded", [True, False])
def test_a_client_that_takes_nothing_holds_up_neither_others_nor_a_stop(upgraded: bool) -> None:
    async def story() -> None:
        async with StreamHouse() as house:
            still = socket.socket()
            still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            still.connect(("127.0.0.1", house.port))
            head = f"GET {house.path} HTTP/1.1\r\nHost: x\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items() if upgraded)
            still.sendall(f"{head}\r\n".encode())
            quick = await house.sse()
            await house.clients(2)
            await quick.next()
            for _ in range(EVENTS):
                house.journal.add(text="x" * 200_000)
            for _ in range(EVENTS):
                assert (await quick.next())["kind"] == "received"
            assert EVENTS < (house.value("amp_stream_frames_total") or 0) < 2 * EVENTS
            async with asyncio.timeout(STOP_SECONDS):
                await house.stop()
            still.close()

    on_uvloop(story())


@pytest.fixture
def web_file(tmp_path: Path) -> tuple[WebFolder, str]:
    """TLS and one user."""
    folder = WebFolder(tmp_path)
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    file = tmp_path / "web.yml"
    file.write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f'basic_auth_users: {{alice: "{hashed}"}}\n'
        "http_server_config: {headers: {X-Frame-Options: deny}}\n",
        encoding="utf-8",
    )
    return folder, str(file)


def test_passwords_and_tls_hold_for_upgrades(web_file: tuple[WebFolder, str]) -> None:
    folder, file = web_file

    async def story() -> None:
        async with StreamHouse(web_file=file, scheme="https") as house:
            tls = folder.context()
            login = {"Authorization": aiohttp.encode_basic_auth("alice", "secret")}
            wrong = {"Authorization": aiohttp.encode_basic_auth("alice", "guess")}
            for headers in ({}, wrong):
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await house.websocket(headers=headers, ssl=tls)
                assert caught.value.status == 401
                assert caught.value.headers["WWW-Authenticate"] == "Basic"
            async with house.session.get(house.path, ssl=tls) as response:
                assert response.status == 401
            clients = [
                await house.websocket(headers=login, ssl=tls),
                await house.sse(headers=login, ssl=tls),
            ]
            for client in clients:
                await client.next()
            house.journal.add(text="x" * 100_000)
            for client in clients:
                assert len((await client.next())["text"]) == 100_000
            ends = asyncio.gather(clients[0].end(), clients[1].next())
            await house.stop()
            assert await ends == [GOING_AWAY, None]

    on_uvloop(story())
