"""Signals side by side: exit codes and what the log says at the end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acceptance.conftest import webhook
from compat.servers import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = webhook("http://127.0.0.1:1/")
ALERT = [{"labels": {"alertname": "a"}}]
ENDED_WITHIN_SECONDS = 30.0
LAST = ["Shutting down gracefully", "Received shutdown signal, exiting gracefully..."]


@pytest.fixture(params=["reference", "amp_server"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    """A server that is not started yet."""
    return Server(request.getfixturevalue(request.param), tmp_path, NOWHERE)


def messages(server: Server) -> list[str]:
    """What the log says, without times, places and attributes."""
    found = re.findall(r"level=(?:INFO|WARN|ERROR) .*?msg=(\"[^\"]*\"|\S+)", server.log())
    return [text.strip('"') for text in found]


def wait_for(server: Server, message: str, times: int = 1) -> None:
    """Waits until the log says it so often."""
    deadline = time.monotonic() + ENDED_WITHIN_SECONDS
    while messages(server).count(message) < times:
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.02)


@pytest.mark.parametrize(
    "sent", [["TERM"], ["INT"], ["TERM", "TERM"], ["INT", "TERM"], ["HUP", "TERM"]], ids="-".join
)
def test_the_end(server: Server, sent: list[str]) -> None:
    with server as running:
        assert running.process is not None
        for name in sent:
            running.process.send_signal(signal.Signals[f"SIG{name}"])
        assert running.process.wait(ENDED_WITHIN_SECONDS) == 0
        said = messages(running)
        # A reload may or may not come before the end.
        assert [text for text in said if text in LAST] == LAST
        assert said[-1] == LAST[-1]


def test_one_who_asks_to_stop_again_and_again_changes_nothing(server: Server) -> None:
    with server as running:
        assert running.process is not None
        deadline = time.monotonic() + ENDED_WITHIN_SECONDS
        while running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert running.process.returncode == 0


def test_a_storm_of_hangups_is_a_few_reloads(server: Server) -> None:
    """The last file counts, however many signals became one."""
    with server as running:
        assert running.process is not None
        for _ in range(20):
            running.process.send_signal(signal.SIGHUP)
        running.write(NOWHERE.replace("receiver: team", "receiver: nobody"))
        running.process.send_signal(signal.SIGHUP)
        wait_for(running, "Loading configuration file failed")
        running.write(NOWHERE)
        done = messages(running).count("Completed loading of configuration file")
        running.process.send_signal(signal.SIGHUP)
        wait_for(running, "Completed loading of configuration file", done + 1)
        assert messages(running).count("Loading configuration file") <= 22
        running.stop()
        assert running.process.returncode == 0


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_a_signal_during_the_start_is_heeded(server: Server, name: str) -> None:
    """`Starting Alertmanager` is the first line: from there on nothing is lost."""
    server.folder.mkdir(exist_ok=True)
    server.write(NOWHERE)
    command = [
        str(server.binary), "--config.file=alertmanager.yml", "--storage.path=data",
        "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{server.port}",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=server.folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        first = process.stderr.readline()
        assert "Starting Alertmanager" in first
        process.send_signal(signal.Signals[f"SIG{name}"])
        lines = iter(process.stderr.readline, "")
        if name == "HUP":
            assert any("Completed loading of configuration file" in line for line in lines)
            process.send_signal(signal.SIGTERM)
        rest = [line for line in lines if line.strip()]
        assert process.wait(ENDED_WITHIN_SECONDS) == 0
        assert LAST[-1] in rest[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A receiver that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(ENDED_WITHIN_SECONDS)
        yield listener


def test_a_hanging_delivery_holds_nothing_up(server: Server, deaf: socket.socket) -> None:
    """It is given up without a word, and told again after the next start."""
    server.config = webhook(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
    with server as running:
        running.post("/api/v2/alerts", ALERT)
        held, _ = deaf.accept()
        assert b"POST" in held.recv(1000)
        running.stop()
        assert running.process is not None
        assert running.process.returncode == 0
        assert messages(running)[-2:] == LAST
        held.close()
        running.start()
        running.post("/api/v2/alerts", ALERT)
        again, _ = deaf.accept()
        assert b"POST" in again.recv(1000)
        again.close()


def test_amp_serve_is_the_same_program(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    command = [str(Path(sysconfig.get_path("scripts")) / "amp"), "serve", "--storage.path=data"]
    address = f"--web.listen-address=127.0.0.1:{free_port()}"
    process = subprocess.Popen([*command, address], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process:
        assert any("TLS is disabled" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        said = [line for line in process.stderr if line.strip()]
        assert process.wait(ENDED_WITHIN_SECONDS) == 0
    assert [text in line for text, line in zip(LAST, said, strict=True)] == [True, True]
