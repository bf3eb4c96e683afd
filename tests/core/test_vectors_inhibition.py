"""Who inhibits whom."""

import datetime
from typing import Any

import pytest

import amp
from vectors.facts import cases, names

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def at(seconds: float) -> datetime.datetime:
    """A moment relative to now."""
    return NOW + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("case", cases("inhibition"), ids=names("inhibition"))
def test_an_alert_is_inhibited_by_whom_the_reference_names(case: dict[str, Any]) -> None:
    text = f"route: {{receiver: r}}\nreceivers: [{{name: r}}]\ninhibit_rules:\n{case['rules']}\n"
    index = amp.InhibitIndex(amp.load_config(text))
    for alert in case["alerts"]:
        index.update(alert["labels"], at(alert.get("starts", -10)), at(alert.get("ends", 900)))
    for result in case["results"]:
        found = index.inhibited_by(result["labels"], NOW)
        assert bool(found) is result["inhibited"], result["labels"]
        assert set(result["allowed"]) <= set(found), result["labels"]
        assert not found or found[0] in result["allowed"], result["labels"]
