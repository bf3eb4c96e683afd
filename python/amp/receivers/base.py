"""What an integration gets, and how it judges answers. Upstream: notify/util.go Retrier."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from amp._core import TemplateData
from amp.errors import SendError
from amp.fields.duration import format_go_duration
from amp.fields.quote import quote
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from amp._core import Batch
    from amp.fields.duration import Duration
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient, Response
    from amp.log import Logger
    from amp.model import Renderer

JSON = {"Content-Type": "application/json"}
SHOWN_BYTES = 16 << 10
NO_RETRIES: frozenset[int] = frozenset()


@dataclass(slots=True)
class Notification:
    """One group's alerts on their way to one integration.

    Attributes:
        batch: the alerts; never empty.
        receiver: the receiver's name.
        group_key: upstream's text of the group's key.
        reason: why now (`first notification`, …).
        external_url: under which this server is reached.
        now_ns: what templates call now.
        templates: the configuration's templates.
        log: for what the receiver's owner should know (a text that was cut); its lines name the
            integration's type, `group_key` is theirs to add.
        data: what this integration remembers of the group. A send that succeeds may change it, and
            the notification log keeps it.
    """

    batch: Batch
    receiver: str
    group_key: str
    reason: str
    external_url: str
    now_ns: int
    templates: Renderer
    log: Logger
    data: dict[str, str | int | float] = field(default_factory=dict)
    _template_data: TemplateData | None = None

    @property
    def status(self) -> str:
        """`firing` when any alert is, else `resolved`."""
        return "firing" if self.batch.firing_count else "resolved"

    @property
    def group_hash(self) -> str:
        """The group's key as 64 hexadecimal digits, by which services know the group again.

        Upstream: notify/util.go Key.Hash.
        """
        return sha256(self.group_key.encode()).hexdigest()

    def webhook_json(self, max_alerts: int = 0) -> bytes:
        """The webhook's body with at most `max_alerts` alerts; 0 means all."""
        return self.batch.webhook_json(self.reason, self.external_url, max_alerts)

    def template_data(self) -> TemplateData:
        """What templates see."""
        if self._template_data is None:
            self._template_data = self.batch.template_data(self.reason, self.external_url)
        return self._template_data

    def render(self, text: str, *, html: bool = False) -> str:
        """The template `text` rendered with this notification's data.

        Raises:
            SendError: not retryable, when the template fails.
        """
        # Comments of HTML go even where nothing is put in.
        if "{{" not in text and not html:
            return text
        try:
            return self.templates.render(text, self.template_data(), self.now_ns, html=html)
        except ValueError as error:
            raise SendError(str(error)) from None

    def render_all(self, *texts: str) -> list[str]:
        """Several templates at once, in their order; several cost hardly more than one.

        Raises:
            SendError: not retryable, with the failure of the first that fails.
        """
        try:
            return self.templates.render_many(
                [(text, False) for text in texts], self.template_data(), self.now_ns
            )
        except ValueError as error:
            raise SendError(str(error)) from None

    def render_named(self, texts: Sequence[tuple[str, str]]) -> list[str]:
        """As `render_all`, of pairs of what an error begins with, and text.

        Raises:
            SendError: not retryable, as `beginning: failure` of the first that fails.
        """
        try:
            return self.templates.render_many(
                [(text, False) for _, text in texts], self.template_data(), self.now_ns
            )
        except ValueError as error:
            beginning = texts[getattr(error, "index", 0)][0]
            raise SendError(f"{beginning}: {error}") from None

    def first(self, max_alerts: int) -> Notification:
        """The same for templates that shall see at most so many alerts; 0 means all."""
        if not 0 < max_alerts < self.batch.count:
            return self
        data = TemplateData(self.webhook_json(max_alerts))
        return dataclasses.replace(self, _template_data=data)


def reason_of(status: int) -> str:
    """The failure reason that metrics show for a status.

    Upstream: notify/util.go GetFailureReasonFromStatusCode.
    """
    if status in (401, 403):
        return "authError"
    if status == 429:
        return "rateLimited"
    if status // 100 == 4:
        return "clientError"
    return "serverError" if status // 100 == 5 else "other"


def check(
    response: Response,
    *,
    retry: Collection[int] = NO_RETRIES,
    details: str | None = None,
) -> None:
    """Accepts 2xx.

    Args:
        response: the answer.
        retry: statuses beside 5xx after which another attempt may help.
        details: what the error adds; None means the body.

    Raises:
        SendError: for any other status.
    """
    status = response.status
    if status // 100 == 2:
        return
    if details is None:
        details = shown(response.body)
    raise SendError(
        f"unexpected status code {status}" + (f": {details}" if details else ""),
        reason=reason_of(status),
        retryable=status // 100 == 5 or status in retry,
    )


def in_channel(error: SendError, channel: str) -> SendError:
    """The error with the channel of the message that it is about."""
    return SendError(
        f"channel {quote(channel)}: {error}", reason=error.reason, retryable=error.retryable
    )


def shown(body: bytes) -> str:
    """A body as part of an error text, which ends up in logs: a long one is cut."""
    text = body[:SHOWN_BYTES].decode("utf-8", "replace")
    return text if len(body) <= SHOWN_BYTES else f"{text}…"


async def post_json_within(
    limit: Duration,
    name: str,
    http: HttpClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str] = JSON,
) -> Response:
    """Posts JSON within a block's `timeout`, which is none unless positive.

    Raises:
        SendError: retryable, when no answer came in time; `name` is whose timeout it was.
    """
    if limit <= 0:
        return await post_json(http, url, body, headers)
    try:
        async with asyncio.timeout(limit.seconds):
            return await post_json(http, url, body, headers)
    except TimeoutError:
        reached = f"configured {name} timeout reached ({format_go_duration(limit)})"
        raise SendError(f'Post "<redacted>": {reached}', retryable=True) from None


async def post_json(
    http: HttpClient, url: str, body: bytes, headers: Mapping[str, str] = JSON
) -> Response:
    """Posts JSON.

    Raises:
        SendError: retryable, when no answer came.
    """
    return await request(http, "POST", url, body, headers)


async def request(
    http: HttpClient,
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    redacted: bool = True,
    secret: bool = False,
) -> Response:
    """Sends a request.

    Args:
        http: the client.
        method: upper case.
        url: where to.
        body: the whole body.
        headers: names as they shall appear on the wire.
        redacted: whether errors hide the URL.
        secret: whether the bodies are (tokens), so that nobody may keep them.

    Raises:
        SendError: retryable, when no answer came.
    """
    try:
        return await http.request(
            method, url, headers=headers, body=body, redacted=redacted, secret=secret
        )
    except RequestError as error:
        raise SendError(str(error), retryable=True) from None


def given_or_read(given: Secret | None, name: str, what: str = "") -> str:
    """A secret that stands in the configuration or, if it does not, in a file.

    Args:
        given: the one in the configuration.
        name: the file.
        what: how the error calls the file (`url_file`); it shows only the cause when empty.

    Raises:
        SendError: not retryable, `read <what>: …`.
    """
    if given is not None:
        return given.reveal()
    return read_file(name, f"read {what}: " if what else "")


def read_secret(name: str, what: str, *, strip: bool = True) -> str:
    """The content of a secret's file, read now.

    Args:
        name: the file.
        what: how the error calls it (`url_file`).
        strip: whether white space around it goes.

    Raises:
        SendError: not retryable, `read <what>: …`.
    """
    return read_file(name, f"read {what}: ", strip=strip)


def read_file(name: str, failure: str = "", *, strip: bool = True, retryable: bool = False) -> str:
    """The content of a file, read now.

    Args:
        name: the file.
        failure: how the error begins.
        strip: whether white space around it goes.
        retryable: whether another attempt may help.

    Raises:
        SendError: `<failure>open …`; also for what is not UTF-8, which templates and JSON need.
    """
    try:
        content = WatchedFile(name).read().decode()
    except RequestError as error:
        cause = str(error).removeprefix(f"unable to read file {name}: ")
        raise SendError(f"{failure}{cause}", retryable=retryable) from None
    except UnicodeDecodeError:
        raise SendError(f"{failure}{name} is not UTF-8", retryable=retryable) from None
    return content.strip() if strip else content
