"""Telegram (Upstream: notify/telegram)."""

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
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `telegram_configs`; zero ids are unset."""

    GO = "telegram.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    bot_token: Secret = entry(SecretText())
    bot_token_file: str = entry(Text())
    chat_id: int = entry(Int("int64"))
    chat_id_file: str = entry(Text())
    message_thread_id: int = entry(Int())
    message: str = entry(Text(), '{{ template "telegram.default.message" . }}')
    disable_notifications: bool = entry(Flag())
    parse_mode: str = entry(Text(), "HTML")

    def checked(self) -> Self:
        """One chat, at most one token, a known way to format."""
        check_at_most_one("bot_token", self.bot_token, self.bot_token_file)
        if not self.chat_id and not self.chat_id_file:
            raise refused("missing chat_id or chat_id_file on telegram_config", "chat_id")
        check_at_most_one("chat_id", self.chat_id, self.chat_id_file)
        if self.parse_mode not in ("", "Markdown", "MarkdownV2", "HTML"):
            raise refused(
                "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or"
                " empty string",
                "parse_mode",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        token, file = self.bot_token, self.bot_token_file
        if not token and not file:
            token, file = defaults.telegram_bot_token, defaults.telegram_bot_token_file
        if not token and not file:
            raise refused("missing bot_token or bot_token_file on telegram_config", "bot_token")
        url = self.api_url or defaults.telegram_api_url
        if url is None:
            raise refused("no global Telegram URL set", "api_url")
        return dataclasses.replace(
            self,
            api_url=url,
            bot_token=token,
            bot_token_file=file,
            http_config=self.http_config or defaults.http_config,
        )
