"""What is to be checked: a folder, a file, a storage folder, a server's flags."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import AmpError

if TYPE_CHECKING:
    from amp.options import Options

CONFIG_FILE = "alertmanager.yml"
STORED = ("amp.db", "history.db", "nflog", "silences")


@dataclass(frozen=True, slots=True)
class Given:
    """The parts that there are.

    Attributes:
        options: the server's, as flags and environment make them.
        config_file: None where only a storage folder is checked.
        storage: the storage folder, None where none is known.
        database: whether the state is in PostgreSQL, by flag or variable.
    """

    options: Options
    config_file: str | None
    storage: Path | None
    database: bool


def given(target: str, storage: str, named: set[str], options: Options) -> Given:
    """Finds the parts.

    Args:
        target: the argument, empty when flags of the server name the file.
        storage: `--storage.path` of the check itself; it beats the server's.
        named: the server's flags that were given.
        options: the server's options.

    Raises:
        AmpError: there is nothing to check.
    """
    config_file: str | None = options.config_file if "config.file" in named else None
    folder = storage or (options.storage_path if "storage.path" in named else "")
    if target:
        path = Path(target)
        if not path.is_dir():
            config_file = target
        else:
            config_file, folder = _in_folder(path, folder)
    elif config_file is None and not folder:
        raise AmpError("expected a folder or a file")
    return Given(
        dataclasses.replace(options, config_file=config_file or options.config_file),
        config_file,
        Path(folder) if folder else None,
        bool(options.database_url),
    )


def _in_folder(path: Path, folder: str) -> tuple[str | None, str]:
    """The configuration file and the storage folder of a folder."""
    stored = any((path / name).is_file() for name in STORED)
    if stored and not folder:
        folder = str(path)
    config = path / CONFIG_FILE
    if config.exists() or not stored:
        return str(config), folder
    return None, folder
