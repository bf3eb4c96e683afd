"""Web configuration files against the reference: verdicts, and answers to real clients."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest

from amp.clock import SystemClock
from amp.errors import AmpError
from amp.log import Logger
from amp.server import Server
from amp.web.entrance import Entrance, open_entrance
from amp.web.listen import address_of, bind
from vectors.facts import cases
from webclient import WebFolder

if TYPE_CHECKING:
    from pathlib import Path

CASES = cases("web_config")
OURS = {
    "any client certificate": "client_auth_type: RequireAnyClientCert would take",
    "any client certificate, old name": "client_auth_type: RequireClientCert would take",
    "unverified names": "client_auth_type: RequestClientCert would take",
    "two curves": "curve_preferences: AMP can offer one curve or all of them",
}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """What is behind the door: `/-/healthy`, and nothing else."""
    del receive
    healthy = scope["path"] == "/-/healthy"
    body = b"OK" if healthy else b"404 page not found\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    if not healthy:
        headers.append((b"x-content-type-options", b"nosniff"))
    start = {"type": "http.response.start", "status": 200 if healthy else 404, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebFolder:
    monkeypatch.chdir(tmp_path)
    return WebFolder(tmp_path)


def entered() -> Entrance:
    return open_entrance("web.yml", application, SystemClock(), Logger(io.StringIO()))


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in CASES])
def test_verdict(case: dict[str, Any], folder: WebFolder) -> None:
    folder.write(case["text"])
    expected = case.get("error")
    if case["name"] in OURS:
        assert "differs" in case
        expected = f"alertmanager: HTTP listener failed: {OURS[case['name']]}"
    if expected is None:
        entered().close()
        return
    with pytest.raises(AmpError) as caught:
        entered()
    assert str(caught.value).startswith(expected)
    if case["text"] is not None:
        assert " (web.yml" in str(caught.value)


@pytest.mark.parametrize(
    "case", [pytest.param(one, id=one["name"]) for one in CASES if "steps" in one]
)
async def test_answers(case: dict[str, Any], folder: WebFolder) -> None:
    folder.write(case["text"])
    entrance = entered()
    listener = bind("127.0.0.1:0")
    port = int(address_of(listener).rpartition(":")[2])
    server = Server(entrance.application, [listener], entrance.below)
    await server.start()
    try:
        for step in case["steps"]:
            expected = step.get("answer", {})
            if "differs" in case and "alert" in expected:
                expected = {"closed": True}
            assert await asyncio.to_thread(folder.play, port, step) == expected, step
    finally:
        await server.stop()
        entrance.close()
