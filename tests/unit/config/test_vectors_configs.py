"""Configurations: the verdict, the reason and the redacted dump, as the reference has them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import amp
from amp.config.build import check_buildable
from amp.config.templates import parse_templates
from amp.errors import ConfigError
from vectors.facts import cases, names

ALL = cases("configs")
ACCEPTED = [case for case in ALL if case["accepted"]]
REFUSED = [case for case in ALL if not case["accepted"] and "differs" not in case]
SPARED = [case for case in ALL if not case["accepted"] and "differs" in case]


def load(case: dict[str, Any], folder: Path) -> amp.Config:
    """Loads and builds the case as a server does, the files it names beside it."""
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    config = amp.load_config(case["text"], base_dir=".")
    parse_templates(config)
    check_buildable(config)
    return config


@pytest.mark.parametrize("case", ACCEPTED, ids=[case["name"] for case in ACCEPTED])
def test_what_the_reference_accepts_loads_with_the_same_dump(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dump = load(case, tmp_path).to_yaml()
    if "differs" not in case:
        assert yaml.safe_load(dump) == yaml.safe_load(case["original"])
    if case.get("dump_loads", True):
        assert amp.load_config(dump, base_dir=".")


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_what_the_reference_refuses_is_refused_with_its_text(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(case, tmp_path)
    if "error" in case:
        assert case["error"] in str(caught.value)


@pytest.mark.parametrize("case", SPARED, ids=[case["name"] for case in SPARED])
def test_what_only_crashes_the_reference_loads(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(case, tmp_path)


def test_no_name_stands_twice() -> None:
    assert len(set(names("configs"))) == len(ALL)
