"""Finds the two programs that are compared: the reference and ours."""

from __future__ import annotations

import lzma
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def packed() -> Path | None:
    """The folder with the reference, or None: `AMP_ORACLE`, else beside the project."""
    named = os.environ.get("AMP_ORACLE")
    folder = Path(named) if named else ROOT.parent / "shared" / "oracle"
    for name in ("alertmanager", "alertmanager.xz"):
        if (folder / name).is_file():
            return folder
    return None


def unpack(folder: Path, into: Path, program: str = "alertmanager") -> Path:
    """A program of the reference as a file that can be run, unpacked if need be."""
    ready = folder / program
    if ready.is_file():
        return ready
    target = into / program
    target.write_bytes(lzma.decompress((folder / f"{program}.xz").read_bytes()))
    target.chmod(0o755)
    return target


def ours() -> Path:
    """Our server: `AMP_BINARY`, else the command beside the running Python."""
    named = os.environ.get("AMP_BINARY")
    return Path(named) if named else Path(sys.executable).parent / "alertmanager"
