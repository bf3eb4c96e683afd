"""What Slack's integration says and remembers where Alertmanager says nothing."""

from __future__ import annotations

import json

from receivers.alerts import ONE, TWO, over
from receivers.team import Team
from service import Service

BAD = '{{ template "nope" . }}'
WHY = 'template: :1:12: executing "" at <{{template "nope" .}}>: template "nope" not defined'
POST_MESSAGE = "https://slack.com/api/chat.postMessage"
TAKEN = {
    "headers": {"Content-Type": "application/json"},
    "body": '{"ok":true,"channel":"C1","ts":"1.1"}',
}


def configured(block: dict[str, object], service: Service) -> str:
    receiver = {"name": "team", "slack_configs": [{"send_resolved": True} | block]}
    whole = {"route": {"receiver": "team", "group_by": ["alertname"]}, "receivers": [receiver]}
    return service.fill(json.dumps(whole))


async def test_a_template_that_fails_is_told(tmp_path, clients):
    with Service(tmp_path, {"http://HERE/x": [{"body": "ok"}]}) as service:
        block = {"api_url": "http://HERE/x", "text": BAD}
        team = Team(configured(block, service), clients)
        assert await team.tell(ONE) is None
        [attachment] = json.loads(service.arrived[0].body)["attachments"]
    assert attachment["title"] == "[FIRING:1] DiskFull (db1:9100 node critical)"
    assert (attachment["text"], attachment["fallback"]) == ("", "")
    assert team.warnings() == [
        {
            "level": "WARN",
            "msg": "Template failed, its text and those after it are left out",
            "group_key": '{}:{alertname="DiskFull"}',
            "err": WHY,
        }
    ]


async def test_a_refused_update_leaves_the_message_known(tmp_path, clients):
    refused = {"status": 400, "body": "no"}
    answers = {POST_MESSAGE: [TAKEN], "https://slack.com/api/chat.update": [refused, TAKEN]}
    with Service(tmp_path, answers) as service:
        http = {
            "proxy_url": "http://HERE",
            "tls_config": {"ca_file": "FOLDER/authority.pem"},
            "authorization": {"credentials": "word"},
        }
        block = {"api_url": POST_MESSAGE, "update_message": True, "http_config": http}
        team = Team(configured(block, service), clients)
        assert await team.tell(ONE) is None
        assert await team.tell(TWO) is not None
        assert await team.tell(over(TWO)) is None
        told = [json.loads(one.body) for one in service.arrived]
    assert [(one.get("channel"), one.get("ts")) for one in told] == [
        (None, None),
        ("C1", "1.1"),
        ("C1", "1.1"),
    ]


async def test_messages_are_not_remembered_without_need(tmp_path, clients):
    with Service(tmp_path, {"http://HERE/x": [TAKEN]}) as service:
        team = Team(configured({"api_url": "http://HERE/x"}, service), clients)
        assert await team.tell(ONE) is None
    assert team.log.data('{}:{alertname="DiskFull"}', "team", "slack", 0) == {}
