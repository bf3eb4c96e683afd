"""The process itself: ports, signals, reload, idle and open connections, bad files."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from acceptance.conftest import webhook
from compat import binaries
from compat.servers import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sink import SinkProcess

NOWHERE = webhook("http://127.0.0.1:1/")
ALERT = [{"labels": {"alertname": "a"}}]


def run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binaries.ours()), "--storage.path=data", *flags],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_port_zero_is_told(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    process = subprocess.Popen(
        [str(binaries.ours()), "--storage.path=data", "--web.listen-address=127.0.0.1:0"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        line = next(line for line in lines if 'msg="Listening on"' in line)
        found = re.search(r"address=127\.0\.0\.1:(\d+)\n", line)
        assert found is not None
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=5):
            pass
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stderr.close()


def test_a_taken_port_is_a_start_error(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, f"--web.listen-address=127.0.0.1:{port}")
    assert ended.returncode == 1
    assert "address already in use" in ended.stderr
    assert f'listen \\"127.0.0.1:{port}\\"' in ended.stderr


def test_a_bad_configuration_never_listens(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(
        NOWHERE.replace("receiver: team", "receiver: nobody")
    )
    ended = run(tmp_path, f"--web.listen-address=127.0.0.1:{free_port()}")
    assert ended.returncode == 1
    assert "error loading configuration file: undefined receiver" in ended.stderr
    assert "Listening on" not in ended.stderr


def test_a_second_process_on_one_folder_is_refused_and_told_of_the_first(
    server: Callable[..., Server],
) -> None:
    with server(NOWHERE) as first:
        assert first.process is not None
        ended = run(
            first.folder, "--config.file=alertmanager.yml", "--web.listen-address=127.0.0.1:0"
        )
        assert ended.returncode == 1
        assert str(first.process.pid) in ended.stderr
        assert first.get("/-/ready").status == 200


@pytest.mark.parametrize("how", ["signal", "request"])
def test_reload_swaps_the_whole_or_nothing(
    server: Callable[..., Server], sink: SinkProcess, how: str
) -> None:
    with server(webhook(sink.url("/old"))) as running:
        running.post("/api/v2/alerts", ALERT)
        assert sink.wait(1)[0].path == "/old"

        def reload() -> None:
            if how == "request":
                running.request("POST", "/-/reload")
            elif running.process is not None:
                running.process.send_signal(signal.SIGHUP)

        running.write("route: {receiver: nobody}\n")
        reload()
        wait_for(running, "alertmanager_config_last_reload_successful 0")
        assert "/old" not in running.get("/api/v2/status").body
        running.post("/api/v2/alerts", [{"labels": {"alertname": "b"}}])
        assert sink.wait(2)[1].path == "/old"

        running.write(webhook(sink.url("/new")))
        reload()
        wait_for(running, "alertmanager_config_last_reload_successful 1")
        running.post("/api/v2/alerts", [{"labels": {"alertname": "c"}}])
        assert sink.wait(3)[2].path == "/new"
        assert len(sink.received()) == 3


def wait_for(running: Server, line: str) -> None:
    deadline = time.monotonic() + 20
    while f"\n{line}\n" not in running.get("/metrics").body:
        assert time.monotonic() < deadline, line
        time.sleep(0.05)


def test_a_refused_reload_says_why(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        running.write(NOWHERE.replace("receiver: team", "receiver: nobody"))
        answer = running.request("POST", "/-/reload")
        assert answer.status == 500
        assert answer.body.startswith("failed to reload config: undefined receiver")


def test_sigterm_with_open_connections_ends_with_0_in_time(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
        for one in held[:10]:
            # A request that never ends: its head promises a body.
            one.sendall(
                b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
                b"Content-Type: application/json\r\n\r\n["
            )
        assert running.process is not None
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        for one in held:
            one.close()


def test_two_thousand_idle_connections_lock_nobody_out(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(2000)]
        try:
            for _ in range(20):
                assert running.post("/api/v2/alerts", ALERT).status == 200
        finally:
            for one in held:
                one.close()


def test_what_stopped_comes_back_and_nobody_is_told_twice(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    with server(webhook(sink.url("/")), *store_flags) as running:
        running.post("/api/v2/alerts", ALERT)
        sink.wait(1)
        before = running.get("/api/v2/alerts").json()
        running.stop()
        running.start()
        after = running.get("/api/v2/alerts").json()
        assert [one["labels"] for one in after] == [{"alertname": "a"}]
        assert after[0]["startsAt"] == before[0]["startsAt"]
        running.post("/api/v2/alerts", [{"labels": {"alertname": "b"}}])
        told = [one.json()["groupLabels"]["alertname"] for one in sink.wait(2)]
        assert told == ["a", "b"]


@pytest.mark.parametrize("flags", [[], ["--amp.config.file=amp.yml"]])
def test_a_bad_own_file_is_refused(flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    (tmp_path / "amp.yml").write_text("nonsense: 1\n")
    ended = run(tmp_path, "--web.listen-address=127.0.0.1:0", *flags)
    assert ended.returncode == 1
    assert "field nonsense not found" in ended.stderr


def test_the_own_file_names_the_database(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    (tmp_path / "amp.yml").write_text("database_url: mysql://h/d\n")
    ended = run(tmp_path, "--web.listen-address=127.0.0.1:0")
    assert ended.returncode == 1
    assert "the database URL must start with postgresql://" in ended.stderr


@pytest.mark.parametrize("how", ["closed", "broken"])
def test_a_log_that_nobody_takes_stops_nothing(how: str, tmp_path: Path, sink: SinkProcess) -> None:
    """Descriptors 0 to 2 that do not exist, and a reader that went away."""
    (tmp_path / "alertmanager.yml").write_text(webhook(sink.url("/")))
    running = Server(binaries.ours(), tmp_path, "")
    command = [
        str(binaries.ours()), "--config.file=alertmanager.yml", "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{running.port}",
    ]  # fmt: skip
    if how == "closed":
        command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    reader, writer = os.pipe()
    process = subprocess.Popen(command, cwd=tmp_path, stderr=writer)
    os.close(writer)
    os.close(reader)
    try:
        deadline = time.monotonic() + 30
        while not answers(running):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        running.post("/api/v2/alerts", ALERT)
        sink.wait(1)
        assert running.request("POST", "/-/reload").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def answers(running: Server) -> bool:
    try:
        return running.get("/-/ready").status == 200
    except OSError:
        return False
