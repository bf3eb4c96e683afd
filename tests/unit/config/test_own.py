"""AMP's own file."""

import re
from pathlib import Path

import pytest

from amp.config.build import check_buildable
from amp.config.load import load_config
from amp.config.own import OwnConfig, load_own, parse_own
from amp.errors import ConfigError


def test_an_absent_file_is_fine(tmp_path: Path) -> None:
    assert load_own(tmp_path / "amp.yml") == OwnConfig()
    with pytest.raises(ConfigError, match="no such file"):
        load_own(tmp_path / "amp.yml", required=True)


def test_keys_are_strict(tmp_path: Path) -> None:
    file = tmp_path / "amp.yml"
    file.write_text("database_url: postgresql://h/d\n", encoding="utf-8")
    assert load_own(file).database_url == "postgresql://h/d"
    file.write_text("\ndatabase: x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="field database not found") as caught:
        load_own(file)
    assert (caught.value.file, caught.value.line, caught.value.key) == (str(file), 2, "database")
    file.write_text("# nothing\n", encoding="utf-8")
    assert load_own(file) == OwnConfig()
    file.write_text("- a\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_own(file)


CONFIG = """
global: {http_config: {proxy_url: "http://proxy"}}
route: {receiver: team}
receivers:
  - name: team
    webhook_configs: [{url: "http://h"}]
"""
CHAT = "googlechat_configs: [{url: 'http://chat'}]"


def test_own_integrations_join_upstreams() -> None:
    own = parse_own(
        "receivers: [{name: team, rootly_configs: [{secret: s}, {secret: t, http_config: {}}],"
        f" {CHAT}}}]"
    )
    config = load_config(CONFIG, own=own)
    [team] = config.receivers
    found = config.integrations(team)
    assert [(kind, index) for kind, index, _ in found] == [
        ("webhook", 0),
        ("rootly", 0),
        ("rootly", 1),
        ("googlechat", 0),
    ]
    blocks = [block for kind, _, block in found if kind != "webhook"]
    assert [block.http_config.proxy_url for block in blocks] == [
        "http://proxy",
        None,
        "http://proxy",
    ]
    assert config.to_yaml() == load_config(CONFIG).to_yaml()
    assert config.plan() == load_config(CONFIG).plan()


def test_paths_are_relative_to_the_own_file(tmp_path: Path) -> None:
    file = tmp_path / "amp.yml"
    file.write_text(
        "receivers: [{name: team, googlechat_configs: [{url_file: chat, http_config:"
        " {tls_config: {ca_file: ca.pem}}}], rootly_configs: [{secret_file: /abs}]}]"
    )
    [(_, _, rootly), (_, _, chat)] = load_own(file).receivers[0].integrations
    assert chat.url_file == str(tmp_path / "chat")
    assert chat.http_config.tls_config.ca_file == str(tmp_path / "ca.pem")
    assert rootly.secret_file == "/abs"


@pytest.mark.parametrize(
    ("text", "cause", "line", "key"),
    [
        (f"\nreceivers:\n- name: other\n  {CHAT}", 'undefined receiver "other"', 3, "[0].name"),
        ("receivers:\n- {name: team}\n- {name: team}", "given twice", 3, "[1].name"),
        ("receivers:\n- rootly_configs: []", "missing name in receiver", 2, "[0].name"),
        (
            "receivers:\n- {name: team, slack_configs: []}",
            "slack_configs not found",
            2,
            "[0].slack_configs",
        ),
        (
            "receivers:\n- name: team\n  rootly_configs: [null]",
            "missing rootly",
            3,
            "[0].rootly_configs",
        ),
        (
            "receivers:\n- name: team\n  rootly_configs: [{}]",
            "missing secret",
            3,
            "[0].rootly_configs[0].secret",
        ),
        (
            "receivers:\n- name: team\n  rootly_configs:\n  - secret: s\n    target_id: a",
            "must be configured together",
            5,
            "[0].rootly_configs[0].target_id",
        ),
        (
            "receivers:\n- name: team\n  googlechat_configs: [{}]",
            "one of url or url_file must be configured",
            3,
            "[0].googlechat_configs[0].url",
        ),
        (
            "receivers:\n- name: team\n  googlechat_configs:\n  - url: http://h\n    url_file: x",
            "at most one of url & url_file",
            4,
            "[0].googlechat_configs[0].url",
        ),
        (
            "receivers:\n- name: team\n  rootly_configs: [{secret: s, nope: 1}]",
            "nope not found",
            3,
            "[0].rootly_configs[0].nope",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    text: str, cause: str, line: int, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "amp.yml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(cause)) as caught:
        load_config(CONFIG, own=load_own(file))
    place = (caught.value.file, caught.value.line, caught.value.key)
    assert place == (str(file), line, f"receivers{key}")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "amp.yml"
    file.write_text(
        "receivers: [{name: team, rootly_configs: [{url: 'http://h/hunter1', secret: hunter2}],"
        " googlechat_configs: [{url: 'http://h/hunter3'}]}]"
    )
    own = load_own(file)
    assert "hunter" not in repr(own) + repr(load_config(CONFIG, own=own))


def test_files_that_clients_need_are_looked_at_when_built(tmp_path: Path) -> None:
    file = tmp_path / "amp.yml"
    file.write_text(
        "receivers: [{name: team, googlechat_configs: [{url: 'http://h', http_config:"
        " {tls_config: {ca_file: nope.pem}}}]}]"
    )
    config = load_config(CONFIG, own=load_own(file))
    with pytest.raises(ConfigError, match=r"nope\.pem: no such file") as caught:
        check_buildable(config)
    assert (caught.value.file, caught.value.key) == (
        str(file),
        "receivers[0].googlechat_configs[0]",
    )
