"""Paths that are relative to the configuration file."""

from __future__ import annotations

import os.path


def under(folder: str, path: str) -> str:
    """The path below a folder; absolute and empty ones stay (Upstream: common config JoinDir)."""
    if not path or path.startswith("/"):
        return path
    return os.path.normpath(f"{folder or '.'}/{path}")
