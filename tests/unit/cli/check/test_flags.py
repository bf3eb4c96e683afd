"""The server's flags, the check's own, and what needs neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.cli.alertmanager import PROGRAM, has_effect
from amp.cli.check.program import main

if TYPE_CHECKING:
    from pathlib import Path

    from checks import Check

SMALL = "route: {receiver: r}\nreceivers: [{name: r}]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "am.yml"
    file.write_text(SMALL)
    return file


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--bogus"], "unknown long flag '--bogus'"),
        (["--enable-feature=zz"], "unknown option 'zz' for --enable-feature"),
        (["--data.retention=0s"], "alertmanager/app: Options.Retention must be positive"),
        (["--web.external-url=ftp://h"], 'invalid "ftp" scheme'),
        (["--web.cors.origin=["], "error parsing --web.cors.origin: "),
        (["--cluster.peer=other:9094"], "--cluster.peer=other:9094 names another replica"),
        (["--web.config.file=/none/web.yml"], "open /none/web.yml: no such file or directory"),
        (["postgresql://u:S3CRET@h"], "unexpected postgresql://<secret>@h"),
    ],
)
def test_refused_flags(check: Check, config: Path, words: list[str], text: str) -> None:
    found = check(config, "--", *words)
    assert found.code == 1
    assert text in found.findings()[0]
    assert found.report["flags"]["verdict"] == "refused"
    assert "S3CRET" not in found.text


def test_accepted_flags(check: Check, config: Path) -> None:
    words = "--log.level=debug --auto-gomemlimit.ratio=0.5 --cluster.gossip-interval 1s"
    found = check(config, f"--flags={words}", "--", "--cluster.listen-address=")
    assert found.code == 0
    assert found.report["flags"] == {
        "verdict": "accepted",
        "given": [
            "--auto-gomemlimit.ratio",
            "--cluster.gossip-interval",
            "--cluster.listen-address",
            "--log.level",
        ],
        "without_effect": ["--auto-gomemlimit.ratio", "--cluster.gossip-interval"],
    }


def test_only_upstreams_flags_may_be_idle() -> None:
    assert all(has_effect(flag.name) for flag in PROGRAM.flags if flag.name.startswith("amp."))
    assert has_effect("config.file")
    assert not has_effect("auto-gomemlimit.ratio")


def test_the_servers_flags_alone_name_everything(check: Check, config: Path) -> None:
    data = config.parent / "data"
    found = check("--", f"--config.file={config}", f"--storage.path={data}")
    assert found.code == 0
    assert found.report["configuration"]["file"] == str(config)
    assert found.report["storage"] == {"folder": str(data), "exists": False}
    assert "not there yet" in found.text
    assert not data.exists()


def test_the_matcher_mode_is_the_servers(check: Check, config: Path) -> None:
    config.write_text("route: {receiver: r, group_by: ['é']}\nreceivers: [{name: r}]\n")
    assert check(config).code == 0
    assert check(config, "--", "--enable-feature=classic-mode").code == 1


def test_amps_flags_must_go_before_a_swap_back(check: Check, config: Path) -> None:
    found = check(config, "--flags", "--amp.limits.alerts=5")
    assert found.report["swap_back"]["before"] == [
        "remove the flags that Alertmanager refuses: --amp.limits.alerts"
    ]


def test_postgresql_is_not_asked(check: Check, config: Path) -> None:
    found = check(config, "--", "--amp.database-url=postgresql://u:S3CRET@192.0.2.1/x")
    assert found.code == 0
    assert any("PostgreSQL" in one["text"] for one in found.report["differences"])


def test_the_flags_of_the_history_are_known(check: Check, config: Path) -> None:
    words = [
        "--amp.redis-url=redis://:S3CRET@192.0.2.1/0",
        "--amp.history.retention=30d",
        "--amp.history.max-bytes=1000000",
        "--amp.history.queue-bytes=1000000",
        "--amp.stream.clients=0",
        "--amp.webhook.rate=5",
        "--amp.webhook.resolve-timeout=1h",
    ]
    found = check(config, "--", *words)
    assert (found.code, found.findings()) == (0, [])
    assert found.report["flags"]["without_effect"] == []
    assert "S3CRET" not in found.text


@pytest.mark.parametrize("place", ["flag", "amp.yml"])
def test_a_redis_that_is_none(check: Check, config: Path, place: str) -> None:
    if place == "flag":
        found = check(config, "--", "--amp.redis-url=http://:S3CRET@h")
    else:
        (config.parent / "amp.yml").write_text("redis_url: http://:S3CRET@h\n")
        found = check(config)
    assert found.code == 1
    assert "must begin with redis://, rediss:// or unix://" in found.findings()[0]
    assert "S3CRET" not in found.text


def test_the_keys_of_amp_yml_are_known(check: Check, config: Path) -> None:
    (config.parent / "amp.yml").write_text(
        "redis_url: redis://192.0.2.1/0\n"
        "proxy: {filters: [{name: quiet, matchers: ['severity=info']}]}\n"
    )
    found = check(config)
    assert (found.code, found.findings()) == (0, [])
    assert found.report["configuration"]["amp_yml"] == str(config.parent / "amp.yml")


def test_a_bad_filter_of_the_proxy_is_refused(check: Check, config: Path) -> None:
    (config.parent / "amp.yml").write_text("proxy:\n  filters: [{name: quiet, matchers: []}]\n")
    found = check(config)
    assert found.code == 1
    [finding] = found.report["findings"]
    assert "has no matchers" in finding["text"]
    assert (finding["file"], finding["line"]) == (str(config.parent / "amp.yml"), 2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "expected a folder or a file"),
        (["a", "b"], "unexpected b"),
        (["--bogus"], "unknown long flag '--bogus'"),
        (["--output=xml", "a"], "enum value must be one of simple,json, got 'xml'"),
        (["--storage.path"], "expected argument for flag '--storage.path'"),
        (["--flags", "'", "a"], "No closing quotation"),
    ],
)
def test_wrong_usage_is_2(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"amp check: error: {text}" in shown.err
