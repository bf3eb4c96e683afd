"""One server under test: its process, its folder, its cost."""

import http.client
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from harness import process

_READY_TIMEOUT_SECONDS = 60.0
_STOP_TIMEOUT_SECONDS = 30.0


class Server:
    """A running server with a fresh storage folder; leaving the context stops it."""

    def __init__(self, command: Sequence[str], work: Path, configuration: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="server-", dir=work))
        (self._folder / "alertmanager.yml").write_text(configuration)
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        started = time.monotonic()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *command,
                    f"--config.file={self._folder / 'alertmanager.yml'}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address={self.address}",
                    "--cluster.listen-address=",
                ],
                cwd=self._folder,
                env={key: value for key, value in os.environ.items() if key[:4] != "AMP_"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_ready(started)
        except BaseException:
            self.stop()
            raise
        self.ready_seconds = time.monotonic() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cpu_seconds(self) -> float:
        """Returns the CPU time of the process tree since its start."""
        return process.cpu_seconds(self._process.pid)

    def pss_bytes(self) -> int:
        """Returns the memory of the process tree now."""
        return process.pss_bytes(self._process.pid)

    def memory_bytes(self) -> float:
        """Returns the median of five looks at the memory, half a second apart."""
        looks = []
        for _ in range(5):
            time.sleep(0.5)
            looks.append(self.pss_bytes())
        return statistics.median(looks)

    def stop(self) -> None:
        """Ends the process, by force when it does not follow, and removes its folder."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_ready(self, started: float) -> None:
        while not self._is_ready():
            log = (self._folder / "log").read_text(errors="replace")[-2000:]
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}:\n{log}")
            if time.monotonic() - started > _READY_TIMEOUT_SECONDS:
                raise RuntimeError(f"the server does not get ready:\n{log}")
            time.sleep(0.002)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
