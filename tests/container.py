"""Containers without an engine: namespaces of Linux, a read-only root, a user without a name.

A `Pod` is a network of its own, with nothing in it but the loopback; a `Container` runs a command
in it as process 1. As root the command runs as a user that exists nowhere; without root, where the
kernel lets users have namespaces, as user 0 of such a namespace. Where it does not, `KIND` is None.

    python tests/container.py DESCRIPTOR

is the pod's first process: it connects to ports inside and passes the sockets out.
"""

from __future__ import annotations

import fcntl
import functools
import http.client
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sink import SinkProcess

USER = 54321
READY_WITHIN_SECONDS = 60.0
STOPPED_WITHIN_SECONDS = 30.0
BESIDE_ROOT = ("unshare", "--mount", "--net", "--pid", "--fork")
BESIDE_USER = ("unshare", "--user", "--map-root-user", *BESIDE_ROOT[1:])

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


@functools.cache
def kind() -> str | None:
    """`root`, `user`, or None where this machine lets us have no namespaces."""
    name, command = ("root", BESIDE_ROOT) if os.geteuid() == 0 else ("user", BESIDE_USER)
    try:
        tried = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                               capture_output=True)  # fmt: skip
    except FileNotFoundError:
        return None
    return name if tried.returncode == 0 else None


def lacks() -> str | None:
    """What tests of containers cannot show on this machine, as a sentence; None for nothing."""
    found = kind()
    if found is None:
        return "no namespaces on this machine: read-only root, process 1 and port 9093 not tested"
    if found == "user":
        return "not root: containers ran as user 0 of a user namespace, a random UID is not tested"
    return None


class Pod:
    """A network namespace that lasts for a `with`."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        lead = ("unshare", "--net") if kind() == "root" else (*BESIDE_USER[:3], "--net")
        door = [*lead, sys.executable, __file__, str(theirs.fileno())]
        self._process = subprocess.Popen(door, pass_fds=[theirs.fileno()])
        theirs.close()
        self._ours.recv(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.wait(10)

    def inside(self, *command: str) -> list[str]:
        """The command that runs this one in the pod."""
        user = () if kind() == "root" else ("--user", "--preserve-credentials")
        return ["nsenter", f"--target={self._process.pid}", "--net", *user, "--", *command]

    def connect(self, port: int) -> socket.socket:
        """A connection to a port of the pod.

        Raises:
            ConnectionRefusedError: nobody listens there.
        """
        self._ours.send(str(port).encode())
        word, found, _, _ = socket.recv_fds(self._ours, 1, 1)
        if word != b"1":
            raise ConnectionRefusedError(port)
        made = socket.socket(fileno=found[0])
        made.settimeout(30)
        return made

    def connection(self, port: int) -> http.client.HTTPConnection:
        """The same for HTTP."""
        made = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        made.sock = self.connect(port)
        return made


class PodSink(SinkProcess):
    """A webhook receiver in a pod."""

    def __init__(self, pod: Pod) -> None:
        super().__init__()
        self._pod = pod

    def command(self) -> list[str]:
        """The same program, inside."""
        return self._pod.inside(*super().command())

    def connection(self) -> http.client.HTTPConnection:
        """Through the pod's door."""
        return self._pod.connection(self.port)


@dataclass
class Container:
    """One process 1; `with` starts it, waits until it is ready, and stops it.

    Attributes:
        folder: on the host; `etc` is /etc/alertmanager, `data` /alertmanager, `log` what it wrote.
        command: what an image's entry point and words make together.
        environment: all that it knows: no PATH, HOME or LANG unless they are named here.
        size: of a file system of its own at /alertmanager, such as `1m`; None takes `data`.
        kept: whether /alertmanager can be written.
        proc: whether there is /proc.
        more: further folders that are seen inside.
    """

    pod: Pod
    folder: Path
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    size: str | None = None
    kept: bool = True
    proc: bool = True
    more: tuple[Path, ...] = ()
    port: int = 9093
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        for name in ("etc", "data", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if kind() == "root":
            os.chown(self.folder / "data", USER, USER)

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def start(self) -> None:
        """Starts it and waits for nothing."""
        script = "\n".join(self._script())
        unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.pod.inside(*unshare, "sh", "-c", script), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def _script(self) -> list[str]:
        """Builds the root and becomes the command."""
        root = shlex.quote(str(self.folder / "root"))
        lines = ["set -eu", f"mount -t tmpfs -o mode=0755 none {root}", f"cd {root}"]
        lines += ["mkdir -p bin dev proc etc/alertmanager alertmanager"]
        for folder in _needed(self.more):
            name = shlex.quote(str(folder))
            lines += [f"mkdir -p .{name}", f"mount --rbind {name} .{name}",
                      f"mount -o remount,bind,ro .{name}"]  # fmt: skip
        lines += ["ln -s usr/lib lib", "ln -s usr/lib64 lib64"]
        for name in ("alertmanager", "amtool", "amp"):
            lines.append(f"ln -s {shlex.quote(sysconfig.get_path('scripts'))}/{name} bin/{name}")
        for name in ("null", "zero", "random", "urandom"):
            lines += [f": > dev/{name}", f"mount --bind /dev/{name} dev/{name}"]
        etc, data = (shlex.quote(str(self.folder / name)) for name in ("etc", "data"))
        lines += [f"mount --bind {etc} etc/alertmanager",
                  "mount -o remount,bind,ro etc/alertmanager"]  # fmt: skip
        owner = f"uid={USER},gid={USER}," if kind() == "root" else ""
        lines.append(
            f"mount --bind {data} alertmanager" if self.size is None
            else f"mount -t tmpfs -o {owner}size={self.size} none alertmanager"
        )  # fmt: skip
        if not self.kept:
            lines.append("mount -o remount,bind,ro alertmanager")
        # No time zones either: images seldom have them.
        lines.append("[ ! -d usr/share/zoneinfo ] || mount -t tmpfs none usr/share/zoneinfo")
        if self.proc:
            lines.append("mount -t proc none proc")
        lines.append("mount -o remount,bind,ro .")
        user = [f"--userspec={USER}:{USER}", "--groups="] if kind() == "root" else []
        named = [f"{key}={value}" for key, value in self.environment.items()]
        last = ["env", "-i", *named, "setpriv", "--no-new-privs", "--inh-caps=-all", "chroot",
                *user, ".", *self.command]  # fmt: skip
        return [*lines, f"exec {_absolute(last)}"]

    def wait_until_ready(self) -> None:
        """Waits for 200 of /-/ready; its log is the error when it ends instead."""
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while self.process is not None and self.process.poll() is None:
            try:
                if self.get("/-/ready")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{self.command} did not get ready:\n{self.log()}")

    def request(self, method: str, path: str, value: object = None) -> tuple[int, str]:
        """Status and body of an answer to a request with a JSON body."""
        body = None if value is None else json.dumps(value)
        connection = self.pod.connection(self.port)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, str]:
        """The same for GET."""
        return self.request("GET", path)

    def json(self, path: str) -> Any:
        """A GET's body read as JSON."""
        return json.loads(self.get(path)[1])

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process 1, as the host numbers it."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(path.read_text().split()[0])

    def send(self, number: signal.Signals) -> None:
        """What `docker kill --signal` does."""
        os.kill(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit code."""
        assert self.process is not None
        self.send(number)
        return self.process.wait(STOPPED_WITHIN_SECONDS)


def _needed(more: tuple[Path, ...]) -> list[Path]:
    """What an image would hold: the system's programs, this Python, its packages and ours."""
    import amp

    ours = Path(amp.__file__).resolve().parents[1]
    found: list[Path] = []
    for folder in (Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), ours, *more):
        if not any(folder.is_relative_to(held) for held in found):
            found.append(folder)
    return found


def _absolute(words: list[str]) -> str:
    """The words for the shell; what `env -i` starts is found without a PATH."""
    programs = {"env", "setpriv", "chroot"}
    return " ".join(f"/usr/bin/{word}" if word in programs else shlex.quote(word)
                    for word in words).replace("/usr/bin/chroot", "/usr/sbin/chroot")  # fmt: skip


def _door(channel: socket.socket) -> None:
    """Raises the loopback, then passes out a connection for each port that is asked for."""
    with socket.socket() as probe:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    channel.send(b"1")
    while port := channel.recv(8):
        try:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as made:
                socket.send_fds(channel, [b"1"], [made.fileno()])
        except OSError:
            channel.send(b"0")


if __name__ == "__main__":
    _door(socket.socket(fileno=int(sys.argv[1])))
