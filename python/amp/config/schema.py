"""A loaded configuration: everything the rest of the house asks of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.config.dump import dump
from amp.config.own import OwnConfig
from amp.config.plan import plan
from amp.config.root import ROOT, Root
from amp.config.warnings import LoadWarning, warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp._core import TimeInterval
    from amp.config.receiver import Receiver
    from amp.config.route import Route
    from amp.fields.global_config import GlobalConfig


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that passed every check of the file itself.

    Attributes:
        root: all blocks, with what receivers inherit filled in.
        matcher_mode: `fallback`, `classic` or `utf8`.
        base_dir: the folder that relative paths were resolved against, None for none.
        digest: MD5 of the text's bytes.
        own: what `amp.yml` adds to the receivers; no dump shows it.
    """

    root: Root
    matcher_mode: str
    base_dir: str | None
    digest: bytes
    own: OwnConfig = OwnConfig()  # noqa: RUF009  # frozen

    @property
    def global_config(self) -> GlobalConfig:
        """The `global` block."""
        assert self.root.global_config is not None  # noqa: S101 filled in by the loader
        return self.root.global_config

    @property
    def route(self) -> Route:
        """The root route."""
        assert self.root.route is not None  # noqa: S101 demanded by the loader
        return self.root.route

    @property
    def receivers(self) -> tuple[Receiver, ...]:
        """All receivers in the order of the file."""
        return self.root.receivers

    def integrations(self, receiver: Receiver) -> list[tuple[str, int, Any]]:
        """(type name, index within its list, block) of a receiver, upstream's first."""
        return [*receiver.integrations, *self.own.integrations(receiver.name)]

    @property
    def templates(self) -> tuple[str, ...]:
        """The patterns of template files, relative ones below `base_dir`."""
        return self.root.templates

    @property
    def hash_metric(self) -> float:
        """The value of `alertmanager_config_hash`."""
        return float(int.from_bytes(self.digest[:6], "little"))

    @property
    def resolve_timeout_ns(self) -> int:
        """How long an alert without an end is believed."""
        return self.global_config.resolve_timeout

    @property
    def inhibit_rule_count(self) -> int:
        """How many inhibit rules there are."""
        return len(self.root.inhibit_rules)

    def warnings(self, retention_seconds: float) -> list[LoadWarning]:
        """What deserves a line in the log although the file is accepted."""
        return warnings(self, retention_seconds)

    @property
    def time_intervals(self) -> Mapping[str, list[TimeInterval]]:
        """Name to compiled intervals, any of which may hold."""
        from amp._core import TimeInterval

        return {
            named.name: [TimeInterval(interval.spec()) for interval in named.time_intervals]
            for named in (*self.root.mute_time_intervals, *self.root.time_intervals)
        }

    def plan(self) -> bytes:
        """What the core needs, as JSON (see CONTRIBUTING.md)."""
        return plan(self.route, self.root.inhibit_rules, self.matcher_mode)

    def to_yaml(self) -> str:
        """The effective configuration without its secrets, as upstream shows it."""
        return dump(ROOT.dump(self.root))


def digest(text: str) -> bytes:
    """The MD5 that upstream's hash metric is made of; no protection hangs on it."""
    return hashlib.md5(text.encode(errors="surrogatepass"), usedforsecurity=False).digest()
