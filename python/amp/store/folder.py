"""The folder of everything that is stored."""

from __future__ import annotations

from pathlib import Path

from amp.errors import AmpError


def made_folder(path: str) -> Path:
    """The folder, made where it is missing.

    Upstream: app/app.go.

    Raises:
        AmpError: with upstream's text.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        file = isinstance(error, FileExistsError)
        text = "not a directory" if file else (error.strerror or "").lower()
        raise AmpError(f"unable to create data directory: mkdir {folder}: {text}") from None
    return folder
