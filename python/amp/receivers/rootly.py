"""Rootly, AMP's own: alerts of a generic webhook source.

The service's documentation: docs.rootly.com/integrations/generic-webhook-alert-source.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote as escaped

from amp.errors import SendError
from amp.fields.codec import Flag, Int, MapOf, SecretText, SecretUrl, Text
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.paths import under
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.base import JSON, check, post_json_within, read_secret
from amp.receivers.body import encode, filled

if TYPE_CHECKING:
    from typing import Self

    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

URL = Secret("https://webhooks.rootly.com/webhooks/incoming/generic_webhooks")
TITLE = '{{ template "__subject" . }}'
DESCRIPTION = """\
{{ range .Alerts }}[{{ .Status }}] \
{{ if .Annotations.summary }}{{ .Annotations.summary }}\
{{ else if .Annotations.description }}{{ .Annotations.description }}\
{{ else }}{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}{{ end }}
{{ end }}"""
EXTERNAL_URL = '{{ template "__alertmanagerURL" . }}'


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `rootly_configs` in `amp.yml`.

    Attributes:
        url: of the webhook source; Rootly's for generic webhooks without one.
        secret: the source's bearer token.
        target_type: whom Rootly notifies (`Service`, `Group`, `EscalationPolicy`, …), with its id.
        urgency: a field that the source's rules can look at; left out when it comes out empty.
        details: more fields.
        max_alerts: how many alerts message and description hold at most, 0 for all.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "amp.yml rootly_configs"
    NEEDS = (("secret", "secret_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    url: Secret | None = entry(SecretUrl())
    url_file: str = entry(Text())
    secret: Secret = entry(SecretText())
    secret_file: str = entry(Text())
    target_type: str = entry(Text())
    target_id: str = entry(Text())
    title: str = entry(Text(), TITLE)
    description: str = entry(Text(), DESCRIPTION)
    external_url: str = entry(Text(), EXTERNAL_URL)
    urgency: str = entry(Text(), "{{ .CommonLabels.severity }}")
    details: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    max_alerts: int = entry(Int("uint64", 0, (1 << 64) - 1))
    timeout: Duration = entry(GoDuration())

    def checked(self) -> Self:
        """At most one source each of URL and secret; a secret for Rootly's URL; a whole target."""
        check_at_most_one("url", self.url is not None, self.url_file)
        check_at_most_one("secret", self.secret, self.secret_file)
        own_url = self.url is not None or self.url_file
        if not (own_url or self.secret or self.secret_file):
            raise refused("missing secret or secret_file on rootly_config", "secret")
        if bool(self.target_type) != bool(self.target_id):
            raise refused(
                "target_type and target_id must be configured together on rootly_config",
                "target_type" if self.target_type else "target_id",
            )
        return self

    def under(self, folder: str) -> Self:
        """The block with its files relative to a folder."""
        http_config = self.http_config
        return dataclasses.replace(
            self,
            url_file=under(folder, self.url_file),
            secret_file=under(folder, self.secret_file),
            http_config=None if http_config is None else http_config.under(folder),
        )


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt. The group is one alert of Rootly's, known by its `external_id`.

    Raises:
        SendError: when Rootly did not take it.
    """
    names = ("title", "external_url", "urgency", "target_type", "target_id")
    rendered = notification.render_named(
        [(name, getattr(config, name)) for name in names]
        + [(f"details {name}", text) for name, text in config.details.items()]
    )
    texts = dict(zip(names, rendered, strict=False))
    [description] = notification.first(config.max_alerts).render_named(
        [("description", config.description)]
    )
    fields = {
        "title": texts["title"],
        "description": description,
        "state": notification.status,
        "external_id": notification.group_hash,
        "external_url": texts["external_url"],
        **filled(urgency=texts["urgency"]),
        **filled(details=dict(zip(config.details, rendered[len(names) :], strict=True))),
    }
    # The webhook's body is JSON already: it is put in as it is.
    whole = notification.webhook_json(config.max_alerts).strip()
    body = encode(fields).rstrip()[:-1] + b',"alertmanager":' + whole + b"}\n"
    path, mark, query = _url(config).partition("?")
    url = path + _target(texts["target_type"], texts["target_id"]) + mark + query
    secret = config.secret.reveal()
    if config.secret_file:
        secret = read_secret(config.secret_file, "secret_file")
    headers = {**JSON, "Authorization": f"Bearer {secret}"} if secret else JSON
    response = await post_json_within(config.timeout, "rootly", http, url, body, headers)
    check(response, retry={429})


def _url(config: Config) -> str:
    if config.url_file:
        return read_secret(config.url_file, "url_file")
    return (config.url or URL).reveal()


def _target(kind: str, name: str) -> str:
    """The end of the URL that names whom to notify."""
    if not kind or not name:
        if kind or name:
            raise SendError("target_type and target_id: one of them is empty after templating")
        return ""
    return f"/notify/{escaped(kind, safe='')}/{escaped(name, safe='')}"
