"""Differences are those of the manual, and told only where they count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amp.cli.check.blocks import Block
from amp.cli.check.capability import SETTINGS, lacking, missing
from amp.cli.check.differences import DIFFERENCES, Difference
from amp.fields.http import JWT_BEARER, HttpConfig, OAuth2
from amp.receivers import INTEGRATIONS, config_class

if TYPE_CHECKING:
    from checks import Check

MANUAL = (Path(__file__).parents[4] / "docs" / "differences.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.text)
def test_each_stands_in_the_manual(difference: Difference) -> None:
    """So a line that goes there goes here."""
    section = MANUAL.partition(f"\n## {difference.section}\n")[2].partition("\n## ")[0]
    assert difference.phrase in " ".join(section.split())


def texts(check: Check, folder: Path, config: str, *flags: str) -> list[str]:
    (folder / "alertmanager.yml").write_text(config)
    found = check(folder, *(["--", *flags] if flags else []))
    return [one["text"] for one in found.report["differences"]]


def test_nothing_differs_where_nothing_is_sent(check: Check, tmp_path: Path) -> None:
    assert texts(check, tmp_path, "route: {receiver: r}\nreceivers: [{name: r}]") == []


@pytest.mark.parametrize(
    ("config", "flags", "text"),
    [
        ("webhook_configs: [{url: 'http://h'}]", [], "HTTP/1.1 only; enable_http2"),
        ("telegram_configs: [{chat_id: 1, bot_token: t}]", [], "telegram: "),
        (
            "webhook_configs: [{url: 'http://h',"
            " http_config: {oauth2: {client_id: i, client_secret: s, token_url: 'http://t'}}}]",
            [],
            "OAuth 2",
        ),
        (
            "webhook_configs: [{url: 'http://h', http_config: {proxy_url: 'http://p'}}]",
            [],
            "CONNECT",
        ),
        (
            "webhook_configs: [{url: 'http://h', http_config: {tls_config: {min_version: TLS11}}}]",
            [],
            "security level",
        ),
        ("webhook_configs: []", ["--auto-gomemlimit.ratio=0.5"], "auto-gomemlimit"),
        ("webhook_configs: []", ["--amp.database-url=postgresql:///x"], "PostgreSQL"),
        (
            "webhook_configs: []}]\n"
            "time_intervals: [{name: t, time_intervals: [{days_of_month: ['-3:-1']}]",
            [],
            "negative days",
        ),
        (
            "webhook_configs: []}]\n"
            "event_recorder: {kafka_outputs: [{brokers: ['b:1'], topic: t,"
            " tls_config: {server_name: s}}]",
            [],
            "Kafka",
        ),
    ],
)
def test_those_that_count_are_told(
    check: Check, tmp_path: Path, config: str, flags: list[str], text: str
) -> None:
    end = "}]" if "event_recorder" not in config else "}"
    whole = f"route: {{receiver: r}}\nreceivers: [{{name: r, {config}{end}\n"
    assert any(text in one for one in texts(check, tmp_path, whole, *flags))


def test_http2_that_is_off_differs_in_nothing(check: Check, tmp_path: Path) -> None:
    config = (
        "global: {http_config: {enable_http2: false}}\nroute: {receiver: r}\n"
        "receivers: [{name: r, webhook_configs: [{url: 'http://h'}]}]"
    )
    assert not any("HTTP/1.1" in text for text in texts(check, tmp_path, config))


@pytest.mark.parametrize("kind", INTEGRATIONS)
def test_every_integration_can_deliver_here(kind: str) -> None:
    block = Block("r", kind, config_class(kind)(), None, "receivers[0]")
    assert list(missing(block)) == []


def test_a_missing_package_is_named_with_the_command() -> None:
    jwt = HttpConfig(oauth2=OAuth2(grant_type=JWT_BEARER))
    webhook = config_class("webhook")(http_config=jwt)
    for kind, config, extra in (("sns", config_class("sns")(), "sns"), ("webhook", webhook, "jwt")):
        [finding] = missing(Block("r", kind, config, None, "k"), lambda _: None)
        assert f"pip install 'alertmanager-plus-plus[{extra}]'" in finding.text


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_needs_its_package(setting: str) -> None:
    _, package, extra = SETTINGS[setting]
    finding = lacking(setting, lambda name: None if name == package else name)
    assert finding is not None
    assert finding.key == setting
    assert f"pip install 'alertmanager-plus-plus[{extra}]'" in finding.text
    assert lacking(setting) is None


def test_events_need_their_feature(check: Check, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(
        "route: {receiver: r}\nreceivers: [{name: r}]\nevent_recorder: {stdout_outputs: [{}]}\n"
    )
    [warning] = check(file, "--", "--log.level=info").findings("warning")
    assert warning.startswith("event_recorder: has no effect without --enable-feature")
    assert check(file, "--", "--enable-feature=event-recorder").findings("warning") == []
