"""Webhooks on the wire, against what the reference did for the same configuration."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import time
from pathlib import Path

import pytest

from amp._core import Engine, Templates
from amp.config.load import load_config
from amp.errors import SendError
from amp.log import Logger
from amp.receivers.base import Notification
from amp.receivers.webhook import Sender
from listener import OK, Heard

VECTORS = Path(__file__).parents[2] / "vectors" / "webhook.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
NEVER_SENT = {"Accept-Encoding"}
"""The reference accepts compressed answers from token endpoints."""
OF_THE_LIBRARY = {"Accept", "Accept-Encoding", "Host", "User-Agent"}
"""aiohttp and Go say different things of themselves when they ask a proxy for a tunnel."""


def notification(text: str) -> Notification:
    """One firing alert of the engine."""
    config = load_config(text)
    templates = Templates()
    engine = Engine()
    now_ns = time.time_ns()
    engine.configure(config.plan(), templates, now_ns)
    report = engine.ingest(b'[{"labels":{"alertname":"Down"}}]', now_ns, 10**12)
    [batch] = engine.flush([report.timers[0][0]], now_ns)
    assert batch is not None
    return Notification(
        batch,
        "hooks",
        batch.group_key,
        "first notification",
        "http://here",
        now_ns,
        templates,
        Logger(io.StringIO()),
    )


class Places:
    """Real addresses for HERE, OTHER, CLOSED and FOLDER."""

    def __init__(self, port: int, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            closed = probe.getsockname()[1]
        self.names = {
            "HERE": f"127.0.0.1:{port}",
            "OTHER": f"localhost:{port}",
            "CLOSED": f"127.0.0.1:{closed}",
            "FOLDER": str(folder),
        }

    def fill(self, text: str) -> str:
        for name, place in self.names.items():
            text = text.replace(name, place)
        return text

    def tidy(self, text: str) -> str:
        for name, place in self.names.items():
            text = text.replace(place, name)
        return text


def seen(heard: Heard, places: Places) -> dict[str, object]:
    """A request in the shape of the vectors."""
    body = heard.body.decode()
    ignored = OF_THE_LIBRARY if heard.method == "CONNECT" else NEVER_SENT
    headers = [[n, places.tidy(v)] for n, v in heard.headers if n not in ignored]
    if body.startswith('{"receiver"'):
        body = "JSON"
        headers = [pair for pair in headers if pair[0] != "Content-Length"]
    return {
        "method": heard.method,
        "target": places.tidy(heard.path),
        "headers": sorted(headers),
        "body": places.tidy(body),
    }


def recorded(request: dict[str, object]) -> dict[str, object]:
    """A recorded request without what is not compared."""
    ignored = OF_THE_LIBRARY if request["method"] == "CONNECT" else NEVER_SENT
    return request | {"headers": [h for h in request["headers"] if h[0] not in ignored]}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_as_the_reference(case, tmp_path, listeners, clients):
    places = Places(0, tmp_path)

    async def answer(heard: Heard) -> bytes:
        reply = case["answers"].get(places.tidy(heard.path), OK.decode())
        if reply is None:
            await asyncio.Event().wait()
        return places.fill(reply).encode()

    server = await listeners.start(answer)
    places = Places(server.port, tmp_path)
    for name, content in case["files"].items():
        (tmp_path / name).write_text(places.fill(content))
    hook = json.loads(places.fill(json.dumps(case["webhook"])))
    receiver = {"name": "hooks", "webhook_configs": [hook]}
    text = json.dumps({"route": {"receiver": "hooks"}, "receivers": [receiver]})
    [(_, _, config)] = load_config(text).receivers[0].integrations
    client = clients.client(config.http_config)
    error, retry = None, False
    try:
        await Sender(config, client)(notification(text))
    except SendError as failure:
        error, retry = places.tidy(str(failure)), failure.retryable
    expected = case.get("differs", case["error"])
    assert (error, retry) == (expected, case["retry"])
    assert [seen(heard, places) for heard in server.heard] == [
        recorded(request) for request in case["requests"]
    ]
