"""Whatever is posted is read or refused with a reason, and the engine takes what was read."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amp._core import Engine, Templates
from amp.config.load import load_config
from amp.webhook.detect import Unrecognised, read_body
from fakes import START_NS

TIMES = st.sampled_from(
    ["0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00.5+02:00", "", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TIMES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["labels", "annotations", "startsAt", "endsAt", "status", "state", "generatorURL", "alertname",
     "title", "severity", "values", "receivers", "dashboardURL", "start_time", "url", "host"]
)  # fmt: skip
LABELS = st.dictionaries(st.text(max_size=4), st.text(max_size=4) | VALUES, max_size=3)
ALERTS = st.dictionaries(KEYS, VALUES, max_size=5) | st.fixed_dictionaries(
    {"labels": LABELS}, optional={"startsAt": TIMES, "endsAt": TIMES, "status": st.text(max_size=9)}
)
LISTS = st.lists(ALERTS | VALUES, max_size=4)
DOCUMENTS = (
    VALUES
    | ALERTS
    | LISTS
    | st.fixed_dictionaries(
        {"alerts": LISTS},
        optional={
            "version": st.sampled_from(["4", "1", 4]),
            "orgId": st.integers(),
            "truncatedAlerts": VALUES,
            "labels": LABELS,
            "receiver": st.just({"name": "r"}) | VALUES,
        },
    )
)


def engine() -> Engine:
    made = Engine()
    config = load_config("route: {receiver: r}\nreceivers: [{name: r}]\n")
    made.configure(config.plan(), Templates(), START_NS)
    return made


@given(DOCUMENTS)
def test_documents(document: Any) -> None:
    text = json.dumps(document)
    try:
        body = read_body(text.encode(), START_NS)
    except Unrecognised:
        return
    assert sorted([*body.alerts, *(one.index for one in body.rejected)]) == list(
        range(body.received)
    )
    report = engine().ingest(body.postable(), START_NS, 10**9)
    taken = report.firing + report.resolved + report.invalid
    assert taken >= len(body.alerts)
    for alert in body.alerts.values():
        assert alert.labels
        alert.name.encode()


@given(st.binary(max_size=60))
def test_bytes(body: bytes) -> None:
    with contextlib.suppress(Unrecognised):
        read_body(body, START_NS)
