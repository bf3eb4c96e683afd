"""The names that `--enable-feature` takes."""

from __future__ import annotations

from amp.features import FEATURES


def features(text: str) -> frozenset[str]:
    """The feature flags of a comma-separated list.

    Raises:
        ValueError: with upstream's text for an unknown or impossible one.
    """
    names = text.split(",") if text else []
    for name in names:
        if name not in FEATURES:
            raise ValueError(f"unknown option '{name}' for --enable-feature")
    if {"classic-mode", "utf8-strict-mode"} <= set(names):
        raise ValueError("cannot have both classic and UTF-8 modes enabled")
    return frozenset(names)
