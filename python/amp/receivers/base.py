"""What an integration gets, and how it judges answers. Upstream: notify/util.go Retrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from amp.errors import SendError
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from amp._core import Batch, Templates
    from amp.httpclient import HttpClient, Response

JSON = {"Content-Type": "application/json"}
SHOWN_BYTES = 16 << 10
NO_RETRIES: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Notification:
    """One group's alerts on their way to one integration.

    Attributes:
        batch: the alerts; never empty.
        receiver: the receiver's name.
        group_key: upstream's text of the group's key.
        reason: why now (`first notification`, …).
        external_url: under which this server is reached.
        now_ns: what templates call now.
        templates: the configuration's templates; None when nothing is rendered.
    """

    batch: Batch
    receiver: str
    group_key: str
    reason: str
    external_url: str
    now_ns: int
    templates: Templates | None = None

    def webhook_json(self, max_alerts: int = 0) -> bytes:
        """The webhook's body with at most `max_alerts` alerts; 0 means all."""
        return self.batch.webhook_json(self.reason, self.external_url, max_alerts)

    def render(self, text: str, *, html: bool = False) -> str:
        """The template `text` rendered with this notification's data.

        Raises:
            SendError: not retryable, when the template fails.
        """
        if "{{" not in text:
            return text
        if self.templates is None:
            raise SendError("templates are not available here")
        data = self.batch.data_json(self.reason, self.external_url)
        try:
            return self.templates.render(text, data, self.now_ns, html=html)
        except ValueError as error:
            raise SendError(str(error)) from None


class Integration(Protocol):
    """A module of `receivers`: a configuration and a way to send."""

    Config: type[Any]

    async def send(self, config: Any, notification: Notification, http: HttpClient) -> None:
        """One attempt; SendError when it failed."""


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
    response: Response, *, retry: Collection[int] = NO_RETRIES, details: str | None = None
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


def shown(body: bytes) -> str:
    """A body as part of an error text, which ends up in logs: a long one is cut."""
    text = body[:SHOWN_BYTES].decode("utf-8", "replace")
    return text if len(body) <= SHOWN_BYTES else f"{text}…"


async def post_json(
    http: HttpClient, url: str, body: bytes, headers: Mapping[str, str] = JSON
) -> Response:
    """Posts JSON.

    Raises:
        SendError: retryable, when no answer came.
    """
    try:
        return await http.request("POST", url, headers=headers, body=body)
    except RequestError as error:
        raise SendError(str(error), retryable=True) from None


def read_secret(name: str, what: str, *, strip: bool = True) -> str:
    """The content of a secret's file, read now.

    Args:
        name: the file.
        what: how the error calls it (`url_file`).
        strip: whether white space around it goes.

    Raises:
        SendError: not retryable, `read <what>: …`.
    """
    try:
        content = WatchedFile(name).read().decode("utf-8", "surrogateescape")
    except RequestError as error:
        cause = str(error).removeprefix(f"unable to read file {name}: ")
        raise SendError(f"read {what}: {cause}") from None
    return content.strip() if strip else content
