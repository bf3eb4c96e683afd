"""Whole processes: AMP as a user starts it, on each store, with a real sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compat import binaries
from compat.servers import Server
from container import kind, lacks
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers import Postgres

_LACK = pytest.StashKey[str]()
Start = "Callable[..., Server]"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves containers out where the kernel lets us have none; the summary says so."""
    here = [item for item in items if "pod" not in getattr(item, "fixturenames", ())]
    if len(here) < len(items) and (lack := lacks()):
        config.stash[_LACK] = lack
        if kind() is None:
            config.hook.pytest_deselected(items=[item for item in items if item not in here])
            items[:] = here


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says aloud what could not be tested."""
    if lack := config.stash.get(_LACK, None):
        terminalreporter.write_line(f"tests/acceptance/test_container.py: {lack}", yellow=True)


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    """A webhook receiver of its own process."""
    with SinkProcess() as process:
        yield process


@pytest.fixture(params=["sqlite", "postgresql"])
def store_flags(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The flags that choose the store: every test that asks for them runs on both."""
    if request.param == "sqlite":
        return ()
    postgres: Postgres = request.getfixturevalue("postgres")
    return (f"--amp.database-url={postgres.database()}",)


@pytest.fixture
def server(tmp_path: Path) -> Callable[..., Server]:
    """Makes a server that is not started yet: `with server(config, *flags) as running`."""

    def made(config: str, *flags: str) -> Server:
        return Server(binaries.ours(), tmp_path / "amp", config, flags)

    return made


def webhook(url: str, **route: str) -> str:
    """A configuration with one webhook; `route` overrides the route's times."""
    times = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "4h"} | route
    lines = "\n".join(f"  {key}: {value}" for key, value in times.items())
    return f"""
route:
  receiver: team
  group_by: [alertname]
{lines}
receivers:
  - name: team
    webhook_configs: [{{url: "{url}"}}]
"""
