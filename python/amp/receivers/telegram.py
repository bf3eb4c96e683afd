"""Telegram (Upstream: notify/telegram)."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    Int,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.json_schema import one_of
from amp.fields.pair import check_at_most_one
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.answer import members, mistyped, parse
from amp.receivers.base import JSON, post_json, read_file, reason_of
from amp.receivers.body import encode
from amp.receivers.telegram_refusals import MIGRATED, refusal
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


MAX_MESSAGE_RUNES = 4096
PARSE_MODES = ("", "Markdown", "MarkdownV2", "HTML")
TOO_MANY = 429
TOO_LONG = (
    "Alertmanager notification could not be sent: message length exceeds Telegram limits.\n"
    "\t\t\tPlease check the template used for producing the message content."
)
# The client library of upstream leaves Go's own name.
_HEADERS = JSON | {"User-Agent": "Go-http-client/1.1"}
ANSWER: Mapping[str, type] = MappingProxyType(
    {"ok": bool, "error_code": int, "description": str, "parameters": dict}
)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `telegram_configs`; zero ids are unset."""

    GO = "telegram.plain"
    NEEDS = (("chat_id", "chat_id_file"),)

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
    parse_mode: str = entry(Text(schema=one_of(PARSE_MODES)), "HTML")

    def checked(self) -> Self:
        """One chat, at most one token, a known way to format."""
        check_at_most_one("bot_token", self.bot_token, self.bot_token_file)
        if not self.chat_id and not self.chat_id_file:
            raise refused("missing chat_id or chat_id_file on telegram_config", "chat_id")
        check_at_most_one("chat_id", self.chat_id, self.chat_id_file)
        if self.parse_mode not in PARSE_MODES:
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


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/telegram/telegram.go Notifier.Notify).

    Raises:
        SendError: when Telegram did not take it.
    """
    text = _text(config, notification)
    token = _content(config.bot_token_file) if config.bot_token_file else config.bot_token.reveal()
    chat = _chat_in(config.chat_id_file) if config.chat_id_file else config.chat_id
    body = {"chat_id": str(chat)}
    if config.disable_notifications:
        body["disable_notification"] = "true"
    body["disable_web_page_preview"] = "true"
    if config.message_thread_id:
        body["message_thread_id"] = str(config.message_thread_id)
    if config.parse_mode:
        body["parse_mode"] = config.parse_mode
    body["text"] = text
    url = f"{config.api_url}/bot{token}/sendMessage"
    try:
        response = await post_json(http, url, encode(body), _HEADERS)
    except SendError as error:
        raise SendError(f"telebot: {error}", retryable=True) from None
    message = _accepted(response.body)
    chat_told = message.get("chat")
    notification.log.debug(
        "Telegram message successfully published",
        group_key=notification.group_key,
        message_id=message.get("message_id", 0),
        chat_id=chat_told.get("id", 0) if isinstance(chat_told, dict) else 0,
    )


def _text(config: Config, notification: Notification) -> str:
    if config.parse_mode == "HTML":
        text = notification.render(config.message, html=True)
        return text if len(text) <= MAX_MESSAGE_RUNES else TOO_LONG
    text, cut = truncate_runes(notification.render(config.message), MAX_MESSAGE_RUNES)
    if cut:
        notification.log.warn(
            "Truncated message", group_key=notification.group_key, max_runes=MAX_MESSAGE_RUNES
        )
    return text


def _content(file: str) -> str:
    return read_file(file, f"could not read {file}: ", retryable=True)


def _chat_in(file: str) -> int:
    text = _content(file)
    why = "invalid syntax"
    if _INTEGER.fullmatch(text):
        chat = int(text)
        if -_LARGEST - 1 <= chat <= _LARGEST:
            return chat
        why = "value out of range"
    raise SendError(
        f"could not parse chat_id from {file}: strconv.ParseInt: parsing {quote(text)}: {why}",
        retryable=True,
    )


def _accepted(body: bytes) -> dict[str, Any]:
    """The message that was accepted; the status of the answer does not count.

    Raises:
        SendError: retryable, for everything else.
    """
    answer = _answer(body)
    if answer is not None and not answer["ok"]:
        raise _refused(answer)
    try:
        return _result(parse(body))
    except ValueError as error:
        raise SendError(f"telebot: {error}", retryable=True) from None


def _answer(body: bytes) -> dict[str, Any] | None:
    """The first value of the answer, None when it has not the shape of one."""
    try:
        return members(parse(body, first=True), ANSWER, "")
    except ValueError:
        return None


def _refused(answer: dict[str, Any]) -> SendError:
    """The refusal. Upstream: telebot extractOk, and wrapWithFailureReason of the main branch."""
    code, description = answer["error_code"], answer["description"]
    parameters = answer["parameters"]
    known = refusal(description)
    if known is not None:
        text, fixed = known
        if description == MIGRATED:
            moved = "migrate_to_chat_id" in parameters
            code, reason = (fixed, "other") if moved else (code, reason_of(code))
            return SendError(f"telegram: {text} ({code})", reason=reason, retryable=True)
        return SendError(f"telegram: {text} ({fixed})", reason=reason_of(fixed), retryable=True)
    if code == TOO_MANY:
        split = description.split(": ")
        text = split[1] if len(split) == 2 else description
        return SendError(f"telegram: {text} ({code})", reason="rateLimited", retryable=True)
    return SendError(f"telegram: {description} ({code})", retryable=True)


def _result(answer: Any) -> dict[str, Any]:
    """The message; empty where it is missing, at which upstream crashes."""
    if not isinstance(answer, dict):
        raise mistyped(answer, "Go value of type struct { Result bool }")
    result = answer.get("result")
    if result is True:
        raise ValueError("result is True")
    if result is False:
        raise mistyped(result, "Go struct field .Result of type telebot.Message")
    if not isinstance(result, dict | None):
        raise mistyped(result, "Go struct field .Result of type bool")
    return result or {}
