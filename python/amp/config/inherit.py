"""Fills receivers with what they take from `global` (Upstream: config/config.go UnmarshalYAML)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from amp.config.route import used_receivers
from amp.fields.decode import Refused
from amp.fields.http import HttpConfig
from amp.fields.quote import quote
from amp.fields.struct import StructOf
from amp.fields.url import with_final_slash
from amp.receivers import config_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp.config.receiver import Receiver
    from amp.config.route import Route
    from amp.fields.global_config import GlobalConfig

CHECK_ORDER = (
    "webhook",
    "email",
    "slack",
    "pushover",
    "pagerduty",
    "incidentio",
    "opsgenie",
    "wechat",
    "victorops",
    "sns",
    "telegram",
    "discord",
    "webex",
    "msteams",
    "msteamsv2",
    "jira",
    "rocketchat",
    "mattermost",
)
_EMPTY_BECOMES_STRUCT = frozenset({"slack", "opsgenie", "wechat", "rocketchat"})
_SLASHED = {
    "opsgenie": "opsgenie_api_url",
    "wechat": "wechat_api_url",
    "victorops": "victorops_api_url",
}


def inherit(
    receivers: Iterable[Receiver], defaults: GlobalConfig
) -> tuple[tuple[Receiver, ...], GlobalConfig]:
    """The completed receivers, and `global` with the URLs that inheriting changes."""
    names: set[str] = set()
    found = []
    http_config = defaults.http_config
    defaults = dataclasses.replace(defaults, http_config=http_config or HttpConfig())
    for index, receiver in enumerate(receivers):
        if receiver.name in names:
            raise Refused(
                f"notification config name {quote(receiver.name)} is not unique",
                "receivers",
                index,
                "name",
            )
        names.add(receiver.name)
        changed: dict[str, Any] = {}
        for name in CHECK_ORDER:
            configs = receiver.configs(name)
            if not configs:
                continue
            defaults = _slashed(name, configs, defaults)
            key = f"{name}_configs"
            changed[key] = tuple(
                _complete(name, config, defaults, ("receivers", index, key, position))
                for position, config in enumerate(configs)
            )
        found.append(dataclasses.replace(receiver, **changed) if changed else receiver)
    return tuple(found), dataclasses.replace(defaults, http_config=http_config)


def with_standard_headers(receivers: Iterable[Receiver], root: Route) -> tuple[Receiver, ...]:
    """Receivers whose mails have their headers: those that a route names (email.New)."""
    used = used_receivers(root)
    return tuple(
        dataclasses.replace(
            receiver,
            email_configs=tuple(
                config.with_standard_headers() for config in receiver.email_configs
            ),
        )
        if receiver.email_configs and receiver.name in used
        else receiver
        for receiver in receivers
    )


def _complete(name: str, config: Any, defaults: GlobalConfig, path: tuple[str | int, ...]) -> Any:
    try:
        if config is not None:
            return config.inherit(defaults)
        if name in _EMPTY_BECOMES_STRUCT:
            StructOf(config_class(name), pointer=False).zero.inherit(defaults)
        raise Refused(f"missing {name} config")
    except Refused as error:
        raise Refused(error.cause, *path, *error.path) from None


def _slashed(name: str, configs: tuple[Any, ...], defaults: GlobalConfig) -> GlobalConfig:
    """Upstream completes the shared URL of `global` itself when a receiver inherits it."""
    attribute = _SLASHED.get(name)
    if attribute is None or all(config and config.api_url for config in configs):
        return defaults
    url = getattr(defaults, attribute)
    if not url or url.endswith("/"):
        return defaults
    changed: dict[str, Any] = {attribute: with_final_slash(url)}
    return dataclasses.replace(defaults, **changed)
