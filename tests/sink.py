"""A webhook receiver as a process of its own: remembers what came, answers as it is told.

    python tests/sink.py [PORT]

prints `listening on PORT` and serves until it is ended. Every path takes notifications, but for

    GET    /-/received?after=N   what came since the first N, as JSON
    POST   /-/behave             how to answer: {"path", "status", "delay_seconds", "times", "body"}
    DELETE /-/received           forgets everything

`SinkProcess` starts one and speaks to it.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CONTROL = "/-/"
POLL_SECONDS = 0.02


@dataclass
class Behaviour:
    """How a path answers: so many times, or for ever with `times` None."""

    path: str
    status: int = 200
    delay_seconds: float = 0.0
    times: int | None = None
    body: str = ""


@dataclass(frozen=True)
class Received:
    """One request: when it came (Unix), and how it was answered."""

    at_ns: int
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass
class Memory:
    """What all connections share."""

    received: list[Received] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    def behaviour(self, path: str) -> Behaviour:
        """How to answer this request; counts it."""
        found = self.behaviours.get(path)
        if found is None or found.times == 0:
            return Behaviour(path)
        if found.times is not None:
            found.times -= 1
        return found

    def control(self, method: str, path: str, body: bytes) -> bytes:
        """Answers a request of the test."""
        if method == "DELETE":
            self.received.clear()
            self.behaviours.clear()
            return b"{}"
        if method == "POST":
            behaviour = Behaviour(**json.loads(body))
            self.behaviours[behaviour.path] = behaviour
            return b"{}"
        after = int(parse_qs(urlsplit(path).query).get("after", ["0"])[0])
        return json.dumps([asdict(one) for one in self.received[after:]]).encode()


class Connection(asyncio.Protocol):
    """Reads requests one after the other; delays hold up their own connection only."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.buffer = bytearray()
        self.waiting = False
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.waiting and self.one_request():
            pass

    def one_request(self) -> bool:
        """Takes one whole request off the buffer; false when there is none."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        whole = end + 4 + int(headers.get("Content-Length", "0"))
        if len(self.buffer) < whole:
            return False
        body = bytes(self.buffer[end + 4 : whole])
        del self.buffer[:whole]
        method, path, _ = first.split(" ", 2)
        if path.startswith(CONTROL):
            self.answer(200, self.memory.control(method, path, body))
            return True
        told = self.memory.behaviour(path)
        text = body.decode("utf-8", "replace")
        self.memory.received.append(
            Received(time.time_ns(), method, path, headers, text, told.status)
        )
        if not told.delay_seconds:
            self.answer(told.status, told.body.encode())
            return True
        self.waiting = True
        asyncio.get_running_loop().call_later(told.delay_seconds, self.late, told)
        return False

    def late(self, told: Behaviour) -> None:
        """Answers after a delay and goes on."""
        self.waiting = False
        self.answer(told.status, told.body.encode())
        self.data_received(b"")

    def answer(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} told\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


async def serve(port: int) -> None:
    """Listens until the process is ended."""
    memory = Memory()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(memory), "127.0.0.1", port, backlog=4096
    )
    sys.stdout.write(f"listening on {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


class SinkProcess:
    """A sink in a process of its own; use it as a context manager."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        self.port = int(line.rpartition(" ")[2])
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, __file__]

    def connection(self) -> http.client.HTTPConnection:
        """The way to it for its own control."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def url(self, path: str = "/") -> str:
        """Where a webhook posts to."""
        return f"http://127.0.0.1:{self.port}{path}"

    def behave(
        self,
        path: str,
        *,
        status: int = 200,
        delay_seconds: float = 0.0,
        times: int | None = None,
        body: str = "",
    ) -> None:
        """Tells how a path answers from now on, or the next few times."""
        told = Behaviour(path, status, delay_seconds, times, body)
        self._ask("POST", "/-/behave", json.dumps(asdict(told)).encode())

    def received(self, after: int = 0) -> list[Received]:
        """What came, without the first `after` requests."""
        return [Received(**one) for one in self._ask("GET", f"/-/received?after={after}")]

    def wait(self, count: int, seconds: float = 30.0) -> list[Received]:
        """Waits until so many requests came.

        Raises:
            TimeoutError: when they do not come.
        """
        until = time.monotonic() + seconds
        while len(found := self.received()) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(found)} of {count} requests came")
            time.sleep(POLL_SECONDS)
        return found

    def forget(self) -> None:
        """Forgets what came and what was told."""
        self._ask("DELETE", "/-/received")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        connection = self.connection()
        try:
            connection.request(method, path, body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
