"""Google Chat, AMP's own: messages through a space's incoming webhook.

The service's documentation: developers.google.com/workspace/chat/quickstart/webhooks and
developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import SendError
from amp.fields.codec import Flag, Int, SecretUrl, Text
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.paths import under
from amp.fields.struct import Struct, StructOf, entry
from amp.receivers.base import check, post_json_within, read_secret, shown
from amp.receivers.body import encode
from amp.receivers.text import truncate_bytes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient, Response
    from amp.receivers.base import Notification

MAX_TEXT_BYTES = 31_000
"""A message has at most 32,000 bytes with everything that belongs to it."""

MAX_THREAD_KEY_CHARACTERS = 4_000
REPLY = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
TITLE = '{{ template "__subject" . }}'
TEXT = """\
{{ range .Alerts }}\
{{ if eq .Status "firing" }}🔥{{ else }}✅{{ end }} \
{{ if .Annotations.summary }}{{ .Annotations.summary }}\
{{ else if .Annotations.description }}{{ .Annotations.description }}\
{{ else }}{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}{{ end }}\
{{ if .GeneratorURL }} <{{ .GeneratorURL }}|source>{{ end }}
{{ end }}\
<{{ template "__alertmanagerURL" . }}|{{ template "__alertmanager" . }}>"""


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `googlechat_configs` in `amp.yml`.

    Attributes:
        url: of the space's webhook, with its key and token.
        threading: whether the messages of a group form a thread.
        thread_key: which thread; the group's own when it is empty.
        title: stands above the text, in bold.
        max_alerts: how many alerts the text sees at most, 0 for all; a line tells of the others.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "amp.yml googlechat_configs"
    NEEDS = (("url", "url_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    url: Secret | None = entry(SecretUrl())
    url_file: str = entry(Text())
    title: str = entry(Text(), TITLE)
    text: str = entry(Text(), TEXT)
    threading: bool = entry(Flag(), default=True, keep=True)
    thread_key: str = entry(Text())
    max_alerts: int = entry(Int("uint64", 0, (1 << 64) - 1), 20, keep=True)
    timeout: Duration = entry(GoDuration())

    def checked(self) -> Self:
        """Exactly one source of the URL."""
        check_exactly_one("url", self.url is not None, self.url_file)
        return self

    def under(self, folder: str) -> Self:
        """The block with its files relative to a folder."""
        http_config = self.http_config
        return dataclasses.replace(
            self,
            url_file=under(folder, self.url_file),
            http_config=None if http_config is None else http_config.under(folder),
        )


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt.

    Raises:
        SendError: when the space did not take it.
    """
    title, thread_key = notification.render_named(
        [("title", config.title), ("thread_key", config.thread_key)]
    )
    [text] = notification.first(config.max_alerts).render_named([("text", config.text)])
    message: dict[str, object] = {"text": _whole(title, text, config, notification)}
    url = config.url.reveal() if config.url else read_secret(config.url_file, "url_file")
    if config.threading:
        key = thread_key[:MAX_THREAD_KEY_CHARACTERS] or notification.group_hash
        message["thread"] = {"threadKey": key}
        if "messageReplyOption=" not in url:
            url += f"{'&' if '?' in url else '?'}{REPLY}"
    response = await post_json_within(config.timeout, "googlechat", http, url, encode(message))
    check(response, retry={429}, details=_details(response))


def _whole(title: str, text: str, config: Config, notification: Notification) -> str:
    """The text of the message, within the service's limit."""
    heading = " ".join(title.split())
    lines = [f"*{heading}*" if heading else "", text.strip()]
    left = notification.batch.count - config.max_alerts
    if config.max_alerts and left > 0 and lines[1]:
        lines.append(f"… and {left} more")
    whole, cut = truncate_bytes("\n".join(line for line in lines if line), MAX_TEXT_BYTES)
    if cut:
        notification.log.warn(
            "Truncated text", group_key=notification.group_key, max_bytes=MAX_TEXT_BYTES
        )
    if not whole:
        raise SendError("title and text are empty after templating")
    return whole


def _details(response: Response) -> str:
    """What an answer of Google's says of its error, else its body."""
    try:
        return shown(str(json.loads(response.body)["error"]["message"]).encode())
    except (ValueError, KeyError, TypeError, RecursionError):
        return shown(response.body)
