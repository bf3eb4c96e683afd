"""How long WeChat's token is kept."""

from __future__ import annotations

import dataclasses
import io
import time
from typing import TYPE_CHECKING

import pytest

from amp._core import Engine
from amp.config.load import load_config
from amp.config.templates import parse_templates
from amp.errors import SendError
from amp.log import Logger
from amp.receivers.base import Notification
from amp.receivers.wechat import TOKEN_LIFE_NS, Sender
from service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from amp.httpclient import HttpClients

TOKENS = "http://HERE/gettoken"
MESSAGES = "http://HERE/message/send"
CONFIG = """
route: {receiver: team}
receivers:
  - name: team
    wechat_configs: [{api_url: "http://HERE/", api_secret: word, corp_id: corp}]
"""


def sender_and_notification(service: Service, clients: HttpClients) -> tuple[Sender, Notification]:
    """A sender, and one firing alert of the engine."""
    config = load_config(service.fill(CONFIG))
    [(_, _, block)] = config.receivers[0].integrations
    templates = parse_templates(config)
    engine = Engine()
    now_ns = time.time_ns()
    engine.configure(config.plan(), templates, now_ns)
    report = engine.ingest(b'[{"labels":{"alertname":"Down"}}]', now_ns, 10**12)
    [batch] = engine.flush([report.timers[0][0]], now_ns)
    assert batch is not None
    told = Notification(
        batch, "team", batch.group_key, "", "", now_ns, templates, Logger(io.StringIO())
    )
    return Sender(block, clients.client()), told


def tokens_used(service: Service) -> list[str]:
    """The requests so far: `?` for a token asked for, else the token that was used."""
    asked = [request.url.partition("access_token=")[2] or "?" for request in service.arrived]
    service.arrived.clear()
    return asked


async def test_a_token_is_kept_for_two_hours(tmp_path: Path, clients: HttpClients) -> None:
    answers = {
        TOKENS: [{"body": '{"access_token":"one"}'}, {"body": '{"access_token":"two"}'}],
        MESSAGES: [{"body": '{"errcode":0}'}],
    }
    with Service(tmp_path, answers) as service:
        send, told = sender_and_notification(service, clients)
        await send(told)
        assert tokens_used(service) == ["?", "one"]
        await send(dataclasses.replace(told, now_ns=told.now_ns + TOKEN_LIFE_NS))
        assert tokens_used(service) == ["one"]
        await send(dataclasses.replace(told, now_ns=told.now_ns + TOKEN_LIFE_NS + 1))
        assert tokens_used(service) == ["?", "two"]


async def test_an_expired_token_is_asked_for_anew(tmp_path: Path, clients: HttpClients) -> None:
    answers = {
        TOKENS: [{"body": '{"access_token":"one"}'}, {"body": '{"access_token":"two"}'}],
        MESSAGES: [
            {"body": '{"errcode":42001,"errmsg":"expired"}'},
            {"body": '{"errcode":40014,"errmsg":"wrong"}'},
            {"body": '{"errcode":0}'},
        ],
    }
    with Service(tmp_path, answers) as service:
        send, told = sender_and_notification(service, clients)
        with pytest.raises(SendError, match="expired") as caught:
            await send(told)
        assert caught.value.retryable
        with pytest.raises(SendError, match="wrong") as caught:
            await send(told)
        assert not caught.value.retryable
        await send(told)
        assert tokens_used(service) == ["?", "one", "?", "two", "two"]
