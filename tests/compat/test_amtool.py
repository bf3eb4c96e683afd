"""Both amtools against both servers: the same command lines, the same output and exit codes."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compat.normal import UUID
from compat.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
global: {resolve_timeout: 1h}
route:
  receiver: r
  group_by: [team]
  group_wait: 1h
  routes:
  - {receiver: s, matchers: [team="db"], continue: true}
  - {receiver: 't.u', matchers: ['team=~"db|web"', node!="x"]}
receivers:
- name: r
- name: s
  webhook_configs: [{url: 'http://me:secret@h.example/'}]
- name: t.u
inhibit_rules:
- {source_matchers: [alertname=Down], target_matchers: [severity=low], equal: [team]}
"""
PREFIX = "/am"
OURS = Path(sys.executable).parent / "amtool"
LATER, LATEST = "--end=2098-01-02T03:04:05Z", "--end=2099-01-02T03:04:05Z"
FIRST, SECOND, THIRD = (f"--start=2026-01-01T00:00:0{second}Z" for second in (1, 2, 3))
DATE = re.compile(r"20(?!98|99)\d\d-\d\d-\d\d(?: \d\d:\d\d:\d\d UTC|T\d\d:\d\d:\d\d\.\d{3}Z)")
SESSION: list[list[str]] = [
    ["alert"],
    ["silence", "-o", "extended"],
    [
        "alert",
        "add",
        "Down",
        "team=web",
        "node=a b",
        LATER,
        FIRST,
        "--annotation=summary=it is <down>",
    ],
    ["alert", "add", "alertname=Slow", "severity=low", "team=web", LATER, SECOND],
    ["alert", "add", "A", "team=db", "é=ü", LATEST, THIRD, "--generator-url=http://g/?a=b&c=d"],
    ["alert", "add"],
    ["alert", "add", "x=", LATEST],
    ["alert", "add", "a=b", "--start=2098-01-01T00:00:00Z", "--end=2097-01-01T00:00:00Z"],
    ["alert", "add", "a=b", "--generator-url=:"],
    ["alert"],
    ["alert", "query", "-o", "extended"],
    ["alert", "-o", "json", "-a", "-i"],
    ["alert", "-i"],
    ["alert", "-s"],
    ["alert", "-u", "-r", "s|t.*"],
    ["alert", "-r", "t.u"],
    ["alert", "-r", "("],
    ["alert", "Down", "node=~a.*"],
    ["alert", "team=db", "{x=y}"],
    ["alert", "team=~("],
    ["silence", "add", "Down", "-c", "new disks", "-a", "me", FIRST, LATER],
    ["silence", "add", "team=~w.*", "node!=x", "-c", "c", "-a", "you", LATEST, "--annotation=k=v"],
    ["silence", "add", 'é="a,b"', "q!~'x'", "-c", "<&>", "-a", "me", "-d", "2h"],
    ["silence", "add", "a=~.*", "-c", "matches the empty text", "-a", "me"],
    ["silence", "add", "a=~(", "-c", "c", "-a", "me"],
    ["silence", "add", "a=b", "-c", "c", "-a", "", "--start=2020-01-01T00:00:00Z", "-d", "1h"],
    ["silence"],
    ["silence", "query", "-o", "extended"],
    ["silence", "-o", "json"],
    ["silence", "-q", "--created-by=me"],
    ["silence", "Down"],
    ["silence", "team=~w.*"],
    ["silence", "{team=web}"],
    ["silence", "--id", "$2"],
    ["silence", "-q", "--within", "1d"],
    ["alert", "-s", "-o", "json"],
    ["silence", "update", "$1", "-c", "other", "-o", "extended"],
    ["silence", "update", "$2", "--end=2097-01-01T00:00:00Z", "-c", "moved"],
    ["silence", "update", "$1", "--start=2098-01-02T00:00:00Z", "-o", "json"],
    ["silence", "update", "00000000-0000-0000-0000-000000000000"],
    ["silence", "update", "x"],
    ["silence", "expire", "$2"],
    ["silence", "expire", "$2"],
    ["silence", "expire", "00000000-0000-0000-0000-000000000000"],
    ["silence", "expire", "x/y z?"],
    ["silence", "expire", "$3", "nope", "$1"],
    ["silence", "--expired", "-q", "--within", "1h", "-o", "json"],
    ["silence", "import", "-w", "1", "silences.json"],
    ["silence", "import", "-w", "1", "-f", "silences.json"],
    ["silence", "import", "-w", "1", "bad.json"],
    ["silence", "query", "imported"],
    ["cluster"],
    ["cluster", "show", "-o", "extended"],
    ["cluster", "-o", "json"],
    ["config"],
    ["config", "show", "-o", "json"],
    ["config", "routes"],
    ["config", "routes", "test", "--tree", "team=db", "node=y"],
    ["config", "routes", "test", "--verify.receivers=s", "team=web"],
]


def posted(comment: str, **more: Any) -> dict[str, Any]:
    """A silence for an import."""
    matcher = {"name": "alertname", "value": "imported", "isRegex": False, "isEqual": True}
    times = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": f"2098-01-0{len(comment)}T00:00:00Z"}
    return {"matchers": [matcher], **times, "createdBy": "me", "comment": comment, **more}


UNKNOWN = {"id": "11111111-1111-1111-1111-111111111111"}
FILES = {
    "silences.json": [posted("a", **UNKNOWN), posted("bb")],
    "bad.json": [posted("ccc"), posted("dddd", matchers=[]), posted("eeeee", **UNKNOWN)],
}


@dataclass
class Talk:
    """One amtool with one server, and the ids that the server gave."""

    tool: Path
    server: Server
    folder: Path
    ids: list[str] = field(default_factory=list)

    def say(self, line: list[str]) -> tuple[int, str, str]:
        """Exit code and output of a command line, without what must differ."""
        words = [
            re.sub(r"^\$(\d)$", lambda match: self.ids[int(match[1]) - 1], word) for word in line
        ]
        url = f"--alertmanager.url=http://127.0.0.1:{self.server.port}{PREFIX}"
        done = subprocess.run(
            [self.tool, url, *words],
            cwd=self.folder,
            env={"HOME": str(self.folder), "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        for found in UUID.findall(done.stdout.decode()):
            if found not in self.ids:
                self.ids.append(found)
        return done.returncode, self.normal(done.stdout), self.normal(done.stderr)

    def normal(self, output: bytes) -> str:
        """Output with names for ids and moments of the server."""
        text = output.decode().replace(str(self.server.port), "PORT")
        text = re.sub(r"time=\S+ (level=\w+) source=\S+", r"<log> \1", text)
        text = re.sub(r'"versionInfo":\{[^}]*"version":"([^"]*)"\}', r"<\1>", text)
        return UUID.sub(self._name, DATE.sub("<date>", text))

    def _name(self, match: re.Match[str]) -> str:
        found = match.group()
        return f"<id {self.ids.index(found)}>" if found in self.ids else found


@pytest.fixture(scope="module")
def talks(
    reference: Path,
    reference_tool: Path,
    amp_server: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Talk]]:
    """Each amtool with each server, which is its own; the reference's among themselves first."""
    folder = tmp_path_factory.mktemp("amtool")
    for name, silences in FILES.items():
        (folder / name).write_text(json.dumps(silences))
    flags = (f"--web.external-url=http://alerts.example{PREFIX}",)
    with contextlib.ExitStack() as stack:
        found = []
        for server in (reference, amp_server):
            for tool in (reference_tool, OURS):
                place = folder / str(len(found))
                running = Server(server, place, CONFIG, flags, prefix=PREFIX)
                found.append(Talk(tool, stack.enter_context(running), folder))
        yield found


def test_all_four_say_the_same(talks: list[Talk]) -> None:
    with ThreadPoolExecutor(len(talks)) as pool:
        for line in SESSION:
            one, *others = pool.map(lambda talk, line=line: talk.say(line), talks)
            for other in others:
                assert other == one, line
    assert len(talks[0].ids) > 8
