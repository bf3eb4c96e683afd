"""What `--version` prints."""

from __future__ import annotations

import sys


def version_text(program: str) -> str:
    """What `--version` prints."""
    from amp import __version__
    from amp.options import UPSTREAM_VERSION

    return (
        f"{program}, version {UPSTREAM_VERSION} (branch: HEAD, revision: amp-{__version__})\n"
        "  build user:       \n  build date:       \n"
        f"  go version:       none (Python {sys.version.split()[0]})\n"
        f"  platform:         {sys.platform}\n  tags:             amp\n"
    )
