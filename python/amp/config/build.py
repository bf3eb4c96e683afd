"""The failures that show when the server builds what a file describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.config.schema import Config


def check_buildable(config: Config) -> None:
    """Refuses what the file's own checks let through but no client can be made of.

    Raises:
        ConfigError: with the text that upstream's server gives at a start or reload.
    """
