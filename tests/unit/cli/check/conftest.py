"""A way to run `amp check` and to see what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from amp.cli.check.program import main
from checks import Result

if TYPE_CHECKING:
    from checks import Check


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Runs the command in this process; the simple output is made too."""

    def run(*words: object) -> Result:
        given = [str(word) for word in words]
        code = main(["--output", "json", *given])
        report = json.loads(capsys.readouterr().out)
        assert main(given) == code
        text = capsys.readouterr().out
        for finding in report["findings"]:
            assert finding["text"].splitlines()[0] in text
        return Result(code, report, text)

    return run
