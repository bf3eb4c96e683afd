"""WeChat (Upstream: notify/wechat)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from amp.clock import SECOND_NS
from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import extended, with_final_slash, with_query
from amp.httpclient.exchange import hide
from amp.receivers.answer import members, parse
from amp.receivers.base import post_json, read_file, reason_of, request, shown
from amp.receivers.body import encode, filled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


TOKEN_LIFE_NS = 2 * 3600 * SECOND_NS
EXPIRED = 42001
TOKEN: Mapping[str, type] = MappingProxyType({"access_token": str})
ANSWER: Mapping[str, type] = MappingProxyType({"errcode": int, "errmsg": str})
OK = 200


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


class Sender:
    """Tells WeChat and keeps the token (Upstream: notify/wechat/wechat.go Notifier.Notify)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._token = ""
        self._token_at_ns = 0
        self._url = ""

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt, with a token up to two hours old.

        Raises:
            SendError: when WeChat did not take it.
        """
        token = self._token
        if not token or notification.now_ns - self._token_at_ns > TOKEN_LIFE_NS:
            token = self._token = await self._new_token(notification)
            self._token_at_ns = notification.now_ns
            self._url = extended(self._config.api_url or "", "message/send", access_token=token)
        hide(token)
        url = self._url
        body = encode(self._message(notification))
        response = await post_json(self._http, url, body)
        if response.status != OK:
            raise SendError(
                f"unexpected status code {response.status}",
                reason=reason_of(response.status),
                retryable=True,
            )
        if notification.log.debugging:
            notification.log.debug(shown(response.body), group_key=notification.group_key)
        self._check(response.body, token)

    async def _new_token(self, notification: Notification) -> str:
        config = self._config
        if config.api_secret_file:
            secret = read_file(config.api_secret_file, "")
        else:
            secret = config.api_secret.reveal()
        secret, corporation = _rendered(notification, secret, config.corp_id)
        url = extended(config.api_url or "", "gettoken")
        url = with_query(url, corpid=corporation, corpsecret=secret)
        response = await request(self._http, "GET", url, secret=True)
        try:
            answer = members(parse(response.body, first=True), TOKEN, "wechat.token")
        except ValueError as error:
            raise SendError(str(error)) from None
        token: str = answer["access_token"]
        if not token:
            raise SendError(f"invalid APISecret for CorpID: {config.corp_id}")
        return token

    def _message(self, notification: Notification) -> dict[str, Any]:
        config = self._config
        user, party, tag, agent, content = _rendered(
            notification,
            config.to_user,
            config.to_party,
            config.to_tag,
            config.agent_id,
            config.message,
        )
        markdown = config.message_type == "markdown"
        return {
            "text": {"content": "" if markdown else content},
            **filled(touser=user, toparty=party, totag=tag, agentid=agent),
            "safe": "0",
            "msgtype": config.message_type,
            "markdown": {"content": content if markdown else ""},
        }

    def _check(self, body: bytes, token: str) -> None:
        try:
            answer = members(parse(body), ANSWER, "wechat.weChatResponse")
        except ValueError as error:
            raise SendError(str(error), retryable=True) from None
        code = answer["errcode"]
        if not code:
            return
        if code == EXPIRED and self._token == token:
            self._token = ""
        raise SendError(answer["errmsg"], retryable=code == EXPIRED)


def _rendered(notification: Notification, *texts: str) -> list[str]:
    try:
        return notification.render_all(*texts)
    except SendError as error:
        raise SendError(f"templating error: {error}") from None
