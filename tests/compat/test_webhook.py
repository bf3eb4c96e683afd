"""The reference posts its webhooks to AMP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acceptance.test_webhook import forwarding, passes_on
from compat.servers import Server
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    with SinkProcess() as process:
        yield process


def test_the_reference_is_forwarded(reference: Path, amp_server: Path, tmp_path: Path) -> None:
    with Server(amp_server, tmp_path / "amp", forwarding("http://127.0.0.1:9/")) as second:
        config = forwarding(f"http://127.0.0.1:{second.port}/webhook")
        with Server(reference, tmp_path / "reference", config) as first:
            passes_on(first, second)


def test_the_reference_meets_the_proxy(
    reference: Path, amp_server: Path, tmp_path: Path, sink: SinkProcess
) -> None:
    with Server(amp_server, tmp_path / "amp", forwarding(sink.url())) as second:
        config = forwarding(f"http://127.0.0.1:{second.port}/webhook/proxy")
        with Server(reference, tmp_path / "reference", config) as first:
            passes_on(first, second)
            states = [one.json()["status"] for one in sink.wait(3)]
            assert states == ["firing", "resolved", "firing"]
