"""`amtool template render` (Upstream: cli/template_render.go)."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from amp._core import Templates
from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.moment import Moment
from amp.clock import SECOND_NS
from amp.config.templates import template_files
from amp.errors import ConfigError

if TYPE_CHECKING:
    from amp.cli.amtool.invocation import Invocation

MINUTE_NS = 60 * SECOND_NS


def render_template(invocation: Invocation) -> None:
    """Renders a text and writes it without a final newline."""
    values = invocation.values
    patterns = [(pattern, "") for pattern in values.texts("template.glob")]
    try:
        files = [(os.path.basename(path), text) for path, text in template_files(patterns)]
    except ConfigError as error:
        raise ToolError(error.cause.removeprefix("failed to parse templates: ")) from None
    templates = Templates(files)
    now_ns = time.time_ns()
    given = values.get("template.data")
    data = given if isinstance(given, bytes) else json.dumps(_example(now_ns)).encode()
    html = values.text("template.type") == "html"
    text = values.text("template.text")
    invocation.write(templates.render(text, data, now_ns, html=html, sample=True))


def _example(now_ns: int) -> dict[str, Any]:
    """The alerts that upstream renders when it is given none."""
    labels = _numbered("commonlabel{part}{number}")
    annotations = _numbered("commonannotation{part}{number}")
    return {
        "receiver": "receiver",
        "status": "alertstatus",
        "alerts": [
            _alert(
                1,
                "firing",
                {"label1": "value1", "label2": "value2", "instance": "foo.bar:1234", **labels},
                {"annotation1": "value1", "annotation2": "value2", **annotations},
                (now_ns - 5 * MINUTE_NS, now_ns),
            ),
            _alert(
                2,
                "resolved",
                {"foo": "bar", "baz": "qux", **labels},
                {"aaa": "bbb", "ccc": "ddd", **annotations},
                (now_ns - 10 * MINUTE_NS, now_ns),
            ),
        ],
        "groupLabels": _numbered("grouplabel{part}{number}"),
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://example.com",
    }


def _numbered(form: str) -> dict[str, str]:
    return {
        form.format(part="key", number=number): form.format(part="value", number=number)
        for number in (1, 2)
    }


def _alert(
    number: int,
    status: str,
    labels: dict[str, str],
    annotations: dict[str, str],
    times_ns: tuple[int, int],
) -> dict[str, Any]:
    start, end = (Moment.at(at_ns).exact() for at_ns in times_ns)
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": start,
        "endsAt": end,
        "generatorURL": "https://generatorurl.com",
        "fingerprint": f"fingerprint{number}",
    }
