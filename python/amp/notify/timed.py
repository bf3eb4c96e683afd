"""A configuration's templates, with what rendering takes."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import TemplateData, Templates
    from amp.metrics import Metrics


class TimedTemplates:
    """Renders, and counts seconds and errors."""

    __slots__ = ("_errors", "_seconds", "_templates")

    def __init__(self, templates: Templates, metrics: Metrics) -> None:
        self._templates = templates
        self._seconds = metrics.template_seconds
        self._errors = metrics.template_errors

    def render(self, text: str, data: TemplateData, now_ns: int, *, html: bool = False) -> str:
        """As `Templates.render`."""
        began = perf_counter()
        try:
            return self._templates.render(text, data, now_ns, html=html)
        except ValueError:
            self._errors.inc()
            raise
        finally:
            self._seconds.observe(perf_counter() - began)

    def render_many(
        self, texts: Sequence[tuple[str, bool]], data: TemplateData, now_ns: int
    ) -> list[str]:
        """As `Templates.render_many`."""
        began = perf_counter()
        try:
            return self._templates.render_many(texts, data, now_ns)
        except ValueError:
            self._errors.inc()
            raise
        finally:
            self._seconds.observe(perf_counter() - began)
