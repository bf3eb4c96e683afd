"""The integrations, one file each."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

    Send = Callable[[Notification], Awaitable[None]]

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

OWN_INTEGRATIONS: Mapping[str, str] = MappingProxyType(
    {"rootly": "amp.receivers.rootly", "googlechat": "amp.receivers.googlechat"}
)
"""Those that only AMP has: their blocks stand in `amp.yml`."""

_MODULES = {**INTEGRATIONS, **OWN_INTEGRATIONS}


def config_class(name: str) -> Any:
    """The `Config` of a type of integration; its module is imported when first asked for."""
    return import_module(_MODULES[name]).Config


def sender(name: str) -> Callable[[Any, HttpClient], Send]:
    """What makes a way to send of a block and a client.

    A module has `async def send(config, notification, http)`, or where an integration keeps
    something between notifications (a token) a class `Sender(config, http)` whose instances are
    called with each notification.
    """
    module = import_module(_MODULES[name])
    if (kept := getattr(module, "Sender", None)) is not None:
        found: Callable[[Any, HttpClient], Send] = kept
        return found
    return lambda config, http: partial(module.send, config, http=http)
