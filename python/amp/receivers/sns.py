"""Amazon SNS (Upstream: notify/sns)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class SigV4(Struct):
    """How requests to AWS are signed."""

    GO = "sigv4.plain"

    region: str = entry(Text())
    access_key: str = entry(Text())
    secret_key: Secret = entry(SecretText())
    profile: str = entry(Text())
    role_arn: str = entry(Text())
    external_id: str = entry(Text())
    use_fips_sts_endpoint: bool = entry(Flag())
    service_name: str = entry(Text())

    def checked(self) -> Self:
        """Both keys or none."""
        if bool(self.access_key) != bool(self.secret_key):
            raise refused(
                "must provide a AWS SigV4 Access key and Secret Key if credentials are specified"
                " in the SigV4 config",
                "access_key" if self.access_key else "secret_key",
            )
        if self.external_id and not self.role_arn:
            raise refused("external_id can only be used with role_arn", "external_id")
        return self


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `sns_configs`."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str = entry(Text())
    sigv4: SigV4 = entry(StructOf(SigV4, pointer=False), SigV4(), keep=True)
    topic_arn: str = entry(Text())
    phone_number: str = entry(Text())
    target_arn: str = entry(Text())
    subject: str = entry(Text(), '{{ template "sns.default.subject" . }}')
    message: str = entry(Text(), '{{ template "sns.default.message" . }}')
    attributes: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    use_aws_http_client: bool = entry(Flag())

    def checked(self) -> Self:
        """One destination; like upstream, three of them pass too."""
        given = [bool(name) for name in (self.target_arn, self.topic_arn, self.phone_number)]
        if sum(given) not in (1, 3):
            raise refused(
                "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config",
                "topic_arn",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)
