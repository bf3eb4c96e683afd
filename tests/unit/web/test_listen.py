"""Sockets: bound by us, or handed over."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from amp.web.listen import ListenFailed, address_of, allow_files, bind, inherited, listen

if TYPE_CHECKING:
    from pathlib import Path

INHERIT = """
import os, sys
from amp.web.listen import ListenFailed, address_of, inherited
try:
    listeners = inherited(dict(os.environ, LISTEN_PID=str(os.getpid())), os.getpid())
except ListenFailed as error:
    print("refused:", error)
else:
    print(*(address_of(listener) for listener in listeners), sep="\\n")
"""


def inherit(*sockets: socket.socket, count: int | None = None) -> list[str]:
    """What a process finds that gets these sockets from 3 on."""
    numbers = [one.fileno() for one in sockets]

    def as_systemd_does() -> None:
        kept = [os.dup(number) for number in numbers]
        for place, number in enumerate(kept, 3):
            os.dup2(number, place)

    done = subprocess.run(
        [sys.executable, "-c", INHERIT],
        env=os.environ | {"LISTEN_FDS": str(len(numbers) if count is None else count)},
        capture_output=True, text=True, check=True, close_fds=False, preexec_fn=as_systemd_does,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_tcp_and_unix_sockets_are_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with (
        closing(bind("127.0.0.1:0")) as tcp,
        closing(socket.socket(socket.AF_UNIX)) as unix,
        closing(socket.socket(socket.AF_UNIX)) as nameless,
    ):
        unix.bind(path)
        unix.listen()
        nameless.bind(b"\0amp-test-%d" % os.getpid())
        nameless.listen()
        found = inherit(tcp, unix, nameless)
        assert found == [address_of(tcp), path, f"@amp-test-{os.getpid()}"]


def test_what_does_not_listen_is_refused() -> None:
    refusal = "refused: systemd socket activation: file 3 is no listening TCP or Unix stream socket"
    with closing(socket.socket()) as silent, closing(socket.socket(type=socket.SOCK_DGRAM)) as udp:
        assert inherit(silent) == [refusal]
        assert inherit(udp) == [refusal]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": "7"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "x"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "0"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "-1"},
    ],
)
def test_no_sockets_is_an_error(environment: dict[str, str]) -> None:
    with pytest.raises(ListenFailed, match="no socket activation file descriptors found"):
        inherited(environment, 7)


def test_several_addresses_or_none() -> None:
    with closing(bind("127.0.0.1:0")) as taken, closing(bind("127.0.0.1:0")) as other:
        free = address_of(other)
        other.close()
        with pytest.raises(ListenFailed, match="bind: address already in use"):
            listen([free, address_of(taken)])
        for one in listen([free, "127.0.0.1:0"]):
            one.close()


REFUSED = {
    "localhost": "listen tcp: address localhost: missing port in address",
    "a:b:c": "listen tcp: address a:b:c: too many colons in address",
    "[::1": "listen tcp: address [::1: missing ']' in address",
    "[::1]": "listen tcp: address [::1]: missing port in address",
    "[::1]x:1": "listen tcp: address [::1]x:1: missing port in address",
    "::1:80": "listen tcp: address ::1:80: too many colons in address",
    "127.0.0.1:-1": "listen tcp: address -1: invalid port",
    "127.0.0.1:99999": "listen tcp: address 99999: invalid port",
    ":70000": "listen tcp: address 70000: invalid port",
    "127.0.0.1:nope": "listen tcp: lookup tcp/nope: unknown port",
    "unix:///tmp/x": "listen tcp: lookup tcp////tmp/x: unknown port",
    "a..b:1": "listen tcp: lookup a..b: no such host",
    "vsock://:9093": "AMP does not listen on vsock; use a TCP address",
}


@pytest.mark.parametrize("address", REFUSED)
def test_refused_addresses(address: str) -> None:
    with pytest.raises(ListenFailed) as caught:
        bind(address)
    assert str(caught.value) == f'listen "{address}": {REFUSED[address]}'


@pytest.mark.parametrize("address", ["", ":", "127.0.0.1:", "[127.0.0.1]:0", ":0"])
def test_no_port_is_a_free_one(address: str) -> None:
    with closing(bind(address)) as listener:
        assert int(address_of(listener).rpartition(":")[2]) > 0


def test_descriptors_are_as_many_as_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
