"""A private Redis on a socket in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

STARTS_WITHIN_SECONDS = 30.0


class Redis:
    """Starts, hangs and dies when told.

    Args:
        folder: short enough for a socket's path.
        password: what clients must give; empty for none.
    """

    def __init__(self, folder: Path, password: str = "") -> None:
        self._socket = folder / "redis.sock"
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How clients reach it."""
        return (
            f"unix://:{self._password}@{self._socket}"
            if self._password
            else f"unix://{self._socket}"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = ["redis-server", "--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        if self._password:
            command += ["--requirepass", self._password]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("redis-server does not start")
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16)[:1] in (b"+", b"-")
            except OSError:
                return False

    def hang(self, hanging: bool) -> None:
        """Makes it stand still, or go on."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGSTOP if hanging else signal.SIGCONT)

    def stop(self) -> None:
        """Kills it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
