"""What a thousand listeners cost: CPU of the server for each event and client."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compat import binaries
from compat.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 1000
ALERTS = 100
ROUNDS = 20
PATIENCE_SECONDS = 60.0
PATH = "/api/amp/v1/stream?kinds=received"
CONFIG = "route: {receiver: nobody, group_wait: 1h}\nreceivers: [{name: nobody}]\n"
HEAD = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n"
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
TICKS = 100.0


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(process: subprocess.Popen[bytes]) -> int:
    """What a process holds in memory."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def frames(running: Server) -> float:
    """Events written to all clients."""
    for line in running.get("/metrics").body.splitlines():
        if line.startswith("amp_stream_frames_total "):
            return float(line.split()[1])
    return 0


@contextlib.contextmanager
def listeners(port: int, number: int, upgraded: bool) -> Iterator[None]:
    """Clients in a process of their own that read and throw away."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__, str(port), str(number), "websocket" if upgraded else "sse"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"connected\n"
        yield
        process.kill()


def told(running: Server, start: int, expected: float) -> float:
    """Posts a round of alerts and waits until everybody has them; the server's CPU seconds."""
    assert running.process is not None
    before = cpu_seconds(running.process)
    for number in range(ROUNDS):
        alerts = [
            {
                "labels": {
                    "alertname": "A",
                    "host": f"h{start + number * ALERTS + one}",
                    "team": "db",
                }
            }
            for one in range(ALERTS)
        ]
        assert running.post("/api/v2/alerts", alerts).status == 200
        time.sleep(0.1)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while frames(running) < expected:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return cpu_seconds(running.process) - before


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_thousand_clients(tmp_path: Path, transport: str) -> None:
    with Server(binaries.ours(), tmp_path, CONFIG) as running:
        assert running.process is not None
        told(running, 0, 0)
        alone = told(running, 1_000_000, 0)
        held = resident_bytes(running.process)
        with listeners(running.port, CLIENTS, transport == "websocket"):
            idle_from = cpu_seconds(running.process)
            time.sleep(5)
            idle = (cpu_seconds(running.process) - idle_from) / 5
            held = resident_bytes(running.process) - held
            events = ROUNDS * ALERTS
            seconds = told(running, 2_000_000, events * CLIENTS)
        extra = (seconds - alone) / (events * CLIENTS) * 1e6
        print(
            f"\n{transport}: {events} events in {ROUNDS} bursts to {CLIENTS} clients: "
            f"{seconds:.2f} s of CPU, {alone:.2f} s without clients; {extra:.3f} µs an event and "
            f"client, {(seconds - alone) / (ROUNDS * CLIENTS) * 1e6:.1f} µs a burst and client; "
            f"{held / CLIENTS / 1024:.1f} KiB a client; {idle * 100:.2f} % of a core "
            "when nothing happens"
        )


async def _listen(port: int, number: int, upgraded: bool) -> None:
    loop = asyncio.get_running_loop()
    head = f"{HEAD}{UPGRADE if upgraded else ''}\r\n".encode()

    async def connect() -> socket.socket:
        client = socket.socket()
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, head)
        await loop.sock_recv(client, 65536)
        return client

    buffer = bytearray(1 << 20)

    def read(client: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            client.recv_into(buffer)

    for _ in range(number // 50):
        for client in await asyncio.gather(*(connect() for _ in range(50))):
            loop.add_reader(client, read, client)
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    await loop.create_future()


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "websocket"))
