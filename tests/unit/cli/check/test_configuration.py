"""Verdicts, counts, and what a configuration lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from checks import Check

SMALL = "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'http://h/'}]}]\n"


def write(folder: Path, text: str, name: str = "alertmanager.yml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_good_file_is_fine(check: Check, tmp_path: Path) -> None:
    found = check(write(tmp_path, SMALL))
    assert found.code == 0
    assert found.report["verdict"] == "fine"
    assert found.report["findings"] == []
    assert found.report["swap_back"]["safe"] is True
    assert check("--strict", tmp_path).code == 0


def test_a_folder_is_its_alertmanager_yml(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    assert check(tmp_path).report["configuration"]["file"] == str(tmp_path / "alertmanager.yml")


def test_a_refusal_has_its_place(check: Check, tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + "bogus: 1\n")
    found = check(file)
    assert found.code == 1
    [finding] = found.report["findings"]
    assert (finding["file"], finding["line"], finding["key"]) == (str(file), 3, "bogus")
    assert found.report["configuration"] == {"file": str(file), "verdict": "refused"}
    assert found.report["swap_back"] is None


def test_a_missing_file_is_refused(check: Check, tmp_path: Path) -> None:
    found = check(tmp_path)
    assert found.code == 1
    assert "no such file or directory" in found.findings()[0]


def test_counts(check: Check, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
route:
  receiver: a
  routes:
    - {matchers: [x="1"], receiver: b, mute_time_intervals: [night]}
    - {matchers: [x="2"]}
inhibit_rules: [{source_matchers: [a="1"], target_matchers: [b="2"], equal: [c]}]
receivers:
  - {name: a, webhook_configs: [{url: 'http://h/1'}, {url: 'http://h/2'}]}
  - {name: b, discord_configs: [{webhook_url: 'http://h/'}]}
  - {name: idle, webhook_configs: [{url: 'http://h/3'}]}
time_intervals:
  - {name: night, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}
  - {name: never, time_intervals: [{months: ['1']}]}
""",
    )
    found = check(tmp_path)
    assert found.code == 0
    counted = found.report["configuration"]
    assert counted["receivers"] == 3
    assert counted["receivers_unused"] == ["idle"]
    assert counted["integrations"] == {"discord": 1, "webhook": 2}
    assert (counted["routes"], counted["inhibit_rules"], counted["time_intervals"]) == (3, 1, 2)
    assert counted["time_intervals_unused"] == ["never"]
    assert "3 receivers (not used: idle)" in found.text
    assert "1 inhibit rule," in found.text


def test_what_the_server_would_warn_of(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL.replace("receiver: r}", "receiver: r, repeat_interval: 200h}"))
    found = check(tmp_path)
    assert (found.code, found.report["verdict"]) == (0, "warnings")
    assert "greater than the data retention period" in found.findings("warning")[0]
    assert check("--strict", tmp_path).code == 1
    assert check(tmp_path, "--", "--data.retention=300h").report["verdict"] == "fine"


def test_matchers_that_only_one_grammar_reads(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL.replace("receiver: r}", "receiver: r, routes: [{matchers: ['foo=']}]}"))
    [warning] = check(tmp_path).findings("warning")
    assert warning.endswith('input=foo= suggestion=foo=""')


def test_what_cannot_be_built_is_refused(check: Check, tmp_path: Path) -> None:
    text = SMALL.replace("'http://h/'", "'http://h/', http_config: {tls_config: {ca_file: ca}}")
    write(tmp_path, text)
    found = check(tmp_path)
    assert found.code == 1
    [finding] = found.report["findings"]
    assert finding["key"] == "receivers[0].webhook_configs[0]"
    assert finding["line"] == 2
    assert "unable to read CA cert" in finding["text"]


def test_files_that_only_a_delivery_reads_are_a_warning(check: Check, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("x")
    (tmp_path / "folder").mkdir()
    write(
        tmp_path,
        f"""
route: {{receiver: r}}
receivers:
  - name: r
    webhook_configs:
      - url_file: {tmp_path}/url
        http_config: {{authorization: {{credentials_file: folder}}}}
      - url: http://h/
        http_config: {{basic_auth: {{username: u, password_file: here}}}}
    pushover_configs: [{{user_key: u, token_file: token}}]
  - name: idle
    webhook_configs: [{{url_file: {tmp_path}/unused}}]
""",
    )
    found = check(tmp_path)
    assert found.code == 0
    assert check("--strict", tmp_path).code == 1
    first, second, third = found.findings("warning")
    assert first.startswith("receivers[0].webhook_configs[0].http_config.authorization")
    assert first.endswith("is a directory")
    assert second.startswith("receivers[0].webhook_configs[0].url_file: ")
    assert third.endswith("(relative to the folder in which the server is started)")


def test_amp_yml_beside_it(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    own = write(
        tmp_path, "receivers: [{name: r, rootly_configs: [{secret: topsecret}]}]", "amp.yml"
    )
    found = check(tmp_path)
    assert found.code == 0
    assert found.report["configuration"]["amp_yml"] == str(own)
    assert found.report["configuration"]["integrations"] == {"rootly": 1, "webhook": 1}
    assert any("amp.yml adds" in one["text"] for one in found.report["differences"])
    assert any("rootly" in text for text in found.report["swap_back"]["lost"])
    assert found.report["swap_back"]["safe"] is True
    assert "topsecret" not in found.text
    write(tmp_path, "receivers: [{name: other, rootly_configs: []}]", "amp.yml")
    refused = check(tmp_path)
    assert refused.code == 1
    assert refused.report["findings"][0]["file"] == str(own)


def test_another_amp_yml(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    found = check(tmp_path, "--", f"--amp.config.file={tmp_path}/none.yml")
    assert found.code == 1
    assert "no such file" in found.findings()[0]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"global: {{http_config: null}}\n{SMALL}", False),
        ("global: {http_config: null}\nroute: {receiver: r}\nreceivers: [{name: r}]\n", True),
        (
            "global: {smtp_from: a@b, smtp_smarthost: 'm:25', smtp_auth_secret_file: /f}\n"
            "route: {receiver: r}\n"
            "receivers: [{name: r, email_configs: [{to: x@y, auth_secret: p}]}]\n",
            True,
        ),
    ],
)
def test_what_only_amp_loads(check: Check, tmp_path: Path, text: str, safe: bool) -> None:
    write(tmp_path, text)
    found = check(tmp_path)
    assert found.code == 0
    assert found.report["swap_back"]["safe"] is safe
    assert f"swap back to Alertmanager: {'safe' if safe else 'not safe'}" in found.text


def test_secrets_are_not_shown(check: Check, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
route: {receiver: r}
receivers:
  - name: r
    slack_configs: [{api_url: 'http://h/S3CRET', text: '{{ .Nope }}'}]
    webhook_configs:
      - {url: 'http://h/S3CRET/{{ .Nope }}'}
      - {url: 'http://h/{{ printf "S3CRET" | .Nope }}'}
    pushover_configs: [{user_key: S3CRET, token: '{{ .Nope "S3CRET" }}'}]
""",
    )
    found = check(tmp_path, "--", "--amp.database-url=postgresql://u:S3CRET@h/x")
    assert len(found.findings()) == 4
    assert "S3CRET" not in found.text
    assert "S3CRET" not in str(found.report)


def test_control_characters_do_not_reach_the_terminal(check: Check, tmp_path: Path) -> None:
    write(tmp_path, SMALL.replace("name: r,", 'name: r}, {name: "a\\e[31m\\nb",'))
    found = check(tmp_path)
    assert "\x1b" not in found.text
    assert "not used: a [31m b" in found.text
