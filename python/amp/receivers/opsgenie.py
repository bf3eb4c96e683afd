"""Opsgenie (Upstream: notify/opsgenie)."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    ListOf,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import extended, with_final_slash
from amp.receivers.base import JSON, check, read_file, request
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


MAX_MESSAGE_RUNES = 130
COMMON_LABELS = "{{ toJson .CommonLabels }}"
_RETRIED = frozenset({429})
_TYPES = ("team", "teams", "user", "escalation", "schedule")


@dataclass(frozen=True, slots=True)
class Responder(Struct):
    """Who is responsible for an alert."""

    GO = "opsgenie.OpsGenieConfigResponder"

    id: str = entry(Text())
    name: str = entry(Text())
    username: str = entry(Text())
    type: str = entry(Text())

    def __str__(self) -> str:
        return f"{{{self.id} {self.name} {self.username} {self.type}}}"


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `opsgenie_configs`."""

    GO = "opsgenie.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_key: Secret = entry(SecretText())
    api_key_file: str = entry(Text())
    api_url: str | None = entry(HttpUrl())
    message: str = entry(Text(), '{{ template "opsgenie.default.message" . }}')
    description: str = entry(Text(), '{{ template "opsgenie.default.description" . }}')
    source: str = entry(Text(), '{{ template "opsgenie.default.source" . }}')
    details: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    entity: str = entry(Text())
    responders: tuple[Responder, ...] = entry(
        ListOf(StructOf(Responder, pointer=False), "[]opsgenie.OpsGenieConfigResponder")
    )
    actions: str = entry(Text())
    tags: str = entry(Text())
    note: str = entry(Text())
    priority: str = entry(Text())
    update_alerts: bool = entry(Flag())

    def checked(self) -> Self:
        """One key, and responders that can be addressed."""
        check_at_most_one("api_key", self.api_key, self.api_key_file)
        for responder in self.responders:
            _check(responder)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.opsgenie_api_url
        if url is None:
            raise refused("no global OpsGenie URL set", "api_url")
        key = self.api_key or defaults.opsgenie_api_key
        file = self.api_key_file or defaults.opsgenie_api_key_file
        if not key and not file:
            raise refused("no global OpsGenie API Key set either inline or in a file", "api_key")
        return dataclasses.replace(
            self,
            api_url=with_final_slash(url),
            api_key=key,
            api_key_file=file,
            http_config=self.http_config or defaults.http_config,
        )


def _check(responder: Responder) -> None:
    if not (responder.id or responder.name or responder.username):
        raise refused(
            f"opsGenieConfig responder {responder} has to have at least one of id, username or"
            " name specified",
            "responders",
        )
    if "{{" in responder.type:
        _check_template(responder)
    elif responder.type.lower() not in _TYPES:
        shown = dataclasses.replace(responder, type=responder.type.lower())
        raise refused(
            f"opsGenieConfig responder {shown} type does not match valid options"
            f" ^({'|'.join(_TYPES)})$",
            "responders",
        )


def _check_template(responder: Responder) -> None:
    from amp._core import TemplateError, check_template

    try:
        check_template(responder.type, True)
    except TemplateError as error:
        raise refused(
            f"opsGenieConfig responder {responder} type contains invalid template syntax: {error}",
            "responders",
        ) from None


class Sender:
    """Tells Opsgenie (Upstream: notify/opsgenie/opsgenie.go Notifier.Notify)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._details = sorted(config.details)
        responders = [(one.id, one.name, one.username, one.type) for one in config.responders]
        self._responders = [text for responder in responders for text in responder]
        self._create_url = extended(config.api_url or "", "v2/alerts")

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt: the requests one after the other, until one is refused.

        Raises:
            SendError: when Opsgenie did not take it.
        """
        key = self._key_text()
        try:
            if notification.status == "firing":
                key, requests = self._firing(notification, key)
            else:
                key, requests = self._resolved(notification, key)
        except SendError as error:
            raise SendError(f"templating error: {error}") from None
        if self._config.api_key_file:
            key = key.strip()
        headers = JSON | {"Authorization": f"GenieKey {key}"}
        for method, url, body in requests:
            response = await request(self._http, method, url, encode(body), headers, redacted=False)
            check(response, retry=_RETRIED)

    def _key_text(self) -> str:
        if self._config.api_key:
            return self._config.api_key.reveal()
        return read_file(self._config.api_key_file, "read key_file error: ", strip=False)

    def _resolved(self, notification: Notification, key: str) -> tuple[str, list[_Request]]:
        """The rendered key, and the request that closes the alert."""
        details = [self._config.details[name] for name in self._details]
        *_, source, key = notification.render_all(*details, self._config.source, key)
        return key, [("POST", self._url(notification, "close"), {"source": source})]

    def _firing(self, notification: Notification, key: str) -> tuple[str, list[_Request]]:
        """The rendered key, and the requests that open or change the alert."""
        config = self._config
        found = iter(
            notification.render_all(
                *(config.details[name] for name in self._details),
                config.message,
                *self._responders,
                config.description,
                config.source,
                config.tags,
                config.note,
                config.priority,
                config.entity,
                config.actions,
                key,
                COMMON_LABELS,
            )
        )
        details = {name: next(found) for name in self._details}
        message, cut = truncate_runes(next(found), MAX_MESSAGE_RUNES)
        if cut:
            group_key = notification.group_key
            notification.log.warn(
                "Truncated message",
                group_key=group_key,
                alert=group_key,
                max_runes=MAX_MESSAGE_RUNES,
            )
        responders = [
            responder
            for _ in config.responders
            for responder in _addressed(
                notification, next(found), next(found), next(found), next(found)
            )
        ]
        description, source, tags, note, priority, entity, actions, key, common = found
        details = json.loads(common) | details
        body = {
            "alias": notification.group_hash,
            "message": message,
            **filled(description=description),
            "details": dict(sorted(details.items())),
            "source": source,
            **filled(
                responders=responders,
                tags=_listed(tags),
                note=note,
                priority=priority,
                entity=entity,
                actions=_listed(actions),
            ),
        }
        requests: list[_Request] = [("POST", self._create_url, body)]
        if config.update_alerts:
            for what, text in (("message", message), ("description", description)):
                requests.append(("PUT", self._url(notification, what), filled(**{what: text})))
        return key, requests

    def _url(self, notification: Notification, what: str) -> str:
        more = f"v2/alerts/{notification.group_hash}/{what}"
        return extended(self._config.api_url or "", more, identifierType="alias")


_Request = tuple[str, str, dict[str, Any]]


def _addressed(
    notification: Notification, id_: str, name: str, username: str, kind: str
) -> list[dict[str, str]]:
    """The responders that a rendered one stands for: none if it is empty, several for `teams`.

    The names of teams are rendered once more, as upstream does.
    """
    if not (id_ or name or username or kind):
        return []
    if kind == "teams":
        return [{"name": notification.render(one), "type": "team"} for one in _listed(name)]
    return [filled(id=id_, name=name, username=username) | {"type": kind}]


def _listed(text: str) -> list[str]:
    return [part for part in text.strip().split(",") if part]
