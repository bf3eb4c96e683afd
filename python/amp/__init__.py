"""Alertmanager++: a drop-in replacement of Prometheus Alertmanager, and its parts as a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp._core import content_id, fingerprint

__version__ = "0.1.0"

__all__ = ["__version__", "content_id", "fingerprint"]

_HOMES = {
    "content_id": "amp._core",
    "fingerprint": "amp._core",
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'amp' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
