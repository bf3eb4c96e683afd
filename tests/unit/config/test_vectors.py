"""Every recorded configuration gets the reference's verdict, text and dump."""

from pathlib import Path
from typing import Any

import pytest

import amp
from amp.config.build import check_buildable
from amp.config.templates import parse_templates
from amp.errors import ConfigError
from vectors.facts import cases, names

ALL = cases("configs")
SAME = [case for case in ALL if "differs" not in case]
ACCEPTED = [case for case in ALL if case["accepted"]]
DIFFERENT = [case for case in ALL if "differs" in case]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, where the files of a case lie."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcome(case: dict[str, Any], folder: Path) -> tuple[str | None, str | None]:
    """What the server would answer to a reload, and the dump it would show."""
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    try:
        config = amp.load_config(case["text"], base_dir=".")
        parse_templates(config)
        check_buildable(config)
    except ConfigError as error:
        return error.cause, None
    assert config.plan()
    return None, config.to_yaml()


@pytest.mark.parametrize("case", SAME, ids=[case["name"] for case in SAME])
def test_the_server_says_the_same(case: dict[str, Any], folder: Path) -> None:
    error, dump = outcome(case, folder)
    if case.get("crash"):
        assert error is not None
    else:
        assert (error, dump) == (case.get("error"), case.get("original"))


@pytest.mark.parametrize("case", SAME, ids=[case["name"] for case in SAME])
def test_check_config_says_the_same(case: dict[str, Any], folder: Path) -> None:
    if case.get("crash") or case.get("check_crash"):
        return
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    found = None
    try:
        parse_templates(amp.load_config(case["text"], base_dir="."))
    except ConfigError as error:
        found = error.cause.removeprefix("failed to parse templates: ")
    assert found == (case["check_error"] if "check_error" in case else case.get("error"))


@pytest.mark.parametrize("case", ACCEPTED, ids=[case["name"] for case in ACCEPTED])
def test_the_dump_loads_again_where_the_reference_loads_it(
    case: dict[str, Any], folder: Path
) -> None:
    dump = outcome(case, folder)[1]
    assert dump is not None
    if case.get("dump_loads", True):
        assert amp.load_config(dump, base_dir=".").plan()


@pytest.mark.parametrize("case", DIFFERENT, ids=[case["name"] for case in DIFFERENT])
def test_what_differs_on_purpose(case: dict[str, Any], folder: Path) -> None:
    assert outcome(case, folder) != (case.get("error"), case.get("original"))


def test_no_name_stands_twice() -> None:
    assert len(set(names("configs"))) == len(ALL)
