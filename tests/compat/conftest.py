"""What the side-by-side tests share. Without the reference binaries they say so and do not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compat import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compat.player import Performance

collect_ignore_glob = [] if binaries.packed() else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says aloud that nothing was compared."""
    if collect_ignore_glob:
        terminalreporter.write_line(
            "tests/compat did not run: no reference binaries (set AMP_ORACLE)", yellow=True
        )


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference server."""
    folder = binaries.packed()
    assert folder is not None
    return binaries.unpack(folder, tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="session")
def reference_tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference's amtool."""
    folder = binaries.packed()
    assert folder is not None
    return binaries.unpack(folder, tmp_path_factory.mktemp("reference"), "amtool")


@pytest.fixture(scope="session")
def amp_server() -> Path:
    """Our server."""
    return binaries.ours()


@pytest.fixture(scope="session")
def performances(
    request: pytest.FixtureRequest,
    reference: Path,
    amp_server: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Performance]]:
    """All selected stories, played many at a time: they mostly wait."""
    from compat.player import perform_all

    chosen = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "performances" in item.fixturenames
    ]
    with perform_all(chosen, reference, amp_server, tmp_path_factory.mktemp("stories")) as found:
        yield found
