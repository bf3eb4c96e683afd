"""What deserves a line in the log."""

import amp

TEXT = """route:
  receiver: r
  group_interval: 10m
  repeat_interval: 1m
  routes:
  - matchers: [a=b]
    repeat_interval: 300h
    routes:
    - matchers: [c=d]
      group_interval: 400h
receivers: [{name: r}]
"""
LONG = "repeat_interval is greater than the data retention period."
SHORT = "repeat_interval is less than group_interval."


def test_parents_come_first_with_upstreams_attributes() -> None:
    found = [
        (warning.message.split(".")[0] + ".", dict(warning.attributes))
        for warning in amp.load_config(TEXT).warnings(120 * 3600.0)
    ]
    child, grandchild = '{}/{a="b"}', '{}/{a="b"}/{c="d"}'
    long = {"repeat_interval": "300h0m0s", "retention": "120h0m0s"}
    assert found == [
        (SHORT, {"repeat_interval": "1m0s", "group_interval": "10m0s", "route": "{}"}),
        (LONG, {**long, "route": child}),
        (LONG, {**long, "route": grandchild}),
        (
            SHORT,
            {"repeat_interval": "300h0m0s", "group_interval": "400h0m0s", "route": grandchild},
        ),
    ]
