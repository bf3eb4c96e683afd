"""Loads and builds a configuration as the server does, and counts what is in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from amp._core import InhibitIndex, MatcherError, RouteTree, parse_matchers_noting
from amp.cli.check.blocks import Block, blocks
from amp.cli.check.capability import missing
from amp.cli.check.finding import WARNING, Finding
from amp.cli.check.named_files import unreadable
from amp.cli.check.places import Places
from amp.config.build import check_buildable
from amp.config.load import load_file
from amp.config.own import own_of
from amp.config.route import used_receivers
from amp.config.templates import parse_templates
from amp.errors import ConfigError
from amp.tracing.tracing import check as check_tracing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amp._core import Templates
    from amp.config.schema import Config
    from amp.options import Options


class Configuration:
    """One configuration file with its `amp.yml`.

    Attributes:
        config: None when it is refused.
        templates: None when they are refused.
        reached: the integrations of receivers that a route names.
        findings: what is wrong, in the order in which the server would say so.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.file = options.config_file
        self.config: Config | None = None
        self.templates: Templates | None = None
        self.reached: list[Block] = []
        self.findings: list[Finding] = []
        self._places: dict[str, Places] = {}
        self._matcher_warnings: list[str] = []
        try:
            self._load()
        except ConfigError as error:
            self.findings.append(Finding.of(self._placed(error)))

    @property
    def accepted(self) -> bool:
        """Whether the server would start with it."""
        return self.templates is not None

    def _load(self) -> None:
        """As the server: both files, templates, clients; then what it would only warn of."""
        options = self._options
        config = load_file(self.file, options.matcher_mode, self._note)
        if "event-recorder" in options.features:
            # Without the feature the server does not load it either.
            from amp.events.outputs import check_libraries

            check_libraries(config.root.event_recorder)
        self.config = config = own_of(self.file, options.own_config_file).added(config)
        self.reached = list(blocks(config, used_receivers(config.route)))
        templates = parse_templates(config)
        check_buildable(config)
        check_tracing(config.root.tracing)
        InhibitIndex(config.plan())
        self.templates = templates
        self.add(self._warnings(config))
        self.add(finding for block in self.reached for finding in missing(block))
        self.add(unreadable(config, self.reached))

    def _note(self, text: str) -> None:
        try:
            warning = parse_matchers_noting(text, self._options.matcher_mode, False)[1]
        except MatcherError:
            return
        if warning is not None:
            better = f" suggestion={warning.suggestion}" if warning.suggestion else ""
            self._matcher_warnings.append(f"{warning.message} input={text}{better}")

    def _warnings(self, config: Config) -> Iterator[Finding]:
        for text in self._matcher_warnings:
            yield Finding(WARNING, text, self.file)
        for warning in config.warnings(self._options.data_retention_seconds):
            about = "".join(f" {key}={value}" for key, value in warning.attributes.items())
            yield Finding(WARNING, f"{warning.message}{about}", self.file)

    def _placed(self, error: ConfigError) -> ConfigError:
        file = error.file or self.file
        line = error.line or (self.places(file).line(error.key) if error.key else None)
        return ConfigError(error.cause, file=file, line=line, key=error.key)

    def places(self, file: str) -> Places:
        """The lines of one of the files."""
        if file not in self._places:
            self._places[file] = Places(file)
        return self._places[file]

    def add(self, found: Iterable[Finding]) -> None:
        """Keeps findings, with the lines of their keys."""
        for finding in found:
            file = finding.file or self.file
            line = finding.line
            if line is None and finding.key:
                line = self.places(file).line(finding.key)
            self.findings.append(Finding(finding.level, finding.text, file, line, finding.key))

    def plain(self) -> dict[str, Any]:
        """What there is, counted."""
        verdict = "accepted" if self.accepted else "refused"
        found: dict[str, Any] = {"file": self.file, "verdict": verdict}
        if self.config is None:
            return found
        config, root = self.config, self.config.root
        used = used_receivers(config.route)
        routes = RouteTree(config.plan()).routes()
        given = {
            name
            for route in routes
            for name in (*route.mute_time_intervals, *route.active_time_intervals)
        }
        intervals = [named.name for named in (*root.mute_time_intervals, *root.time_intervals)]
        found |= {
            "amp_yml": config.own.file or None,
            "receivers": len(config.receivers),
            "receivers_unused": [one.name for one in config.receivers if one.name not in used],
            "integrations": dict(sorted(Counter(block.kind for block in self.reached).items())),
            "routes": len(routes),
            "inhibit_rules": len(root.inhibit_rules),
            "time_intervals": len(intervals),
            "time_intervals_unused": [name for name in intervals if name not in given],
        }
        return found
