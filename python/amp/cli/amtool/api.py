"""Alertmanager's API, asked over HTTP.

Upstream: cli/root.go NewAlertmanagerClient; the texts of errors are those of its generated client.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from amp.cli.amtool import json_text, model
from amp.cli.amtool.invocation import ToolError
from amp.cli.command_line.clause import Fatal
from amp.errors import ConfigError
from amp.httpclient import HttpClients
from amp.httpclient.credential import basic
from amp.options import UPSTREAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from amp.cli.amtool.invocation import Invocation
    from amp.cli.amtool.model import Shape
    from amp.fields.http import HttpConfig
    from amp.fields.url import Url
    from amp.httpclient import HttpClient, Response

Result = TypeVar("Result")
DEFAULT_HOST = "localhost:9093"
USER_AGENT = f"amtool/{UPSTREAM_VERSION}"
MAX_ANSWER_BYTES = 1 << 30
PLAIN = frozenset(("text/plain", "text/html"))
_VERSION = re.compile(
    r"(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(?:0|[1-9]\d*))?(?:[-+][0-9A-Za-z.+-]+)?"
)


class Operation(NamedTuple):
    """One thing that the API does.

    Attributes:
        refusals: statuses that have a name; whether a text comes with them.
        answer: the shape of a good answer; None when it is not looked at.
    """

    method: str
    path: str
    name: str
    refusals: Mapping[int, bool]
    answer: Shape | None = None


_NAMES = {400: "BadRequest", 404: "NotFound", 500: "InternalServerError"}
_READ = {400: True, 500: True}
_ONE = {404: False, 500: True}
STATUS = Operation("GET", "/status", "getStatus", {}, model.STATUS)
GET_ALERTS = Operation("GET", "/alerts", "getAlerts", _READ, model.ALERTS)
POST_ALERTS = Operation("POST", "/alerts", "postAlerts", _READ)
GET_SILENCES = Operation("GET", "/silences", "getSilences", _READ, model.SILENCES)
POST_SILENCES = Operation("POST", "/silences", "postSilences", {400: True, 404: True}, model.POSTED)
GET_SILENCE = Operation("GET", "/silence/{silenceID}", "getSilence", _ONE, model.SILENCE)
DELETE_SILENCE = Operation("DELETE", "/silence/{silenceID}", "deleteSilence", _ONE)


class Refused(ToolError):
    """An answer that is no success.

    Attributes:
        status: of the answer.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """The API of one Alertmanager.

    Args:
        url: where it is; user information in it has been taken out into `headers`.
        headers: of every request.
        deadline: when the command must be done, in the loop's time.
    """

    def __init__(
        self, client: HttpClient, url: Url, headers: Mapping[str, str], deadline: float
    ) -> None:
        self._client = client
        self._base = _base(url)
        self._headers = headers
        self._deadline = deadline

    async def call(
        self,
        operation: Operation,
        *,
        query: Sequence[tuple[str, str]] = (),
        silence_id: str = "",
        body: object = None,
    ) -> Any:
        """Does one operation; its answer in the shape that the operation has, None without one.

        Raises:
            RequestError: when there is no answer.
            Refused: when it is no success.
            ToolError: when it is something else.
        """
        path = operation.path.replace("{silenceID}", quote(silence_id, safe="$&+:=@-_.~"))
        url = f"{self._base}{path}" + (
            f"?{urlencode(sorted(query, key=itemgetter(0)))}" if query else ""
        )
        headers = {**self._headers, "Accept": "application/json"}
        sent = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            sent = f"{json_text.encode(body)}\n".encode(errors="surrogateescape")
        try:
            async with asyncio.timeout_at(self._deadline):
                response = await self._client.request(
                    operation.method, url, headers=headers, body=sent, redacted=False
                )
        except TimeoutError:
            raise ToolError(
                f'{operation.method.capitalize()} "{url}": context deadline exceeded'
            ) from None
        return _read(operation, response)


def converse(invocation: Invocation, conversation: Callable[[Api], Awaitable[Result]]) -> Result:
    """Opens a client, compares versions, talks, and closes.

    Raises:
        AmpError: when anything of that fails.
    """
    return asyncio.run(_converse(invocation, conversation))


async def _converse(
    invocation: Invocation, conversation: Callable[[Api], Awaitable[Result]]
) -> Result:
    url: Url = invocation.values.get("alertmanager.url")  # type: ignore[assignment]  # demanded before
    clients = HttpClients(
        environment=invocation.environment,
        max_body_bytes=MAX_ANSWER_BYTES,
    )
    headers = {"User-Agent": USER_AGENT}
    if url.user is not None:
        headers["Authorization"] = basic(url.user, url.password or "")
    try:
        deadline = asyncio.get_running_loop().time() + invocation.values.number("timeout")
        api = Api(_client(invocation, clients, url), url, headers, deadline)
        if invocation.values.given("version-check"):
            await _compare_versions(invocation, api)
        return await conversation(api)
    finally:
        await clients.close()


def _client(invocation: Invocation, clients: HttpClients, url: Url) -> HttpClient:
    file = invocation.values.text("http.config.file")
    if not file:
        from amp.fields.http import HttpConfig

        return clients.client(HttpConfig(proxy_from_environment=True))
    if url.user is not None:
        raise Fatal("basic authentication and http.config.file are mutually exclusive")
    try:
        config = _http_config(file)
    except ConfigError as error:
        raise Fatal(f"failed to load HTTP config file: {error.cause}") from None
    try:
        return clients.client(config)
    except ConfigError as error:
        raise Fatal(f"failed to create a new HTTP client: {error.cause}") from None


def _http_config(file: str) -> HttpConfig:
    from amp.cli.amtool.http_config import read_http_config

    return read_http_config(file)


def _base(url: Url) -> str:
    path = posixpath.normpath(f"/{url.path}/api/v2")
    return f"{url.scheme or 'http'}://{url.host or DEFAULT_HOST}/{path.lstrip('/')}"


def _read(operation: Operation, response: Response) -> Any:
    text = response.body.decode("utf-8", "replace")
    if response.broken:
        raise ToolError(json_text.END)
    if response.status == 200:
        if operation.answer is None:
            return None
        if response.content_type in PLAIN:
            raise ToolError(f"the answer is {response.content_type} instead of JSON")
        return operation.answer.read(json_text.decode(text) if text.strip() else None)
    named = operation.refusals.get(response.status)
    if named is None:
        raise Refused(
            f"[{operation.method} {operation.path}] {operation.name}"
            f" (status {response.status}): {{}}",
            response.status,
        )
    told = f" {_told(response.content_type, text)}" if named else ""
    raise Refused(
        f"[{operation.method} {operation.path}][{response.status}]"
        f" {operation.name}{_NAMES[response.status]}{told}",
        response.status,
    )


def _told(content_type: str, text: str) -> str:
    """The text of a refusal, as JSON."""
    found: object = text
    if content_type not in PLAIN:
        found = json_text.decode(text) if text.strip() else ""
        if not isinstance(found, str):
            kind = json_text.kind(found)
            raise ToolError(f"json: cannot unmarshal {kind} into Go value of type string")
    return json_text.encode(found)


async def _compare_versions(invocation: Invocation, api: Api) -> None:
    """Warns when Alertmanager is another release than this tool; never in the way of anything."""
    from amp.httpclient import RequestError

    try:
        status = await api.call(STATUS)
    except (RequestError, ToolError):
        return
    told = (status or {}).get("versionInfo")
    if told is None or told["version"] is None:
        return
    if _major_minor(told["version"]) != _major_minor(UPSTREAM_VERSION):
        invocation.warn(
            f"Warning: amtool version ({UPSTREAM_VERSION}) and alertmanager version"
            f" ({told['version']}) are different."
        )


def _major_minor(version: str) -> tuple[str, str] | None:
    """The first two numbers; None for what is no version (Go: semver.MajorMinor)."""
    match = _VERSION.fullmatch(version)
    return None if match is None else (match[1], match[2] or "0")
