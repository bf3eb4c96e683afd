"""Finds the Alertmanager that AMP is measured against."""

import lzma
import os
import subprocess
from pathlib import Path


class NoReferenceError(Exception):
    """There is no Alertmanager to measure against."""


def find(root: Path, work: Path) -> Path:
    """Returns the program in `AMP_ORACLE`, or the packed one beside the project, unpacked."""
    folder = os.environ.get("AMP_ORACLE")
    if folder:
        program = Path(folder) / "alertmanager"
        if program.is_file():
            return program
    packed = root.parent / "shared" / "oracle" / "alertmanager.xz"
    if not packed.is_file():
        raise NoReferenceError(
            "no Alertmanager to measure against: name one with --reference or AMP_ORACLE"
        )
    program = work / "reference"
    program.write_bytes(lzma.decompress(packed.read_bytes()))
    program.chmod(0o755)
    return program


def version(program: Path) -> str:
    """Returns the version that the program reports."""
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return (done.stdout or done.stderr).split()[2]
