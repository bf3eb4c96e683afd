"""HTTP servers on the loopback address, inside the test's own loop."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

NO_HTTP = b"HTTP/1.1 400 Bad Request\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Heard:
    """One request as it came."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


@dataclass
class Listener:
    """Answers each request with what `answer` returns for it; an empty answer hangs up."""

    answer: Callable[[Heard], bytes | Awaitable[bytes]]
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    scheme: str = "http"
    handlers: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.handlers.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            while (request := await read_request(reader)) is not None:
                if not request.method:
                    writer.write(NO_HTTP)
                    break
                self.heard.append(request)
                answer = self.answer(request)
                data = answer if isinstance(answer, bytes) else await answer
                if not data:
                    break
                writer.write(data)
                await writer.drain()
                if b"connection: close" in data.lower():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Heard | None:
    """The next request; one without a method for what is no HTTP; None at the end."""
    try:
        begin = await reader.readexactly(1)
        if not begin.isalpha():
            return Heard("", "", [], begin)
        head = (begin + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(value) for name, value in headers if name == "Content-Length"), 0)
    return Heard(method, path, headers, await reader.readexactly(length))


class Listeners(AsyncExitStack):
    """Starts servers and stops them at the end."""

    async def start(
        self,
        answer: Callable[[Heard], bytes | Awaitable[bytes]] | bytes = OK,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> Listener:
        """A server that is up; a fixed answer may be given as bytes."""
        fixed = answer
        server = Listener((lambda _: fixed) if isinstance(fixed, bytes) else fixed)
        server.scheme = "https" if tls else "http"
        listening = await asyncio.start_server(server.serve, host, 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]

        async def stop() -> None:
            listening.close()
            for task in server.handlers:
                task.cancel()
            await asyncio.gather(*server.handlers, return_exceptions=True)
            await listening.wait_closed()

        self.push_async_callback(stop)
        return server


def reply(status: str, body: bytes = b"", *headers: str) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
