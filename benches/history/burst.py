"""New alerts as fast as asked for, on SQLite: are they all in the history afterwards?

Starts a real server, posts distinct alerts at a steady rate, waits until the history has taken
everything, and counts them through the API. Prints one line for each figure.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
route: {receiver: nobody, group_by: [alertname], group_wait: 30s, group_interval: 5m}
receivers: [{name: nobody}]
"""
AT_ONCE = 200
NAMES = 1000


def body(first: int, now: float) -> bytes:
    """A POST of alerts that nobody has seen before."""
    starts_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
    alerts = []
    for number in range(first, first + AT_ONCE):
        labels = {
            "alertname": f"InstanceDown{number % NAMES}",
            "severity": ("critical", "warning", "info")[number % 3],
            "namespace": f"team-{number % 50}",
            "job": f"job-{number % 20}",
            "cluster": f"cluster-{number % 5}",
            "instance": f"host-{number}.example.org:9100",
            "pod": f"pod-{number}",
            "env": "production",
        }
        annotations = {
            "summary": f"Instance host-{number} is down",
            "description": f"host-{number}.example.org:9100 has been down for more than 5 minutes",
        }
        alerts.append(
            {"labels": labels, "annotations": annotations, "startsAt": starts_at,
             "generatorURL": "http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0"}
        )  # fmt: skip
    return json.dumps(alerts).encode()


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """The most memory that a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


class Amp:
    """A server of one's own, on a folder of its own."""

    def __init__(self, folder: Path, port: int, *flags: str) -> None:
        (folder / "alertmanager.yml").write_text(CONFIG)
        self.port = port
        program = Path(sys.executable).with_name("alertmanager")
        self.process = subprocess.Popen(
            [
                program,
                f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
                *flags,
            ]
        )
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for _ in range(200):
            try:
                if self.get("/ready")[0] == 200:
                    return
            except OSError:
                self.connection.close()
            time.sleep(0.05)
        raise SystemExit("the server does not start")

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        self.connection.request("GET", path, headers={"cache-control": "no-cache"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post(self, data: bytes) -> int:
        """Posts alerts."""
        self.connection.request(
            "POST", "/api/v2/alerts", data, {"content-type": "application/json"}
        )
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def metric(self, name: str) -> float:
        """A series of /metrics."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def stop(self) -> None:
        """Ends the server in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000, help="new alerts a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=9393)
    parser.add_argument("--history", default="720h", help="--amp.history.retention; 0 is off")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="amp-burst-"))
    amp = Amp(
        folder, given.port, f"--amp.history.retention={given.history}",
        "--amp.history.max-bytes=10737418240",
    )  # fmt: skip
    try:
        burst(amp, given.rate, given.seconds, folder, history=given.history != "0")
    finally:
        amp.stop()
        shutil.rmtree(folder)


def burst(amp: Amp, rate: int, seconds: int, folder: Path, *, history: bool) -> None:
    """Posts, waits, counts."""
    posts = rate * seconds // AT_ONCE
    pause = AT_ONCE / rate
    slowest = late = 0.0
    began = time.time()
    for number in range(posts):
        data = body(number * AT_ONCE, time.time())
        due = began + number * pause
        late = max(late, time.time() - due)
        time.sleep(max(0.0, due - time.time()))
        before = time.time()
        if amp.post(data) != 200:
            raise SystemExit("a POST was refused")
        slowest = max(slowest, time.time() - before)
    took = time.time() - began
    total = posts * AT_ONCE
    cpu = cpu_seconds(amp.process.pid)
    print(f"posted: {total} new alerts in {took:.1f} s, {total / took:.0f}/s")
    print(f"slowest POST: {slowest * 1000:.0f} ms; latest against the plan: {late * 1000:.0f} ms")
    print(f"CPU of the server meanwhile: {cpu / took * 100:.0f} % of a core")
    if not history:
        print(f"memory, peak: {peak_mib(amp.process.pid):.0f} MiB")
        return
    waiting = amp.metric("amp_history_queue_length")
    before = time.time()
    while amp.metric("amp_history_queue_length") > 0:
        time.sleep(0.2)
    time.sleep(0.5)
    print(
        f"events in the queue at the end: {waiting:.0f}, written {time.time() - before:.1f} s later"
    )
    size = sum(file.stat().st_size for file in (folder / "data").glob("history.db*"))
    print(f"disk: {size / total:.0f} bytes an alert (two events each), {size / 1e6:.0f} MB")
    print(f"memory, peak: {peak_mib(amp.process.pid):.0f} MiB")
    print(f"dropped: {amp.metric('amp_history_dropped_events_total'):.0f}")
    found: set[str] = set()
    before = time.time()
    amp.connection.request("GET", "/history?format=ndjson")
    answer = amp.connection.getresponse()
    for line in answer:
        row = json.loads(line)
        if "fingerprint" not in row:
            raise SystemExit(f"the export says: {row}")
        found.add(row["fingerprint"])
    print(f"found by the export: {len(found)} of {total} in {time.time() - before:.1f} s")
    if len(found) != total:
        raise SystemExit("some are missing")


if __name__ == "__main__":
    main()
