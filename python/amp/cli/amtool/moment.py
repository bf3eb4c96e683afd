"""Instants as the API names them, and how people see them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amp.api.times import instant_ns, milliseconds
from amp.clock import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Sequence

ZERO = "0001-01-01T00:00:00Z"
_OFFSET = re.compile(r"[T ].*([+-])(\d\d):?(\d\d)\Z")


class Moment:
    """An instant with the offset that it was written with.

    Raises:
        ValueError: when the text names none.
    """

    __slots__ = ("_offset", "at_ns")

    def __init__(self, text: str) -> None:
        try:
            self.at_ns = instant_ns(text)
        except ValueError:
            from amp.fields.quote import quote

            raise ValueError(f"parsing time {quote(text)}: not a time") from None
        match = _OFFSET.search(text)
        minutes = int(match[2]) * 60 + int(match[3]) if match else 0
        self._offset = -minutes if match and match[1] == "-" else minutes

    @classmethod
    def at(cls, at_ns: int) -> Moment:
        """An instant in UTC, from Unix nanoseconds."""
        moment = cls(ZERO)
        moment.at_ns = at_ns
        return moment

    def __str__(self) -> str:
        """As JSON shows it: three decimals, cut."""
        return self._text(milliseconds(self._local_ns())[:-1])

    def exact(self) -> str:
        """With all its decimals."""
        whole = milliseconds(self._local_ns())[:-5]
        return self._text(f"{whole}.{self.at_ns % SECOND_NS:09d}")

    def _local_ns(self) -> int:
        return self.at_ns + self._offset * 60 * SECOND_NS

    def _text(self, local: str) -> str:
        if not self._offset:
            return f"{local}Z"
        hours, minutes = divmod(abs(self._offset), 60)
        return f"{local}{'-' if self._offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def shown(moments: Sequence[Moment], layout: str) -> list[str]:
    """Each moment in a layout of Go's; the template engine knows them.

    Raises:
        ValueError: when there are too many for it.
    """
    import json

    from amp._core import Templates
    from amp.fields.quote import quote

    if not moments or not layout:
        return ["" for _ in moments]
    data = {"alerts": [{"startsAt": moment.exact()} for moment in moments]}
    text = f"{{{{range .Alerts}}}}{{{{.StartsAt.Format {quote(layout)}}}}}\x00{{{{end}}}}"
    return Templates().render(text, json.dumps(data).encode(), 0, sample=True).split("\x00")[:-1]
