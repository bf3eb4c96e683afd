"""Both servers started with the same flags: what they accept, what they say, what it changes."""

from __future__ import annotations

import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compat.servers import Answer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = yaml.safe_load((Path(__file__).parent / "flags.yaml").read_text(encoding="utf-8"))
CONFIG = (
    "route: {receiver: team}\nreceivers: [{name: team, webhook_configs: [{url: 'http://h/'}]}]\n"
)
ENDED_WITHIN_SECONDS = 30.0
APPLIED_WITHIN_SECONDS = 2.0
AT_ONCE = 3
LISTENING = re.compile(r'msg="Listening on".* address="?([^\s"]+)')
TOLD = re.compile(r"^alertmanager: error: |level=ERROR|\"level\":\"ERROR\"")
STAMP = re.compile(r"time=\S+ |source=\S+ |\"time\":\"[^\"]*\",|\"source\":\"[^\"]*\",")


@dataclass
class Outcome:
    """How a start ended: an exit code and the last line, or a server with what it answered."""

    code: int | None
    said: str = ""
    answers: list[Any] = field(default_factory=list)


def command(server: Server, line: dict[str, Any]) -> list[str]:
    """The words after the program's name."""
    flags = [
        flag.replace("{FOLDER}", str(server.folder)).replace("{PORT}", str(server.port))
        for flag in line["flags"]
    ]
    if line.get("bare"):
        return flags
    given = {flag.partition("=")[0] for flag in flags}
    usual = {
        "--config.file": "alertmanager.yml",
        "--storage.path": "data",
        "--web.listen-address": f"127.0.0.1:{server.port}",
        "--cluster.listen-address": "",
    }
    return [*(f"{name}={value}" for name, value in usual.items() if name not in given), *flags]


def start(binary: Path, folder: Path, line: dict[str, Any]) -> Outcome:
    """Starts a server, asks it, and ends it."""
    folder.mkdir(parents=True)
    server = Server(binary, folder, CONFIG)
    server.write(CONFIG)
    for name, text in line.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(binary), *command(server, line)], cwd=folder, stdout=log, stderr=log
        )
    server.process = process
    try:
        return (
            asked(server, line) if up(server, line) else Outcome(process.wait(), last_line(server))
        )
    finally:
        process.kill()
        process.wait()


def up(server: Server, line: dict[str, Any]) -> bool:
    """Waits until the server serves; false when it ended."""
    process = server.process
    first = next(iter(line["flags"]), "")
    found = not (first.startswith("--web.listen") and first.endswith((":0", "=")))
    deadline = time.monotonic() + ENDED_WITHIN_SECONDS
    while process is not None and process.poll() is None:
        if time.monotonic() > deadline:
            raise TimeoutError(server.log())
        time.sleep(0.02)
        if not found:
            if told := LISTENING.search(server.log()):
                host, _, port = told[1].rpartition(":")
                server.host, server.port = host.strip("[]"), int(port)
                found = True
            continue
        try:
            # Below a prefix it is 404, which is an answer, too.
            if server.get("/-/ready").status in (200, 404) and process.poll() is None:
                return True
        except OSError:
            pass
    return False


def asked(server: Server, line: dict[str, Any]) -> Outcome:
    """What a server that is ready answers."""
    answers: list[Any] = [shown(path, server.get(path)) for path in line.get("get", [])]
    answers += [series(server, begin) for begin in line.get("grep", [])]
    return Outcome(None, "", answers)


def series(server: Server, begin: str) -> list[str]:
    """The metrics that begin so; the reference serves before its configuration is applied."""
    deadline = time.monotonic() + APPLIED_WITHIN_SECONDS
    while True:
        lines = server.get("/metrics").body.splitlines()
        found = sorted(one for one in lines if one.startswith(begin))
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def shown(path: str, answer: Answer) -> tuple[str, int, str]:
    """What must be equal of an answer: pages are our own."""
    return path, answer.status, "" if path.endswith("/") else answer.body


def last_line(server: Server) -> str:
    """The last error told, without time and place."""
    lines = [one for one in server.log().splitlines() if TOLD.search(one)]
    if not lines:
        return ""
    # Ours does not tell which name server it asked.
    said = re.sub(r"(lookup \S+) on [^ ]+:53", r"\1", STAMP.sub("", lines[-1]))
    said = said.replace(str(server.folder), "{FOLDER}")
    return said.replace(str(server.port), "{PORT}")


@pytest.fixture(scope="module")
def outcomes(
    reference: Path, amp_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, int], Any]]:
    """Every line on both servers, some at a time."""
    folder = tmp_path_factory.mktemp("flags")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (name, number): pool.submit(partial(start, binary, folder / f"{name}{number}", line))
            for number, line in enumerate(LINES)
            for name, binary in (("reference", reference), ("amp", amp_server))
        }


@pytest.mark.parametrize(
    "number", range(len(LINES)), ids=lambda number: " ".join(LINES[number]["flags"]) or "none"
)
def test_as_the_reference(outcomes, number):
    line = LINES[number]
    theirs, ours = (outcomes[name, number].result() for name in ("reference", "amp"))
    if "differs" in line:
        assert theirs.said != line["differs"]
        theirs.said = line["differs"]
    assert ours == theirs
