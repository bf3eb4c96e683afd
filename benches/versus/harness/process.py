"""What a process and all its descendants cost, read from /proc."""

import os
from pathlib import Path

_PROC = Path("/proc")


def tree(root_pid: int) -> list[int]:
    """Returns the process and its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root_pid]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(root_pid: int) -> float:
    """Returns user and system time of the tree, children that have ended included."""
    ticks = 0
    for pid in tree(root_pid):
        fields = _stat(pid)
        if fields:
            ticks += sum(int(fields[index]) for index in (11, 12, 13, 14))
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_bytes(root_pid: int) -> int:
    """Returns the proportional set size of the tree."""
    total = 0
    for pid in tree(root_pid):
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in text.splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _stat(pid: int) -> list[str]:
    """Returns what the stat file has after the name; empty when the process is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
