"""The compiled load generator and webhook sink: builds, starts and asks them."""

import http.client
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

PACKAGE = "amp-versus"


@dataclass(frozen=True)
class Load:
    """POSTs of alerts; the fields are those of `LoadPlan` in `src/load.rs`."""

    address: str
    active: int
    batch: int
    starts_at: int
    connections: int = 2
    rate: float = 0.0
    seconds: float = 0.0
    alerts: int = 0
    lifetime_seconds: int = 240
    unrouted: bool = False


@dataclass(frozen=True)
class Query:
    """GETs while alerts change; the fields are those of `QueryPlan` in `src/query.rs`."""

    address: str
    path: str
    grouped: bool
    active: int
    expected: int
    namespace: str
    seconds: float
    first_value: int
    starts_at: int
    rate: float = 100.0
    batch: int = 20
    lifetime_seconds: int = 240


class Generator:
    """The built program."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def load(self, plan: Load) -> dict[str, Any]:
        """Sends alerts and returns the report of `src/load.rs`."""
        return self._run("load", asdict(plan))

    def query(self, plan: Query) -> dict[str, Any]:
        """Asks for alerts and returns the report of `src/query.rs`."""
        return self._run("query", asdict(plan))

    def sink(self) -> "Sink":
        """Starts a sink on a free port."""
        return Sink(self._program)

    def _run(self, command: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            [self._program, command, json.dumps(plan)],
            check=False,
            capture_output=True,
            text=True,
            timeout=1200 + plan["seconds"],
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"{PACKAGE} ended with {done.returncode}")
        report: dict[str, Any] = json.loads(done.stdout)
        return report


class Sink:
    """A running webhook sink."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program, "sink", json.dumps({"listen": "127.0.0.1:0"})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sink did not start")
        self.port = int(json.loads(line)["port"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The sink ends with its standard input.
        self._process.communicate(timeout=10)

    def reset(self) -> None:
        """Forgets everything that came."""
        self._post("/reset")

    def count(self) -> int:
        """Returns the number of notifications since the reset, without reading them."""
        return int(self._post("/count"))

    def report(self) -> dict[str, Any]:
        """Checks what came since the reset and returns the report of `src/sink.rs`."""
        report: dict[str, Any] = json.loads(self._post("/report"))
        return report

    def wait(self, count: int, timeout_seconds: float) -> bool:
        """Waits until `count` notifications came; False when time ran out."""
        end = time.monotonic() + timeout_seconds
        while self.count() < count:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def _post(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, body=b"")
            return connection.getresponse().read()
        finally:
            connection.close()


def build(root: Path) -> Generator:
    """Builds the program with cargo in the project at `root`."""
    done = subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--package", PACKAGE, "--message-format=json"],
        cwd=root,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"cargo could not build {PACKAGE}")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == PACKAGE:
            return Generator(Path(message["executable"]))
    raise RuntimeError(f"cargo built no {PACKAGE}")
