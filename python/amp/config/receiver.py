"""The entries of `receivers` (Upstream: config/config.go Receiver)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from amp.fields.codec import ListOf, MapOf, Text
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers import INTEGRATIONS, config_class

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self


class ConfigsOf(ListOf):
    """The list of one type's configs; the type's module is imported when the list is there."""

    def __init__(self, name: str, go: str) -> None:
        super().__init__(StructOf(partial(config_class, name)), f"[]*{go}")


@dataclass(frozen=True, slots=True)
class Receiver(Struct):
    """A name for a list of integrations."""

    GO = "config.plain"
    NEEDS = ("name",)

    name: str = entry(Text(), keep=True)
    labels: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    discord_configs: tuple[Any, ...] = entry(ConfigsOf("discord", "discord.DiscordConfig"))
    email_configs: tuple[Any, ...] = entry(ConfigsOf("email", "config.EmailConfig"))
    incidentio_configs: tuple[Any, ...] = entry(
        ConfigsOf("incidentio", "incidentio.IncidentioConfig")
    )
    pagerduty_configs: tuple[Any, ...] = entry(ConfigsOf("pagerduty", "pagerduty.PagerdutyConfig"))
    slack_configs: tuple[Any, ...] = entry(ConfigsOf("slack", "config.SlackConfig"))
    webhook_configs: tuple[Any, ...] = entry(ConfigsOf("webhook", "webhook.WebhookConfig"))
    opsgenie_configs: tuple[Any, ...] = entry(ConfigsOf("opsgenie", "opsgenie.OpsGenieConfig"))
    wechat_configs: tuple[Any, ...] = entry(ConfigsOf("wechat", "config.WechatConfig"))
    pushover_configs: tuple[Any, ...] = entry(ConfigsOf("pushover", "config.PushoverConfig"))
    victorops_configs: tuple[Any, ...] = entry(ConfigsOf("victorops", "config.VictorOpsConfig"))
    sns_configs: tuple[Any, ...] = entry(ConfigsOf("sns", "config.SNSConfig"))
    telegram_configs: tuple[Any, ...] = entry(ConfigsOf("telegram", "telegram.TelegramConfig"))
    webex_configs: tuple[Any, ...] = entry(ConfigsOf("webex", "config.WebexConfig"))
    msteams_configs: tuple[Any, ...] = entry(ConfigsOf("msteams", "msteams.MSTeamsConfig"))
    msteamsv2_configs: tuple[Any, ...] = entry(ConfigsOf("msteamsv2", "msteamsv2.MSTeamsV2Config"))
    jira_configs: tuple[Any, ...] = entry(ConfigsOf("jira", "jira.JiraConfig"))
    rocketchat_configs: tuple[Any, ...] = entry(ConfigsOf("rocketchat", "config.RocketchatConfig"))
    mattermost_configs: tuple[Any, ...] = entry(
        ConfigsOf("mattermost", "mattermost.MattermostConfig")
    )

    def checked(self) -> Self:
        """A name, and no other name as a label."""
        if not self.name:
            raise refused("missing name in receiver", "name")
        given = self.labels.setdefault("name", self.name)
        if given != self.name:
            raise refused(
                f'receiver label "name" must match receiver name {quote(self.name)},'
                f" got {quote(given)}",
                "labels.name",
            )
        return self

    def configs(self, name: str) -> tuple[Any, ...]:
        """The configs of one type of integration."""
        found: tuple[Any, ...] = getattr(self, f"{name}_configs")
        return found

    @property
    def integrations(self) -> tuple[tuple[str, int, Any], ...]:
        """(type name, index within its list, config) in upstream's order of construction."""
        return tuple(self._integrations())

    def _integrations(self) -> Iterator[tuple[str, int, Any]]:
        for name in INTEGRATIONS:
            for index, config in enumerate(self.configs(name)):
                yield name, index, config
