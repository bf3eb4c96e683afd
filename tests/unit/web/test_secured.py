"""TLS under a protocol: in any pieces, over any loop, to any end."""

from __future__ import annotations

import asyncio
import io
import ssl
from typing import TYPE_CHECKING, Self

import pytest
import uvloop

from amp.log import Logger
from amp.web.config import WebFile
from amp.web.secured import HANDSHAKE_SECONDS, Secured
from amp.web.tls import ServerContexts
from fakes import settle
from webclient import WebFolder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

ENDS_WITHIN_SECONDS = 60.0
BIG = bytes(range(256)) * 20_000


class Echo(asyncio.Protocol):
    """Sends back what comes; `bye` closes, `BIG` gets much, `cut` aborts."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.got: list[bytes] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.paused = 0

    def data_received(self, data: bytes) -> None:
        self.got.append(data)
        if data.endswith(b"bye"):
            self.transport.write(b"good-")
            self.transport.write(b"bye")
            self.transport.close()
            self.transport.write(b"never")
        elif data == b"cut":
            self.transport.abort()
        elif data == b"big":
            self.transport.write(BIG)
        else:
            self.transport.write(data)

    def pause_writing(self) -> None:
        self.paused += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


class House:
    """A listening server, its log and its connections."""

    def __init__(self, folder: WebFolder, seconds: float = HANDSHAKE_SECONDS) -> None:
        self.log = io.StringIO()
        self.waiting: set[Secured] = set()
        self.echoes: list[Echo] = []
        self._folder = folder
        self._contexts = ServerContexts(WebFile(str(folder.path / "web.yml")))
        self._seconds = seconds
        self._servers: list[asyncio.Server] = []

    def connection(self) -> Secured:
        return Secured(
            self._echo, self._contexts, self.waiting, Logger(self.log),
            handshake_seconds=self._seconds,
        )  # fmt: skip

    def _echo(self) -> Echo:
        self.echoes.append(Echo())
        return self.echoes[-1]

    async def start(self) -> int:
        server = await asyncio.get_running_loop().create_server(self.connection, "127.0.0.1", 0)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for echo in self.echoes:
            echo.transport.abort()
        for connection in self.waiting:
            connection.abort()
        await asyncio.sleep(0)

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", await self.start(), ssl=self._folder.context(), server_hostname="localhost"
        )


@pytest.fixture
def folder(tmp_path: Path) -> WebFolder:
    made = WebFolder(tmp_path)
    made.write("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
    return made


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Awaitable[None]], None]]:
    factory = uvloop.new_event_loop if request.param == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        yield lambda story: runner.run(asyncio.wait_for(story, ENDS_WITHIN_SECONDS))


def test_bytes_one_by_one(folder: WebFolder, run) -> None:
    async def story() -> None:
        async with House(folder) as house:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = folder.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
            reader, writer = await asyncio.open_connection("127.0.0.1", await house.start())

            async def until(step):  # type: ignore[no-untyped-def]
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        for byte in outgoing.read():
                            writer.write(bytes((byte,)))
                            await writer.drain()
                        if piece := await reader.read(7):
                            incoming.write(piece)
                        else:
                            incoming.write_eof()

            await until(tls.do_handshake)
            tls.write(b"hello")
            assert await until(lambda: tls.read(100)) == b"hello"
            tls.write(b"one")
            tls.write(b"bye")
            text = await until(lambda: tls.read(100))
            while text != b"onegood-bye":
                text += await until(lambda: tls.read(100))
            # The other side's good-bye, not just an end.
            assert await until(lambda: tls.read(100)) == b""
            assert await house.echoes[0].lost is None
            assert not house.waiting
            writer.close()

    run(story())


def test_much_in_both_directions_waits_for_the_reader(folder: WebFolder, run) -> None:
    async def story() -> None:
        async with House(folder) as house:
            reader, writer = await house.client()
            writer.write(b"big")
            assert await reader.readexactly(len(BIG)) == BIG
            writer.write(BIG)
            assert await reader.readexactly(len(BIG)) == BIG
            assert house.echoes[0].paused
            assert b"".join(house.echoes[0].got) == b"big" + BIG
            writer.close()
            await house.echoes[0].lost

    run(story())


def test_ends(folder: WebFolder, run) -> None:
    async def story() -> None:
        async with House(folder) as house:
            reader, writer = await house.client()
            writer.write(b"bye")
            assert await reader.read() == b"good-bye"
            assert await house.echoes[0].lost is None
            writer.close()
            reader, writer = await house.client()
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            transport = house.echoes[1].transport
            assert not transport.is_closing()
            assert transport.get_extra_info("sslcontext")
            assert transport.get_extra_info("ssl_object").version() == "TLSv1.3"
            assert transport.get_extra_info("peername")[0] == "127.0.0.1"
            writer.write(b"cut")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)):
                await reader.readexactly(1)
            await house.echoes[1].lost
            assert transport.is_closing()
            writer.close()

    run(story())


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "EOF"),
        (b"\x16\x03\x01", "EOF"),
        (b"\x00\x01\x02\x03\x04 rubbish \r\n\r\n" * 3, "tls: first record does not look"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00" * 3, "tls: "),
        (b"PUT / HTTP/1.1\r\n\r\n", "client sent an HTTP request to an HTTPS server"),
    ],
)
def test_what_is_no_handshake_is_told_and_ended(folder, run, sent: bytes, why: str) -> None:
    async def story() -> None:
        async with House(folder) as house:
            reader, writer = await asyncio.open_connection("127.0.0.1", await house.start())
            writer.write(sent)
            writer.write_eof()
            await reader.read()
            await settle()
            assert why in house.log.getvalue()
            assert "http: TLS handshake error from 127.0.0.1:" in house.log.getvalue()
            assert not house.waiting
            assert not house.echoes
            writer.close()

    run(story())


def test_a_silent_client_is_ended(folder: WebFolder, run) -> None:
    async def story() -> None:
        async with House(folder, seconds=0.01) as house:
            reader, writer = await asyncio.open_connection("127.0.0.1", await house.start())
            assert await reader.read() == b""
            assert ": i/o timeout" in house.log.getvalue()
            assert not house.waiting
            writer.close()

    run(story())


def test_rubbish_after_the_handshake_ends_the_connection(folder: WebFolder, run) -> None:
    async def story() -> None:
        async with House(folder) as house:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = folder.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
            reader, writer = await asyncio.open_connection("127.0.0.1", await house.start())
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                    incoming.write(await reader.read(1 << 16))
            writer.write(outgoing.read())
            writer.write(b"\x17\x03\x03\x00\x20" + bytes(32))
            await reader.read()
            await house.echoes[0].lost
            assert not house.echoes[0].got
            writer.close()

    run(story())
