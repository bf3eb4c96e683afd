"""Alertmanager++: a drop-in replacement of Prometheus Alertmanager, and its parts as a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp._core import (
        Matcher,
        MatcherError,
        Route,
        RouteMatch,
        TemplateError,
        content_id,
        fingerprint,
        format_labels,
        format_matchers,
        parse_matcher,
        parse_matchers,
        valid_label_name,
    )
    from amp.config.load import load_config
    from amp.config.schema import Config
    from amp.config.template_set import TemplateSet
    from amp.errors import ConfigError
    from amp.library import InhibitIndex, RouteTree, SilenceIndex, TimeInterval

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "InhibitIndex",
    "Matcher",
    "MatcherError",
    "Route",
    "RouteMatch",
    "RouteTree",
    "SilenceIndex",
    "TemplateError",
    "TemplateSet",
    "TimeInterval",
    "__version__",
    "content_id",
    "fingerprint",
    "format_labels",
    "format_matchers",
    "load_config",
    "parse_matcher",
    "parse_matchers",
    "valid_label_name",
]

_HOMES = {
    "Config": "amp.config.schema",
    "ConfigError": "amp.errors",
    "InhibitIndex": "amp.library",
    "Matcher": "amp._core",
    "MatcherError": "amp._core",
    "Route": "amp._core",
    "RouteMatch": "amp._core",
    "RouteTree": "amp.library",
    "SilenceIndex": "amp.library",
    "TemplateError": "amp._core",
    "TemplateSet": "amp.config.template_set",
    "TimeInterval": "amp.library",
    "content_id": "amp._core",
    "fingerprint": "amp._core",
    "format_labels": "amp._core",
    "format_matchers": "amp._core",
    "load_config": "amp.config.load",
    "parse_matcher": "amp._core",
    "parse_matchers": "amp._core",
    "valid_label_name": "amp._core",
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


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted(__all__)
