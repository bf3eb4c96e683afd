"""Every refusal names line and key."""

import pytest

import amp
from amp.errors import ConfigError

HEAD = "route: {receiver: r}\nreceivers:\n- name: r\n"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("route:\n  receiver: r\n  bogus: 1\n", 3, "route.bogus"),
        ("route:\n  receiver: r\n  group_wait: 1x\n", 3, "route.group_wait"),
        (
            "route:\n  receiver: r\n  routes:\n  - matchers:\n    - a=b\n    - 'a=~['\n",
            6,
            "route.routes[0].matchers[1]",
        ),
        ("route:\n  receiver: r\n  routes:\n  - receiver: q\n", 4, "route.routes[0].receiver"),
        ("route:\n  receiver: r\n  routes:\n  - null\nreceivers: []\n", 4, "route.routes[0]"),
        (
            HEAD + "  webhook_configs:\n  - max_alerts: 1\n",
            5,
            "receivers[0].webhook_configs[0].url",
        ),
        (
            HEAD + "  webhook_configs:\n  - url: http://h/\n    http_config:\n"
            "      tls_config:\n        cert: c\n",
            8,
            "receivers[0].webhook_configs[0].http_config.tls_config.cert",
        ),
        (HEAD + "  slack_configs:\n  - channel: c\n", 5, "receivers[0].slack_configs[0].api_url"),
        (HEAD + "- name: r\n", 4, "receivers[1].name"),
        (
            "global:\n  telegram_bot_token: a\n  telegram_bot_token_file: b\n" + HEAD,
            2,
            "global.telegram_bot_token",
        ),
        (
            HEAD + "time_intervals:\n- name: t\n  time_intervals:\n  - weekdays:\n    - mon\n",
            8,
            "time_intervals[0].time_intervals[0].weekdays[0]",
        ),
        ("receivers: []\n", 1, "route"),
        ("", 1, "route"),
        (
            "route: &x\n  receiver: r\n  routes:\n  - <<: *x\n",
            4,
            "route.routes[0].routes[0]",
        ),
    ],
)
def test_place(text: str, line: int, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        amp.load_config(text)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert f"line {line}" in str(caught.value)


def test_all_type_errors_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        amp.load_config("route: {receiver: [a]}\nbogus: 1\nreceivers: {}\n")
    assert caught.value.cause == (
        "yaml: unmarshal errors:\n"
        "  line 1: cannot unmarshal !!seq into string\n"
        "  line 2: field bogus not found in type config.plain\n"
        "  line 3: cannot unmarshal !!map into []config.Receiver"
    )
    assert (caught.value.line, caught.value.key) == (1, "route.receiver")
