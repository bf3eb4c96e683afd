"""The integrations, one file each."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

INTEGRATIONS: Mapping[str, str] = MappingProxyType(
    {
        "webhook": "amp.receivers.webhook",
        "email": "amp.receivers.email",
        "pagerduty": "amp.receivers.pagerduty",
        "opsgenie": "amp.receivers.opsgenie",
        "wechat": "amp.receivers.wechat",
        "slack": "amp.receivers.slack",
        "victorops": "amp.receivers.victorops",
        "pushover": "amp.receivers.pushover",
        "sns": "amp.receivers.sns",
        "telegram": "amp.receivers.telegram",
        "discord": "amp.receivers.discord",
        "webex": "amp.receivers.webex",
        "msteams": "amp.receivers.msteams",
        "msteamsv2": "amp.receivers.msteamsv2",
        "jira": "amp.receivers.jira",
        "incidentio": "amp.receivers.incidentio",
        "rocketchat": "amp.receivers.rocketchat",
        "mattermost": "amp.receivers.mattermost",
    }
)
"""Type name to module, in the order in which upstream builds the integrations of a receiver."""


def config_class(name: str) -> Any:
    """The `Config` of a type of integration; its module is imported when first asked for."""
    return import_module(INTEGRATIONS[name]).Config


def sender(name: str) -> Any:
    """The `send` of a type of integration; None while it cannot deliver yet."""
    return getattr(import_module(INTEGRATIONS[name]), "send", None)
