"""When a silence begins and ends."""

from __future__ import annotations

from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.moment import Moment
from amp.errors import ConfigError
from amp.fields.duration import parse_duration


def after(start: Moment, duration: str) -> Moment:
    """So long after a start, in UTC.

    Raises:
        ToolError: for a duration that is none, or zero.
    """
    try:
        length_ns = parse_duration(duration)
    except ConfigError as error:
        raise ToolError(error.cause) from None
    if not length_ns:
        raise ToolError("silence duration must be greater than 0")
    return Moment.at(start.at_ns + length_ns)


def check_order(start: Moment, end: Moment) -> None:
    """Refuses an end before the start.

    Raises:
        ToolError: with upstream's text.
    """
    if start.at_ns > end.at_ns:
        raise ToolError("silence cannot start after it ends")
