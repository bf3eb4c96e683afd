"""`amp backup` and `amp restore` beside servers that run, in whichever database."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.conftest import webhook
from acceptance.test_crash import silence
from compat import binaries
from compat.servers import Server

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Postgres
    from sink import SinkProcess

KINDS = ("sqlite", "postgresql")


def amp(*arguments: object, code: int = 0) -> str:
    """Runs a command; what it says."""
    command = [str(binaries.ours().with_name("amp")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def rows(path: Path, table: str) -> list[list[Any]]:
    """The rows of a table in a backup."""
    lines = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    return [line[1:] for line in lines if isinstance(line, list) and line[0] == table]


class House:
    """Two storage places and a sink that both tell."""

    def __init__(self, folder: Path, sink: SinkProcess, flags: list[tuple[str, ...]]) -> None:
        config = webhook(sink.url("/"))
        self.servers = [
            Server(binaries.ours(), folder / name, config, given)
            for name, given in zip("ab", flags, strict=True)
        ]

    def place(self, at: int) -> list[str]:
        """The flags of the tools for a server's store."""
        server = self.servers[at]
        return [f"--storage.path={server.folder / 'data'}", *server.flags]


@pytest.fixture(params=[(a, b) for a in KINDS for b in KINDS], ids="-".join)
def house(request: pytest.FixtureRequest, tmp_path: Path, sink: SinkProcess) -> House:
    """Servers of every two kinds."""

    def flags(kind: str) -> tuple[str, ...]:
        if kind == "sqlite":
            return ()
        postgres: Postgres = request.getfixturevalue("postgres")
        return (f"--amp.database-url={postgres.database()}",)

    return House(tmp_path, sink, [flags(kind) for kind in request.param])


def until(check: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def alert(name: str) -> list[dict[str, Any]]:
    return [{"labels": {"alertname": name}, "annotations": {"summary": f"{name} is on"}}]


def test_a_server_that_runs_is_backed_up_and_another_takes_it(
    house: House, sink: SinkProcess, tmp_path: Path
) -> None:
    first, second = house.servers
    path = tmp_path / "backup"
    with first:
        one = first.post("/api/v2/silences", silence("one")).json()["silenceID"]
        first.post("/api/v2/alerts", alert("first"))
        assert sink.wait(1)[0].json()["groupLabels"] == {"alertname": "first"}

        def whole() -> bool:
            said = amp("backup", path, *house.place(0))
            return "1 silences, 1 log entries, 1 alerts" in said and bool(rows(path, "delivery"))

        until(whole)
        events = rows(path, "event")
        assert {row[2] for row in events} >= {1, 6, 7, 8, 10}
    with second:
        two = second.post("/api/v2/silences", silence("two")).json()["silenceID"]
        second.post("/api/v2/alerts", alert("second"))
        sink.wait(2)
        said = amp("restore", path, *house.place(1))
        assert "1 silences, 1 log entries, 1 alerts" in said
        assert {item["id"] for item in second.get("/api/v2/silences").json()} == {one, two}
        found = {item["labels"]["alertname"] for item in second.get("/api/v2/alerts").json()}
        assert found == {"first", "second"}
        assert "0 silences, 0 log entries, 0 alerts" in amp("restore", path, *house.place(1))
        # What was told before is not told again, and the rest is told as ever.
        second.post("/api/v2/alerts", [*alert("first"), *alert("third")])
        told = [item.json()["groupLabels"]["alertname"] for item in sink.wait(3)]
        assert told == ["first", "second", "third"]
        assert not list((second.folder / "data").glob("restore*"))
        again = tmp_path / "again"
        amp("backup", again, *house.place(1))
        assert {row[0] for row in events} <= {row[0] for row in rows(again, "event")}
        second.stop(signal.SIGKILL)
        second.start()
        assert {item["id"] for item in second.get("/api/v2/silences").json()} == {one, two}


def test_a_store_that_nobody_uses_takes_a_backup(
    house: House, sink: SinkProcess, tmp_path: Path
) -> None:
    first, second = house.servers
    path = tmp_path / "backup"
    with first:
        one = first.post("/api/v2/silences", silence("one")).json()["silenceID"]
        first.post("/api/v2/alerts", alert("first"))
        sink.wait(1)
    amp("backup", path, *house.place(0))
    second.folder.mkdir(parents=True)
    said = amp("restore", path, *house.place(1))
    assert "1 silences, 1 log entries, 1 alerts" in said
    with second:
        assert [item["id"] for item in second.get("/api/v2/silences").json()] == [one]
        second.post("/api/v2/alerts", [*alert("first"), *alert("second")])
        told = [item.json()["groupLabels"]["alertname"] for item in sink.wait(2)]
        assert told == ["first", "second"]


def test_a_server_refuses_what_is_no_backup(tmp_path: Path, sink: SinkProcess) -> None:
    server = Server(binaries.ours(), tmp_path / "a", webhook(sink.url("/")))
    with server:
        data = server.folder / "data"
        (tmp_path / "other").write_text("alerts: []\n")
        said = amp("restore", tmp_path / "other", f"--storage.path={data}", code=1)
        assert "no backup of AMP" in said
        (data / "restore.amp").symlink_to(tmp_path / "other")
        until(lambda: (data / "restore.result").exists())
        assert "symbolic links" in json.loads((data / "restore.result").read_bytes())["error"]
        assert (tmp_path / "other").exists()
        assert not (data / "restore.taken").exists()
        (data / "restore.amp").mkdir()
        (data / "restore.result").unlink()
        until(lambda: (data / "restore.result").exists())
        assert "is not a file" in json.loads((data / "restore.result").read_bytes())["error"]
        assert not (data / "restore.taken").exists()
        assert server.get("/-/healthy").status == 200


def test_wrong_usage_and_failures_say_so(tmp_path: Path) -> None:
    for command in ("backup", "restore"):
        assert "expected a file" in amp(command, code=2)
        assert "unexpected b" in amp(command, "a", "b", code=2)
        assert "unknown long flag" in amp(command, "a", "--no-such", code=2)
    assert "nothing to back up" in amp(
        "backup", tmp_path / "x", f"--storage.path={tmp_path}", code=1
    )
    assert "no such file" in amp("restore", tmp_path / "x", f"--storage.path={tmp_path}", code=1)
