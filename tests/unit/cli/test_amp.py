"""The `amp` command and its subcommands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from amp.cli.amp import TOOLS, USAGE, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert capsys.readouterr().out == USAGE
    for name in ("serve", "version", *TOOLS):
        assert f"\n  {name} " in USAGE


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["bogus"])
    assert end.value.code == 2
    assert "unknown command 'bogus'" in capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(TOOLS))
def test_every_tool_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: amp {command}")


def test_help_loads_nothing_of_the_server() -> None:
    """Which is why it is quick."""
    code = (
        "import sys; from amp.cli.amp import main; main(['help']);"
        "sys.stderr.write(' '.join(sorted(name for name in sys.modules if name.startswith('amp'))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.split() == ["amp", "amp.cli", "amp.cli.amp"]
