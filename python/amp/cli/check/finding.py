"""What deserves a line of its own in the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.errors import ConfigError

ERROR = "error"
"""The server refuses to start, or a notification will fail."""

WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and its place; None where it has none.

    Attributes:
        level: `error` or `warning`.
        key: dotted path of the configuration's key.
    """

    level: str
    text: str
    file: str | None = None
    line: int | None = None
    key: str | None = None

    @classmethod
    def of(cls, error: ConfigError, file: str | None = None) -> Finding:
        """A refusal."""
        return cls(ERROR, error.cause, error.file or file, error.line, error.key)

    @property
    def place(self) -> str:
        """Where, as `file:line: key`."""
        file = self.file or ""
        if file and self.line is not None:
            file += f":{self.line}"
        return ": ".join(part for part in (file, self.key or "") if part)

    def plain(self) -> dict[str, object]:
        """As data, without what it does not have."""
        return {name: value for name, value in asdict(self).items() if value is not None}
