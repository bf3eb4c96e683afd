"""The reference binaries as the recording scripts use them: a server, amtool, a webhook sink."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import queue
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

VECTORS = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, headers in the order in which they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def free_port() -> int:
    """A port of the loopback address that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Reference:
    """One running reference server on its own folder; use it as a context manager."""

    oracle: Path
    config: str
    flags: tuple[str, ...] = ()
    folder: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _own: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        if self.folder is None:
            self._own = tempfile.TemporaryDirectory()
            self.folder = Path(self._own.name)
        self.write(self.config)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._own is not None:
            self._own.cleanup()

    @property
    def home(self) -> Path:
        """The folder that holds the configuration and the data."""
        if self.folder is None:
            raise RuntimeError("not started")
        return self.folder

    def write(self, config: str) -> None:
        """Replaces the configuration file."""
        (self.home / "alertmanager.yml").write_bytes(config.encode())

    def start(self) -> None:
        """Starts the process and waits until it answers; raises with its log when it ends."""
        log = (self.home / "log").open("wb")
        command = [
            str(self.oracle / "alertmanager"),
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            *self.flags,
        ]
        self.process = subprocess.Popen(
            command, cwd=self.home, stderr=log, stdout=log, env=os.environ | self.environment
        )
        log.close()
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.request("GET", "/-/ready", prefix=False).status in (200, 404):
                    return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError((self.home / "log").read_text())

    def stop(self) -> None:
        """Ends the process by SIGTERM and waits for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        prefix: bool = True,
    ) -> Answer:
        """Sends one request; `prefix` is there for servers that serve below a path."""
        del prefix
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str | list[str]) -> Answer:
        """GET with a query; a list repeats its key."""
        text = urllib.parse.urlencode(query, doseq=True)
        return self.request("GET", f"{path}?{text}" if text else path)

    def post(self, path: str, value: object) -> Answer:
        """POST of a value as JSON."""
        return self.request(
            "POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"}
        )

    def reload(self, config: str) -> Answer:
        """Writes the configuration and asks for a reload."""
        self.write(config)
        return self.request("POST", "/-/reload")

    def original(self) -> str:
        """The running configuration as the status shows it."""
        text: str = self.request("GET", "/api/v2/status").json()["config"]["original"]
        return text


class ManyAtOnce(ThreadingHTTPServer):
    """A server whose backlog takes a burst of connections."""

    request_queue_size = 1024
    daemon_threads = True


class Sink:
    """A webhook receiver that keeps every body with its path and arrival."""

    def __init__(self) -> None:
        self.bodies: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.status = 200
        sink = self

        class Handler(BaseHTTPRequestHandler):
            """Answers each POST with the sink's status."""

            def do_POST(self) -> None:
                """Keeps the body."""
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                sink.bodies.put((self.path, json.loads(body)))
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ManyAtOnce(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def quiet(self, seconds: float) -> list[tuple[str, dict[str, Any]]]:
        """Everything that arrives until nothing came for `seconds`."""
        found = []
        while True:
            try:
                found.append(self.bodies.get(timeout=seconds))
            except queue.Empty:
                return found


def amtool(oracle: Path, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Runs amtool; returns exit code, standard output, standard error."""
    done = subprocess.run(
        [str(oracle / "amtool"), *arguments], cwd=cwd, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def oracle_argument(description: str) -> Path:
    """The one argument of every recording script: the folder with the unpacked binaries."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("oracle", type=Path, help="folder with alertmanager and amtool")
    folder: Path = parser.parse_args().oracle
    return folder.resolve()


def save(name: str, about: str, cases: list[dict[str, Any]]) -> None:
    """Writes `tests/vectors/<name>.json`: one field a line, one case after the other."""
    lines = [
        "{",
        f' "about": {dump(about)},',
        ' "reference": "Alertmanager 0.34.2",',
        ' "cases": [',
    ]
    blocks = []
    for case in cases:
        fields = ",\n".join(f"   {dump(key)}: {spread(value)}" for key, value in case.items())
        blocks.append("  {\n" + fields + "\n  }")
    text = "\n".join(lines) + "\n" + ",\n".join(blocks) + "\n ]\n}\n"
    (VECTORS / f"{name}.json").write_text(text, encoding="utf-8")


def spread(value: object) -> str:
    """JSON with one line for each element of a list of objects or of a list of lists."""
    if isinstance(value, list) and value and all(isinstance(one, dict | list) for one in value):
        return "[\n    " + ",\n    ".join(dump(one) for one in value) + "\n   ]"
    return dump(value)


def dump(value: object) -> str:
    """JSON on one line, text kept readable."""
    return json.dumps(value, ensure_ascii=False)
