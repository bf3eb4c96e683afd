"""The layout of amtool's help is the reference's; its prose is our own."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from amp.cli.amtool import run
from vectors.record.canned import FOLDER, layout

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS: dict[str, list[str]] = json.loads((FOLDER / "layouts.json").read_text(encoding="utf-8"))


def answer(words: list[str], tmp_path: Path, columns: int = 80) -> str:
    """What is written to standard output by a command line that succeeds."""
    out, err = io.StringIO(), io.StringIO()
    environment = {"HOME": str(tmp_path), "COLUMNS": str(columns)}
    code = run(words, environment, io.BytesIO(), out, err)
    assert (code, err.getvalue()) == (0, "")
    return out.getvalue()


@pytest.mark.parametrize("line", list(LAYOUTS))
def test_layout_is_the_references(line: str, tmp_path: Path) -> None:
    assert layout(answer(line.split(), tmp_path)) == LAYOUTS[line]


def test_no_command_is_help(tmp_path: Path) -> None:
    assert answer([], tmp_path) == answer(["--help"], tmp_path) == answer(["help"], tmp_path)


def test_defaults_of_the_configuration_file_are_shown(tmp_path: Path) -> None:
    file = tmp_path / ".config/amtool/config.yml"
    file.parent.mkdir(parents=True)
    file.write_text("output: json\nauthor: me\n")
    text = answer(["silence", "add", "--help"], tmp_path)
    assert "  -o, --output=json " in text
    assert '  -a, --author="me" ' in text


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_prose_fits_the_width(columns: int, tmp_path: Path) -> None:
    text = answer(["alert", "add", "--help"], tmp_path, columns)
    prose = text.partition("\n\n")[2].partition("Flags:")[0]
    paragraphs = [line for line in prose.split("\n") if not line.startswith("  ")]
    assert max(len(line) for line in paragraphs) <= columns


def test_long_help_has_every_command(tmp_path: Path) -> None:
    text = answer(["--help-long"], tmp_path)
    for command in ("alert query", "silence import", "check-config", "config routes test"):
        assert re.search(rf"^{command} ", text, re.MULTILINE)
    assert "    -w, --worker=8" in text


def test_a_manual_page(tmp_path: Path) -> None:
    text = answer(["--help-man"], tmp_path)
    assert text.startswith(".TH amtool 1 amtool, version 0.34.2 ")
    assert "\\fBtemplate render --template.glob=TEMPLATE.GLOB" in text


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_scripts_ask_the_program(shell: str, tmp_path: Path) -> None:
    text = answer([f"--completion-script-{shell}"], tmp_path)
    assert "--completion-bash" in text
    assert "amtool" in text
