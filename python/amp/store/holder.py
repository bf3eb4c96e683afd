"""How a process names itself to others that want its store, and whether that name still lives."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


def holder_name() -> str:
    """This process as people read it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


class HolderId(NamedTuple):
    """A process for ever: no later process and no other machine or container has the same.

    Attributes:
        machine: one boot of one machine and one process namespace in it; empty when unknown.
        pid: the process in that namespace.
        started: when it started, in the kernel's count; empty when unknown.
        token: which of several holders in one process.
    """

    machine: str
    pid: int
    started: str
    token: str

    @classmethod
    def own(cls) -> HolderId:
        """This process."""
        return cls(_machine(), os.getpid(), _started(os.getpid()), secrets.token_hex(8))

    @classmethod
    def parse(cls, text: str) -> HolderId | None:
        """The inverse of `str`; None for anything else."""
        parts = text.split("/")
        if len(parts) != 4 or not parts[1].isdigit():
            return None
        return cls(parts[0], int(parts[1]), parts[2], parts[3])

    def __str__(self) -> str:
        return f"{self.machine}/{self.pid}/{self.started}/{self.token}"

    def is_dead(self) -> bool:
        """Whether the process certainly has ended; False for one that cannot be seen from here."""
        if not self.machine or self.machine != _machine():
            return False
        return _started(self.pid) != self.started


def _machine() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The start of a process; empty when it does not run."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
