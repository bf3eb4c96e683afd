"""Templates for programs: a set of them by itself, with data of the caller's."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from amp import _core
from amp.config.templates import template_files
from amp.library import unix_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike


class TemplateSet:
    """The default templates with more of one's own.

    Args:
        files: file names or patterns as the configuration's `templates:` takes them; one may
            match nothing.
        texts: more texts, read after the files as if each were one. Of two definitions of a name
            the later one wins.

    Raises:
        TemplateError: when one does not parse, with upstream's text.
        ConfigError: when a pattern is malformed or a file cannot be read.
    """

    def __init__(
        self, files: Iterable[str | PathLike[str]] = (), texts: Iterable[str] = ()
    ) -> None:
        found = template_files((str(name), "files") for name in files)
        named = [(Path(path).name, text) for path, text in found]
        self._templates = _core.Templates(named + [("", text) for text in texts])

    def render(
        self,
        text: str,
        data: Mapping[str, object],
        html: bool = False,
        *,
        now: datetime | None = None,
    ) -> str:
        """Renders a text as `amtool template render` does.

        Args:
            text: the template; what it defines itself counts for it alone.
            data: in the shape of the webhook's JSON, each key optional, unknown keys ignored. Times
                are RFC 3339 texts or aware datetimes. Route labels are templates that `routeLabels`
                renders.
            html: whether values are escaped by their place in HTML.
            now: what the template calls now; None means the clock's time.

        Raises:
            TemplateError: with upstream's text.
            ValueError: when the data have another shape, or a time is naive.
        """
        raw = json.dumps(data, default=_plain).encode()
        now_ns = time.time_ns() if now is None else unix_ns(now)
        return self._templates.render(text, raw, now_ns, html=html, sample=True)


def _plain(value: object) -> str:
    """A datetime in the data."""
    if not isinstance(value, datetime):
        raise ValueError(f"template data: {type(value).__name__} is no JSON")
    unix_ns(value)
    return value.isoformat()
