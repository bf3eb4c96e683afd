"""Lines of keys, found in the text of the file again."""

from __future__ import annotations

import re
from pathlib import Path

from amp.errors import ConfigError
from amp.fields.decode import line_of
from amp.fields.node import MAX_BYTES, Node, parse


class Places:
    """The lines of one file.

    Attributes:
        file: its name.
        node: its root; None where it cannot be read.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.node: Node | None = None
        try:
            with Path(file).open(encoding="utf-8-sig") as text:
                self.node = parse(text.read(MAX_BYTES))
        except (OSError, ValueError, ConfigError):
            self.node = None

    def line(self, key: str) -> int | None:
        """The line of a key, or of the deepest block around it that the file has."""
        path = [
            int(index) if index else name
            for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key)
        ]
        return None if self.node is None else line_of(self.node, path)
