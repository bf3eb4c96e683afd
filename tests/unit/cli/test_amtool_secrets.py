"""Passwords that amtool was given stand in no output."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from amp.cli.amtool import run
from vectors.record.canned import Canned

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret"
DEAD = "127.0.0.1:1"
COMMANDS = (
    ["alert"],
    ["alert", "add", "a=b"],
    ["silence"],
    ["silence", "add", "a=b", "-c", "x"],
    ["silence", "expire", "x"],
    ["silence", "update", "x"],
    ["silence", "import"],
    ["cluster"],
    ["config", "routes"],
)


def outputs(words: list[str], home: Path) -> tuple[int, str]:
    """The exit code and everything that was written."""
    out, err = io.StringIO(), io.StringIO()
    code = run(words, {"HOME": str(home)}, io.BytesIO(b"[{}]"), out, err)
    return code, out.getvalue() + err.getvalue()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("status", [0, 400, 404, 500, 302])
def test_of_the_url(command: list[str], status: int, tmp_path: Path) -> None:
    with Canned({"*": [status, "application/json", '"no"']}) as alertmanager:
        address = alertmanager.address if status else DEAD
        url = f"--alertmanager.url=http://me:{SECRET}@{address}/am"
        code, text = outputs([url, "-v", *command], tmp_path)
        assert not status or any("Authorization" in dict(one[2]) for one in alertmanager.requests)
    assert code == 1
    assert "amtool: error: " in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "block",
    [
        f"basic_auth: {{username: me, password: {SECRET}}}",
        f"authorization: {{credentials: {SECRET}}}",
        f"proxy_url: http://me:{SECRET}@{DEAD}",
        f"http_headers: {{X-Key: {{secrets: [{SECRET}]}}}}",
        f"basic_auth: {{username: me, password: {SECRET}}}\nbearer_token: {SECRET}",
    ],
)
def test_of_the_http_file(block: str, tmp_path: Path) -> None:
    file = tmp_path / "http.yml"
    file.write_text(block)
    flags = [f"--alertmanager.url=http://{DEAD}", f"--http.config.file={file}"]
    code, text = outputs([*flags, "alert"], tmp_path)
    assert code == 1
    assert SECRET not in text


@pytest.mark.parametrize("url", ["http://me:s3cret@[x/", "me:s3cret@x:y", "http://me:s3cret/@h"])
def test_of_a_url_that_is_none(url: str, tmp_path: Path) -> None:
    settings = tmp_path / ".config/amtool/config.yml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'alertmanager.url: "{url}"\n')
    for words in (["alert"], ["--timeout=x", "cluster"]):
        code, text = outputs(words, tmp_path)
        assert code == 1
        assert SECRET not in text
