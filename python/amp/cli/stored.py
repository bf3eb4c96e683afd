"""Where a server's state is: the flags of the tools that go to the store themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from amp.cli.command_line.clause import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAGS = (
    Flag("storage.path", "The server's storage folder.", default="data/"),
    Flag("amp.database-url", "The server's PostgreSQL (libpq URL); also AMP_DATABASE_URL."),
    Flag("amp.config.file", "The server's amp.yml; default: beside the configuration file."),
    Flag("config.file", "The server's configuration file.", default="alertmanager.yml"),
)


class Stored(NamedTuple):
    """The place.

    Attributes:
        url: a libpq URL; empty for SQLite.
        folder: `--storage.path`.
    """

    url: str
    folder: Path

    @classmethod
    def given(cls, values: Mapping[str, object], environment: Mapping[str, str]) -> Stored:
        """What flags, variables and `amp.yml` say, in this order.

        Raises:
            AmpError: `amp.yml` cannot be read.
        """

        def text(flag: str, default: str = "") -> str:
            return str(values.get(flag) or default)

        url = text("amp.database-url", environment.get("AMP_DATABASE_URL", ""))
        if not url:
            # Not before: it knows every receiver.
            from amp.config.own import own_of

            own = text("amp.config.file", environment.get("AMP_CONFIG_FILE", ""))
            url = own_of(text("config.file", "alertmanager.yml"), own).database_url
        return cls(url, Path(text("storage.path", "data/")))
