"""incident.io (Upstream: notify/incidentio)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    Int,
    SecretText,
    Text,
)
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one, check_exactly_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `incidentio_configs`.

    Attributes:
        max_alerts: how many alerts one message holds at most, 0 for all.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "incidentio.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    url: str | None = entry(HttpUrl(), keep=True)
    url_file: str = entry(Text(), keep=True)
    alert_source_token: Secret = entry(SecretText())
    alert_source_token_file: str = entry(Text())
    max_alerts: int = entry(Int("uint64", 0, (1 << 64) - 1), keep=True)
    timeout: Duration = entry(GoDuration(), keep=True)

    def checked(self) -> Self:
        """One URL and one kind of credentials."""
        check_exactly_one("url", self.url is not None, self.url_file)
        check_at_most_one(
            "alert_source_token", self.alert_source_token, self.alert_source_token_file
        )
        token = self.alert_source_token or self.alert_source_token_file
        if self.http_config is None:
            return self
        if self.http_config.authorization is not None:
            if token:
                raise refused(
                    "cannot specify alert_source_token or alert_source_token_file when using"
                    " http_config.authorization",
                    "http_config.authorization",
                )
        elif not token:
            raise refused(
                "at least one of alert_source_token, alert_source_token_file or"
                " http_config.authorization must be configured",
                "http_config",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)
