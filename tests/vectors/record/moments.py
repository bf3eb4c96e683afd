"""Moments in recorded texts: written as `{now-100}` in requests, read back as the same words."""

from __future__ import annotations

import datetime
import re
import time

TOLERANCE_SECONDS = 5.0
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PLACE = re.compile(r"\{now([+-]\d+)?\}")
STAMP = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"')


def instant(seconds_from_now: float) -> str:
    """RFC 3339 text of a moment relative to now, in UTC with milliseconds."""
    at = time.time() + seconds_from_now
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"


def fill(text: str) -> str:
    """Replaces `{now}`, `{now+60}` and `{now-60}` by RFC 3339 texts."""
    return PLACE.sub(lambda found: instant(float(found.group(1) or 0)), text)


def shade(text: str, offsets: set[int]) -> str:
    """Replaces every instant near one of the offsets from now by its word."""

    def word(found: re.Match[str]) -> str:
        try:
            moment = datetime.datetime.fromisoformat(found.group(1)).timestamp()
        except ValueError:  # a year that Python does not know
            return found.group(0)
        for offset in sorted(offsets):
            if abs(moment - time.time() - offset) < TOLERANCE_SECONDS:
                return f'"{{now{offset:+d}}}"' if offset else '"{now}"'
        return found.group(0)

    return STAMP.sub(word, text)


def offsets(text: str) -> set[int]:
    """The offsets that a text uses."""
    return {int(found or 0) for found in PLACE.findall(text)}
