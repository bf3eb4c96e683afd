"""Both servers with every integration at one recording service: awkward alerts fire and end."""

from __future__ import annotations

import collections
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compat.servers import Server
from mail_server import MailServer, Script
from receivers.alerts import AWKWARD, LONG, MANY, TWO, UNNAMED, over
from receivers.mailcase import tidy_message
from service import Service

if TYPE_CHECKING:
    from service import Arrived

EVERYTHING = Path(__file__).parent / "everything.yaml"
QUIET_SECONDS = 3.0
PATIENCE_SECONDS = 60.0
CHANGING = {"Accept-Encoding", "Content-Length"}
SIGNED = {"Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Authorization", "User-Agent", "X-Amz-Date"}
"""What differs in two requests to the same service that is signed."""
FIRING = [*TWO, *AWKWARD, *LONG, *MANY, *UNNAMED]

ASKED_ONCE_OR_MORE = {"http://HERE/wechat/gettoken"}
"""Groups that are due together may ask for a token each."""

Told = tuple[str, str, tuple[tuple[str, str], ...], str]


def told(arrived: Arrived) -> Told:
    """A request without what changes from one to the next."""
    ignored = CHANGING | (SIGNED if "/sns" in arrived.url else set())
    headers = tuple((name, value) for name, value in arrived.headers if name not in ignored)
    return arrived.method, arrived.url, headers, arrived.body


def quiet(service: Service) -> list[Told]:
    """Everything that came since the last call, once nothing more comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if service.arrived and service.arrived[-1].at < time.monotonic() - QUIET_SECONDS:
            came = [told(one) for one in service.arrived]
            service.arrived.clear()
            return came
        time.sleep(0.1)
    raise TimeoutError(f"requests do not end: {len(service.arrived)} came")


def mails(server: MailServer) -> list[Told]:
    """The mails since the last call, each with its envelope."""
    found = []
    for number in range(len(server.sessions)):
        session = server.session(number)
        assert session.message is not None
        said = tuple(("", line) for line in session.said if line.startswith("C: "))
        found.append(("MAIL", "smtp", said, json.dumps(tidy_message(session.message))))
    server.sessions.clear()
    return found


def play(binary: Path, folder: Path) -> tuple[list[list[Told]], list[tuple[str, str]]]:
    """What one server sends when the alerts fire and when they are over, and what it cuts."""
    folder.mkdir()
    logged = re.compile(r'level=WARN .*msg="(Truncated [^"]*)" (integration=.*)')
    everything = yaml.safe_load(EVERYTHING.read_text(encoding="utf-8"))
    waves = []
    with Service(folder, everything["answers"]) as service, MailServer(Script()) as mail:
        config = service.fill(json.dumps(everything["config"])).replace(
            "MAIL", f"127.0.0.1:{mail.port}"
        )
        with Server(binary, folder, config) as server:
            for alerts in (FIRING, over(FIRING)):
                answer = server.post("/api/v2/alerts", alerts)
                assert answer.status == 200, answer.body
                waves.append([*quiet(service), *mails(mail)])
            metrics = server.get("/metrics").body
    failed = re.findall(
        r"^alertmanager_notification_requests_failed_total.* [1-9].*$", metrics, re.M
    )
    assert failed == []
    return waves, sorted(logged.findall(server.log()))


@pytest.fixture(scope="module")
def played(
    reference: Path, amp_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, ...]:
    """What the reference and we sent."""
    folder = tmp_path_factory.mktemp("everything")
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(play, reference, folder / "reference"),
            pool.submit(play, amp_server, folder / "amp"),
        ]
        return tuple(one.result() for one in both)


def by_url(wave: list[Told]) -> dict[str, collections.Counter[Told]]:
    found: dict[str, collections.Counter[Told]] = collections.defaultdict(collections.Counter)
    for one in wave:
        found[one[1].partition("?")[0]][one] += 1
    return found


@pytest.mark.parametrize("wave", [0, 1], ids=["firing", "resolved"])
def test_the_same_requests(played, wave):
    theirs, ours = (by_url(waves[wave]) for waves, _ in played)
    assert set(theirs) == set(ours)
    for url, requests in theirs.items():
        if url in ASKED_ONCE_OR_MORE:
            assert set(ours[url]) == set(requests)
            continue
        assert ours[url] - requests == collections.Counter(), url
        assert requests - ours[url] == collections.Counter(), url
    assert len(theirs) > 20


def test_the_same_warnings_about_what_was_cut(played):
    (_, theirs), (_, ours) = played
    assert ours == theirs
    assert len(theirs) > 10
