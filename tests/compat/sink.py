"""A webhook receiver that remembers what came, and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Delivery:
    """One POST: when it came (monotonic), where to, what, and how it was answered."""

    at_seconds: float
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    status: int


class ManyAtOnce(ThreadingHTTPServer):
    """A server whose backlog takes a burst of connections."""

    request_queue_size = 512
    daemon_threads = True


class Sink:
    """Listens on a free port of the loopback address."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.changed = threading.Condition()
        self.statuses: dict[str, int] = {}
        self.delays: dict[str, float] = {}
        sink = self

        class Handler(BaseHTTPRequestHandler):
            """Keeps each body."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = sink.keep(self.path, body, dict(self.headers.items()))
                time.sleep(sink.delays.get(self.path, 0))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ManyAtOnce(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def keep(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Remembers a delivery and tells which status it gets."""
        with self.changed:
            status = self.statuses.get(path, 200)
            self.deliveries.append(
                Delivery(time.monotonic(), path, json.loads(body), headers, status)
            )
            self.changed.notify_all()
            return status

    def accepted(self) -> list[Delivery]:
        """What was answered with success."""
        return [one for one in self.deliveries if one.status < 300]

    def wait(self, count: int, seconds: float, *, failed: bool = False) -> bool:
        """Waits until so many deliveries were accepted (or refused, with `failed`)."""

        def enough() -> bool:
            good = len(self.accepted())
            return (len(self.deliveries) - good if failed else good) >= count

        with self.changed:
            return self.changed.wait_for(enough, seconds)
