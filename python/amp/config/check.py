"""The checks between the blocks of a file (Upstream: config/config.go Config.UnmarshalYAML)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.fields.decode import Refused
from amp.fields.quote import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp.config.interval import NamedInterval
    from amp.config.receiver import Receiver
    from amp.config.route import Route
    from amp.fields.global_config import GlobalConfig

_PAIRS_BEFORE_SLACK = ("slack_app_token", "slack_api_url")
_PAIRS = (
    "opsgenie_api_key",
    "victorops_api_key",
    "telegram_bot_token",
    "smtp_auth_password",
    "rocketchat_token",
    "rocketchat_token_id",
    "smtp_auth_secret",
    "wechat_api_secret",
    "mattermost_webhook_url",
)


def check_global(defaults: GlobalConfig) -> None:
    """Refuses a secret that is given both inline and in a file, and Slack's mixtures."""
    for name in _PAIRS_BEFORE_SLACK:
        _check_pair(defaults, name)
    token = bool(defaults.slack_app_token or defaults.slack_app_token_file)
    url = defaults.slack_api_url
    if token and (url is not None or defaults.slack_api_url_file):
        app_url = defaults.slack_app_url
        if url is None or app_url is None or url.reveal() != app_url:
            raise Refused(
                "at most one of slack_app_token/slack_app_token_file &"
                " slack_api_url/slack_api_url_file must be configured",
                "global",
                "slack_app_token" if defaults.slack_app_token else "slack_app_token_file",
            )
    for name in _PAIRS:
        _check_pair(defaults, name)


def _check_pair(defaults: GlobalConfig, name: str) -> None:
    inline = getattr(defaults, name)
    given = inline is not None if name.endswith("_url") else bool(inline)
    if given and getattr(defaults, f"{name}_file"):
        raise Refused(f"at most one of {name} & {name}_file must be configured", "global", name)


def check_route(root: Route | None, receivers: Iterable[Receiver]) -> Route:
    """The root route, when it may be one and all receivers of the tree exist."""
    if root is None:
        raise Refused("no routes provided", "route")
    if not root.receiver:
        raise Refused("root route must specify a default receiver", "route", "receiver")
    if root.match or root.match_re or root.matchers:
        raise Refused("root route must not have any matchers", "route", "matchers")
    if root.mute_time_intervals:
        raise Refused(
            "root route must not have any mute time intervals", "route", "mute_time_intervals"
        )
    if root.active_time_intervals:
        raise Refused(
            "root route must not have any active time intervals", "route", "active_time_intervals"
        )
    _check_receivers(root, {receiver.name for receiver in receivers}, ("route",))
    return root


def _check_receivers(route: Route, names: set[str], path: tuple[str | int, ...]) -> None:
    for index, child in enumerate(route.routes):
        _check_receivers(child, names, (*path, "routes", index))
    if route.receiver and route.receiver not in names:
        raise Refused(
            f"undefined receiver {quote(route.receiver)} used in route", *path, "receiver"
        )


def check_intervals(
    root: Route, mute: Iterable[NamedInterval], intervals: Iterable[NamedInterval]
) -> None:
    """Refuses names given twice and names that no list has."""
    names: set[str] = set()
    for key, named in (("mute_time_intervals", mute), ("time_intervals", intervals)):
        for index, interval in enumerate(named):
            if interval.name in names:
                raise Refused(
                    f"{interval.WHAT} {quote(interval.name)} is not unique", key, index, "name"
                )
            names.add(interval.name)
    _check_names(root, names, ("route",))


def _check_names(route: Route, names: set[str], path: tuple[str | int, ...]) -> None:
    for index, child in enumerate(route.routes):
        _check_names(child, names, (*path, "routes", index))
    for key in ("active_time_intervals", "mute_time_intervals"):
        for index, name in enumerate(getattr(route, key)):
            if name not in names:
                raise Refused(
                    f"undefined time interval {quote(name)} used in route", *path, key, index
                )
