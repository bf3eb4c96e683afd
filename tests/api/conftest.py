"""A running server of ours for each set of flags, kept while a module's tests need it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from compat import binaries
from compat.servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Gives the running server with these flags and this configuration."""
    running: dict[tuple[tuple[str, ...], str], Server] = {}
    with contextlib.ExitStack() as stack:

        def given(flags: tuple[str, ...] = (), config: str = CONFIG, prefix: str = "/") -> Server:
            key = (flags, config)
            if key not in running:
                folder = tmp_path_factory.mktemp("api")
                server = Server(binaries.ours(), folder, config, flags, prefix=prefix)
                running[key] = stack.enter_context(server)
            return running[key]

        yield given
