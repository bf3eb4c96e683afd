"""The service behind a receiver: keeps the requests that came and answers as a case tells.

It is also the proxy through which cases reach addresses that cannot be changed: a CONNECT is taken,
and TLS spoken in the name of the host with a certificate of `Service.authority`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import trustme

from compat.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

STATUSES = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content"}
NEVER_SECONDS = 60.0


@dataclass(frozen=True)
class Arrived:
    """One request: its whole URL, headers as they came."""

    at: float
    method: str
    url: str
    headers: list[list[str]]
    body: str


@dataclass
class Service:
    """Answers on a port of the loopback address.

    Attributes:
        answers: by URL (`http://HERE/path`) without its query a list of answers, each taken once,
            the last for ever: `{status, headers, body}`, all optional; `hang: true` never answers,
            `close: true` hangs up.
    """

    folder: Path
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    authority: trustme.CA = field(default_factory=trustme.CA)
    port: int = 0
    closed: int = 0
    _socket: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        self.closed = free_port()
        self.authority.cert_pem.write_to_path(self.folder / "authority.pem")
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            # Closing alone does not wake the thread that accepts.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def fill(self, text: str) -> str:
        """The text with real addresses for HERE, CLOSED and FOLDER."""
        for name, place in self._places():
            text = text.replace(name, place)
        return text

    def tidy(self, text: str) -> str:
        """The text without real addresses."""
        for name, place in self._places():
            text = text.replace(place, name)
        return text

    def _places(self) -> list[tuple[str, str]]:
        return [
            ("HERE", f"127.0.0.1:{self.port}"),
            ("CLOSED", f"127.0.0.1:{self.closed}"),
            ("FOLDER", str(self.folder)),
        ]

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            host = self._requests(connection, f"http://127.0.0.1:{self.port}")
            if host is None:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.authority.issue_cert(host.rpartition(":")[0]).configure_cert(context)
            with context.wrap_socket(connection, server_side=True) as secure:
                self._requests(secure, f"https://{host.removesuffix(':443')}")

    def _requests(self, connection: socket.socket, origin: str) -> str | None:
        """Answers until the connection ends; the target if a tunnel is asked for."""
        stream = connection.makefile("rb")
        while (first := stream.readline().decode("latin-1")) != "":
            method, _, rest = first.partition(" ")
            target, _, version = rest.rpartition(" ")
            if not version.startswith("HTTP/"):
                return None  # the client went away within the line
            headers = read_headers(stream)
            if method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                return target
            size = next((int(value) for name, value in headers if name == "Content-Length"), 0)
            body = stream.read(size).decode("utf-8", "backslashreplace")
            url = self.tidy(target if "://" in target else origin + target)
            with self._lock:
                self.arrived.append(
                    Arrived(
                        time.monotonic(),
                        method,
                        url,
                        sorted([name, self.tidy(value)] for name, value in headers),
                        self.tidy(body),
                    )
                )
                answer = self._next(url)
            if answer.get("hang"):
                time.sleep(NEVER_SECONDS)
            if answer.get("hang") or answer.get("close"):
                return None
            connection.sendall(self._bytes(answer))
        return None

    def _next(self, url: str) -> dict[str, Any]:
        left = self.answers.get(url.partition("?")[0])
        if not left:
            return {}
        return left.pop(0) if len(left) > 1 else left[0]

    def _bytes(self, answer: dict[str, Any]) -> bytes:
        body = self.fill(answer.get("body", "")).encode()
        status = answer.get("status", 200)
        lines = [f"HTTP/1.1 {status} {STATUSES.get(status, 'Told')}"]
        lines += [
            f"{name}: {self.fill(value)}" for name, value in answer.get("headers", {}).items()
        ]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def read_headers(stream: BinaryIO) -> list[list[str]]:
    """The header lines up to the empty one, as names and values."""
    headers = []
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(": ")
        headers.append([name, value])
    return headers
