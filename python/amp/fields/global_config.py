"""The `global` block: what integrations inherit (Upstream: config/config.go GlobalConfig)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import Custom, Flag, HttpUrl, SecretText, SecretUrl, Text
from amp.fields.duration import MINUTE, Duration, PrometheusDuration
from amp.fields.hostport import HostPort, parse_host_port
from amp.fields.http import HttpConfig
from amp.fields.struct import Struct, StructOf, entry
from amp.fields.tls import TlsConfig

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.secret import Secret

HOST_PORT = Custom(parse_host_port, zero=HostPort(), go="string")


@dataclass(frozen=True, slots=True)
class GlobalConfig(Struct):
    """Defaults for all integrations; None and empty texts are unset."""

    GO = "config.plain"

    resolve_timeout: Duration = entry(PrometheusDuration(), Duration(5 * MINUTE), keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig), HttpConfig())
    jira_api_url: str | None = entry(HttpUrl())
    smtp_from: str = entry(Text())
    smtp_hello: str = entry(Text(), "localhost")
    smtp_smarthost: HostPort = entry(HOST_PORT)
    smtp_auth_username: str = entry(Text())
    smtp_auth_password: Secret = entry(SecretText())
    smtp_auth_password_file: str = entry(Text())
    smtp_auth_secret: Secret = entry(SecretText())
    smtp_auth_secret_file: str = entry(Text())
    smtp_auth_identity: str = entry(Text())
    smtp_require_tls: bool = entry(Flag(), default=True, keep=True)
    smtp_tls_config: TlsConfig | None = entry(StructOf(TlsConfig), TlsConfig())
    smtp_force_implicit_tls: bool | None = entry(Flag(optional=True))
    slack_api_url: Secret | None = entry(SecretUrl())
    slack_api_url_file: str = entry(Text())
    slack_app_token: Secret = entry(SecretText())
    slack_app_token_file: str = entry(Text())
    slack_app_url: str | None = entry(HttpUrl(), "https://slack.com/api/chat.postMessage")
    pagerduty_url: str | None = entry(HttpUrl(), "https://events.pagerduty.com/v2/enqueue")
    opsgenie_api_url: str | None = entry(HttpUrl(), "https://api.opsgenie.com/")
    opsgenie_api_key: Secret = entry(SecretText())
    opsgenie_api_key_file: str = entry(Text())
    wechat_api_url: str | None = entry(HttpUrl(), "https://qyapi.weixin.qq.com/cgi-bin/")
    wechat_api_secret: Secret = entry(SecretText())
    wechat_api_secret_file: str = entry(Text())
    wechat_api_corp_id: str = entry(Text())
    victorops_api_url: str | None = entry(
        HttpUrl(), "https://alert.victorops.com/integrations/generic/20131114/alert/"
    )
    victorops_api_key: Secret = entry(SecretText())
    victorops_api_key_file: str = entry(Text())
    telegram_api_url: str | None = entry(HttpUrl(), "https://api.telegram.org")
    telegram_bot_token: Secret = entry(SecretText())
    telegram_bot_token_file: str = entry(Text())
    webex_api_url: str | None = entry(HttpUrl(), "https://webexapis.com/v1/messages")
    rocketchat_api_url: str | None = entry(HttpUrl(), "https://open.rocket.chat/")
    rocketchat_token: Secret = entry(SecretText())
    rocketchat_token_file: str = entry(Text())
    rocketchat_token_id: Secret = entry(SecretText())
    rocketchat_token_id_file: str = entry(Text())
    mattermost_webhook_url: Secret | None = entry(SecretUrl())
    mattermost_webhook_url_file: str = entry(Text())

    def checked(self) -> Self:
        """As it is: what excludes each other is checked after the whole file was read."""
        return self
