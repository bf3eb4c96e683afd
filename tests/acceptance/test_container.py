"""AMP where an image, a chart or an operator ran Alertmanager.

Process 1 of a container with a user that exists nowhere, nothing to write on but the storage
folder, and an empty environment.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.conftest import webhook
from compat import binaries
from container import USER, Container, Pod, PodSink, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGE = (
    "/bin/alertmanager",
    "--config.file=/etc/alertmanager/alertmanager.yml",
    "--storage.path=/alertmanager",
)
"""Entry point and words of the image."""

OPERATOR = (
    "/bin/alertmanager",
    "--config.file=/etc/alertmanager/config_out/alertmanager.env.yaml",
    "--storage.path=/alertmanager",
    "--data.retention=120h",
    "--cluster.listen-address=",
    "--web.listen-address=:9093",
    "--web.route-prefix=/",
    "--cluster.label=monitoring/main",
    "--cluster.peer=alertmanager-main-0.alertmanager-operated:9094",
    "--cluster.reconnect-timeout=5m",
    "--web.config.file=/etc/alertmanager/web_config/web-config.yaml",
)
"""What kube-prometheus' operator passes for one replica."""

MUTED = """
time_intervals:
  - name: never
    time_intervals: [{location: Pacific/Chatham, years: ["1999"]}]
"""
"""Needs the time zones, of which the containers have no files."""

MEMORY_BYTES = 200 << 20
RESERVE_BYTES = 4 << 20
"""What the history leaves to the state at least."""


@pytest.fixture
def pod() -> Iterator[Pod]:
    with Pod() as made:
        yield made


@pytest.fixture
def sink(pod: Pod) -> Iterator[PodSink]:
    with PodSink(pod) as made:
        yield made


@pytest.fixture
def container(pod: Pod, tmp_path: Path) -> Callable[..., Container]:
    """Makes a container that is not started yet."""

    def made(command: tuple[str, ...] = IMAGE, **more: Any) -> Container:
        return Container(pod, tmp_path, command, **more)

    return made


def configure(one: Container, url: str, name: str = "alertmanager.yml") -> None:
    file = one.folder / "etc" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(webhook(url, routes="[{mute_time_intervals: [never]}]") + MUTED)


def alert(name: str, **labels: str) -> list[dict[str, Any]]:
    return [{"labels": {"alertname": name, **labels}}]


def until(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def told(sink: PodSink, count: int) -> list[str]:
    return [one.json()["groupLabels"]["alertname"] for one in sink.wait(count)]


def value(one: Container, series: str) -> float:
    """The value of a series."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", one.get("/metrics")[1], re.MULTILINE)
    return 0.0 if found is None else float(found[1])


def last_words(one: Container) -> list[str]:
    return re.findall(r'msg="([^"]*)"', one.log())[-2:]


LAST_WORDS = ["Shutting down gracefully", "Received shutdown signal, exiting gracefully..."]


def status_of(one: Container) -> dict[str, str]:
    text = Path(f"/proc/{one.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines())


def test_the_image_runs_as_process_1_of_anybody(
    container: Callable[..., Container], sink: PodSink
) -> None:
    """Signals, reload, delivery, restart; nothing is written outside, nothing is left running."""
    one = container()
    configure(one, sink.url("/one"))
    with one:
        status = status_of(one)
        assert status["NSpid"].split()[-1] == "1"
        if kind() == "root":
            assert set(status["Uid"].split()) == {str(USER)}
        assert int(status["CapEff"], 16) == 0 or kind() == "user"
        assert one.request("POST", "/api/v2/alerts", alert("a"))[0] == 200
        assert told(sink, 1) == ["a"]
        configure(one, sink.url("/two"))
        one.send(signal.SIGHUP)
        until(lambda: "Completed loading of configuration file" in one.log(), "reload")
        assert one.request("POST", "/api/v2/alerts", alert("b"))[0] == 200
        assert [request.path for request in sink.wait(2)] == ["/one", "/two"]
        # No child was made, so there is none to be waited for.
        assert Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text() == ""
        assert one.stop() == 0
        assert last_words(one) == LAST_WORDS
    kept = {file.name for file in (one.folder / "data").iterdir()}
    assert kept == {"amp.db", "amp.files", "amp.lock", "history.db", "nflog", "silences"}
    with one:
        names = {found["labels"]["alertname"] for found in one.json("/api/v2/alerts")}
        assert names == {"a", "b"}
        assert one.stop(signal.SIGINT) == 0
    assert len(sink.received()) == 2


def test_the_root_is_not_written_and_cannot_be(
    container: Callable[..., Container], sink: PodSink
) -> None:
    one = container()
    configure(one, sink.url())
    with one:
        root = Path(f"/proc/{one.pid}/root")
        mounted = Path(f"/proc/{one.pid}/mountinfo").read_text().splitlines()
        writable = {
            line.split()[4] for line in mounted if line.split()[5].split(",")[0] == "rw"
        }  # fmt: skip
        # Devices and /proc hold no files; the empty folder of time zones is nobody's.
        files = {path for path in writable if not path.startswith(("/dev", "/proc"))}
        assert {path for path in files if "zoneinfo" not in path} == {"/alertmanager"}
        assert not (root / "tmp").exists()
        assert not (root / "etc/passwd").exists()
        assert not (root / "etc/resolv.conf").exists()
        with pytest.raises(OSError, match="Read-only file system"):
            (root / "etc/alertmanager/new").write_text("")
        assert one.stop() == 0


def test_without_proc(container: Callable[..., Container], sink: PodSink) -> None:
    one = container(proc=False)
    configure(one, sink.url())
    with one:
        one.request("POST", "/api/v2/alerts", alert("a"))
        assert told(sink, 1) == ["a"]
        metrics = one.get("/metrics")[1]
        assert "alertmanager_build_info" in metrics
        assert "\nprocess_resident_memory_bytes " not in metrics
        assert one.stop() == 0


def test_a_stop_right_at_the_start_is_not_lost(container: Callable[..., Container]) -> None:
    """The kernel drops what process 1 did not ask for."""
    one = container()
    configure(one, "http://127.0.0.1:1/")
    one.start()
    until(lambda: "Starting Alertmanager" in one.log(), "start")
    assert one.stop() == 0
    assert last_words(one)[-1] == LAST_WORDS[-1]


def config_map(folder: Path, stamp: str, text: str) -> None:
    """Writes as the kubelet does: a new folder, then `..data` is turned over to it."""
    fresh = folder / f"..{stamp}"
    fresh.mkdir()
    (fresh / "alertmanager.yml").write_text(text)
    turned = folder / "..data_tmp"
    turned.symlink_to(fresh.name)
    turned.rename(folder / "..data")
    file = folder / "alertmanager.yml"
    if not file.is_symlink():
        file.symlink_to("..data/alertmanager.yml")


def test_a_config_map_is_turned_over(container: Callable[..., Container], sink: PodSink) -> None:
    one = container()
    config_map(one.folder / "etc", "2026_11_22_01", webhook(sink.url("/one")))
    with one:
        one.request("POST", "/api/v2/alerts", alert("a"))
        sink.wait(1)
        config_map(one.folder / "etc", "2026_11_22_02", webhook(sink.url("/two")))
        assert one.request("POST", "/-/reload")[0] == 200
        one.request("POST", "/api/v2/alerts", alert("b"))
        assert [request.path for request in sink.wait(2)] == ["/one", "/two"]
        # The kubelet removes the old folder later.
        (one.folder / "etc/..2026_11_22_01/alertmanager.yml").unlink()
        (one.folder / "etc/..2026_11_22_01").rmdir()
        assert one.request("POST", "/-/reload")[0] == 200
        assert one.stop() == 0


def test_the_operator_s_flags(container: Callable[..., Container], sink: PodSink) -> None:
    """One replica that is told of itself; the web configuration is an empty file."""
    one = container(
        OPERATOR, environment={"POD_IP": "127.0.0.1", "HOSTNAME": "alertmanager-main-0"}
    )
    configure(one, sink.url(), "config_out/alertmanager.env.yaml")
    (one.folder / "etc/web_config").mkdir()
    (one.folder / "etc/web_config/web-config.yaml").write_text("")
    with one:
        one.request("POST", "/api/v2/alerts", alert("a"))
        assert told(sink, 1) == ["a"]
        status = one.json("/api/v2/status")
        assert status["cluster"]["status"] == "disabled"
        assert one.request("POST", "/-/reload")[0] == 200
        assert one.stop() == 0
    # What the operator passes where a silence's size is bounded; upstream has another spelling.
    one.command = (
        *OPERATOR,
        "--silences.max-silences=100",
        "--silences.max-per-silence-bytes=65536",
    )
    with one:
        assert one.stop() == 0


def test_a_unit_file_s_arguments(container: Callable[..., Container], sink: PodSink) -> None:
    """`ExecStart=/usr/bin/prometheus-alertmanager $ARGS`: systemd splits ARGS at blanks."""
    arguments = (
        "--config.file /etc/alertmanager/alertmanager.yml --storage.path /alertmanager "
        "--web.listen-address 127.0.0.1:9093 --web.external-url=http://alerts.example/am "
        "--web.route-prefix=/ --cluster.listen-address= --log.level warn"
    )
    one = container(("/bin/alertmanager", *arguments.split()))
    configure(one, sink.url())
    with one:
        one.request("POST", "/api/v2/alerts", alert("a"))
        assert sink.wait(1)[0].json()["externalURL"] == "http://alerts.example/am"
        assert one.stop() == 0
    assert one.log() == ""


def fill(file: Path) -> None:
    """Writes until there is no more room, which is an error."""
    with file.open("wb", buffering=0) as opened:
        while True:
            opened.write(bytes(4096))


def test_a_full_storage_folder_stops_no_notification(
    container: Callable[..., Container], sink: PodSink
) -> None:
    one = container(size="1m")
    configure(one, sink.url())
    with one:
        filler = Path(f"/proc/{one.pid}/root/alertmanager/filler")
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        for number in range(40):
            text = f"{number}" * 4000
            assert one.request("POST", "/api/v2/alerts", alert(f"a{number}", text=text))[0] == 200
        assert set(told(sink, 40)) == {f"a{number}" for number in range(40)}
        until(lambda: one.json("/ready")["parts"]["store"]["status"] == "degraded", "degraded")
        assert "\namp_store_up 0\n" in one.get("/metrics")[1]
        assert one.get("/-/ready")[0] == 200
        assert "Store is away" in one.log()
        filler.unlink()
        until(lambda: one.json("/ready")["parts"]["store"]["status"] == "ok", "ok")
        assert "\namp_store_up 1\n" in one.get("/metrics")[1]
        assert one.stop() == 0


def test_the_history_never_fills_a_small_volume(
    container: Callable[..., Container], sink: PodSink
) -> None:
    """Far more happens than 50 MiB hold: the oldest goes, and the state always has room."""
    one = container((*IMAGE, "--data.maintenance-interval=1s"), size="50m")
    configure(one, sink.url())
    with one:
        volume = Path(f"/proc/{one.pid}/root/alertmanager")
        silence = {
            "matchers": [{"name": "never", "value": "x", "isRegex": False, "isEqual": True}],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "t",
            "comment": "c",
        }
        for turn in range(80):
            batch = [
                {
                    "labels": {"alertname": "A", "instance": str(number)},
                    "annotations": {"text": f"{turn} {number} " * 200},
                }
                for number in range(400)
            ]
            assert one.request("POST", "/api/v2/alerts", batch)[0] == 200
            room = os.statvfs(volume)
            assert room.f_bavail * room.f_frsize >= 1 << 20
            assert one.request("POST", "/api/v2/silences", silence)[0] == 200
        until(lambda: one.json("/report")["summary"].get("episodes") == 400, "history")
        until(lambda: value(one, "amp_history_queue_length") == 0, "all written")
        until(lambda: value(one, "amp_history_up") == 1, "well again")
        room = os.statvfs(volume)
        assert room.f_bavail * room.f_frsize >= RESERVE_BYTES
        assert value(one, "amp_store_errors_total") == 0
        assert value(one, "amp_store_up") == 1
        assert one.stop() == 0


def test_a_storage_folder_that_takes_no_file_is_no_reason_not_to_start(
    container: Callable[..., Container], pod: Pod, sink: PodSink
) -> None:
    """A volume that is full, read-only or another user's: Alertmanager starts there too."""
    one = container(kept=False)
    configure(one, sink.url())
    with one:
        one.request("POST", "/api/v2/alerts", alert("a"))
        assert told(sink, 1) == ["a"]
        assert one.json("/ready")["parts"]["store"]["status"] == "degraded"
        other = Container(pod, one.folder / "other", (*IMAGE, "--web.listen-address=:9094"))
        (one.folder / "other/data").rmdir()
        (one.folder / "other/data").symlink_to(one.folder / "data")
        configure(other, sink.url())
        other.start()
        assert other.process is not None
        assert other.process.wait(60) == 1
        assert "the storage folder /alertmanager is used by" in other.log()
        assert one.stop() == 0
    assert not list((one.folder / "data").iterdir())
    one.kept = True
    with one:
        one.request("POST", "/api/v2/alerts", alert("b"))
        assert told(sink, 2) == ["a", "b"]
        assert one.stop() == 0


def test_ten_thousand_alerts_take_less_than_200_mebibytes(
    container: Callable[..., Container], sink: PodSink
) -> None:
    one = container()
    configure(one, sink.url())
    with one:
        for start in range(0, 10_000, 500):
            batch = [
                {
                    "labels": {
                        "alertname": f"Alert{number % 100}", "instance": f"10.0.0.{number}:9100",
                        "job": "node", "cluster": "production", "severity": "page",
                    },
                    "annotations": {
                        "summary": f"Instance {number} has been down for more than 5 minutes",
                        "runbook_url": "https://runbooks.example/instance-down",
                    },
                    "generatorURL": "http://prometheus.example/graph?g0.expr=up+%3D%3D+0",
                }
                for number in range(start, start + 500)
            ]  # fmt: skip
            assert one.request("POST", "/api/v2/alerts", batch)[0] == 200
        assert len(one.json("/api/v2/alerts")) == 10_000
        sink.wait(100)
        peak = int(status_of(one)["VmHWM"].split()[0]) << 10
        assert peak < MEMORY_BYTES
        assert one.stop() == 0


def test_the_reference_ends_alike(pod: Pod, tmp_path: Path) -> None:
    """As process 1, both: exit codes and last words; without the reference AMP alone."""
    folder = binaries.packed()
    programs = [("amp", IMAGE[0], ())]
    if folder is not None:
        # The test's own folder is closed to the pod's user.
        unpacked = tmp_path / "unpacked"
        unpacked.mkdir()
        unpacked.chmod(0o755)
        program = binaries.unpack(folder, unpacked)
        programs.append(("reference", str(program), (program.parent,)))
    for name, program, more in programs:
        command = (str(program), *IMAGE[1:], "--cluster.listen-address=")
        one = Container(pod, tmp_path / name, command, more=more)
        (one.folder / "etc/alertmanager.yml").write_text(webhook("http://127.0.0.1:1/"))
        for number in (signal.SIGTERM, signal.SIGINT):
            with one:
                assert one.stop(number) == 0
                assert last_words(one) == LAST_WORDS, name


def test_an_empty_environment(tmp_path: Path) -> None:
    """What of the above needs no namespaces: no HOME, PATH or locale, and nothing else to write."""
    etc, data = tmp_path / "etc", tmp_path / "data"
    etc.mkdir()
    (etc / "alertmanager.yml").write_text(webhook("http://127.0.0.1:1/") + MUTED)
    etc.chmod(0o555)
    process = subprocess.Popen(
        [
            str(binaries.ours()), f"--config.file={etc}/alertmanager.yml",
            f"--storage.path={data}", "--web.listen-address=127.0.0.1:0",
        ],
        cwd="/", env={}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    with process:
        assert any("TLS is disabled" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        words = re.findall(r'msg="([^"]*)"', process.stderr.read())
    assert process.returncode == 0
    assert words == LAST_WORDS
    assert {file.name for file in etc.iterdir()} == {"alertmanager.yml"}
