"""Everything that was found, as data: what the two outputs show and the exit code says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amp.cli.check.finding import ERROR

if TYPE_CHECKING:
    from amp.cli.check.finding import Finding


@dataclass(slots=True)
class Report:
    """The parts are plain data; one that was not looked at is None.

    Attributes:
        findings: errors and warnings in the order in which they were found.
        differences: what differs from Alertmanager for what was looked at.
    """

    configuration: dict[str, Any] | None = None
    templates: dict[str, Any] | None = None
    texts: dict[str, Any] | None = None
    flags: dict[str, Any] | None = None
    storage: dict[str, Any] | None = None
    differences: list[dict[str, str]] = field(default_factory=list)
    swap_back: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """`refused` with errors, `warnings` or `fine`."""
        if any(finding.level == ERROR for finding in self.findings):
            return "refused"
        return "warnings" if self.findings else "fine"

    def exit_code(self, *, strict: bool) -> int:
        """0 or 1; with `strict` warnings are 1 too."""
        verdict = self.verdict
        return int(verdict == "refused" or (strict and verdict == "warnings"))

    def plain(self) -> dict[str, Any]:
        """As data for `--output json`; the keys are always the same."""
        return {
            "verdict": self.verdict,
            "configuration": self.configuration,
            "templates": self.templates,
            "texts": self.texts,
            "flags": self.flags,
            "storage": self.storage,
            "differences": self.differences,
            "swap_back": self.swap_back,
            "findings": [finding.plain() for finding in self.findings],
        }
