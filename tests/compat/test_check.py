"""`amp check` on the folders of real servers, running and stopped."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from compat.servers import Server
from compat.sink import Sink
from compat.test_swap import CONFIG, WITHIN_SECONDS, alert, silence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as receiver:
        yield receiver


def check(amp_server: Path, folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of the command, as a process of its own."""
    command = [str(amp_server.parent / "amp"), "check", "--output=json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def filled(server: Server, sink: Sink, count: int) -> None:
    """Gives a server a notification to log and an active and an expired silence."""
    assert server.post("/api/v2/alerts", [alert("A", "1")]).status == 200
    assert sink.wait(count, WITHIN_SECONDS)
    silence(server, "Kept", 3600)
    expired = silence(server, "Expired", 3600)
    assert server.request("DELETE", f"/api/v2/silence/{expired}").status == 200


def test_what_the_reference_left(
    reference: Path, amp_server: Path, sink: Sink, tmp_path: Path
) -> None:
    with Server(reference, tmp_path, CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")) as server:
        filled(server, sink, 1)
    before = {path: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    code, report = check(amp_server, tmp_path, ".", "--storage.path=data")
    assert code == 0
    assert report["verdict"] == "fine"
    stored = report["storage"]
    assert {key: stored["silences"][key] for key in ("active", "pending", "expired")} == {
        "active": 1,
        "pending": 0,
        "expired": 1,
    }
    assert stored["nflog"]["entries"] == 1
    assert stored["silences"]["written_by"] == "alertmanager"
    assert report["swap_back"]["safe"] is True
    assert {path: path.read_bytes() for path in (tmp_path / "data").iterdir()} == before


def test_a_running_amp_is_not_disturbed(amp_server: Path, sink: Sink, tmp_path: Path) -> None:
    with Server(amp_server, tmp_path, CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")) as server:
        filled(server, sink, 1)
        code, report = check(amp_server, tmp_path, "alertmanager.yml", "--storage.path=data")
        assert code == 0
        assert report["storage"]["amp.db"]["silences"] == 2
        assert server.process is not None
        assert report["storage"]["running"].startswith(f"process {server.process.pid} on ")
        assert report["swap_back"]["before"] == [
            "stop AMP, which writes the files nflog and silences then"
        ]
        silence(server, "Later", 3600)
        assert check(amp_server, tmp_path, "data")[1]["storage"]["amp.db"]["silences"] == 3
        assert server.get("/ready").status == 200
    code, report = check(amp_server, tmp_path, "data")
    assert code == 0
    stored = report["storage"]
    assert stored["running"] is None
    assert (stored["silences"]["active"], stored["silences"]["expired"]) == (2, 1)
    assert stored["silences"]["written_by"] == "amp"
    assert stored["amp.db"] | {"bytes": 0} == {
        "readable": True,
        "bytes": 0,
        "closed": True,
        "alerts": 1,
        "silences": 3,
        "log_entries": 1,
        "alerts_stale": False,
    }
    assert report["swap_back"]["before"] == []


def test_an_amp_that_was_killed(amp_server: Path, sink: Sink, tmp_path: Path) -> None:
    with Server(amp_server, tmp_path, CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")) as server:
        filled(server, sink, 1)
        server.stop(signal.SIGKILL)
        before = {path: path.read_bytes() for path in (tmp_path / "data").iterdir()}
        _, report = check(amp_server, tmp_path, "data")
        assert report["storage"]["running"] is None
        assert report["storage"]["amp.db"]["silences"] == 2
        assert report["storage"]["amp.db"]["closed"] is False
        assert "start and stop AMP once" in report["swap_back"]["before"][0]
        assert {path: path.read_bytes() for path in (tmp_path / "data").iterdir()} == before
        server.start()
        assert len(server.get("/api/v2/silences").json()) == 2


def test_alertmanager_in_between_makes_alerts_stale(
    reference: Path, amp_server: Path, sink: Sink, tmp_path: Path
) -> None:
    config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
    for binary in (amp_server, reference):
        with Server(binary, tmp_path, config) as server:
            silence(server, "A", 3600)
    _, report = check(amp_server, tmp_path, "data")
    assert report["storage"]["amp.db"]["alerts_stale"] is True


CRASHES = "global: {http_config: null}\n"
MAIL = """
global: {smtp_from: a@b, smtp_smarthost: 'm:25', smtp_auth_secret_file: /f}
route: {receiver: r}
receivers: [{name: r, email_configs: [{to: x@y, auth_secret: p}]}]
"""


@pytest.mark.parametrize(
    ("config", "safe"),
    [(CONFIG, True), (MAIL, True), (CRASHES + CONFIG, False)],
    ids=["plain", "mail", "crash"],
)
def test_what_is_safe_is_what_the_reference_starts_with(
    reference: Path, amp_server: Path, tmp_path: Path, config: str, safe: bool
) -> None:
    server = Server(reference, tmp_path, config.replace("SINK", "127.0.0.1:9"))
    try:
        with server:
            started = True
    except RuntimeError:
        started = False
    code, report = check(amp_server, tmp_path, ".")
    assert code == 0
    assert started is report["swap_back"]["safe"] is safe
