"""Finds the Alertmanager that AMP is measured against."""

import lzma
import os
import subprocess
from pathlib import Path


class NoReferenceError(Exception):
    """There is no Alertmanager to measure against."""


def find(root: Path) -> Path:
    """Returns the program in `AMP_ORACLE`, or the packed one beside the project at `root`."""
    folder = os.environ.get("AMP_ORACLE")
    if folder and (program := Path(folder) / "alertmanager").is_file():
        return program
    packed = root.parent / "shared" / "oracle" / "alertmanager.xz"
    if packed.is_file():
        return packed
    raise NoReferenceError(
        "no Alertmanager to measure against: name one with --reference or AMP_ORACLE"
    )


def copy(program: Path, work: Path) -> Path:
    """Copies the program, unpacked, so that its memory is not shared with others that run."""
    own = work / "alertmanager"
    content = program.read_bytes()
    own.write_bytes(lzma.decompress(content) if program.suffix == ".xz" else content)
    own.chmod(0o755)
    return own


def version(program: Path) -> str:
    """Returns the version that the program reports."""
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return (done.stdout or done.stderr).split()[2]
