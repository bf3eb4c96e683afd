"""The command line as upstream reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.cli.alertmanager import PROGRAM, options_of
from amp.cli.command_line.clause import UsageError
from amp.cli.command_line.request import Reader, Request
from amp.cli.features import features
from amp.errors import AmpError, FlagError

if TYPE_CHECKING:
    from pathlib import Path


def given(*words: str) -> dict[str, object]:
    """The values that a command line gives."""
    reader = Reader(PROGRAM, version=lambda: "version", width=80)
    request = reader.read(words)
    assert isinstance(request, Request)
    return request.values.given_values()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--bogus"], "unknown long flag '--bogus'"),
        (["foo"], "unexpected foo"),
        (["--config.file"], "expected argument for flag '--config.file'"),
        (["--config.file=a", "--config.file=b"], "flag 'config.file' cannot be repeated"),
        (["--data.retention=abc"], 'time: invalid duration "abc"'),
        (["--silences.max-silences=x"], 'strconv.ParseFloat: parsing "x": invalid syntax'),
        (["--log.level=foo"], "unrecognized log level foo"),
        (["--log.format=x"], "unrecognized log format x"),
        (["--log.silences=true"], "unexpected true"),
        (["-x"], "unknown short flag '-x'"),
        (["-v"], "unknown short flag '-v'"),
        (["--no-config.file"], "unknown long flag '--no-config.file'"),
    ],
)
def test_refusals_equal_upstreams(words: list[str], text: str) -> None:
    with pytest.raises(UsageError) as refused:
        given(*words)
    assert str(refused.value) == text


def test_the_version_comes_before_a_refusal() -> None:
    assert Reader(PROGRAM, version=lambda: "1", width=80).read(["--version", "foo"]) == "1"
    strict = Reader(PROGRAM, version=lambda: "1", width=80, settings={})
    with pytest.raises(UsageError, match="unexpected foo"):
        strict.read(["--version", "foo"])


def test_every_spelling_of_a_value() -> None:
    values = given(
        "--cluster.peer=a",
        "--cluster.peer",
        "b",
        "--cluster.listen-address=",
        "--no-log.silences",
    )
    options = options_of(values, {})
    assert options.cluster_peers == ("a", "b")
    assert options.cluster_listen_address == ""
    assert options.log_silences is False


def test_durations_take_days() -> None:
    options = options_of(given("--data.retention=5d", "--web.timeout=1.5s"), {})
    assert options.data_retention_seconds == 5 * 86_400
    assert options.web_timeout_seconds == 1.5


def test_a_file_of_flags(tmp_path: Path) -> None:
    file = tmp_path / "flags"
    file.write_text("--config.file=x.yml\n--log.level=debug\n")
    options = options_of(given(f"@{file}"), {})
    assert (options.config_file, options.log_level) == ("x.yml", "debug")


def test_a_flag_beats_its_variable() -> None:
    environment = {"AMP_DATABASE_URL": "postgresql:///env"}
    assert options_of({}, environment).database_url == "postgresql:///env"
    values = given("--amp.database-url=postgresql:///flag")
    assert options_of(values, environment).database_url == "postgresql:///flag"


def test_features() -> None:
    assert features("classic-mode,event-recorder") == {"classic-mode", "event-recorder"}
    with pytest.raises(ValueError, match="unknown option 'zz' for --enable-feature"):
        features("zz")
    with pytest.raises(ValueError, match="classic"):
        features("classic-mode,utf8-strict-mode")


def test_either_name_of_the_largest_silence() -> None:
    for name in ("max-silence-size-bytes", "max-per-silence-bytes"):
        assert options_of(given(f"--silences.{name}=7"), {}).max_silence_size_bytes == 7


def test_values_that_upstream_refuses() -> None:
    words = ["--cluster.probe-interval=0s"]
    with pytest.raises(AmpError, match=r"Options\.ProbeInterval must be positive when clustering"):
        options_of(given(*words), {})
    assert options_of(given(*words, "--cluster.listen-address="), {}).cluster_peers == ()
    with pytest.raises(FlagError) as refused:
        options_of(given("--enable-feature=auto-gomemlimit", "--auto-gomemlimit.ratio=2"), {})
    assert refused.value.message.startswith("--auto-gomemlimit.ratio must be greater than 0")
    with pytest.raises(AmpError, match="unable to initialize TLS transport configuration"):
        options_of(given("--cluster.tls-config=missing.yml"), {})
