"""Files, folders, modes and what the rest of the house asks of a configuration."""

import hashlib
import json
from pathlib import Path

import pytest

import amp
from amp.config.load import load_file
from amp.errors import ConfigError
from amp.fields.secret import Secret

SMALL = "route: {receiver: r}\nreceivers: [{name: r}]\n"
FILES = """route: {receiver: r}
templates: ['*.tmpl', /abs/*.tmpl]
receivers:
- name: r
  webhook_configs:
  - url_file: url
    http_config:
      authorization: {credentials_file: token}
      tls_config: {ca_file: ca}
  incidentio_configs:
  - url_file: url
    http_config: {authorization: {credentials_file: token}}
  slack_configs:
  - app_token_file: token
"""


def test_a_file_is_read_from_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text("\ufeff" + FILES, encoding="utf-8")
    config = load_file(file)
    assert config.templates == (f"{tmp_path}/*.tmpl", "/abs/*.tmpl")
    receiver = config.receivers[0]
    webhook = receiver.webhook_configs[0]
    assert webhook.url_file == "url"
    assert webhook.http_config.authorization.credentials_file == f"{tmp_path}/token"
    assert webhook.http_config.tls_config.ca_file == f"{tmp_path}/ca"
    incident = receiver.incidentio_configs[0].http_config
    assert incident.authorization.credentials_file == "token"
    slack = receiver.slack_configs[0].http_config
    assert slack.authorization.credentials_file == f"{tmp_path}/token"


def test_without_a_folder_paths_stay() -> None:
    webhook = amp.load_config(FILES).receivers[0].webhook_configs[0]
    assert webhook.http_config.tls_config.ca_file == "ca"


def test_errors_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text("route: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_file(file)
    assert caught.value.file == str(file)
    assert str(file) in str(caught.value)
    file.write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_file(file)
    with pytest.raises(ConfigError, match=r"open .*gone: no such file or directory"):
        load_file(tmp_path / "gone")


def test_utf_16_is_read(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_bytes(SMALL.encode("utf-16"))
    assert load_file(file).route.receiver == "r"


def test_the_hash_is_of_the_bytes() -> None:
    digest = hashlib.md5(SMALL.encode()).digest()
    expected = float(int.from_bytes(digest[:6] + b"\0\0", "little"))
    assert amp.load_config(SMALL).hash_metric == expected


@pytest.mark.parametrize(
    ("mode", "text", "accepted"),
    [
        ("fallback", "group_by: ['é']", True),
        ("classic", "group_by: ['é']", False),
        ("utf8", "group_by: ['é']", True),
        ("classic", "labels: {'é': x}", False),
        ("fallback", "routes: [{matchers: ['a=b c']}]", True),
        ("utf8", "routes: [{matchers: ['a=b c']}]", False),
        ("classic", "routes: [{matchers: ['é=b']}]", False),
        ("utf8", "routes: [{matchers: ['é=b']}]", True),
        ("utf8", "routes: [{match: {'é': b}}]", False),
    ],
)
def test_matcher_modes(mode: str, text: str, accepted: bool) -> None:
    whole = f"route:\n  receiver: r\n  {text}\nreceivers: [{{name: r}}]\n"
    if accepted:
        assert amp.load_config(whole, matcher_mode=mode).matcher_mode == mode
    else:
        with pytest.raises(ConfigError):
            amp.load_config(whole, matcher_mode=mode)


def test_the_plan() -> None:
    config = amp.load_config(
        "route:\n  receiver: r\n  routes:\n"
        "  - match: {b: x}\n    match_re: {a: y}\n    matchers: [c!=z]\n    group_by: []\n"
        "    group_wait: 1s\n    continue: true\n    labels: {team: t}\n"
        "receivers: [{name: r}]\n"
        "inhibit_rules: [{source_match: {s: 1}, target_matchers: [t=~u], equal: [e]}]\n"
    )
    plan = json.loads(config.plan())
    assert plan["mode"] == "fallback"
    assert plan["route"]["group_by"] is None
    child = plan["route"]["routes"][0]
    assert child["matchers"] == [["a", "=~", "^(?:y)$"], ["b", "=", "x"], ["c", "!=", "z"]]
    assert child["group_by"] == []
    assert child["group_wait_ns"] == 1_000_000_000
    assert child["group_interval_ns"] is None
    assert child["labels"] == {"team": "t"}
    rule = plan["inhibit_rules"][0]
    assert rule["source_matchers"] == [["s", "=", "1"]]
    assert rule["target_matchers"] == [["t", "=~", "u"]]
    assert rule["equal"] == ["e"]
    assert config.inhibit_rule_count == 1
    assert config.resolve_timeout_ns == 300_000_000_000


def test_integrations_come_in_the_order_of_construction() -> None:
    config = amp.load_config(
        "global: {slack_api_url: 'http://s/'}\nroute: {receiver: r}\nreceivers:\n- name: r\n"
        "  slack_configs: [{}, {}]\n  webhook_configs: [{url: 'http://u:p@h/'}]\n"
    )
    found = config.receivers[0].integrations
    assert [(name, index) for name, index, _ in found] == [
        ("webhook", 0),
        ("slack", 0),
        ("slack", 1),
    ]
    url = found[0][2].url
    assert isinstance(url, Secret)
    assert url.reveal() == "http://u:p@h/"


def test_time_intervals_are_compiled() -> None:
    config = amp.load_config(
        SMALL + "time_intervals:\n- name: always\n  time_intervals: [{}]\n"
        "- name: never\n  time_intervals: [{times: [null]}, {days_of_month: [null]}]\n"
        "mute_time_intervals:\n- name: old\n  time_intervals: [{years: ['1969:1971']}]\n"
    )
    holds = {
        name: [interval.contains_ns(0) for interval in intervals]
        for name, intervals in config.time_intervals.items()
    }
    assert holds == {"old": [True], "always": [True], "never": [False, False]}


def test_a_slashless_url_of_global_is_completed_when_inherited() -> None:
    head = "global: {opsgenie_api_url: 'http://o', opsgenie_api_key: k}\n"
    receiver = "route: {receiver: r}\nreceivers:\n- name: r\n  opsgenie_configs:\n"
    inheriting = amp.load_config(head + receiver + "  - {}\n")
    assert inheriting.global_config.opsgenie_api_url == "http://o/"
    own = amp.load_config(head + receiver + "  - {api_url: 'http://p'}\n")
    assert own.global_config.opsgenie_api_url == "http://o"
