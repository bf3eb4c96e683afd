"""The two shapes of log lines."""

from __future__ import annotations

import io
import json
import re

from amp.log import Logger


def test_logfmt_quotes_as_upstream_does() -> None:
    stream = io.StringIO()
    log = Logger(stream).bind(component="dispatcher")
    log.info("Listening on", aggrGroup="{}:{}", err='say "no"\n', empty="", flag=True, none=None)
    assert re.fullmatch(
        r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) level=INFO "
        r'source=test_log\.py:\d+ msg="Listening on" component=dispatcher aggrGroup={}:{} '
        r'err="say \\"no\\"\\n" empty="" flag=true none=<nil>\n',
        stream.getvalue(),
    )


def test_json_lines_are_json() -> None:
    stream = io.StringIO()
    Logger(stream, form="json").warn("odd", count=3, what={"a": [1, None]}, err=ValueError("x"))
    line = json.loads(stream.getvalue())
    assert line["level"] == "WARN"
    assert line["msg"] == "odd"
    assert (line["count"], line["what"], line["err"]) == (3, {"a": [1, None]}, "x")


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    log = Logger(stream, level="warn")
    log.debug("a")
    log.info("b")
    assert stream.getvalue() == ""
    assert not log.debugging
    log.error("c")
    assert "level=ERROR" in stream.getvalue()


def test_a_closed_stream_stops_nobody() -> None:
    stream = io.StringIO()
    stream.close()
    Logger(stream).error("nobody reads this")
