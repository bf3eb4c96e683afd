"""Facts about the machine that a reader of the figures needs; nothing that names it."""

import os
import platform
import re
from pathlib import Path


def facts(folder: Path) -> dict[str, str | int]:
    """Returns processor, memory, kernel, and the file system of the storage folder."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    total = re.search(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    return {
        "processor": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(total.group(1)) // 1024 if total else 0,
        "kernel": platform.release().split("-")[0],
        "file_system": file_system(folder),
        "python": platform.python_version(),
    }


def file_system(folder: Path) -> str:
    """Returns the type of the file system that holds the folder."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split()
        inside = folder.resolve().is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
