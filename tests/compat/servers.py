"""A server process, ours or the reference, on its own folder."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import signal
import socket
import subprocess
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

READY_WITHIN_SECONDS = 30.0
STOPPED_WITHIN_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """Status, headers in order and body of an HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: str

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


_PORTS = itertools.count(random.SystemRandom().randrange(11_000, 31_000))
"""Below the ports that the kernel gives to connections, and no port twice in one process."""


def free_port() -> int:
    """A port that nobody listens on right now."""
    while True:
        port = 11_000 + next(_PORTS) % 20_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass
class Server:
    """`with` starts it and stops it; the folder keeps configuration, data and log."""

    binary: Path
    folder: Path
    config: str
    flags: tuple[str, ...] = ()
    prefix: str = "/"
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None
    alone: bool = True
    """Whether the cluster is off."""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write(self.config)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def write(self, config: str) -> None:
        """Replaces the configuration file."""
        (self.folder / "alertmanager.yml").write_text(config, encoding="utf-8")

    def start(self) -> None:
        """Starts the process and waits until it is ready; its log is the error when it ends."""
        command = [
            str(self.binary),
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            *(["--cluster.listen-address="] if self.alone else []),
            *self.addressed(),
            *self.flags,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.request("GET", f"{self.prefix.rstrip('/')}/-/ready").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"{self.binary} did not get ready:\n{self.log()}")

    def addressed(self) -> list[str]:
        """An external URL that is the same for every server, where the flags name none."""
        if any(flag.startswith("--web.") for flag in self.flags):
            return []
        return ["--web.external-url=http://alerts.example"]

    def log(self) -> str:
        """What the process wrote so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends the process and waits for it; a process that stays is killed and told of."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{self.binary} did not stop:\n{self.log()}") from None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Sends one request over a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read().decode())
        finally:
            connection.close()

    def get(self, path: str, query: dict[str, Any] | None = None) -> Answer:
        """GET with a query; a list repeats its key."""
        text = urllib.parse.urlencode(query or {}, doseq=True)
        return self.request("GET", f"{path}?{text}" if text else path)

    def post(self, path: str, value: object) -> Answer:
        """POST of a value as JSON."""
        headers = {"Content-Type": "application/json"}
        return self.request("POST", path, json.dumps(value).encode(), headers)
