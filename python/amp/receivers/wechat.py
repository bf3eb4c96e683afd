"""WeChat (Upstream: notify/wechat)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.quote import quote
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import with_final_slash

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `wechat_configs`."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_secret: Secret = entry(SecretText())
    api_secret_file: str = entry(Text())
    corp_id: str = entry(Text())
    message: str = entry(Text(), '{{ template "wechat.default.message" . }}')
    api_url: str | None = entry(HttpUrl())
    to_user: str = entry(Text(), '{{ template "wechat.default.to_user" . }}')
    to_party: str = entry(Text(), '{{ template "wechat.default.to_party" . }}')
    to_tag: str = entry(Text(), '{{ template "wechat.default.to_tag" . }}')
    agent_id: str = entry(Text(), '{{ template "wechat.default.agent_id" . }}')
    message_type: str = entry(Text())

    def checked(self) -> Self:
        """A known type of message, at most one source of the secret."""
        kind = self.message_type or "text"
        if kind not in ("text", "markdown"):
            raise refused(
                f"weChat message type {quote(kind)} does not match valid options ^(text|markdown)$",
                "message_type",
            )
        check_at_most_one("api_secret", self.api_secret, self.api_secret_file)
        return dataclasses.replace(self, message_type=kind)

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.wechat_api_url
        if url is None:
            raise refused("no global Wechat URL set", "api_url")
        secret, file = self.api_secret, self.api_secret_file
        if not secret and not file:
            secret, file = defaults.wechat_api_secret, defaults.wechat_api_secret_file
        if not secret and not file:
            raise refused(
                "no global Wechat Api Secret set either inline or in a file", "api_secret"
            )
        corporation = self.corp_id or defaults.wechat_api_corp_id
        if not corporation:
            raise refused("no global Wechat CorpID set", "corp_id")
        return dataclasses.replace(
            self,
            api_url=with_final_slash(url),
            api_secret=secret,
            api_secret_file=file,
            corp_id=corporation,
            http_config=self.http_config or defaults.http_config,
        )
