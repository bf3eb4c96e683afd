"""The JSON Schemas: they take what the loader takes, and know the keys that it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from amp.cli.schema import FILES, main, schema_of
from amp.config.own import OwnConfig
from amp.config.root import ROOT
from amp.errors import ConfigError
from amp.fields.codec import Anything
from amp.fields.decode import Decoder
from amp.fields.json_schema import Definitions
from amp.fields.node import parse
from amp.fields.struct import Struct, StructOf

VECTORS = Path(__file__).parents[2] / "vectors" / "configs.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
ACCEPTED = [case for case in CASES if case["accepted"]]
UNKNOWN_KEY = re.compile(r"line \d+: field (\S*) not found in type")
UNKNOWN = [case for case in CASES if UNKNOWN_KEY.search(case.get("error") or "")]
MAIN = Draft202012Validator(schema_of("alertmanager.yml"))
OWN = Draft202012Validator(schema_of("amp.yml"))


def plain(text: str) -> Any:
    """The values that upstream's reader sees in a text, as an editor would check them."""
    node = parse(text)
    return None if node is None else json.loads(json.dumps(Decoder().decode(node, Anything())))


@pytest.mark.parametrize("file", FILES)
def test_they_are_schemas(file: str) -> None:
    Draft202012Validator.check_schema(schema_of(file))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["name"])
def test_every_accepted_configuration_is_valid(case: dict[str, Any]) -> None:
    errors = [
        f"{error.json_path}: {error.message}" for error in MAIN.iter_errors(plain(case["text"]))
    ]
    assert not errors


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: case["name"])
def test_unknown_keys_are_invalid(case: dict[str, Any]) -> None:
    try:
        values = plain(case["text"])
    except ConfigError:
        return
    assert not MAIN.is_valid(values)


def test_the_vectors_have_both_kinds() -> None:
    assert len(ACCEPTED) > 700
    assert len(UNKNOWN) > 20


@pytest.mark.parametrize(
    "text",
    [
        "route: {receiver: r, group_wait: 5}\nreceivers: [{name: r}]",
        "route: {receiver: r, group_wait: 1 hour}\nreceivers: [{name: r}]",
        "route: {group_wait: 5s}\nreceivers: [{name: r}]",
        "receivers: [{name: r}]",
        "route: {receiver: r}\nreceivers: [{webhook_configs: [{url: 'http://x'}]}]",
        "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{}]}]",
        "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'ftp://x'}]}]",
        "route: {receiver: r}\nreceivers: [{name: r, slack_configs: [{send_resolved: maybe}]}]",
        "route: {receiver: r}\n"
        "receivers: [{name: r, telegram_configs: [{chat_id: 1, parse_mode: x}]}]",
        "route: {receiver: r}\n"
        "receivers: [{name: r, webhook_configs: [{url: 'http://x', max_alerts: -1}]}]",
        "route: {receiver: r, routes: [{routes: [{bogus: 1}]}]}\nreceivers: [{name: r}]",
        "route: {receiver: r}\nreceivers: [{name: r}]\n"
        "time_intervals: [{name: t, time_intervals: [{weekdays: ['mondey:friday']}]}]",
        "route: {receiver: r}\nreceivers: [{name: r}]\n"
        "time_intervals: [{name: t, time_intervals: [{times: [{start_time: '9:00'}]}]}]",
        "global: {http_config: {tls_config: {min_version: TLS14}}}\n"
        "route: {receiver: r}\nreceivers: [{name: r}]",
    ],
)
def test_mistakes_are_invalid(text: str) -> None:
    assert not MAIN.is_valid(plain(text))


def test_own_receivers() -> None:
    assert OWN.is_valid(
        plain("receivers: [{name: a, googlechat_configs: [{url: 'https://c/x', max_alerts: 3}]}]")
    )
    for wrong in (
        "receivers: [{name: a, googlechat_configs: [{title: t}]}]",
        "receivers: [{name: a, slack_configs: []}]",
        "database: x",
    ):
        assert not OWN.is_valid(plain(wrong))


def structs() -> list[type[Struct]]:
    """Every struct that the schemas describe."""
    found: list[type[Struct]] = []

    class Noting(Definitions):
        def refer(self, codec: StructOf) -> dict[str, Any]:
            found.append(codec.cls)
            return super().refer(codec)

    noting = Noting()
    ROOT.schema(noting)
    StructOf(OwnConfig).schema(noting)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("cls", structs(), ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_what_an_empty_struct_lacks_is_needed(cls: type[Struct]) -> None:
    """A check that is added to a struct comes with its NEEDS, whose keys exist."""
    keys = StructOf(cls).fields
    for need in cls.NEEDS:
        for key in (need,) if isinstance(need, str) else need:
            assert key in keys
    try:
        cls().checked()
    except ConfigError:
        assert cls.NEEDS


def test_names_are_those_of_one_struct() -> None:
    definitions = Definitions()
    ROOT.schema(definitions)
    StructOf(OwnConfig).schema(definitions)
    assert len(definitions.found) == len(structs())


def test_keys_have_descriptions_defaults_and_words() -> None:
    found = schema_of("alertmanager.yml")["$defs"]
    webhook = found["webhook"]["properties"]
    assert webhook["max_alerts"]["description"].startswith("how many alerts")
    assert webhook["send_resolved"]["default"] is True
    assert found["global_config"]["properties"]["resolve_timeout"]["default"] == "5m"
    assert found["telegram"]["properties"]["parse_mode"]["enum"] == [
        "",
        "Markdown",
        "MarkdownV2",
        "HTML",
        None,
    ]


def test_the_output_is_stable_and_sorted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    first = capsys.readouterr().out
    command = [sys.executable, "-c", "from amp.cli.amp import main; main(['schema'])"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == first
    found = json.loads(first)
    assert json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) + "\n" == first
    assert main(["amp.yml"]) == 0
    assert "googlechat" in json.loads(capsys.readouterr().out)["$defs"]


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prometheus.yml"]) == 2
    assert main(["amp.yml", "more"]) == 2
    assert "unexpected more" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "2020-12" in capsys.readouterr().out
